//! The layers with weights: each output is a bias plus a sum of products, requantised.

use crate::error::Overflow;
use crate::fixed_point::{fits_accumulator, requantise, requantise_by_shift};
use cortado_graph::ir::{Conv2d, DataType, DepthwiseConv2d, FullyConnected, Requantise, Window};

/// The input position under kernel position `k` of output position `o`, along one axis;
/// `None` outside the map.
pub(crate) fn under(
    o: usize,
    k: usize,
    stride: usize,
    dilation: usize,
    padding: usize,
    length: usize,
) -> Option<usize> {
    (o * stride + k * dilation).checked_sub(padding).filter(|&position| position < length)
}

/// Input row and column under `(ky, kx)` of the window at `(y, x)`; `None` outside the map.
pub(crate) fn position(
    window: &Window,
    (y, x): (usize, usize),
    (ky, kx): (usize, usize),
    shape: &[usize],
) -> Option<(usize, usize)> {
    let (stride, dilation, padding) = (window.stride, window.dilation, window.padding);
    let row = under(y, ky, stride.0, dilation.0, padding.0, shape[1])?;
    let column = under(x, kx, stride.1, dilation.1, padding.1, shape[2])?;
    Some((row, column))
}

/// A layer with weights at work: what it does with the sum for an output channel.
struct Finish<'a> {
    data_type: DataType,
    parameters: &'a Requantise,
}

impl Finish<'_> {
    /// Checks that the accumulator holds the sum, and requantises it.
    fn output(&self, sum: i64, channel: usize, element: usize) -> Result<i16, Overflow> {
        let overflow = |what| Overflow { data_type: self.data_type, element, what };
        match self.data_type {
            DataType::Int8 => {
                let accumulator = i32::try_from(sum).map_err(|_| overflow("the sum of products"))?;
                requantise(accumulator, self.parameters, channel)
                    .map(i16::from)
                    .ok_or(overflow("the requantiser's left shift"))
            }
            DataType::Int16 if !fits_accumulator(sum) => Err(overflow("the sum of products")),
            DataType::Int16 => Ok(requantise_by_shift(sum, self.parameters, channel)),
        }
    }
}

/// `(value - zero_point) * weight`.
fn product(value: i16, zero_point: i32, weight: i16) -> i64 {
    (i64::from(value) - i64::from(zero_point)) * i64::from(weight)
}

/// `in` and `out` are NHWC, weights OHWI.
pub fn conv2d(
    data_type: DataType,
    conv: &Conv2d,
    input: &[i16],
    in_shape: &[usize],
    out_shape: &[usize],
) -> Result<Vec<i16>, Overflow> {
    let finish = Finish { data_type, parameters: &conv.output };
    let (in_height, in_width, in_channels) = (in_shape[1], in_shape[2], in_shape[3]);
    let (kernel_height, kernel_width) = conv.window.kernel;
    let mut output = Vec::new();
    for b in 0..out_shape[0] {
        for y in 0..out_shape[1] {
            for x in 0..out_shape[2] {
                for o in 0..out_shape[3] {
                    let mut sum = conv.bias[o];
                    for ky in 0..kernel_height {
                        for kx in 0..kernel_width {
                            let Some((row, column)) = position(&conv.window, (y, x), (ky, kx), in_shape) else {
                                continue;
                            };
                            let at = ((b * in_height + row) * in_width + column) * in_channels;
                            let weight_at = ((o * kernel_height + ky) * kernel_width + kx) * in_channels;
                            for i in 0..in_channels {
                                sum += product(input[at + i], conv.input_zero_point, conv.weights[weight_at + i]);
                            }
                        }
                    }
                    output.push(finish.output(sum, o, output.len())?);
                }
            }
        }
    }
    Ok(output)
}

/// `in` and `out` are NHWC, weights HWC with C the output channels.
pub fn depthwise(
    data_type: DataType,
    conv: &DepthwiseConv2d,
    input: &[i16],
    in_shape: &[usize],
    out_shape: &[usize],
) -> Result<Vec<i16>, Overflow> {
    let finish = Finish { data_type, parameters: &conv.output };
    let (in_height, in_width, in_channels) = (in_shape[1], in_shape[2], in_shape[3]);
    let (kernel_height, kernel_width) = conv.window.kernel;
    let out_channels = out_shape[3];
    let mut output = Vec::new();
    for b in 0..out_shape[0] {
        for y in 0..out_shape[1] {
            for x in 0..out_shape[2] {
                for o in 0..out_channels {
                    let i = o / conv.depth_multiplier;
                    let mut sum = conv.bias[o];
                    for ky in 0..kernel_height {
                        for kx in 0..kernel_width {
                            let Some((row, column)) = position(&conv.window, (y, x), (ky, kx), in_shape) else {
                                continue;
                            };
                            let at = ((b * in_height + row) * in_width + column) * in_channels + i;
                            let weight_at = (ky * kernel_width + kx) * out_channels + o;
                            sum += product(input[at], conv.input_zero_point, conv.weights[weight_at]);
                        }
                    }
                    output.push(finish.output(sum, o, output.len())?);
                }
            }
        }
    }
    Ok(output)
}

/// `in` is `[batch, in_features]`, `out` is `[batch, out_features]`, weights OI.
pub fn fully_connected(
    data_type: DataType,
    fc: &FullyConnected,
    input: &[i16],
    out_elements: usize,
) -> Result<Vec<i16>, Overflow> {
    let finish = Finish { data_type, parameters: &fc.output };
    let out_features = fc.bias.len();
    let in_features = fc.weights.len() / out_features;
    let mut output = Vec::new();
    for b in 0..out_elements / out_features {
        for o in 0..out_features {
            let mut sum = fc.bias[o];
            for i in 0..in_features {
                sum += product(input[b * in_features + i], fc.input_zero_point, fc.weights[o * in_features + i]);
            }
            output.push(finish.output(sum, o, output.len())?);
        }
    }
    Ok(output)
}
