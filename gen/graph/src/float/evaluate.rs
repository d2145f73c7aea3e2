//! The float network's answer: for calibration, and for the accuracy before quantisation.

use super::ir::{Constant, FloatGraph, Node, Op, TensorId};
use super::kernels;
use std::fmt;

/// The most activation bytes a graph may hold at once; every tensor of the graph is kept.
pub const MAX_BYTES: usize = 1 << 30;

/// Why a graph cannot be evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EvaluateError {
    /// The node's trained values are not there.
    NoWeights { node: String },
    /// The graph has other than one input.
    Inputs { came: usize },
    /// The input has the wrong number of elements.
    Length { came: usize, shape: Vec<usize> },
    /// The activations of one inference take this many bytes.
    TooLarge { bytes: usize },
}

impl fmt::Display for EvaluateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EvaluateError::NoWeights { node } => {
                write!(f, "layer {node:?} has no weights; give the trained file with the definition")
            }
            EvaluateError::Inputs { came } => write!(f, "{came} inputs; networks with one are evaluated"),
            EvaluateError::Length { came, shape } => {
                write!(f, "{came} input values; the input of shape {shape:?} needs {}", shape.iter().product::<usize>())
            }
            EvaluateError::TooLarge { bytes } => {
                write!(f, "{bytes} bytes of activations; at most {MAX_BYTES} are taken")
            }
        }
    }
}

impl std::error::Error for EvaluateError {}

/// Runs `graph` on `input`, the NCHW values of its one input tensor. Returns every tensor, indexed
/// by [`super::TensorId`].
///
/// # Errors
/// As [`EvaluateError`] lists.
pub fn evaluate(graph: &FloatGraph, input: &[f32]) -> Result<Vec<Vec<f32>>, EvaluateError> {
    let size = |shape: &[usize]| shape.iter().product::<usize>();
    let bytes = graph.tensors.iter().fold(0usize, |sum, tensor| sum.saturating_add(4 * size(&tensor.shape)));
    if bytes > MAX_BYTES {
        return Err(EvaluateError::TooLarge { bytes });
    }
    let [input_id] = graph.inputs[..] else {
        return Err(EvaluateError::Inputs { came: graph.inputs.len() });
    };
    let shape = &graph.tensors[input_id].shape;
    if input.len() != size(shape) {
        return Err(EvaluateError::Length { came: input.len(), shape: shape.clone() });
    }
    let mut tensors = vec![Vec::new(); graph.tensors.len()];
    tensors[input_id] = saturated(graph, input_id, input.to_vec());
    for node in &graph.nodes {
        tensors[node.output] = saturated(graph, node.output, execute(graph, node, &tensors)?);
    }
    Ok(tensors)
}

/// A tensor's values within its range, where the file gives one.
fn saturated(graph: &FloatGraph, id: TensorId, mut values: Vec<f32>) -> Vec<f32> {
    if let Some((low, high)) = graph.tensors[id].range {
        values.iter_mut().for_each(|value| *value = value.max(low as f32).min(high as f32));
    }
    values
}

fn present<'a>(node: &Node, constant: &'a Constant) -> Result<&'a [f32], EvaluateError> {
    constant.values.as_deref().ok_or_else(|| EvaluateError::NoWeights { node: node.name.clone() })
}

fn execute(graph: &FloatGraph, node: &Node, tensors: &[Vec<f32>]) -> Result<Vec<f32>, EvaluateError> {
    let from = graph.tensors[node.inputs[0]].shape.as_slice();
    let to = graph.tensors[node.output].shape.as_slice();
    let input = tensors[node.inputs[0]].as_slice();
    Ok(match &node.op {
        Op::Convolution(op) => {
            let bias = op.bias.as_ref().map(|bias| present(node, bias)).transpose()?;
            kernels::convolution(op, present(node, &op.weights)?, bias, from, input, to)
        }
        Op::FullyConnected(op) => {
            let bias = op.bias.as_ref().map(|bias| present(node, bias)).transpose()?;
            kernels::fully_connected(present(node, &op.weights)?, bias, to[0], input, to[1])
        }
        Op::Pool(op) => kernels::pool(op, from, input, to),
        Op::Affine(op) => {
            let (scale, shift) =
                op.values.as_ref().ok_or_else(|| EvaluateError::NoWeights { node: node.name.clone() })?;
            kernels::affine(scale, shift, from, input)
        }
        Op::Clamp { low, high } => input.iter().map(|value| value.max(*low).min(*high)).collect(),
        Op::Add => input.iter().zip(&tensors[node.inputs[1]]).map(|(a, b)| a + b).collect(),
        Op::Reshape => input.to_vec(),
        Op::Softmax => kernels::softmax(from[0], input),
        Op::Lrn(op) => kernels::lrn(op, from, input),
    })
}
