//! The layers with weights: each output is a bias plus a sum of products, requantised.

use crate::error::Overflow;
use crate::fixed_point::requantise;
use cortado_graph::ir::{Conv2d, DepthwiseConv2d, FullyConnected, Requantise, Window};

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

/// Checks the sum into int32 and requantises it.
fn finish(sum: i64, parameters: &Requantise, channel: usize, element: usize) -> Result<i8, Overflow> {
    let accumulator = i32::try_from(sum).map_err(|_| Overflow { element, what: "the sum of products" })?;
    requantise(accumulator, parameters, channel).ok_or(Overflow { element, what: "the requantiser's left shift" })
}

/// `in` and `out` are NHWC, weights OHWI.
pub fn conv2d(conv: &Conv2d, input: &[i8], in_shape: &[usize], out_shape: &[usize]) -> Result<Vec<i8>, Overflow> {
    let (in_height, in_width, in_channels) = (in_shape[1], in_shape[2], in_shape[3]);
    let (kernel_height, kernel_width) = conv.window.kernel;
    let mut output = Vec::new();
    for b in 0..out_shape[0] {
        for y in 0..out_shape[1] {
            for x in 0..out_shape[2] {
                for o in 0..out_shape[3] {
                    let mut sum = i64::from(conv.bias[o]);
                    for ky in 0..kernel_height {
                        for kx in 0..kernel_width {
                            let Some((row, column)) = position(&conv.window, (y, x), (ky, kx), in_shape) else {
                                continue;
                            };
                            let at = ((b * in_height + row) * in_width + column) * in_channels;
                            let weight_at = ((o * kernel_height + ky) * kernel_width + kx) * in_channels;
                            for i in 0..in_channels {
                                let value = i32::from(input[at + i]) - conv.input_zero_point;
                                let weight = i32::from(conv.weights[weight_at + i]);
                                sum += i64::from(value * weight);
                            }
                        }
                    }
                    output.push(finish(sum, &conv.output, o, output.len())?);
                }
            }
        }
    }
    Ok(output)
}

/// `in` and `out` are NHWC, weights HWC with C the output channels.
pub fn depthwise(
    conv: &DepthwiseConv2d,
    input: &[i8],
    in_shape: &[usize],
    out_shape: &[usize],
) -> Result<Vec<i8>, Overflow> {
    let (in_height, in_width, in_channels) = (in_shape[1], in_shape[2], in_shape[3]);
    let (kernel_height, kernel_width) = conv.window.kernel;
    let out_channels = out_shape[3];
    let mut output = Vec::new();
    for b in 0..out_shape[0] {
        for y in 0..out_shape[1] {
            for x in 0..out_shape[2] {
                for o in 0..out_channels {
                    let i = o / conv.depth_multiplier;
                    let mut sum = i64::from(conv.bias[o]);
                    for ky in 0..kernel_height {
                        for kx in 0..kernel_width {
                            let Some((row, column)) = position(&conv.window, (y, x), (ky, kx), in_shape) else {
                                continue;
                            };
                            let at = ((b * in_height + row) * in_width + column) * in_channels + i;
                            let weight_at = (ky * kernel_width + kx) * out_channels + o;
                            let value = i32::from(input[at]) - conv.input_zero_point;
                            sum += i64::from(value * i32::from(conv.weights[weight_at]));
                        }
                    }
                    output.push(finish(sum, &conv.output, o, output.len())?);
                }
            }
        }
    }
    Ok(output)
}

/// `in` is `[batch, in_features]`, `out` is `[batch, out_features]`, weights OI.
pub fn fully_connected(fc: &FullyConnected, input: &[i8], out_elements: usize) -> Result<Vec<i8>, Overflow> {
    let out_features = fc.bias.len();
    let in_features = fc.weights.len() / out_features;
    let mut output = Vec::new();
    for b in 0..out_elements / out_features {
        for o in 0..out_features {
            let mut sum = i64::from(fc.bias[o]);
            for i in 0..in_features {
                let value = i32::from(input[b * in_features + i]) - fc.input_zero_point;
                sum += i64::from(value * i32::from(fc.weights[o * in_features + i]));
            }
            output.push(finish(sum, &fc.output, o, output.len())?);
        }
    }
    Ok(output)
}
