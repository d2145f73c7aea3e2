//! The golden model: what an integer graph computes, written as the formulas read.
//!
//! Plain loops, one element at a time, no blocking, no layout tricks: slow enough to be checked by
//! eye, and the judge of everything faster. It never sees an array, a tile or a program. The
//! arithmetic of an int8 graph is TensorFlow Lite's reference kernels' to the last bit, except that an int32
//! overflow, which those kernels leave undefined, is an error here; an int16 graph's is 16-bit fixed point with
//! 48-bit accumulators (`docs/machine.md`, "Data types").

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

/// Runs `graph` on `input`, the values of its one input tensor in that tensor's own layout.
///
/// Returns every tensor of the graph, indexed by [`cortado_graph::ir::TensorId`]; those of
/// `graph.outputs` are the answer.
///
/// # Errors
/// When the graph breaks its own rules, has other than one input, is larger than [`MAX_BYTES`],
/// when `input` has the wrong length or a value outside the graph's type, or when an accumulator overflows.
pub fn run(graph: &Graph, input: &[i16]) -> Result<Vec<Vec<i16>>, RunError> {
    validate(graph).map_err(RunError::Graph)?;
    let elements = graph.tensors.iter().fold(0usize, |sum, tensor| sum.saturating_add(size(&tensor.shape)));
    let bytes = elements.saturating_mul(graph.data_type.bytes());
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
    let (low, high) = graph.data_type.range();
    if let Some(&value) = input.iter().find(|&&value| !(low..=high).contains(&value.into())) {
        return Err(RunError::Value { came: value, data_type: graph.data_type });
    }
    let mut tensors = vec![Vec::new(); graph.tensors.len()];
    tensors[input_id] = input.to_vec();
    for node in &graph.nodes {
        let output = execute(graph, node, &tensors).map_err(|overflow| RunError::Overflow {
            data_type: overflow.data_type,
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

fn execute(graph: &Graph, node: &Node, tensors: &[Vec<i16>]) -> Result<Vec<i16>, Overflow> {
    let data_type = graph.data_type;
    let shape = |id: usize| graph.tensors[id].shape.as_slice();
    let from = node.inputs[0];
    let input = tensors[from].as_slice();
    match &node.op {
        Op::Conv2d(conv) => convolution::conv2d(data_type, conv, input, shape(from), shape(node.output)),
        Op::DepthwiseConv2d(conv) => convolution::depthwise(data_type, conv, input, shape(from), shape(node.output)),
        Op::FullyConnected(fc) => convolution::fully_connected(data_type, fc, input, size(shape(node.output))),
        Op::Pool2d(pool) => Ok(pool::pool(data_type, pool, input, shape(from), shape(node.output))),
        Op::Add(add) => elementwise::add(add, input, &tensors[node.inputs[1]]),
        Op::Reshape => Ok(input.to_vec()),
        Op::Softmax(parameters) => {
            let row = shape(from).last().copied().unwrap_or(1);
            softmax::softmax(parameters, input, row)
        }
    }
}
