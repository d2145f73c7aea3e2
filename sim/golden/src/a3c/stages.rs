//! The three stages of a layer. `parameters` and `gradient` are a layer's words in [`super::Layout`]'s order.

use super::arithmetic::{add, canonical, multiply};
use super::layout::{row, TILE};
use super::network::Layer;

/// The layer's words of sixteen outputs from `at` on.
fn words(parameters: &[f32], at: usize) -> [f32; TILE] {
    let mut words = [0.0; TILE];
    words.copy_from_slice(&parameters[at..at + TILE]);
    words
}

/// FW: each output is its bias plus the products in ascending order of (ky, kx, i), then the rectifier.
///
/// `input` is a map of `layer.input`; the result is one of `layer.output`.
pub fn forward(layer: &Layer, parameters: &[f32], input: &[f32]) -> Vec<f32> {
    let mut output = vec![0.0; layer.output.words()];
    let run = layer.kernel * layer.input.channels;
    for block in 0..layer.output.channels.div_ceil(TILE) {
        let first = block * TILE;
        let lanes = TILE.min(layer.output.channels - first);
        for y in 0..layer.output.height {
            for x in 0..layer.output.width {
                let mut sums = words(parameters, row(layer, block, 0) - TILE);
                for ky in 0..layer.kernel {
                    // The kernel's row lies together in the map: kx and i are one run.
                    let from = layer.input.at(y * layer.stride + ky, x * layer.stride);
                    for (at, &value) in input[from..from + run].iter().enumerate() {
                        let weights = words(parameters, row(layer, block, ky * run + at));
                        for (sum, weight) in sums.iter_mut().zip(weights) {
                            *sum = add(*sum, multiply(value, weight));
                        }
                    }
                }
                let at = layer.output.at(y, x) + first;
                for (word, sum) in output[at..at + lanes].iter_mut().zip(sums) {
                    // Negative sums only: minus zero is a zero, and a NaN stays.
                    let rectified = if layer.rectified && sum <= 0.0 { 0.0 } else { sum };
                    *word = canonical(rectified);
                }
            }
        }
    }
    output
}

/// The layer's weights with the input channel fastest: word `((ky * kernel + kx) * outputs + o) * inputs + i`.
fn transposed(layer: &Layer, parameters: &[f32]) -> Vec<f32> {
    let (inputs, outputs) = (layer.input.channels, layer.output.channels);
    let mut weights = vec![0.0; layer.products() * outputs];
    for tap in 0..layer.kernel * layer.kernel {
        for o in 0..outputs {
            let to = (tap * outputs + o) * inputs;
            for (i, weight) in weights[to..to + inputs].iter_mut().enumerate() {
                *weight = parameters[row(layer, o / TILE, tap * inputs + i) + o % TILE];
            }
        }
    }
    weights
}

/// The output position whose kernel position `k` lies on input position `at`, along one axis; `None` when the
/// stride steps over it or the map ends before.
fn over(at: usize, k: usize, stride: usize, outputs: usize) -> Option<usize> {
    let distance = at.checked_sub(k)?;
    (distance % stride == 0 && distance / stride < outputs).then_some(distance / stride)
}

/// BW for several steps: each input's gradient is zero plus the products in ascending order of (ky, kx, o), over
/// those kernel positions that an output has on it.
///
/// `errors` are the gradients at the output, maps of `layer.output`; the results are maps of `layer.input`, before
/// the derivative of the rectifier there.
pub fn backward(layer: &Layer, parameters: &[f32], errors: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let weights = transposed(layer, parameters);
    let (inputs, outputs) = (layer.input.channels, layer.output.channels);
    let step = |error: &Vec<f32>| {
        let mut gradient = vec![0.0; layer.input.words()];
        for y in 0..layer.input.height {
            for x in 0..layer.input.width {
                let at = layer.input.at(y, x);
                let sums = &mut gradient[at..at + inputs];
                for ky in 0..layer.kernel {
                    let Some(from_y) = over(y, ky, layer.stride, layer.output.height) else { continue };
                    for kx in 0..layer.kernel {
                        let Some(from_x) = over(x, kx, layer.stride, layer.output.width) else { continue };
                        let from = layer.output.at(from_y, from_x);
                        let tap = (ky * layer.kernel + kx) * outputs;
                        for (o, &value) in error[from..from + outputs].iter().enumerate() {
                            let at = (tap + o) * inputs;
                            for (sum, &weight) in sums.iter_mut().zip(&weights[at..at + inputs]) {
                                *sum = add(*sum, multiply(value, weight));
                            }
                        }
                    }
                }
                sums.iter_mut().for_each(|sum| *sum = canonical(*sum));
            }
        }
        gradient
    };
    errors.iter().map(step).collect()
}

/// GC for one step: each parameter's gradient so far plus the products in ascending order of (y, x); a bias takes
/// the output's gradient itself.
///
/// `error` is a map of `layer.output`, `input` one of `layer.input`.
pub fn gradient(layer: &Layer, gradient: &mut [f32], error: &[f32], input: &[f32]) {
    let run = layer.kernel * layer.input.channels;
    for block in 0..layer.output.channels.div_ceil(TILE) {
        let first = block * TILE;
        let lanes = TILE.min(layer.output.channels - first);
        for y in 0..layer.output.height {
            for x in 0..layer.output.width {
                let from = layer.output.at(y, x) + first;
                let errors = &error[from..from + lanes];
                accumulate(&mut gradient[row(layer, block, 0) - TILE..], errors, None);
                for ky in 0..layer.kernel {
                    let from = layer.input.at(y * layer.stride + ky, x * layer.stride);
                    for (at, &value) in input[from..from + run].iter().enumerate() {
                        accumulate(&mut gradient[row(layer, block, ky * run + at)..], errors, Some(value));
                    }
                }
            }
        }
    }
    gradient.iter_mut().for_each(|word| *word = canonical(*word));
}

/// Adds the outputs' errors, times `value` if there is one, to the words of a row; padding is left alone.
#[inline(always)]
fn accumulate(row: &mut [f32], errors: &[f32], value: Option<f32>) {
    let one = |sum: &mut f32, error: f32| {
        *sum = add(*sum, value.map_or(error, |value| multiply(value, error)));
    };
    match (<&mut [f32; TILE]>::try_from(&mut row[..TILE]), <&[f32; TILE]>::try_from(errors)) {
        // A whole row has a known length, which the compiler turns into vectors.
        (Ok(row), Ok(errors)) => row.iter_mut().zip(errors).for_each(|(sum, &error)| one(sum, error)),
        _ => row.iter_mut().zip(errors).for_each(|(sum, &error)| one(sum, error)),
    }
}
