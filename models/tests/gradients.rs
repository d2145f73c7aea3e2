//! Every backward pass against central finite differences of its forward pass.

use cortado_models::architecture::{Architecture, Layer, LayerSpec, Padding, Shape};
use cortado_models::layers::{conv, dense, loss, pool};
use cortado_models::network::Workspace;
use cortado_models::Network;
use cortado_random::Rng;

const SEED: u64 = 20;
/// Small against the values (about 1), large against their rounding (1e-7).
const STEP: f32 = 1e-2;
/// Of the larger of the gradient and 1.
const TOLERANCE: f32 = 4e-3;

fn random(rng: &mut Rng, len: usize, bound: f32) -> Vec<f32> {
    (0..len).map(|_| rng.symmetric(bound)).collect()
}

fn inner(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| f64::from(x * y)).sum::<f64>() as f32
}

/// Compares `gradient` with the slope of `value` in every element of `at`.
fn check(what: &str, at: &[f32], gradient: &[f32], mut value: impl FnMut(&[f32]) -> f32) {
    assert_eq!(at.len(), gradient.len(), "{what}");
    assert!(gradient.iter().any(|&g| g.abs() > 0.01), "{what}: gradient is all zero");
    for index in 0..at.len() {
        let mut moved = at.to_vec();
        moved[index] = at[index] + STEP;
        let up = value(&moved);
        moved[index] = at[index] - STEP;
        let slope = (up - value(&moved)) / (2.0 * STEP);
        let error = (slope - gradient[index]).abs();
        let allowed = TOLERANCE * gradient[index].abs().max(1.0);
        assert!(error <= allowed, "{what}[{index}]: {} against {slope}, seed {SEED}", gradient[index]);
    }
}

fn single(spec: LayerSpec, input: Shape) -> Layer {
    let specs = vec![spec, LayerSpec::Dense { outputs: 2 }];
    let architecture = Architecture { name: "one".to_owned(), input, specs };
    architecture.layers().expect("a valid architecture")[0]
}

/// A bias of +8 keeps every sum above the ReLU's kink, one of -8 below it; so the check is exact
/// on both sides, and the mask of the ReLU is tested by mixing them.
#[test]
fn convolution_gradients_are_the_slopes_of_its_output() {
    let cases = [
        (3, 1, Padding::Same, (5, 4, 2), 3),
        (3, 2, Padding::Same, (7, 6, 3), 4),
        (3, 1, Padding::Valid, (5, 5, 1), 8),
        (2, 2, Padding::Valid, (5, 4, 2), 5),
        (5, 1, Padding::Same, (3, 3, 2), 2),
        (1, 2, Padding::Same, (5, 5, 3), 4),
    ];
    let mut rng = Rng::new(SEED);
    for (kernel, stride, padding, (height, width, depth), channels) in cases {
        let what = format!("conv {kernel} s{stride} {padding:?} {height}x{width}x{depth}");
        let shape = Shape { height, width, channels: depth };
        let layer = single(LayerSpec::Conv { channels, kernel, stride, padding }, shape);
        let input = random(&mut rng, shape.len(), 1.0);
        let weights = random(&mut rng, layer.fan_in() * channels, 0.2);
        let bias: Vec<f32> = (0..channels).map(|c| if c == 1 { -8.0 } else { 8.0 }).collect();
        let towards = random(&mut rng, layer.output.len(), 1.0);
        let columns_len = layer.output.height * layer.output.width * layer.fan_in();
        let value = |input: &[f32], weights: &[f32], bias: &[f32]| {
            let mut columns = vec![0.0; columns_len];
            let mut output = vec![0.0; layer.output.len()];
            conv::patches(&layer, input, &mut columns);
            conv::forward(&layer, weights, bias, &columns, &mut output);
            (inner(&output, &towards), columns, output)
        };

        let (_, columns, output) = value(&input, &weights, &bias);
        assert!(output.contains(&0.0) && output.iter().any(|&o| o > 0.0), "{what}");
        let mut gradient = towards.clone();
        conv::backward_relu(&output, &mut gradient);
        let (mut dw, mut db) = (vec![0.0; weights.len()], vec![0.0; channels]);
        conv::backward_parameters(&layer, &columns, &gradient, &mut dw, &mut db);
        let mut transposed = vec![0.0; weights.len()];
        for (k, row) in weights.chunks_exact(channels).enumerate() {
            for (o, &w) in row.iter().enumerate() {
                transposed[o * layer.fan_in() + k] = w;
            }
        }
        let (mut scratch, mut dx) = (vec![0.0; columns_len], vec![0.0; input.len()]);
        conv::backward_input(&layer, &transposed, &gradient, &mut scratch, &mut dx);

        check(&format!("{what} input"), &input, &dx, |x| value(x, &weights, &bias).0);
        check(&format!("{what} weights"), &weights, &dw, |w| value(&input, w, &bias).0);
        check(&format!("{what} bias"), &bias, &db, |b| value(&input, &weights, b).0);
    }
}

#[test]
fn dense_gradients_are_the_slopes_of_its_output() {
    let mut rng = Rng::new(SEED);
    let (inputs, outputs) = (13, 10);
    let input = random(&mut rng, inputs, 1.0);
    let weights = random(&mut rng, inputs * outputs, 1.0);
    let bias = random(&mut rng, outputs, 1.0);
    let towards = random(&mut rng, outputs, 1.0);
    let value = |input: &[f32], weights: &[f32], bias: &[f32]| {
        let mut output = vec![0.0; outputs];
        dense::forward(weights, bias, input, &mut output);
        inner(&output, &towards)
    };
    let (mut dw, mut db) = (vec![0.0; weights.len()], vec![0.0; outputs]);
    dense::backward_parameters(&input, &towards, &mut dw, &mut db);
    let transposed: Vec<f32> = (0..weights.len()).map(|i| weights[i % inputs * outputs + i / inputs]).collect();
    let mut dx = vec![0.0; inputs];
    dense::backward_input(&transposed, &towards, &mut dx);
    check("dense input", &input, &dx, |x| value(x, &weights, &bias));
    check("dense weights", &weights, &dw, |w| value(&input, w, &bias));
    check("dense bias", &bias, &db, |b| value(&input, &weights, b));
}

/// Values 0.1 apart: no finite step changes which one is largest.
#[test]
fn pool_gradients_are_the_slopes_of_its_output() {
    let mut rng = Rng::new(SEED);
    let shape = Shape { height: 5, width: 7, channels: 3 };
    let layer = single(LayerSpec::MaxPool { size: 2 }, shape);
    let mut input: Vec<f32> = (0..shape.len()).map(|i| 0.1 * i as f32 - 5.0).collect();
    rng.shuffle(&mut input);
    let towards = random(&mut rng, layer.output.len(), 1.0);
    let value = |input: &[f32]| {
        let (mut output, mut chosen) = (vec![0.0; towards.len()], vec![0; towards.len()]);
        pool::forward(&layer, input, &mut output, &mut chosen);
        (inner(&output, &towards), chosen)
    };
    let mut dx = vec![0.0; input.len()];
    pool::backward(&value(&input).1, &towards, &mut dx);
    check("pool input", &input, &dx, |x| value(x).0);
}

#[test]
fn softmax_cross_entropy_gradient_is_its_slope() {
    let mut rng = Rng::new(SEED);
    for label in 0..5 {
        let logits = random(&mut rng, 5, 2.0);
        let mut gradient = vec![0.0; 5];
        loss::softmax_cross_entropy(&logits, label, &mut gradient);
        check("cross entropy", &logits, &gradient, |l| loss::softmax_cross_entropy(l, label, &mut [0.0; 5]));
    }
}

/// The layers' wiring, in float: most kinks of ReLU and maximum are avoided by a small step, the
/// rest by asking that nearly all slopes agree.
#[test]
fn whole_network_gradients_are_the_slopes_of_the_loss() {
    let conv = |channels, stride| LayerSpec::Conv { channels, kernel: 3, stride, padding: Padding::Same };
    let specs = vec![conv(4, 1), LayerSpec::MaxPool { size: 2 }, conv(3, 2), LayerSpec::Dense { outputs: 3 }];
    let input = Shape { height: 8, width: 8, channels: 1 };
    let architecture = Architecture { name: "small".to_owned(), input, specs };
    let mut rng = Rng::new(SEED);
    let mut network = Network::new(&architecture, &mut rng).expect("a valid architecture");
    let image = random(&mut rng, input.len(), 1.0);
    let mut workspace = Workspace::new(&network);
    let mut value = |network: &Network| {
        workspace.begin(network);
        workspace.forward(network, &image);
        let loss = workspace.backward(network, 1);
        (loss, workspace.gradients().to_vec())
    };
    let (_, gradients) = value(&network);
    let step = 2e-3;
    let (mut checked, mut wrong) = (0, 0);
    for (layer, gradient) in gradients.iter().enumerate() {
        for (index, &expected) in gradient.weights.iter().enumerate() {
            let original = network.parameters()[layer].weights[index];
            network.parameters_mut()[layer].weights[index] = original + step;
            let up = value(&network).0;
            network.parameters_mut()[layer].weights[index] = original - step;
            let down = value(&network).0;
            network.parameters_mut()[layer].weights[index] = original;
            let slope = (up - down) / (2.0 * step);
            checked += 1;
            wrong += usize::from((slope - expected).abs() > 5e-3 * expected.abs().max(0.2));
        }
    }
    assert_eq!(checked, 36 + 108 + 36);
    assert!(wrong * 50 <= checked, "{wrong} of {checked} slopes differ, seed {SEED}");
}
