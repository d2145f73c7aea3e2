//! The golden model: what an integer graph computes, written as the formulas read.
//!
//! Plain loops, one element at a time, no blocking, no layout tricks: slow enough to be checked by
//! eye, and the judge of everything faster. It never sees an array, a tile or a program. The
//! arithmetic is TensorFlow Lite's reference kernels' to the last bit, except that an int32
//! overflow, which those kernels leave undefined, is an error here.

#![forbid(unsafe_code)]

pub mod a3c;
mod convolution;
mod elementwise;
mod error;
pub mod fixed_point;
pub mod float;
mod pool;
mod softmax;

pub use error::RunError;

use cortado_graph::ir::{Graph, Node, Op};
use cortado_graph::passes::validate;
use error::Overflow;

/// The most activation bytes a graph may hold at once; every tensor of the graph is kept.
pub const MAX_BYTES: usize = 1 << 30;

/// Runs `graph` on `input`, the bytes of its one input tensor in that tensor's own layout.
///
/// Returns every tensor of the graph, indexed by [`cortado_graph::ir::TensorId`]; those of
/// `graph.outputs` are the answer.
///
/// # Errors
/// When the graph breaks its own rules, has other than one input, is larger than [`MAX_BYTES`],
/// when `input` has the wrong length, or when an accumulator leaves int32.
pub fn run(graph: &Graph, input: &[i8]) -> Result<Vec<Vec<i8>>, RunError> {
    validate(graph).map_err(RunError::Graph)?;
    let bytes = graph.tensors.iter().fold(0usize, |sum, tensor| sum.saturating_add(size(&tensor.shape)));
    if bytes > MAX_BYTES {
        return Err(RunError::TooLarge { bytes });
    }
    let [input_id] = graph.inputs[..] else {
        return Err(RunError::Inputs { came: graph.inputs.len() });
    };
    let shape = &graph.tensors[input_id].shape;
    if input.len() != size(shape) {
        return Err(RunError::Length { came: input.len(), shape: shape.clone() });
    }
    let mut tensors = vec![Vec::new(); graph.tensors.len()];
    tensors[input_id] = input.to_vec();
    for node in &graph.nodes {
        let output = execute(graph, node, &tensors).map_err(|overflow| RunError::Overflow {
            node: node.name.clone(),
            tensor: graph.tensors[node.output].name.clone(),
            element: overflow.element,
            what: overflow.what,
        })?;
        tensors[node.output] = output;
    }
    Ok(tensors)
}

/// Elements of a shape the graph's rules have bounded.
fn size(shape: &[usize]) -> usize {
    shape.iter().product()
}

fn execute(graph: &Graph, node: &Node, tensors: &[Vec<i8>]) -> Result<Vec<i8>, Overflow> {
    let shape = |id: usize| graph.tensors[id].shape.as_slice();
    let from = node.inputs[0];
    let input = tensors[from].as_slice();
    match &node.op {
        Op::Conv2d(conv) => convolution::conv2d(conv, input, shape(from), shape(node.output)),
        Op::DepthwiseConv2d(conv) => convolution::depthwise(conv, input, shape(from), shape(node.output)),
        Op::FullyConnected(fc) => convolution::fully_connected(fc, input, size(shape(node.output))),
        Op::Pool2d(pool) => Ok(pool::pool(pool, input, shape(from), shape(node.output))),
        Op::Add(add) => elementwise::add(add, input, &tensors[node.inputs[1]]),
        Op::Reshape => Ok(input.to_vec()),
        Op::Softmax(parameters) => {
            let row = shape(from).last().copied().unwrap_or(1);
            softmax::softmax(parameters, input, row)
        }
    }
}
