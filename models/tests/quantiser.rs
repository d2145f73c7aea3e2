//! Properties of the int8 codes.

use cortado_models::architecture::{Architecture, LayerSpec};
use cortado_models::dataset::Dataset;
use cortado_models::quantise::Quantisation;
use cortado_models::{pixel_to_int8, Network, QuantisedNetwork};
use cortado_random::Rng;
use proptest::prelude::*;

proptest! {
    #[test]
    fn values_in_range_come_back_within_half_a_step(
        a in -1e4f32..1e4, b in -1e4f32..1e4, place in 0f32..1.0,
    ) {
        let (low, high) = (a.min(b).min(0.0), a.max(b).max(0.0));
        let code = Quantisation::covering(a.min(b), a.max(b));
        let value = low + place * (high - low);
        let error = (code.dequantise(code.quantise(value)) - value).abs();
        // The zero point is rounded too, which can cost the range's ends another half step.
        let inside = value > low + code.scale && value < high - code.scale;
        let steps = if inside { 0.5 } else { 1.0 };
        prop_assert!(error <= steps * code.scale * 1.001, "{value}: error {error}, {code:?}");
    }

    #[test]
    fn zero_is_exact_and_codes_keep_order(
        a in -1e3f32..1e3, b in -1e3f32..1e3, x in -2e3f32..2e3, y in -2e3f32..2e3,
    ) {
        let code = Quantisation::covering(a.min(b), a.max(b));
        prop_assert_eq!(code.dequantise(code.quantise(0.0)), 0.0);
        prop_assert!((-128..=127).contains(&code.zero_point));
        prop_assert!(code.quantise(x.min(y)) <= code.quantise(x.max(y)));
    }

    #[test]
    fn any_range_gives_a_usable_code(low in any::<f32>(), high in any::<f32>(), value in any::<f32>()) {
        let code = Quantisation::covering(low, high);
        prop_assert!(code.scale > 0.0 && code.scale.is_finite());
        prop_assert_eq!(code.dequantise(code.quantise(0.0)), 0.0);
        let _saturates = code.quantise(value);
    }
}

#[test]
fn a_range_without_negatives_starts_at_the_lowest_code() {
    assert_eq!(Quantisation::covering(0.0, 5.1).zero_point, -128);
    assert_eq!(Quantisation::covering(0.3, 5.1).zero_point, -128);
    assert_eq!(Quantisation::covering(-5.1, 0.0).zero_point, 127);
}

#[test]
fn pixels_are_exact() {
    for pixel in 0..=255u8 {
        let real = f32::from(pixel) / 255.0;
        assert_eq!(Quantisation::PIXELS.quantise(real), pixel_to_int8(pixel));
    }
}

fn networks() -> (Network, QuantisedNetwork) {
    let mut rng = Rng::new(8);
    let mut network = Network::new(&Architecture::tiny(), &mut rng).expect("a shipped architecture");
    for p in network.parameters_mut() {
        p.bias.iter_mut().for_each(|b| *b = rng.symmetric(0.5));
    }
    let pixels = (0..784 * 8).map(|_| rng.below(256) as u8).collect();
    let images = Dataset::new(28, 28, pixels, vec![0; 8]).expect("lengths agree");
    let quantised = QuantisedNetwork::new(&network, &images).expect("images fit");
    (network, quantised)
}

#[test]
fn weights_and_biases_are_within_half_a_step_and_use_the_whole_range() {
    let (network, quantised) = networks();
    for (layer, float) in quantised.layers.iter().zip(network.parameters()) {
        let Some(p) = &layer.parameters else { continue };
        let outputs = float.bias.len();
        let fan_in = float.weights.len() / outputs;
        let dense = matches!(layer.layer.spec, LayerSpec::Dense { .. });
        assert_eq!(p.weight_scales.len(), if dense { 1 } else { outputs });
        for (o, row) in p.weights.chunks_exact(fan_in).enumerate() {
            let scale = p.weight_scale(o);
            for (k, &q) in row.iter().enumerate() {
                let error = (f32::from(q) * scale - float.weights[k * outputs + o]).abs();
                assert!(error <= 0.5001 * scale && q != i8::MIN, "weight {o},{k}");
            }
            assert!(dense || row.iter().any(|q| q.unsigned_abs() == 127), "channel {o}");
            let step = layer.input.scale * scale;
            let error = (p.bias[o] as f32 * step - float.bias[o]).abs();
            assert!(error <= 0.51 * step, "bias {o}: {error} of {step}");
        }
    }
}

#[test]
fn pools_keep_their_inputs_code() {
    let (_, quantised) = networks();
    let mut pools = quantised.layers.iter().filter(|l| l.parameters.is_none()).peekable();
    assert!(pools.peek().is_some());
    assert!(pools.all(|l| l.input == l.output));
}
