//! Integer networks with random weights, for measurements: the shapes of a definition without its trained file.

use crate::float::{self, FloatGraph};
use crate::ir::{
    Conv2d, DataType, FullyConnected, Graph, Multiplier, Node, Op, Pool2d, PoolKind, Requantise, Tensor, TensorId,
    Window,
};
use cortado_random::Rng;

/// Weights are `-2^(bits - 1)` and up: at int8 sums of 25 088 products fit 28 bits.
const fn weight_bits(data_type: DataType) -> u32 {
    match data_type {
        DataType::Int8 => 6,
        DataType::Int16 => 14,
    }
}

/// Standard deviation of weights that are all equally likely.
fn weight_deviation(data_type: DataType) -> f64 {
    f64::from(weight_bits(data_type)).exp2() / 3.464
}

/// Gain of a layer: less than the square root of 2 that half-zero maps need to keep their size, for the pools
/// between layers take the largest values.
const GAIN: f64 = 1.25;

/// A network of `data_type` of the shapes of `graph`, weights and biases by `seed`. Normalisations between layers are
/// left out and a softmax at the end too: what is left is what an engine does.
///
/// # Errors
/// A layer that has no integer counterpart here, by name.
pub fn synthetic(graph: &FloatGraph, data_type: DataType, seed: u64) -> Result<Graph, String> {
    let mut maker = Maker {
        graph: Graph {
            name: graph.name.clone(),
            data_type,
            tensors: vec![],
            nodes: vec![],
            inputs: vec![],
            outputs: vec![],
        },
        from: vec![None; graph.tensors.len()],
        random: Rng::new(seed),
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
    random: Rng,
}

impl Maker {
    /// `count` weights, as many from a draw as it has elements.
    fn weights(&mut self, count: usize) -> Vec<i16> {
        let data_type = self.graph.data_type;
        let spare = 8 * data_type.bytes() as u32 - weight_bits(data_type);
        let mut weights = Vec::with_capacity(count + 8);
        while weights.len() < count {
            let drawn = data_type.from_bytes(&self.random.next_u64().to_le_bytes());
            weights.extend(drawn.into_iter().map(|value| value >> spare));
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
        let data_type = self.graph.data_type;
        let (lowest, highest) = data_type.range();
        let (made_zero, min) = match (clamped, data_type) {
            (true, DataType::Int8) => (lowest, lowest),
            (true, DataType::Int16) => (0, 0),
            (false, _) => (0, lowest),
        };
        let requantise = |outputs: usize, count: usize| Requantise {
            multipliers: vec![multiplier(data_type, count / outputs.max(1)); outputs],
            zero_point: made_zero,
            min,
            max: highest,
        };
        let (op, zero) = match &node.op {
            float::Op::Clamp { .. } | float::Op::Softmax | float::Op::Lrn(_) => {
                self.from[node.output] = Some(input);
                return Ok(());
            }
            float::Op::Convolution(conv) => {
                let outputs = conv.weights.shape.first().copied().unwrap_or(0);
                let count = conv.weights.len();
                let output = requantise(outputs, count);
                let own = conv.weights.shape.get(1).copied().unwrap_or(0);
                let (weights, bias) = (spread(&self.weights(count), own, outputs, conv.groups), self.biases(outputs));
                let window = window(&conv.window);
                (Op::Conv2d(Conv2d { window, weights, bias, input_zero_point: zero_point, output }), made_zero)
            }
            float::Op::FullyConnected(dense) => {
                let outputs = dense.weights.shape.first().copied().unwrap_or(0);
                let count = dense.weights.len();
                let output = requantise(outputs, count);
                let (weights, bias) = (self.weights(count), self.biases(outputs));
                (Op::FullyConnected(FullyConnected { weights, bias, input_zero_point: zero_point, output }), made_zero)
            }
            float::Op::Pool(pool) => {
                let kind = match pool.kind {
                    float::PoolKind::Max => PoolKind::Max,
                    float::PoolKind::Average { .. } => PoolKind::Average,
                };
                (Op::Pool2d(Pool2d { kind, window: window(&pool.window), min: lowest, max: highest }), zero_point)
            }
            float::Op::Reshape => (Op::Reshape, zero_point),
            float::Op::Affine(_) | float::Op::Add => return Err(format!("a {} has no synthetic form", node.kind())),
        };
        let output = self.tensor(graph, node.output, zero);
        self.graph.nodes.push(Node { name: node.name.clone(), op, inputs: vec![input], output });
        Ok(())
    }

    fn biases(&mut self, outputs: usize) -> Vec<i64> {
        (0..outputs).map(|_| (self.random.next_u64() >> 52) as i64 - (1 << 11)).collect()
    }
}

/// Weights in the order (output, tap, channel of its group) as OHWI over all input channels, with zeros for the other
/// groups' channels.
fn spread(weights: &[i16], own: usize, outputs: usize, groups: usize) -> Vec<i16> {
    let taps = weights.len() / (outputs * own).max(1);
    let mut spread = vec![0; weights.len() * groups];
    for (at, values) in weights.chunks_exact(own.max(1)).enumerate() {
        let group = at / taps.max(1) * groups / outputs.max(1);
        let first = (at * groups + group) * own;
        spread[first..first + own].copy_from_slice(values);
    }
    spread
}

fn window(window: &float::Window) -> Window {
    Window { kernel: window.kernel, stride: window.stride, dilation: window.dilation, padding: window.before }
}

/// Keeps maps as large as they are over a layer of `summed` products an output.
fn multiplier(data_type: DataType, summed: usize) -> Multiplier {
    let factor = GAIN / (weight_deviation(data_type) * (summed.max(1) as f64).sqrt());
    if data_type == DataType::Int16 {
        return Multiplier::halving((-factor.log2()).round() as u32);
    }
    // In [1/2, 1) after scaling by a power of two.
    let shift = factor.log2().floor() as i32 + 1;
    let q = (factor / f64::from(shift).exp2() * f64::from(1u32 << 31)).round() as i64;
    Multiplier { q: q.clamp(1 << 30, i64::from(i32::MAX)) as i32, shift }
}
