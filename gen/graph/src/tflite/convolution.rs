//! The three layers with weights: convolution, depthwise convolution, fully connected.

use super::context::Context;
use super::elementwise::fused_activation;
use super::names;
use super::schema::{OperatorView, Options, OptionsKind};
use super::tensor::{element_number, Activation, Weights};
use crate::error::{Code, Fault};
use crate::geometry::{slide, Padding};
use crate::ir::{Conv2d, DataType, DepthwiseConv2d, FullyConnected, Multiplier, Op, Requantise, Window};
use crate::quantise::{clamp_bounds, convolution_factor, fully_connected_factor, right_shift};

/// An operator's node without its wiring, and the file's indices of the tensors it reads.
pub type Built = Option<(Op, Vec<usize>)>;

pub fn conv2d(context: &mut Context, op: &OperatorView) -> Built {
    let options = op.options(OptionsKind::Conv2d);
    let input = context.input(op, 0);
    let weights = context.weights(op, 1, 4, 0);
    let output = context.output(op);
    let channels = weights.as_ref().map(|weights| weights.shape[0]);
    let bias = channels.and_then(|channels| context.bias(op, 2, channels));
    let (input, weights, output) = (input?, weights?, output?);
    let [out_channels, height, width, in_channels] = dims(&weights)?;
    let map = context.keep(input.nhwc("the input"))?;
    if in_channels != map[3] {
        context.fault(Fault::new(
            Code::Shape,
            format!("weights of {in_channels} input channels on a map of {}", map[3]),
            "the two must be equal (grouped convolutions are not taken)",
        ));
        return None;
    }
    let window = window(context, &options, Fields::CONV, (height, width), map, &output, out_channels);
    let fused = context.option(options.choice(3));
    let requantise = requantise(context, &input, &weights, &output, out_channels, fused?, convolution_factor);
    Some((
        Op::Conv2d(Conv2d {
            window: window?,
            weights: weights.values(),
            bias: bias?,
            input_zero_point: input.zero_point,
            output: requantise?,
        }),
        vec![input.index],
    ))
}

pub fn depthwise(context: &mut Context, op: &OperatorView) -> Built {
    let options = op.options(OptionsKind::DepthwiseConv2d);
    let input = context.input(op, 0);
    let weights = context.weights(op, 1, 4, 3);
    let output = context.output(op);
    let channels = weights.as_ref().map(|weights| weights.shape[3]);
    let bias = channels.and_then(|channels| context.bias(op, 2, channels));
    let (input, weights, output) = (input?, weights?, output?);
    let [one, height, width, out_channels] = dims(&weights)?;
    let map = context.keep(input.nhwc("the input"))?;
    let declared = context.option(options.int(3, 0))?;
    let depth_multiplier = usize::try_from(declared).unwrap_or(0);
    if one != 1 || depth_multiplier == 0 || depth_multiplier.checked_mul(map[3]) != Some(out_channels) {
        context.fault(Fault::new(
            Code::Shape,
            format!(
                "weights of shape {:?} and depth_multiplier {declared} on a map of {} channels",
                weights.shape, map[3]
            ),
            "the weights must be 1 x height x width x (channels * depth_multiplier)",
        ));
        return None;
    }
    let window = window(context, &options, Fields::DEPTHWISE, (height, width), map, &output, out_channels);
    let fused = context.option(options.choice(4));
    let requantise = requantise(context, &input, &weights, &output, out_channels, fused?, convolution_factor);
    Some((
        Op::DepthwiseConv2d(DepthwiseConv2d {
            window: window?,
            depth_multiplier,
            weights: weights.values(),
            bias: bias?,
            input_zero_point: input.zero_point,
            output: requantise?,
        }),
        vec![input.index],
    ))
}

pub fn fully_connected(context: &mut Context, op: &OperatorView) -> Built {
    let options = op.options(OptionsKind::FullyConnected);
    let input = context.input(op, 0);
    let weights = context.weights(op, 1, 2, 0);
    let output = context.output(op);
    let channels = weights.as_ref().map(|weights| weights.shape[0]);
    let bias = channels.and_then(|channels| context.bias(op, 2, channels));
    let (input, weights, output) = (input?, weights?, output?);
    if context.option(options.choice(1))? != 0 {
        context.fault(Fault::new(
            Code::Operator,
            "weights in the shuffled format",
            "the default format is needed: convert the model again",
        ));
        return None;
    }
    let (out_features, in_features) = (weights.shape[0], weights.shape[1]);
    let batch = input.elements() / in_features;
    let fits = batch * in_features == input.elements()
        && batch.checked_mul(out_features) == Some(output.elements())
        && output.shape.last() == Some(&out_features);
    if !fits {
        context.fault(Fault::new(
            Code::Shape,
            format!("weights of shape {:?} between shapes {:?} and {:?}", weights.shape, input.shape, output.shape),
            "the input must hold rows of the weights' second dimension, the output rows of the first",
        ));
        return None;
    }
    let fused = context.option(options.choice(0));
    // Only the per-tensor form rounds the product of scales to f32 on its way.
    let factor = if weights.is_per_channel() { convolution_factor } else { fully_connected_factor };
    let requantise = requantise(context, &input, &weights, &output, out_features, fused?, factor);
    Some((
        Op::FullyConnected(FullyConnected {
            weights: weights.values(),
            bias: bias?,
            input_zero_point: input.zero_point,
            output: requantise?,
        }),
        vec![input.index],
    ))
}

fn dims(weights: &Weights) -> Option<[usize; 4]> {
    weights.shape.as_slice().try_into().ok()
}

/// Numbers of the option fields that describe a window.
#[derive(Clone, Copy)]
pub struct Fields {
    /// Stride along the width and the height.
    pub stride: (usize, usize),
    /// Dilation along the width and the height, where the operator has it.
    pub dilation: Option<(usize, usize)>,
}

impl Fields {
    const CONV: Fields = Fields { stride: (1, 2), dilation: Some((4, 5)) };
    const DEPTHWISE: Fields = Fields { stride: (1, 2), dilation: Some((5, 6)) };
    pub const POOL: Fields = Fields { stride: (1, 2), dilation: None };
}

/// The window an operator's options describe, checked against the output's shape.
pub fn window(
    context: &mut Context,
    options: &Options,
    fields: Fields,
    kernel: (usize, usize),
    map: [usize; 4],
    output: &Activation,
    out_channels: usize,
) -> Option<Window> {
    let factor = |context: &mut Context, slot, default| {
        let came = context.option(options.int(slot, default))?;
        Some(usize::try_from(came).unwrap_or(0))
    };
    let stride_w = factor(context, fields.stride.0, 0)?;
    let stride_h = factor(context, fields.stride.1, 0)?;
    let (dilation_h, dilation_w) = match fields.dilation {
        Some((w, h)) => (factor(context, h, 1)?, factor(context, w, 1)?),
        None => (1, 1),
    };
    let padding = match context.option(options.choice(0))? {
        0 => Padding::Same,
        1 => Padding::Valid,
        other => {
            context.fault(Fault::new(
                Code::Operator,
                format!("padding number {other}"),
                "SAME (0) or VALID (1) are needed",
            ));
            return None;
        }
    };
    let rows = slide(padding, map[1], kernel.0, stride_h, dilation_h);
    let columns = slide(padding, map[2], kernel.1, stride_w, dilation_w);
    let (Some((height, top)), Some((width, left))) = (rows, columns) else {
        context.fault(Fault::new(
            Code::Shape,
            format!(
                "a window of {}x{}, stride {stride_h}x{stride_w}, dilation {dilation_h}x{dilation_w} on a map of {}x{}",
                kernel.0, kernel.1, map[1], map[2]
            ),
            "kernel, stride and dilation must be 1 or more and the window must fit the map",
        ));
        return None;
    };
    let expected = [map[0], height, width, out_channels];
    if output.shape != expected {
        context.fault(Fault::new(
            Code::Shape,
            format!("an output of shape {:?}", output.shape),
            format!("the window and the weights give {expected:?}: convert the model again"),
        ));
        return None;
    }
    Some(Window { kernel, stride: (stride_h, stride_w), dilation: (dilation_h, dilation_w), padding: (top, left) })
}

fn requantise(
    context: &mut Context,
    input: &Activation,
    weights: &Weights,
    output: &Activation,
    channels: usize,
    fused: i8,
    factor: fn(f32, f32, f32) -> f64,
) -> Option<Requantise> {
    let mut multipliers = Vec::with_capacity(channels);
    for channel in 0..channels {
        let scales = (input.scale, weights.scale(channel), output.scale);
        let real = factor(scales.0, scales.1, scales.2);
        let (multiplier, would_do) = match context.data_type {
            DataType::Int8 => (Multiplier::from_real(real), "a factor below 2^31"),
            DataType::Int16 => (right_shift(scales.0, scales.1, scales.2), "a right shift by 0 to 47"),
        };
        let Some(multiplier) = multiplier else {
            context.fault(Fault::new(
                Code::Quantisation,
                format!("output channel {channel} is rescaled by {real:.2e}"),
                format!("{would_do} is needed: quantise the model again"),
            ));
            return None;
        };
        multipliers.push(multiplier);
    }
    let (min, max) = clamp(context, fused, output)?;
    Some(Requantise { multipliers, zero_point: output.zero_point, min, max })
}

/// Clamp bounds of a fused activation on `output`.
pub fn clamp(context: &mut Context, fused: i8, output: &Activation) -> Option<(i32, i32)> {
    let activation = context.keep(fused_activation(fused))?;
    let bounds = clamp_bounds(context.data_type, activation, output.scale, output.zero_point);
    if bounds.is_none() {
        context.fault(Fault::new(
            Code::Quantisation,
            format!(
                "no {} value is left between the bounds of {activation:?} at scale {} and zero point {}",
                names::element_type(element_number(context.data_type)),
                output.scale,
                output.zero_point
            ),
            "quantise the model again with data that covers the layer's range",
        ));
    }
    bounds
}
