//! The walk over a float graph that writes the quantised file.

use super::error::{QuantiseErrors, QuantiseFault};
use super::place::place;
use super::ranges::{Code, Ranges};
use super::weights::{self, Setting};
use crate::float::{Constant, Convolution, FloatGraph, FullyConnected, Node, Op, Pool, PoolKind, TensorId};
use crate::ir::DataType;
use crate::quantise::Activation;
use crate::tflite::write::{Index, Operator, Sliding, Writer};

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
struct Placed {
    index: Index,
    code: Code,
    /// The (C, H, W) of the map a vector was flattened from, when their order differs from HWC's.
    flattened: Option<[usize; 3]>,
}

struct Walk<'g> {
    graph: &'g FloatGraph,
    ranges: &'g Ranges,
    data_type: DataType,
    writer: Writer,
    placed: Vec<Option<Placed>>,
    notes: Vec<String>,
}

/// A refusal before its node is added.
type Refused = (String, String);

fn refused<T>(came: impl Into<String>, would_do: impl Into<String>) -> Result<T, Refused> {
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
fn integer_shape(shape: &[usize]) -> Vec<usize> {
    match shape {
        &[batch, channels, height, width] => vec![batch, height, width, channels],
        other => other.to_vec(),
    }
}

fn spatial(shape: &[usize]) -> (usize, usize) {
    (shape.get(2).copied().unwrap_or(1), shape.get(3).copied().unwrap_or(1))
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

    /// Files that are quantised say a ReLU by a range that begins at zero.
    fn saturating(&self, activation: Activation, output: TensorId) -> Activation {
        match (activation, self.graph.tensors[output].range) {
            (Activation::None, Some((0.0, _))) => Activation::Relu,
            _ => activation,
        }
    }

    fn shape(&self, id: TensorId) -> &[usize] {
        &self.graph.tensors[id].shape
    }

    fn input(&self, node: &Node, slot: usize) -> Placed {
        // The walk asks for nodes only when all their inputs are placed.
        self.placed[node.inputs[slot]].unwrap_or(Placed { index: 0, code: PROBABILITIES, flattened: None })
    }

    /// The code calibration gives tensor `id`.
    fn calibrated(&self, id: TensorId) -> Result<Code, Refused> {
        match self.ranges.code(id, self.data_type) {
            Some(code) => Ok(code),
            None => refused(
                format!("calibration met values of {:?} that are not finite", self.graph.tensors[id].name),
                "give inputs in the range the network was trained with",
            ),
        }
    }

    /// Adds tensor `id`.
    fn activation(&mut self, id: TensorId, code: Code) -> Placed {
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
                let window = crate::float::Window {
                    kernel: (1, 1),
                    stride: (1, 1),
                    dilation: (1, 1),
                    before: (0, 0),
                    after: (0, 0),
                };
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

    fn sliding(
        &self,
        node: &Node,
        window: &crate::float::Window,
        grows: bool,
    ) -> Result<(Sliding, super::place::Placement), Refused> {
        let (from, to) = (spatial(self.shape(node.inputs[0])), spatial(self.shape(node.output)));
        match place(window, from, to).filter(|placed| grows || !placed.is_grown()) {
            Some(placed) => {
                Ok((Sliding { padding: placed.padding, stride: window.stride, dilation: window.dilation }, placed))
            }
            None => refused(
                format!("padding {:?} and {:?} from a map of {from:?} to {to:?}", window.before, window.after),
                "a map of the input's size by the stride, or no padding, is needed",
            ),
        }
    }

    fn convolution(
        &mut self,
        node: &Node,
        op: &Convolution,
        activation: Activation,
        output: TensorId,
    ) -> Result<Placed, Refused> {
        let input = self.input(node, 0);
        let (sliding, zeros) = self.sliding(node, &op.window, true)?;
        let (kernel, bias) = present(&op.weights, op.bias.as_ref())?;
        let channels = self.shape(node.inputs[0])[1];
        let out = bias.len();
        let is_depthwise = op.groups == channels && channels > 1;
        if zeros.is_grown() {
            self.notes.push(format!("{:?}: zeros round its kernel say its padding", node.name));
        }
        let setting = self.setting(input, output)?;
        let (height, width) =
            (op.window.kernel.0 + zeros.before.0 + zeros.after.0, op.window.kernel.1 + zeros.before.1 + zeros.after.1);
        if is_depthwise {
            let quantised = weights::depthwise(op, (kernel, &bias), &zeros, &setting);
            let operator = Operator::DepthwiseConv2d(sliding, out / channels, activation);
            self.layer(node, operator, &[1, height, width, out], quantised, 3, input, output)
        } else {
            if op.groups > 1 {
                self.notes.push(format!("{:?}: its {} groups run as one, with zeros between", node.name, op.groups));
            }
            let quantised = weights::convolution(op, (kernel, &bias), &zeros, &setting);
            let shape = [out, height, width, channels];
            self.layer(node, Operator::Conv2d(sliding, activation), &shape, quantised, 0, input, output)
        }
    }

    fn fully_connected(
        &mut self,
        node: &Node,
        op: &FullyConnected,
        activation: Activation,
        output: TensorId,
    ) -> Result<Placed, Refused> {
        let mut input = self.input(node, 0);
        let (matrix, bias) = present(&op.weights, op.bias.as_ref())?;
        if let &[batch, channels, height, width] = self.shape(node.inputs[0]) {
            let name = format!("{}/flatten", node.name);
            let flat = [batch, channels * height * width];
            let target = self.writer.shape(&format!("{name}/shape"), &flat);
            let index = self.writer.activation(&name, &flat, input.code.scale, input.code.zero_point);
            self.writer.operator(Operator::Reshape, &[input.index, target], index);
            input = Placed { index, flattened: Some([channels, height, width]), ..input };
        }
        let setting = self.setting(input, output)?;
        let quantised = weights::fully_connected(op, (matrix, &bias), input.flattened, &setting);
        self.layer(node, Operator::FullyConnected(activation), &op.weights.shape, quantised, 0, input, output)
    }

    /// What the weights between `input` and `output` are quantised for.
    fn setting(&self, input: Placed, output: TensorId) -> Result<Setting, Refused> {
        let output_scale = self.calibrated(output)?.scale;
        Ok(Setting { data_type: self.data_type, input_scale: input.code.scale, output_scale })
    }

    /// Adds weights, biases, the output and the operator on them.
    #[allow(clippy::too_many_arguments)] // Each is one word of a layer's line.
    fn layer(
        &mut self,
        node: &Node,
        operator: Operator,
        shape: &[usize],
        quantised: weights::Quantised,
        axis: i32,
        input: Placed,
        output: TensorId,
    ) -> Result<Placed, Refused> {
        let code = Code { scale: quantised.output_scale, ..self.calibrated(output)? };
        let placed = self.activation(output, code);
        let bias_scales = quantised.scales.iter().map(|scale| input.code.scale * scale).collect();
        let name = |what: &str| format!("{}/{what}", node.name);
        let weights = self.writer.weights(&name("weights"), shape, &quantised.weights, quantised.scales, axis);
        let bias = self.writer.bias(&name("bias"), &quantised.bias, bias_scales);
        self.writer.operator(operator, &[input.index, weights, bias], placed.index);
        Ok(placed)
    }

    fn pool(&mut self, node: &Node, op: &Pool, activation: Activation, output: TensorId) -> Result<Placed, Refused> {
        let input = self.input(node, 0);
        if op.window.dilation != (1, 1) {
            return refused("a dilated pool", "dilation 1 is needed");
        }
        let is_padded = op.window.before != (0, 0) || op.window.after != (0, 0);
        if op.kind == (PoolKind::Average { count_padding: true }) && is_padded {
            return refused("an average with the padding in it", "an average without padding is needed");
        }
        let (sliding, _) = self.sliding(node, &op.window, false)?;
        let placed = self.activation(output, input.code);
        let operator = match op.kind {
            PoolKind::Max => Operator::MaxPool2d(sliding, op.window.kernel, activation),
            PoolKind::Average { .. } => Operator::AveragePool2d(sliding, op.window.kernel, activation),
        };
        self.writer.operator(operator, &[input.index], placed.index);
        Ok(placed)
    }

    fn reshape(&mut self, node: &Node, output: TensorId) -> Result<Placed, Refused> {
        let input = self.input(node, 0);
        let (from, to) = (self.shape(node.inputs[0]).to_vec(), self.shape(output).to_vec());
        let flattened = match (&from[..], &to[..]) {
            (&[batch, channels, height, width], &[same, _]) if batch == same => {
                (height * width > 1 && channels > 1).then_some([channels, height, width])
            }
            (&[batch, features], &[same, channels, _, _]) if batch == same && features == channels => None,
            _ => {
                return refused(
                    format!("shape {from:?} into {to:?}"),
                    "a map into a vector, or a vector into a map of 1 x 1, is needed",
                )
            }
        };
        let target = self.writer.shape(&format!("{}/shape", node.name), &integer_shape(&to));
        let placed = self.activation(output, input.code);
        self.writer.operator(Operator::Reshape, &[input.index, target], placed.index);
        Ok(Placed { flattened, ..placed })
    }
}

/// Weights and biases (zeros when the layer has none).
fn present<'c>(weights: &'c Constant, bias: Option<&Constant>) -> Result<(&'c [f32], Vec<f32>), Refused> {
    let out = weights.shape.first().copied().unwrap_or(0);
    let bias = bias.map_or_else(|| Some(vec![0.0; out]), |bias| bias.values.clone());
    match (weights.values.as_deref(), bias) {
        (Some(weights), Some(bias)) if weights.iter().chain(&bias).all(|value| value.is_finite()) => {
            Ok((weights, bias))
        }
        (Some(_), Some(_)) => refused("weights that are not finite", "train the network again"),
        _ => refused("no weights", "give the trained file with the definition"),
    }
}
