//! Trained values in the integer graph's layouts and units.

use super::place::Placement;
use crate::float::{Convolution, FullyConnected};
use crate::ir::{DataType, ACCUMULATOR_BITS};
use crate::quantise::power_of_two_from;

/// Weights, biases and the weights' scales, one or one an output channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantised {
    pub weights: Vec<i16>,
    pub bias: Vec<i64>,
    pub scales: Vec<f32>,
    /// Scale of the layer's output: the wanted one, or at int16 the least that a right shift reaches.
    pub output_scale: f32,
}

/// The scales round a layer, and the type it computes in.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub data_type: DataType,
    pub input_scale: f32,
    /// The output's, as calibration would have it.
    pub output_scale: f32,
}

/// The largest bias that leaves int8's accumulator room for the products.
const MOST_BIAS: f64 = (1 << 30) as f64;
/// What int16's accumulator holds of a bias and the largest products, half of its range: rounding has the rest.
const MOST_SUM: f64 = (1u64 << (ACCUMULATOR_BITS - 2)) as f64;

impl Setting {
    /// The symmetric scale of `rows` of weights, wide enough that the largest of `bias` leaves the accumulator room.
    fn scale(&self, rows: &[Vec<f32>], bias: &[f32]) -> f32 {
        let largest = rows.iter().map(|row| largest(row)).fold(0.0, f32::max);
        let bias = self::largest(bias);
        match self.data_type {
            DataType::Int8 => {
                let by_bias = (f64::from(bias) / (f64::from(self.input_scale) * MOST_BIAS)) as f32;
                let scale = (largest / 127.0).max(by_bias);
                // Channels of zeros need some scale; its size does not matter.
                if scale.is_normal() {
                    scale
                } else {
                    1.0 / 127.0
                }
            }
            DataType::Int16 => {
                let (_, most) = self.data_type.range();
                let most_input = f64::from(most) + 1.0;
                let magnitude = rows.iter().map(|row| row.iter().map(|w| f64::from(w.abs())).sum()).fold(0.0, f64::max);
                let by_sum = (most_input * magnitude + f64::from(bias) / f64::from(self.input_scale)) / MOST_SUM;
                power_of_two_from(by_sum.max(f64::from(largest) / f64::from(most))).unwrap_or(f32::MAX)
            }
        }
    }

    /// Quantises `rows` (one an output channel, in the layout wanted), each with a scale of its own or all with one.
    fn quantise(&self, rows: &[Vec<f32>], bias: &[f32], per_channel: bool) -> Quantised {
        let mut scales: Vec<f32> = match per_channel {
            true => rows.chunks(1).zip(bias.chunks(1)).map(|(row, bias)| self.scale(row, bias)).collect(),
            false => vec![self.scale(rows, bias)],
        };
        let output_scale = self.shiftable(&mut scales);
        let of_row = |row: usize| scales.get(row).or(scales.first()).copied().unwrap_or(1.0);
        let weights = rows.iter().enumerate().flat_map(|(o, row)| self.quantise_row(row, of_row(o))).collect();
        let unit = |o: usize| f64::from(of_row(o)) * f64::from(self.input_scale);
        let bias = bias.iter().enumerate().map(|(o, &bias)| (f64::from(bias) / unit(o)).round() as i64).collect();
        Quantised { weights, bias, scales, output_scale }
    }

    /// At int16 makes every factor from accumulator to output a right shift by less than the accumulator's bits:
    /// an output finer than a channel's accumulator becomes as coarse as that, a channel too fine gets a larger
    /// scale. Returns the output's scale.
    fn shiftable(&self, scales: &mut [f32]) -> f32 {
        if self.data_type == DataType::Int8 {
            return self.output_scale;
        }
        let coarsest = scales.iter().copied().fold(0.0, f32::max);
        let output_scale = self.output_scale.max(coarsest * self.input_scale);
        let finest = output_scale / self.input_scale / (1u64 << (ACCUMULATOR_BITS - 1)) as f32;
        scales.iter_mut().for_each(|scale| *scale = scale.max(finest));
        output_scale
    }

    fn quantise_row<'r>(&self, row: &'r [f32], scale: f32) -> impl Iterator<Item = i16> + 'r {
        let most = self.data_type.range().1 as f32;
        row.iter().map(move |weight| (weight / scale).round().clamp(-most, most) as i16)
    }
}

fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |most, value| most.max(value.abs()))
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
pub fn convolution(op: &Convolution, values: (&[f32], &[f32]), placed: &Placement, setting: &Setting) -> Quantised {
    setting.quantise(&rows(op, values.0, placed, true), values.1, true)
}

/// A convolution of one input channel a group, in HWC.
pub fn depthwise(op: &Convolution, values: (&[f32], &[f32]), placed: &Placement, setting: &Setting) -> Quantised {
    let mut quantised = setting.quantise(&rows(op, values.0, placed, false), values.1, true);
    let channels = quantised.scales.len();
    let positions = quantised.weights.len() / channels.max(1);
    let by_channel = std::mem::take(&mut quantised.weights);
    quantised.weights = (0..positions)
        .flat_map(|p| (0..channels).map(move |c| (c, p)))
        .map(|(c, p)| by_channel[c * positions + p])
        .collect();
    quantised
}

/// A fully connected layer in OI, at int8 with one scale; `map` is the (C, H, W) its features were flattened from,
/// whose order becomes HWC.
pub fn fully_connected(
    op: &FullyConnected,
    values: (&[f32], &[f32]),
    map: Option<[usize; 3]>,
    setting: &Setting,
) -> Quantised {
    let features = op.weights.shape.get(1).copied().unwrap_or(1);
    let order: Vec<usize> = match map {
        Some([channels, height, width]) => (0..height * width)
            .flat_map(|position| (0..channels).map(move |channel| channel * height * width + position))
            .collect(),
        None => (0..features).collect(),
    };
    let turn = |row: &[f32]| order.iter().map(|&from| row[from]).collect();
    let rows: Vec<Vec<f32>> = values.0.chunks_exact(features).map(turn).collect();
    setting.quantise(&rows, values.1, setting.data_type == DataType::Int16)
}
