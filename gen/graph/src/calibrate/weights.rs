//! Trained values in the integer graph's layouts and units.

use super::place::Placement;
use crate::float::{Convolution, FullyConnected};

/// Int8 weights, int32 biases and the weights' scales, one or one an output channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantised {
    pub weights: Vec<i16>,
    pub bias: Vec<i64>,
    pub scales: Vec<f32>,
}

/// The largest bias that leaves the accumulator room for the products.
const MOST_BIAS: f64 = (1 << 30) as f64;

/// The symmetric scale of values up to `largest`, wide enough that `bias` is under [`MOST_BIAS`] units of it.
fn scale(largest: f32, bias: f32, input_scale: f32) -> f32 {
    let by_bias = (f64::from(bias.abs()) / (f64::from(input_scale) * MOST_BIAS)) as f32;
    let scale = (largest / 127.0).max(by_bias);
    // Channels of zeros need some scale; its size does not matter.
    if scale.is_normal() {
        scale
    } else {
        1.0 / 127.0
    }
}

fn quantise_row(row: &[f32], scale: f32) -> impl Iterator<Item = i16> + '_ {
    row.iter().map(move |weight| (weight / scale).round().clamp(-127.0, 127.0) as i16)
}

fn quantise_bias(bias: f32, scale: f32, input_scale: f32) -> i64 {
    (f64::from(bias) / (f64::from(scale) * f64::from(input_scale))).round() as i64
}

fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |most, value| most.max(value.abs()))
}

/// One scale a row: `rows` are the output channels' weights, in the layout wanted.
fn per_channel(rows: &[Vec<f32>], bias: &[f32], input_scale: f32) -> Quantised {
    let scales: Vec<f32> = rows.iter().zip(bias).map(|(row, &bias)| scale(largest(row), bias, input_scale)).collect();
    let weights = rows.iter().zip(&scales).flat_map(|(row, &scale)| quantise_row(row, scale)).collect();
    let bias = bias.iter().zip(&scales).map(|(&bias, &scale)| quantise_bias(bias, scale, input_scale)).collect();
    Quantised { weights, bias, scales }
}

/// A kernel's rows (one an output channel) in HWI order, with the placement's zeros round it. For a
/// group of several channels the other groups' inputs get zeros.
fn rows(op: &Convolution, values: &[f32], placed: &Placement, dense: bool) -> Vec<Vec<f32>> {
    let [out, inner, height, width] = op.weights.shape[..] else {
        return Vec::new();
    };
    let (wide, tall) = (width + placed.before.1 + placed.after.1, height + placed.before.0 + placed.after.0);
    let channels = if dense { inner * op.groups } else { inner };
    let mut rows = vec![vec![0.0; tall * wide * channels]; out];
    for (o, row) in rows.iter_mut().enumerate() {
        let first = if dense { o / (out / op.groups) * inner } else { 0 };
        for i in 0..inner {
            for y in 0..height {
                for x in 0..width {
                    let at = ((y + placed.before.0) * wide + x + placed.before.1) * channels + first + i;
                    row[at] = values[((o * inner + i) * height + y) * width + x];
                }
            }
        }
    }
    rows
}

/// A convolution in OHWI, groups spread over all input channels; `values` are (weights, biases).
pub fn convolution(op: &Convolution, values: (&[f32], &[f32]), placed: &Placement, input_scale: f32) -> Quantised {
    per_channel(&rows(op, values.0, placed, true), values.1, input_scale)
}

/// A convolution of one input channel a group, in HWC.
pub fn depthwise(op: &Convolution, values: (&[f32], &[f32]), placed: &Placement, input_scale: f32) -> Quantised {
    let mut quantised = per_channel(&rows(op, values.0, placed, false), values.1, input_scale);
    let channels = quantised.scales.len();
    let positions = quantised.weights.len() / channels.max(1);
    let by_channel = std::mem::take(&mut quantised.weights);
    quantised.weights = (0..positions)
        .flat_map(|p| (0..channels).map(move |c| (c, p)))
        .map(|(c, p)| by_channel[c * positions + p])
        .collect();
    quantised
}

/// A fully connected layer in OI, one scale; `map` is the (C, H, W) its features were flattened from,
/// whose order becomes HWC.
pub fn fully_connected(
    op: &FullyConnected,
    values: (&[f32], &[f32]),
    map: Option<[usize; 3]>,
    input_scale: f32,
) -> Quantised {
    let features = op.weights.shape.get(1).copied().unwrap_or(1);
    let most_bias = largest(values.1);
    let scale = scale(largest(values.0), most_bias, input_scale);
    let order: Vec<usize> = match map {
        Some([channels, height, width]) => (0..height * width)
            .flat_map(|position| (0..channels).map(move |channel| channel * height * width + position))
            .collect(),
        None => (0..features).collect(),
    };
    let turned = values.0.chunks_exact(features).flat_map(|row| order.iter().map(|&from| row[from]));
    let weights = quantise_row(&turned.collect::<Vec<f32>>(), scale).collect();
    let bias = values.1.iter().map(|&bias| quantise_bias(bias, scale, input_scale)).collect();
    Quantised { weights, bias, scales: vec![scale] }
}
