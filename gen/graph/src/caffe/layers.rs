//! Each kind of layer: its parameters, its trained arrays, and the nodes it becomes.

use super::context::{constant, Context};
use super::parameters::{count, flag, real, window};
use super::text::Message;
use crate::error::{quoted, Code, Fault};
use crate::float::{Affine, Convolution, FullyConnected, Lrn, Pool, PoolKind, Rounding, TensorId};

/// The one output of a layer.
pub type Built = Result<TensorId, Fault>;

fn only(came: impl Into<String>, would_do: impl Into<String>) -> Fault {
    Fault::new(Code::Operator, came, would_do)
}

/// Refuses a parameter that has another value than the one taken.
fn expect_axis(parameters: Option<&Message>) -> Result<(), Fault> {
    match parameters.and_then(|message| message.scalar("axis")) {
        None | Some("1") => Ok(()),
        Some(axis) => Err(only(format!("axis {}", quoted(axis)), "axis 1, the channels, is needed")),
    }
}

pub fn convolution(context: &mut Context, name: &str, layer: &Message, input: TensorId) -> Built {
    let parameters = layer.message("convolution_param");
    expect_axis(parameters)?;
    let window = window(parameters)?;
    let groups = count(parameters, "group", 1)?;
    let out = count(parameters, "num_output", 0)?;
    let channels = context.builder.shape(input).get(1).copied().unwrap_or(0);
    let has_bias = flag(parameters, "bias_term", true)?;
    let blobs = context.blobs(name, 1 + usize::from(has_bias))?;
    let shape = vec![out, channels / groups.max(1), window.kernel.0, window.kernel.1];
    let weights = constant(blobs.as_deref(), 0, shape, "weights")?;
    let bias = has_bias.then(|| constant(blobs.as_deref(), 1, vec![out], "biases")).transpose()?;
    context.builder.convolution(input, Convolution { window, groups, weights, bias })
}

pub fn inner_product(context: &mut Context, name: &str, layer: &Message, input: TensorId) -> Built {
    let parameters = layer.message("inner_product_param");
    expect_axis(parameters)?;
    if flag(parameters, "transpose", false)? {
        return Err(only("transposed weights", "transpose: false is needed"));
    }
    let out = count(parameters, "num_output", 0)?;
    let features = context.builder.shape(input)[1..].iter().product();
    let has_bias = flag(parameters, "bias_term", true)?;
    let blobs = context.blobs(name, 1 + usize::from(has_bias))?;
    let weights = constant(blobs.as_deref(), 0, vec![out, features], "weights")?;
    let bias = has_bias.then(|| constant(blobs.as_deref(), 1, vec![out], "biases")).transpose()?;
    context.builder.fully_connected(input, FullyConnected { weights, bias })
}

pub fn pooling(context: &mut Context, layer: &Message, input: TensorId) -> Built {
    let parameters = layer.message("pooling_param");
    let kind = match parameters.and_then(|message| message.scalar("pool")).unwrap_or("MAX") {
        "MAX" | "0" => PoolKind::Max,
        // Caffe divides by the window's size with the padding in it.
        "AVE" | "1" => PoolKind::Average { count_padding: true },
        other => return Err(only(format!("pooling {}", quoted(other)), "MAX or AVE is needed")),
    };
    if flag(parameters, "global_pooling", false)? {
        return context.builder.global_pool(input, kind);
    }
    let rounding = match parameters.and_then(|message| message.scalar("round_mode")).unwrap_or("CEIL") {
        "CEIL" | "0" => Rounding::Ceil,
        "FLOOR" | "1" => Rounding::Floor,
        other => return Err(only(format!("round_mode {}", quoted(other)), "CEIL or FLOOR is needed")),
    };
    context.builder.pool(input, Pool { kind, window: window(parameters)? }, rounding)
}

pub fn relu(context: &mut Context, layer: &Message, input: TensorId) -> Built {
    let slope = real(layer.message("relu_param"), "negative_slope", 0.0)?;
    if slope != 0.0 {
        return Err(only(format!("a negative_slope of {slope}"), "0 is needed: a plain ReLU"));
    }
    context.builder.clamp(input, 0.0, f32::INFINITY)
}

pub fn batch_norm(context: &mut Context, name: &str, layer: &Message, input: TensorId) -> Built {
    let epsilon = real(layer.message("batch_norm_param"), "eps", 1e-5)?;
    let channels = context.builder.shape(input).get(1).copied().unwrap_or(0);
    let blobs = context.blobs(name, 3)?;
    let array = |index, len, what| Ok(constant(blobs.as_deref(), index, vec![len], what)?.values);
    let (mean, variance, factor) =
        (array(0, channels, "means")?, array(1, channels, "variances")?, array(2, 1, "moving average factor")?);
    let values = mean.zip(variance).zip(factor).map(|((mean, variance), factor)| {
        // Sums are stored with the weight they have gathered; no weight means no sums.
        let unit = if factor[0] == 0.0 { 0.0 } else { 1.0 / factor[0] };
        let scale: Vec<f32> = variance.iter().map(|sum| 1.0 / (sum * unit + epsilon).sqrt()).collect();
        let shift = mean.iter().zip(&scale).map(|(sum, scale)| -sum * unit * scale).collect();
        (scale, shift)
    });
    context.builder.affine(input, Affine { parameters: 2 * channels as u64, channels, values })
}

pub fn scale(context: &mut Context, name: &str, layer: &Message, input: TensorId) -> Built {
    let parameters = layer.message("scale_param");
    expect_axis(parameters)?;
    if count(parameters, "num_axes", 1)? != 1 {
        return Err(only("a scale over several axes", "num_axes 1 is needed"));
    }
    let has_bias = flag(parameters, "bias_term", false)?;
    let channels = context.builder.shape(input).get(1).copied().unwrap_or(0);
    let blobs = context.blobs(name, 1 + usize::from(has_bias))?;
    let scale = constant(blobs.as_deref(), 0, vec![channels], "scales")?.values;
    let shift = match has_bias {
        true => constant(blobs.as_deref(), 1, vec![channels], "biases")?.values,
        false => scale.as_ref().map(|scale| vec![0.0; scale.len()]),
    };
    let parameters = (1 + u64::from(has_bias)) * channels as u64;
    context.builder.affine(input, Affine { parameters, channels, values: scale.zip(shift) })
}

pub fn eltwise(context: &mut Context, layer: &Message, inputs: &[TensorId]) -> Built {
    let parameters = layer.message("eltwise_param");
    match parameters.and_then(|message| message.scalar("operation")).unwrap_or("SUM") {
        "SUM" | "1" => {}
        other => return Err(only(format!("an Eltwise {}", quoted(other)), "SUM is needed")),
    }
    if parameters.is_some_and(|message| message.scalars("coeff").any(|text| text.parse() != Ok(1.0))) {
        return Err(only("a weighted sum", "coefficients of 1 are needed"));
    }
    match inputs {
        [a, b] => context.builder.add(*a, *b),
        _ => Err(only(format!("a sum of {}", inputs.len()), "two bottoms are needed")),
    }
}

pub fn flatten(context: &mut Context, layer: &Message, input: TensorId) -> Built {
    expect_axis(layer.message("flatten_param"))?;
    let shape = context.builder.shape(input);
    let flat = vec![shape[0], shape[1..].iter().product()];
    context.builder.reshape(input, flat)
}

pub fn softmax(context: &mut Context, layer: &Message, input: TensorId) -> Built {
    expect_axis(layer.message("softmax_param"))?;
    if context.builder.shape(input).iter().skip(2).any(|&dim| dim != 1) {
        return Err(only("a softmax for each position of a map", "a vector, or a map of 1 x 1, is needed"));
    }
    context.builder.softmax(input)
}

pub fn lrn(context: &mut Context, layer: &Message, input: TensorId) -> Built {
    let parameters = layer.message("lrn_param");
    match parameters.and_then(|message| message.scalar("norm_region")).unwrap_or("ACROSS_CHANNELS") {
        "ACROSS_CHANNELS" | "0" => {}
        other => return Err(only(format!("norm_region {}", quoted(other)), "ACROSS_CHANNELS is needed")),
    }
    let op = Lrn {
        size: count(parameters, "local_size", 5)?,
        alpha: real(parameters, "alpha", 1.0)?,
        beta: real(parameters, "beta", 0.75)?,
        k: real(parameters, "k", 1.0)?,
    };
    context.builder.lrn(input, op)
}
