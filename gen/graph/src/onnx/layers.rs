//! Each kind of operator: its attributes, its constants, and the nodes it becomes.

use super::context::{dims, Context, Known};
use super::proto::{Node, FLOAT};
use super::window::window;
use crate::error::{Code, Fault};
use crate::float::{Affine, Constant, Convolution, FullyConnected, Lrn, Pool, PoolKind, Rounding, TensorId};
use std::rc::Rc;

/// What an operator's first output is.
pub type Built<'a> = Result<Known<'a>, Fault>;

fn only(came: impl Into<String>, would_do: impl Into<String>) -> Fault {
    Fault::new(Code::Operator, came, would_do)
}

/// The operator's inputs; made before it is known to be taken, so that all are looked up.
pub struct Inputs<'a>(pub Vec<Option<Known<'a>>>);

impl<'a> Inputs<'a> {
    pub fn activation(&self, slot: usize) -> Result<TensorId, Fault> {
        match self.0.get(slot) {
            Some(Some(Known::Activation(id))) => Ok(*id),
            _ => Err(only(format!("input {slot} is a constant or absent"), "an activation is needed here")),
        }
    }

    /// Input `slot` as a constant; `None` when absent.
    fn constant(&self, context: &mut Context<'a>, slot: usize) -> Result<Option<Constant>, Fault> {
        match self.0.get(slot) {
            Some(Some(known)) => context.floats(known)?.map(Some).ok_or_else(|| computed(slot)),
            _ => Ok(None),
        }
    }

    fn needed(&self, context: &mut Context<'a>, slot: usize) -> Result<Constant, Fault> {
        self.constant(context, slot)?.ok_or_else(|| only(format!("no input {slot}"), "a constant is needed here"))
    }
}

fn computed(slot: usize) -> Fault {
    only(format!("input {slot} is computed"), "a constant of the file is needed here: fold constants and export again")
}

fn map(context: &Context, id: TensorId) -> (usize, usize) {
    let shape = context.builder.shape(id);
    (shape.get(2).copied().unwrap_or(0), shape.get(3).copied().unwrap_or(0))
}

pub fn convolution<'a>(context: &mut Context<'a>, node: &Node, inputs: &Inputs<'a>) -> Built<'a> {
    let input = inputs.activation(0)?;
    let weights = inputs.needed(context, 1)?;
    let bias = inputs.constant(context, 2)?;
    let kernel = match weights.shape[..] {
        [_, _, height, width] => (height, width),
        _ => return Err(only(format!("weights of shape {:?}", weights.shape), "four dimensions (OIHW) are needed")),
    };
    let window = window(node, Some(kernel), map(context, input))?;
    let groups = usize::try_from(node.int("group", 1)).unwrap_or(0);
    context.builder.convolution(input, Convolution { window, groups, weights, bias }).map(Known::Activation)
}

pub fn pool<'a>(context: &mut Context<'a>, node: &Node, inputs: &Inputs<'a>) -> Built<'a> {
    let input = inputs.activation(0)?;
    if node.int("storage_order", 0) != 0 || node.outputs.len() > 1 {
        return Err(only("a pool that gives positions", "the values alone are taken"));
    }
    let kind = match node.kind {
        "MaxPool" => PoolKind::Max,
        _ => PoolKind::Average { count_padding: node.int("count_include_pad", 0) != 0 },
    };
    let rounding = if node.int("ceil_mode", 0) != 0 { Rounding::Ceil } else { Rounding::Floor };
    let window = window(node, None, map(context, input))?;
    context.builder.pool(input, Pool { kind, window }, rounding).map(Known::Activation)
}

pub fn batch_normalization<'a>(context: &mut Context<'a>, node: &Node, inputs: &Inputs<'a>) -> Built<'a> {
    let input = inputs.activation(0)?;
    let epsilon = node.float("epsilon", 1e-5);
    let mut arrays = Vec::new();
    for slot in 1..=4 {
        arrays.push(inputs.needed(context, slot)?);
    }
    let channels = arrays[0].len();
    if arrays.iter().any(|array| array.len() != channels) {
        return Err(Fault::new(Code::Shape, "statistics of different lengths", "four values a channel are needed"));
    }
    let mut values = arrays.into_iter().map(|array| array.values);
    let mut next = || values.next().flatten();
    let values = next().zip(next()).zip(next().zip(next())).map(|((gamma, beta), (mean, variance))| {
        let scale: Vec<f32> = gamma.iter().zip(&variance).map(|(gamma, v)| gamma / (v + epsilon).sqrt()).collect();
        let shift = beta.iter().zip(mean.iter().zip(&scale)).map(|(beta, (mean, scale))| beta - mean * scale);
        (scale.clone(), shift.collect())
    });
    let op = Affine { parameters: 4 * channels as u64, channels, values };
    context.builder.affine(input, op).map(Known::Activation)
}

/// Add and Mul: of two activations, or of one and a constant of one value, or one value a channel.
pub fn arithmetic<'a>(context: &mut Context<'a>, node: &Node, inputs: &Inputs<'a>) -> Built<'a> {
    let pair = (inputs.activation(0), inputs.activation(1));
    let (input, constant) = match (pair, node.kind) {
        ((Ok(a), Ok(b)), "Add") => return context.builder.add(a, b).map(Known::Activation),
        ((Ok(_), Ok(_)), kind) => {
            return Err(only(format!("a {kind} of two activations"), "of two activations, Add alone is taken"))
        }
        ((Ok(input), _), _) => (input, inputs.needed(context, 1)?),
        ((_, Ok(input)), "Add" | "Mul") => (input, inputs.needed(context, 0)?),
        ((_, Ok(_)), _) => return Err(only("a constant divided by an activation", "the reverse is taken")),
        _ => return Err(only("arithmetic on constants", "fold constants and export again")),
    };
    let shape = context.builder.shape(input).to_vec();
    let channels = shape.get(1).copied().unwrap_or(0);
    // Broadcasting aligns shapes at their ends; every axis but the channels' must be one.
    let aligned = constant.shape.len() <= shape.len()
        && constant.shape.iter().rev().enumerate().all(|(from_end, &dim)| dim == 1 || from_end + 2 == shape.len());
    let fits = constant.len() == 1 || aligned && constant.len() == channels;
    if !fits {
        return Err(Fault::new(
            Code::Shape,
            format!("a constant of shape {:?} on shape {shape:?}", constant.shape),
            "one value, or one a channel (second dimension), is needed",
        ));
    }
    let parameters = constant.len() as u64;
    let values = constant.values.map(|values| {
        let values = if values.len() == 1 { vec![values[0]; channels] } else { values };
        match node.kind {
            "Add" => (vec![1.0; channels], values),
            "Mul" => (values, vec![0.0; channels]),
            _ => (values.iter().map(|value| 1.0 / value).collect(), vec![0.0; channels]),
        }
    });
    context.builder.affine(input, Affine { parameters, channels, values }).map(Known::Activation)
}

pub fn gemm<'a>(context: &mut Context<'a>, node: &Node, inputs: &Inputs<'a>) -> Built<'a> {
    let input = inputs.activation(0)?;
    let is_plain = node.float("alpha", 1.0) == 1.0 && node.float("beta", 1.0) == 1.0 && node.int("transA", 0) == 0;
    if !is_plain {
        return Err(only("a Gemm with factors or a transposed input", "alpha = beta = 1 and transA = 0 are needed"));
    }
    if context.builder.shape(input).len() != 2 {
        let shape = context.builder.shape(input);
        return Err(Fault::new(Code::Shape, format!("an input of shape {shape:?}"), "[batch, features] is needed"));
    }
    let weights = inputs.needed(context, 1)?;
    let bias = inputs.constant(context, 2)?.map(|bias| Constant { shape: vec![bias.len()], ..bias });
    let transposed = node.kind == "Gemm" && node.int("transB", 0) != 0;
    let weights = if transposed { weights } else { transpose(weights)? };
    context.builder.fully_connected(input, FullyConnected { weights, bias }).map(Known::Activation)
}

fn transpose(weights: Constant) -> Result<Constant, Fault> {
    let [rows, columns] = weights.shape[..] else {
        return Err(Fault::new(
            Code::Shape,
            format!("weights of shape {:?}", weights.shape),
            "a matrix of two dimensions is needed",
        ));
    };
    let turn = |values: Vec<f32>| {
        (0..columns)
            .flat_map(|column| (0..rows).map(move |row| (row, column)))
            .map(|(r, c)| values[r * columns + c])
            .collect()
    };
    Ok(Constant { shape: vec![columns, rows], values: weights.values.map(turn) })
}

pub fn clip<'a>(context: &mut Context<'a>, node: &Node, inputs: &Inputs<'a>) -> Built<'a> {
    let input = inputs.activation(0)?;
    let bound = |context: &mut Context<'a>, slot, name, default| -> Result<f32, Fault> {
        match inputs.constant(context, slot)? {
            Some(Constant { values: Some(values), .. }) if values.len() == 1 => Ok(values[0]),
            Some(_) => Err(only(format!("a bound of many values in input {slot}"), "one value is needed")),
            None => Ok(node.float(name, default)),
        }
    };
    let low = bound(context, 1, "min", f32::NEG_INFINITY)?;
    let high = bound(context, 2, "max", f32::INFINITY)?;
    context.builder.clamp(input, low, high).map(Known::Activation)
}

/// Reshape and Flatten, of activations and of constants.
pub fn reshape<'a>(context: &mut Context<'a>, node: &Node, inputs: &Inputs<'a>) -> Built<'a> {
    let old = match inputs.0.first() {
        Some(Some(Known::Activation(id))) => context.builder.shape(*id).to_vec(),
        Some(Some(
            Known::Stored(_, shape) | Known::Made(_, shape) | Known::Filled(_, shape) | Known::Dequantised(_, shape),
        )) => shape.clone(),
        _ => return Err(only("no input 0", "one is needed")),
    };
    let wanted = if node.kind == "Flatten" {
        match node.int("axis", 1) {
            1 if !old.is_empty() => vec![old[0] as i64, -1],
            axis => return Err(only(format!("axis {axis}"), "axis 1 is needed")),
        }
    } else {
        let target = match inputs.0.get(1) {
            Some(Some(Known::Stored(tensor, _))) => tensor.ints(),
            Some(Some(Known::Made(tensor, _))) => tensor.ints(),
            None => Some(node.ints("shape")),
            _ => None,
        };
        target.ok_or_else(|| computed(1))?
    };
    let shape = target(&old, &wanted, node.int("allowzero", 0) == 0)?;
    Ok(match inputs.0.first() {
        Some(Some(Known::Activation(id))) if shape == old => Known::Activation(*id),
        Some(Some(Known::Activation(id))) => Known::Activation(context.builder.reshape(*id, shape)?),
        Some(Some(Known::Stored(tensor, _))) => Known::Stored(tensor, shape),
        Some(Some(Known::Made(tensor, _))) => Known::Made(Rc::clone(tensor), shape),
        Some(Some(Known::Filled(value, _))) => Known::Filled(*value, shape),
        Some(Some(Known::Dequantised(values, _))) => Known::Dequantised(Rc::clone(values), shape),
        _ => Known::Refused,
    })
}

/// The shape a Reshape asks for: 0 keeps a dimension, -1 takes what is left.
fn target(old: &[usize], wanted: &[i64], zero_keeps: bool) -> Result<Vec<usize>, Fault> {
    let refuse = || {
        Fault::new(
            Code::Shape,
            format!("shape {old:?} into {:?}", &wanted[..wanted.len().min(8)]),
            "a shape of the same number of elements, with at most one -1, is needed",
        )
    };
    let keep = |(axis, &dim): (usize, &i64)| match dim {
        0 if zero_keeps => old.get(axis).map(|&dim| dim as i64),
        _ => Some(dim),
    };
    let mut dims_kept: Vec<i64> =
        wanted.iter().take(9).enumerate().map(keep).collect::<Option<_>>().ok_or_else(refuse)?;
    let total: usize = old.iter().product();
    if let Some(hole) = dims_kept.iter().position(|&dim| dim == -1) {
        dims_kept[hole] = 1;
        let rest: usize = dims(&dims_kept).ok_or_else(refuse)?.iter().product();
        dims_kept[hole] = i64::try_from(total / rest).unwrap_or(0);
    }
    dims(&dims_kept).filter(|shape| shape.iter().product::<usize>() == total).ok_or_else(refuse)
}

pub fn softmax<'a>(context: &mut Context<'a>, node: &Node, inputs: &Inputs<'a>, opset: i64) -> Built<'a> {
    let input = inputs.activation(0)?;
    let shape = context.builder.shape(input);
    let rank = shape.len() as i64;
    // Since version 13 the axis is the one summed over, before it everything from it on.
    let axis = node.int("axis", if opset >= 13 { -1 } else { 1 });
    let axis = if axis < 0 { axis + rank } else { axis };
    if axis != 1 || opset >= 13 && shape[2..].iter().any(|&dim| dim != 1) {
        return Err(only(format!("a softmax over axis {axis} of shape {shape:?}"), "axis 1 of a vector is needed"));
    }
    context.builder.softmax(input).map(Known::Activation)
}

pub fn lrn<'a>(context: &mut Context<'a>, node: &Node, inputs: &Inputs<'a>) -> Built<'a> {
    let op = Lrn {
        size: usize::try_from(node.int("size", 0)).unwrap_or(0),
        alpha: node.float("alpha", 1e-4),
        beta: node.float("beta", 0.75),
        k: node.float("bias", 1.0),
    };
    context.builder.lrn(inputs.activation(0)?, op).map(Known::Activation)
}

/// Constant and ConstantOfShape.
pub fn constant<'a>(node: &Node<'a>, inputs: &Inputs<'a>) -> Built<'a> {
    let value = node.tensor("value");
    if node.kind == "Constant" {
        let value = value.ok_or_else(|| only("a constant that is no tensor", "the attribute value is needed"))?;
        let shape = dims(&value.dims);
        return shape
            .map(|shape| Known::Made(Rc::new(value), shape))
            .ok_or_else(|| only("an empty constant", "values are needed"));
    }
    let shape = match inputs.0.first() {
        Some(Some(Known::Stored(tensor, _))) => tensor.ints(),
        Some(Some(Known::Made(tensor, _))) => tensor.ints(),
        _ => None,
    };
    let shape = shape.and_then(|shape| dims(&shape)).ok_or_else(|| computed(0))?;
    let fill = match value {
        None => 0.0,
        Some(value) if value.element_type == FLOAT => {
            value.floats().and_then(|values| values.first().copied()).unwrap_or(0.0)
        }
        Some(_) => return Err(only("a fill that is not FLOAT", "float32 is needed")),
    };
    Ok(Known::Filled(fill, shape))
}
