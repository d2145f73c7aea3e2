//! Integer networks with random weights, for measurements: the shapes of a definition without its trained file.

use crate::float::{self, FloatGraph};
use crate::ir::{
    Conv2d, FullyConnected, Graph, Multiplier, Node, Op, Pool2d, PoolKind, Requantise, Tensor, TensorId, Window,
};

/// Weights are `-2^(WEIGHT_BITS - 1)` and up: sums of 25 088 products fit 28 bits.
const WEIGHT_BITS: u32 = 6;
/// Standard deviation of weights that are all equally likely.
const WEIGHT_DEVIATION: f64 = (1 << WEIGHT_BITS) as f64 / 3.464;
/// Gain of a layer: less than the square root of 2 that half-zero maps need to keep their size, for the pools
/// between layers take the largest values.
const GAIN: f64 = 1.25;

/// An int8 network of the shapes of `graph`, weights and biases by `seed`. Normalisations between layers are
/// left out and a softmax at the end too: what is left is what an engine does.
///
/// # Errors
/// A layer that has no integer counterpart here, by name.
pub fn synthetic(graph: &FloatGraph, seed: u64) -> Result<Graph, String> {
    let mut maker = Maker {
        graph: Graph { name: graph.name.clone(), tensors: vec![], nodes: vec![], inputs: vec![], outputs: vec![] },
        from: vec![None; graph.tensors.len()],
        state: seed,
    };
    for &input in &graph.inputs {
        let made = maker.tensor(graph, input, 0);
        maker.graph.inputs.push(made);
    }
    for node in &graph.nodes {
        maker.node(graph, node).map_err(|reason| format!("{}: {reason}", node.name))?;
    }
    let last = graph.outputs.iter().filter_map(|&output| maker.from[output]);
    maker.graph.outputs = last.collect();
    Ok(maker.graph)
}

struct Maker {
    graph: Graph,
    /// The integer tensor of each float one.
    from: Vec<Option<TensorId>>,
    state: u64,
}

impl Maker {
    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// `count` weights, eight from a draw.
    fn weights(&mut self, count: usize) -> Vec<i8> {
        let mut weights = Vec::with_capacity(count + 8);
        while weights.len() < count {
            weights.extend(self.next().to_le_bytes().map(|byte| (byte as i8) >> (8 - WEIGHT_BITS)));
        }
        weights.truncate(count);
        weights
    }

    /// The integer tensor of float tensor `id`: NHWC, batch 1.
    fn tensor(&mut self, graph: &FloatGraph, id: float::TensorId, zero_point: i32) -> TensorId {
        let described = &graph.tensors[id];
        let shape = match *described.shape.as_slice() {
            [_, channels, height, width] => vec![1, height, width, channels],
            [_, features] => vec![1, features],
            ref other => other.to_vec(),
        };
        self.graph.tensors.push(Tensor { name: described.name.clone(), shape, scale: 1.0, zero_point });
        self.from[id] = Some(self.graph.tensors.len() - 1);
        self.graph.tensors.len() - 1
    }

    fn node(&mut self, graph: &FloatGraph, node: &float::Node) -> Result<(), String> {
        let first = node.inputs.first().copied().ok_or("it has no input")?;
        let input = self.from[first].ok_or("it reads what is not made")?;
        let zero_point = self.graph.tensors[input].zero_point;
        let clamped =
            graph.nodes.iter().any(|n| n.inputs.contains(&node.output) && matches!(n.op, float::Op::Clamp { .. }));
        let made_zero = if clamped { -128 } else { 0 };
        let (op, zero) = match &node.op {
            float::Op::Clamp { .. } | float::Op::Softmax | float::Op::Lrn(_) => {
                self.from[node.output] = Some(input);
                return Ok(());
            }
            float::Op::Convolution(conv) if conv.groups == 1 => {
                let outputs = conv.weights.shape.first().copied().unwrap_or(0);
                let count = conv.weights.len();
                let output = requantise(outputs, count / outputs.max(1), made_zero);
                let (weights, bias) = (self.weights(count), self.biases(outputs));
                let window = window(&conv.window);
                (Op::Conv2d(Conv2d { window, weights, bias, input_zero_point: zero_point, output }), made_zero)
            }
            float::Op::FullyConnected(dense) => {
                let outputs = dense.weights.shape.first().copied().unwrap_or(0);
                let count = dense.weights.len();
                let output = requantise(outputs, count / outputs.max(1), made_zero);
                let (weights, bias) = (self.weights(count), self.biases(outputs));
                (Op::FullyConnected(FullyConnected { weights, bias, input_zero_point: zero_point, output }), made_zero)
            }
            float::Op::Pool(pool) => {
                let kind = match pool.kind {
                    float::PoolKind::Max => PoolKind::Max,
                    float::PoolKind::Average { .. } => PoolKind::Average,
                };
                (Op::Pool2d(Pool2d { kind, window: window(&pool.window), min: -128, max: 127 }), zero_point)
            }
            float::Op::Reshape => (Op::Reshape, zero_point),
            float::Op::Convolution(_) | float::Op::Affine(_) | float::Op::Add => {
                return Err(format!("a {} with groups or of trained values has no synthetic form", node.kind()))
            }
        };
        let output = self.tensor(graph, node.output, zero);
        self.graph.nodes.push(Node { name: node.name.clone(), op, inputs: vec![input], output });
        Ok(())
    }

    fn biases(&mut self, outputs: usize) -> Vec<i32> {
        (0..outputs).map(|_| (self.next() >> 52) as i32 - (1 << 11)).collect()
    }
}

fn window(window: &float::Window) -> Window {
    Window { kernel: window.kernel, stride: window.stride, dilation: window.dilation, padding: window.before }
}

/// Keeps maps as large as they are over a layer of `summed` products an output.
fn requantise(outputs: usize, summed: usize, zero_point: i32) -> Requantise {
    let factor = GAIN / (WEIGHT_DEVIATION * (summed.max(1) as f64).sqrt());
    // In [1/2, 1) after scaling by a power of two.
    let shift = factor.log2().floor() as i32 + 1;
    let q = (factor / f64::from(shift).exp2() * f64::from(1u32 << 31)).round() as i64;
    let multiplier = Multiplier { q: q.clamp(1 << 30, i64::from(i32::MAX)) as i32, shift };
    Requantise { multipliers: vec![multiplier; outputs], zero_point, min: -128, max: 127 }
}
