//! The quantised network in integers, as TensorFlow Lite's reference kernels compute it.
//!
//! Serves the recipe (int8 accuracy without any Python) and the tests. It shares no code with the
//! project's golden model, which judges hardware.

use crate::architecture::{Layer, LayerSpec};
use crate::dataset::Dataset;
use crate::error::Error;
use crate::network::argmax;
use crate::quantise::{QuantisedLayer, QuantisedNetwork, QuantisedParameters};

/// A positive factor `q / 2^31 * 2^shift`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Factor {
    q: i32,
    shift: i32,
}

impl Factor {
    /// The nearest factor to `real`; zero when it is not positive and normal, or below 2^-31.
    fn new(real: f64) -> Self {
        if !real.is_normal() || real < 0.0 {
            return Self { q: 0, shift: 0 };
        }
        let bits = real.to_bits();
        let mut shift = ((bits >> 52) & 0x7ff) as i32 - 1022;
        let mantissa = f64::from_bits((bits & !(0x7ff << 52)) | (1022 << 52));
        let mut q = (mantissa * (1u64 << 31) as f64).round() as i64;
        if q == 1 << 31 {
            (q, shift) = (q / 2, shift + 1);
        }
        match i32::try_from(q) {
            Ok(q) if (-31..=30).contains(&shift) => Self { q, shift },
            _ if shift > 30 => Self { q: i32::MAX, shift: 30 },
            _ => Self { q: 0, shift: 0 },
        }
    }

    /// `value` times the factor, rounded twice: the product to its upper half, then the shift,
    /// each half away from zero.
    fn apply(self, value: i32) -> i32 {
        let left = self.shift.max(0);
        let wide = i64::from(value.wrapping_shl(left as u32)) * i64::from(self.q);
        let nudge = if wide >= 0 { 1 << 30 } else { 1 - (1 << 30) };
        let high = (wide + nudge) / (1 << 31);
        let right = (-self.shift).max(0);
        let mask = (1i64 << right) - 1;
        let threshold = (mask >> 1) + i64::from(high < 0);
        ((high >> right) + i64::from((high & mask) > threshold)) as i32
    }
}

impl QuantisedNetwork {
    /// The int8 logits for `input` (int8 codes, HWC). Missing values count as real zero.
    pub fn logits(&self, input: &[i8]) -> Vec<i8> {
        let mut map = input.to_vec();
        for layer in &self.layers {
            map.resize(layer.layer.input.len(), layer.input.zero_point.clamp(-128, 127) as i8);
            map = run(layer, &map);
        }
        map
    }

    /// Share of `data` whose label has the largest logit, 0 to 1; 0 without images.
    ///
    /// # Errors
    /// [`Error::Data`] when the images do not fit the network.
    pub fn accuracy(&self, data: &Dataset) -> Result<f64, Error> {
        let (height, width) = data.size();
        let wanted = self.layers.first().map(|l| l.layer.input);
        if wanted.map(|s| (s.height, s.width, s.channels)) != Some((height, width, 1)) {
            let detail = format!("images of {height}x{width}x1; network {} takes {wanted:?}", self.name);
            return Err(Error::Data { what: "data set".to_owned(), detail });
        }
        let right = data.iter().filter(|(pixels, label)| {
            let codes: Vec<i8> = pixels.iter().map(|&p| crate::pixel_to_int8(p)).collect();
            argmax(&self.logits(&codes)) == usize::from(*label)
        });
        Ok(right.count() as f64 / data.len().max(1) as f64)
    }
}

fn run(layer: &QuantisedLayer, input: &[i8]) -> Vec<i8> {
    match (&layer.parameters, layer.layer.spec) {
        (Some(p), LayerSpec::Conv { .. }) => windowed(layer, p, input),
        (Some(p), _) => sums_to_codes(layer, p, |o| {
            let row = p.weights.chunks_exact(input.len().max(1)).nth(o).unwrap_or(&[]);
            dot(row, input, layer.input.zero_point)
        }),
        (None, _) => pool(&layer.layer, input),
    }
}

fn windowed(layer: &QuantisedLayer, p: &QuantisedParameters, input: &[i8]) -> Vec<i8> {
    let shape = &layer.layer;
    let mut output = Vec::with_capacity(shape.output.len());
    for y in 0..shape.output.height {
        for x in 0..shape.output.width {
            output.extend(sums_to_codes(layer, p, |o| window_sum(layer, p, input, (y, x, o))));
        }
    }
    output
}

/// The accumulator of one convolution output; positions outside the map contribute nothing.
fn window_sum(layer: &QuantisedLayer, p: &QuantisedParameters, input: &[i8], (y, x, o): (usize, usize, usize)) -> i32 {
    let (window, map) = (&layer.layer.window, &layer.layer.input);
    let mut sum = 0i32;
    for ky in 0..window.kernel {
        for kx in 0..window.kernel {
            let row = (y * window.stride + ky).wrapping_sub(window.pad_top);
            let column = (x * window.stride + kx).wrapping_sub(window.pad_left);
            if row >= map.height || column >= map.width {
                continue;
            }
            let from = (row * map.width + column) * map.channels;
            let tap = o * layer.layer.fan_in() + (ky * window.kernel + kx) * map.channels;
            let (w, v) = (&p.weights[tap..tap + map.channels], &input[from..from + map.channels]);
            sum = sum.wrapping_add(dot(w, v, layer.input.zero_point));
        }
    }
    sum
}

fn dot(weights: &[i8], values: &[i8], zero_point: i32) -> i32 {
    let products = weights.iter().zip(values);
    products.fold(0i32, |s, (&w, &v)| s.wrapping_add(i32::from(w) * (i32::from(v) - zero_point)))
}

/// Bias, rescale, offset and clamp of one accumulator per output channel.
fn sums_to_codes(layer: &QuantisedLayer, p: &QuantisedParameters, mut sum: impl FnMut(usize) -> i32) -> Vec<i8> {
    let relu = matches!(layer.layer.spec, LayerSpec::Conv { .. });
    let least = if relu { layer.output.zero_point.max(-128) } else { -128 };
    let code = |(o, &bias): (usize, &i32)| {
        let real = f64::from(layer.input.scale) * f64::from(p.weight_scale(o));
        let factor = Factor::new(real / f64::from(layer.output.scale));
        let scaled = factor.apply(sum(o).wrapping_add(bias));
        scaled.saturating_add(layer.output.zero_point).max(least).clamp(-128, 127) as i8
    };
    p.bias.iter().enumerate().map(code).collect()
}

fn pool(layer: &Layer, input: &[i8]) -> Vec<i8> {
    let (size, channels) = (layer.window.kernel, layer.input.channels);
    let mut output = Vec::with_capacity(layer.output.len());
    for y in 0..layer.output.height {
        for x in 0..layer.output.width {
            for c in 0..channels {
                let at = |i: usize| {
                    let (dy, dx) = (i / size, i % size);
                    input[((y * size + dy) * layer.input.width + x * size + dx) * channels + c]
                };
                output.push((0..size * size).map(at).max().unwrap_or(i8::MIN));
            }
        }
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factor_is_within_half_a_unit_of_the_real_product() {
        for real in [0.75, 0.001234, 1.0, 1e-5, 0.999_999_999_9, 3.7, 2f64.powi(-20)] {
            let factor = Factor::new(real);
            for value in [-1_000_003, -77, -1, 0, 1, 5, 12_345, 9_999_999] {
                let exact = f64::from(value) * real;
                let error = (f64::from(factor.apply(value)) - exact).abs();
                // Rounding twice may cost one more half in the last place of the first rounding.
                assert!(error <= 1.0 + exact.abs() * 1e-8, "{value} * {real}: error {error}");
            }
        }
    }

    /// A quarter is `2^30 / 2^31 * 2^-1`: first the half rounds (up), then the shift (away from
    /// zero). That 1/4 becomes 1 is what rounding twice means.
    #[test]
    fn rounding_happens_twice() {
        let quarter = Factor::new(0.25);
        assert_eq!(quarter, Factor { q: 1 << 30, shift: -1 });
        for (value, expected) in [(2, 1), (-2, -1), (6, 2), (-6, -2), (1, 1), (-1, 0), (4, 1)] {
            assert_eq!(quarter.apply(value), expected, "{value} / 4");
        }
    }

    #[test]
    fn useless_factors_are_zero_and_never_panic() {
        for real in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-300, 2f64.powi(-40)] {
            assert_eq!(Factor::new(real).apply(i32::MIN), 0, "{real}");
        }
        assert_ne!(Factor::new(1e300).apply(1), 0);
    }
}
