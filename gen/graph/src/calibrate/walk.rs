//! The walk over a float graph that writes the quantised file.

use super::error::{QuantiseErrors, QuantiseFault};
use super::ranges::{Code, Ranges};
use crate::float::{Constant, Convolution, FloatGraph, Node, Op, TensorId, Window};
use crate::ir::DataType;
use crate::quantise::Activation;
use crate::tflite::write::{Index, Operator, Writer};

/// The code the reference softmax kernel fixes for its int8 output.
const PROBABILITIES: Code = Code { scale: 1.0 / 256.0, zero_point: -128 };

/// What happens to a network that comes quantised.
const REQUANTISED: &str =
    "the file is quantised: its ranges are kept, its roundings (halves to even, before and after \
                           each bias) become the engine's, and single outputs may differ from onnxruntime's";

/// A quantised network.
#[derive(Debug, Clone)]
pub struct Quantised {
    /// The `.tflite` file.
    pub bytes: Vec<u8>,
    /// What was said in another way than the float graph says it, one sentence each.
    pub notes: Vec<String>,
}

/// A float tensor's place in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    pub index: Index,
    pub code: Code,
    /// The (C, H, W) of the map a vector was flattened from, when their order differs from HWC's.
    pub flattened: Option<[usize; 3]>,
}

pub(super) struct Walk<'g> {
    pub graph: &'g FloatGraph,
    ranges: &'g Ranges,
    pub data_type: DataType,
    pub writer: Writer,
    placed: Vec<Option<Placed>>,
    pub notes: Vec<String>,
}

/// A refusal before its node is added.
pub(super) type Refused = (String, String);

pub(super) fn refused<T>(came: impl Into<String>, would_do: impl Into<String>) -> Result<T, Refused> {
    Err((came.into(), would_do.into()))
}

/// Quantises `graph` (folded, see [`crate::float::fold`]) to `data_type` with ranges observed on it.
///
/// # Errors
/// Every node the quantised form cannot hold.
pub fn quantise(graph: &FloatGraph, ranges: &Ranges, data_type: DataType) -> Result<Quantised, QuantiseErrors> {
    let mut walk = Walk {
        graph,
        ranges,
        data_type,
        writer: Writer::new(data_type),
        placed: vec![None; graph.tensors.len()],
        notes: Vec::new(),
    };
    let mut faults = Vec::new();
    let mut note = |node: Option<&Node>, (came, would_do): Refused| {
        let node = node.map(|node| (node.name.clone(), node.kind()));
        faults.push(QuantiseFault { node, came, would_do });
    };
    if ranges.observed == 0 || ranges.bounds.len() != graph.tensors.len() {
        note(None, ("no calibration".into(), "give inputs like those the network will see".into()));
    }
    for &id in &graph.inputs {
        match walk.calibrated(id) {
            Ok(code) => walk.placed[id] = Some(walk.activation(id, code)),
            Err(reason) => note(None, reason),
        }
    }
    if graph.tensors.iter().any(|tensor| tensor.range.is_some()) {
        walk.notes.push(REQUANTISED.to_owned());
    }
    let mut at = 0;
    while let Some(node) = graph.nodes.get(at) {
        let clamp = walk.fusible(node, at);
        let (activation, output) = clamp.unwrap_or((Activation::None, node.output));
        let activation = walk.saturating(activation, output);
        // What a refused node feeds has nothing more to say.
        if node.inputs.iter().all(|&id| walk.placed[id].is_some()) {
            match walk.node(node, activation, output) {
                Ok(placed) => walk.placed[output] = Some(placed),
                Err(reason) => note(Some(node), reason),
            }
        }
        at += 1 + usize::from(clamp.is_some());
    }
    let index = |id: &TensorId| walk.placed[*id].map(|placed| placed.index);
    let (inputs, outputs): (Vec<Index>, Vec<Index>) =
        (graph.inputs.iter().filter_map(index).collect(), graph.outputs.iter().filter_map(index).collect());
    if graph.outputs.iter().any(|&id| walk.placed[id].is_some_and(|placed| placed.flattened.is_some())) {
        note(
            None,
            ("a flattened map is an output".into(), "let the network end in the map, or in a layer on it".into()),
        );
    }
    match faults.is_empty() {
        true => Ok(Quantised { bytes: walk.writer.finish(&graph.name, &inputs, &outputs), notes: walk.notes }),
        false => Err(QuantiseErrors { model: graph.name.clone(), faults }),
    }
}

/// NHWC of a map, a vector as it is.
pub(super) fn integer_shape(shape: &[usize]) -> Vec<usize> {
    match shape {
        &[batch, channels, height, width] => vec![batch, height, width, channels],
        other => other.to_vec(),
    }
}

fn fused(low: f32, high: f32) -> Option<Activation> {
    match (low, high) {
        (0.0, f32::INFINITY) => Some(Activation::Relu),
        (0.0, 6.0) => Some(Activation::Relu6),
        (-1.0, 1.0) => Some(Activation::ReluN1To1),
        _ => None,
    }
}

impl Walk<'_> {
    /// The clamp that follows `node` at once, alone reads it, and fits into it; with its output.
    fn fusible(&self, node: &Node, at: usize) -> Option<(Activation, TensorId)> {
        let next = self.graph.nodes.get(at + 1)?;
        let Op::Clamp { low, high } = next.op else { return None };
        let takes =
            matches!(node.op, Op::Convolution(_) | Op::FullyConnected(_) | Op::Pool(_) | Op::Add | Op::Affine(_));
        let readers = self.graph.nodes.iter().flat_map(|node| &node.inputs).chain(&self.graph.outputs);
        let alone = next.inputs == [node.output] && readers.filter(|&&id| id == node.output).count() == 1;
        fused(low, high).filter(|_| takes && alone).map(|activation| (activation, next.output))
    }

    /// Files that are quantised say a ReLU by a range that begins at zero, a ReLU6 by one that ends at six, to the
    /// precision of its scale.
    fn saturating(&self, activation: Activation, output: TensorId) -> Activation {
        match (activation, self.graph.tensors[output].range) {
            (Activation::None, Some((0.0, high))) if (high - 6.0).abs() < 1e-5 => Activation::Relu6,
            (Activation::None, Some((0.0, _))) => Activation::Relu,
            _ => activation,
        }
    }

    pub(super) fn shape(&self, id: TensorId) -> &[usize] {
        &self.graph.tensors[id].shape
    }

    pub(super) fn input(&self, node: &Node, slot: usize) -> Placed {
        // The walk asks for nodes only when all their inputs are placed.
        self.placed[node.inputs[slot]].unwrap_or(Placed { index: 0, code: PROBABILITIES, flattened: None })
    }

    /// The code calibration gives tensor `id`.
    pub(super) fn calibrated(&self, id: TensorId) -> Result<Code, Refused> {
        match self.ranges.code(id, self.data_type) {
            Some(code) => Ok(code),
            None => refused(
                format!("calibration met values of {:?} that are not finite", self.graph.tensors[id].name),
                "give inputs in the range the network was trained with",
            ),
        }
    }

    /// Adds tensor `id`.
    pub(super) fn activation(&mut self, id: TensorId, code: Code) -> Placed {
        let tensor = &self.graph.tensors[id];
        let shape = integer_shape(&tensor.shape);
        let index = self.writer.activation(&tensor.name, &shape, code.scale, code.zero_point);
        Placed { index, code, flattened: None }
    }

    fn node(&mut self, node: &Node, activation: Activation, output: TensorId) -> Result<Placed, Refused> {
        let input = self.input(node, 0);
        let keeps_order = matches!(node.op, Op::FullyConnected(_));
        if input.flattened.is_some() && !keeps_order {
            return refused("it reads a flattened map", "only a fully connected layer may follow a flattening");
        }
        match &node.op {
            Op::Convolution(op) => self.convolution(node, op, activation, output),
            Op::Affine(affine) => {
                let channels = affine.channels;
                let values = affine.values.clone().unzip();
                let array = |shape: Vec<usize>, values| Constant { shape, values };
                let window = Window { kernel: (1, 1), stride: (1, 1), dilation: (1, 1), before: (0, 0), after: (0, 0) };
                if self.shape(output).len() != 4 {
                    return refused(
                        "a scale on a vector after no layer",
                        "let it follow a layer it can be folded into",
                    );
                }
                self.notes.push(format!("{:?} becomes a depthwise layer of 1 x 1", node.name));
                let weights = array(vec![channels, 1, 1, 1], values.0);
                let bias = Some(array(vec![channels], values.1));
                self.convolution(node, &Convolution { window, groups: channels, weights, bias }, activation, output)
            }
            Op::FullyConnected(op) => self.fully_connected(node, op, activation, output),
            Op::Pool(op) => self.pool(node, op, activation, output),
            Op::Add if self.data_type == DataType::Int16 => {
                refused("int16 engines have no residual unit", "quantise to int8")
            }
            Op::Add => {
                let other = self.input(node, 1);
                let code = self.calibrated(output)?;
                let placed = self.activation(output, code);
                self.writer.operator(Operator::Add(activation), &[input.index, other.index], placed.index);
                Ok(placed)
            }
            Op::Reshape => self.reshape(node, output),
            Op::Softmax if self.data_type == DataType::Int16 => self.leave_out_softmax(node, input),
            Op::Softmax => {
                let placed = self.activation(output, PROBABILITIES);
                self.writer.operator(Operator::Softmax, &[input.index], placed.index);
                Ok(placed)
            }
            Op::Clamp { low, high } => refused(
                format!("bounds {low} to {high}, or a place after no layer that could take them"),
                "0 and up, 0 to 6 or -1 to 1, directly after a layer that nothing else reads, is needed",
            ),
            Op::Lrn(_) => {
                refused("engines have no normalisation across channels", "train without it, or run it on the host")
            }
        }
    }

    /// A softmax that ends an int16 network: the file ends in the layer before it.
    fn leave_out_softmax(&mut self, node: &Node, input: Placed) -> Result<Placed, Refused> {
        if self.graph.nodes.iter().any(|reader| reader.inputs.contains(&node.output)) {
            return refused(
                "a softmax inside an int16 network",
                "only at its end is it needed by no engine: quantise to int8",
            );
        }
        self.notes.push(format!("{:?} is left out: the largest output stays the largest", node.name));
        Ok(input)
    }
}
