//! Work and size per layer.

use crate::ir::{Graph, Node, Op};
use serde::Serialize;

/// One node's figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Layer {
    pub name: String,
    /// Shape of the node's output.
    pub output_shape: Vec<usize>,
    /// Multiply-accumulates for one pass over the node's whole batch.
    pub macs: u64,
    /// Weights and biases.
    pub parameters: u64,
}

/// Every node's figures, in execution order. Sums and products saturate.
pub fn layers(graph: &Graph) -> Vec<Layer> {
    graph
        .nodes
        .iter()
        .map(|node| Layer {
            name: node.name.clone(),
            output_shape: graph.tensors.get(node.output).map_or_else(Vec::new, |tensor| tensor.shape.clone()),
            macs: node.macs(graph),
            parameters: node.parameters(),
        })
        .collect()
}

impl Node {
    /// Multiply-accumulates of the node: one for each weight each output element meets, positions
    /// in the padding included. Pools, adds and softmax count none.
    pub fn macs(&self, graph: &Graph) -> u64 {
        let outputs = graph.tensors.get(self.output).map_or(0, |tensor| product(&tensor.shape));
        let per_channel = |weights: &[i16], channels: usize| weights.len().checked_div(channels);
        let per_output = match &self.op {
            Op::Conv2d(conv) => per_channel(&conv.weights, conv.bias.len()),
            Op::DepthwiseConv2d(conv) => per_channel(&conv.weights, conv.bias.len()),
            Op::FullyConnected(fc) => per_channel(&fc.weights, fc.bias.len()),
            Op::Pool2d(_) | Op::Add(_) | Op::Reshape | Op::Softmax(_) => Some(0),
        };
        outputs.saturating_mul(per_output.unwrap_or(0) as u64)
    }

    /// Weights and biases of the node.
    pub fn parameters(&self) -> u64 {
        let count = match &self.op {
            Op::Conv2d(conv) => conv.weights.len() + conv.bias.len(),
            Op::DepthwiseConv2d(conv) => conv.weights.len() + conv.bias.len(),
            Op::FullyConnected(fc) => fc.weights.len() + fc.bias.len(),
            Op::Pool2d(_) | Op::Add(_) | Op::Reshape | Op::Softmax(_) => 0,
        };
        count as u64
    }
}

fn product(shape: &[usize]) -> u64 {
    shape.iter().fold(1u64, |product, &dim| product.saturating_mul(dim as u64))
}
