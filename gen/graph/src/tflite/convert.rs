//! The walk over a model: inputs, operators in order, outputs, and the graph that comes of them.

use super::context::{Context, State};
use super::schema::{Model, OperatorView};
use super::tensor::{self, label};
use super::{convolution, elementwise, names, pool};
use crate::error::{quoted, Code, Fault, ImportErrors};
use crate::ir::{Graph, Node, Op, TensorId};
use crate::passes;

/// What conversion made of a model: all of it, or as much as could be understood.
pub(super) struct Conversion {
    /// Whole only when `errors` is empty.
    pub graph: Graph,
    /// The file's operator index of each of the graph's nodes.
    pub operators: Vec<usize>,
    pub errors: ImportErrors,
}

/// Converts a readable model, noting everything that stands in the way.
pub(super) fn convert(name: &str, model: &Model) -> Conversion {
    let mut context = Context::new(name, model);
    context.expect_one_subgraph();
    context.refuse_float();
    let inputs = context.graph_inputs();
    let (operators, nodes) = context.nodes().into_iter().unzip();
    let outputs = context.graph_outputs();
    let graph = Graph {
        name: name.to_string(),
        data_type: context.data_type,
        tensors: std::mem::take(&mut context.tensors),
        nodes,
        inputs,
        outputs,
    };
    context.expect_valid(&graph);
    Conversion { graph, operators, errors: context.errors }
}

impl Context<'_, '_> {
    fn expect_one_subgraph(&mut self) {
        let came = self.model.subgraphs;
        if came > 1 {
            self.fault(Fault::new(
                Code::Graph,
                format!("{came} subgraphs"),
                "one is taken: convert without control flow (IF, WHILE, CALL_ONCE)",
            ));
        }
    }

    /// Says once that a model computes in floating point. Conversions at the model's ends do not
    /// count: they are refused by name.
    fn refuse_float(&mut self) {
        let converts = |code| code == names::QUANTIZE || code == names::DEQUANTIZE;
        let float_input = |op: &OperatorView| {
            let index = usize::try_from(op.inputs.get(0)?).ok()?;
            let view = self.model.tensors.get(index)?;
            (view.element_type == names::FLOAT32 && view.data.is_none()).then_some(index)
        };
        let operators = self.model.operators.iter().enumerate();
        let mut float =
            operators.filter(|(_, op)| !converts(op.code)).filter_map(|(at, op)| Some((at, op, float_input(op)?)));
        let Some((at, op, index)) = float.next() else {
            return;
        };
        let count = 1 + float.count();
        let came = format!(
            "{count} of {} operators compute in FLOAT32, the first being operator {at} ({}) on {}",
            self.model.operators.len(),
            op.name(),
            label(index, &self.model.tensors[index]),
        );
        self.is_float = true;
        self.fault(Fault::new(
            Code::Float,
            came,
            "an int8 model is needed: convert with optimizations = [DEFAULT], a \
             representative_dataset, supported_ops = [TFLITE_BUILTINS_INT8] and \
             inference_input_type = inference_output_type = int8",
        ));
    }

    fn graph_inputs(&mut self) -> Vec<TensorId> {
        let listed: Vec<i32> = self.model.inputs.iter().take(self.states.len()).collect();
        let mut ids = Vec::new();
        for came in listed {
            let made = self
                .index(Some(came), "a model input")
                .and_then(|index| self.activation(index))
                .and_then(|activation| self.make(&activation));
            ids.extend(made);
        }
        if self.model.inputs.len() == 0 {
            self.fault(Fault::new(Code::Graph, "a model without an input", "at least one input tensor is needed"));
        }
        ids
    }

    fn graph_outputs(&mut self) -> Vec<TensorId> {
        let listed: Vec<i32> = self.model.outputs.iter().take(self.states.len()).collect();
        let mut ids = Vec::new();
        for came in listed {
            let Some(index) = self.index(Some(came), "a model output") else {
                continue;
            };
            match self.states[index] {
                State::Made(id) => ids.push(id),
                State::Refused => {}
                // An operator that was refused, or a float model, explains an absent output.
                State::Unmade if !self.errors.is_empty() => {}
                State::Unmade => self.fault(Fault::new(
                    Code::Graph,
                    format!("the model output {} is never produced", label(index, &self.model.tensors[index])),
                    "every output must come from an operator or an input",
                )),
            }
        }
        if self.model.outputs.len() == 0 {
            self.fault(Fault::new(Code::Graph, "a model without an output", "at least one output tensor is needed"));
        }
        ids
    }

    /// The nodes of the operators that could be converted, each with its operator's index.
    fn nodes(&mut self) -> Vec<(usize, Node)> {
        let model = self.model;
        let mut nodes = Vec::new();
        for (index, op) in model.operators.iter().enumerate() {
            self.operator = Some((index, op.name()));
            let wiring = op.inputs.len().saturating_add(op.outputs.len());
            if self.charge(wiring.saturating_mul(4)).is_none() {
                break;
            }
            nodes.extend(self.node(index, op).map(|node| (index, node)));
        }
        self.operator = None;
        nodes
    }

    fn node(&mut self, index: usize, op: &OperatorView) -> Option<Node> {
        let built = match op.code {
            names::CONV_2D => convolution::conv2d(self, op),
            names::DEPTHWISE_CONV_2D => convolution::depthwise(self, op),
            names::FULLY_CONNECTED => convolution::fully_connected(self, op),
            names::AVERAGE_POOL_2D | names::MAX_POOL_2D => pool::pool(self, op),
            names::ADD => elementwise::add(self, op),
            names::RESHAPE => elementwise::reshape(self, op),
            names::SOFTMAX => elementwise::softmax(self, op),
            _ => {
                self.fault(unsupported(op));
                None
            }
        };
        // Registered even when the operator was refused, so that its readers are judged on their own.
        let output = self.make_outputs(op);
        let (op_built, inputs) = built?;
        Some(Node {
            name: format!("{index:02}_{}", kind(&op_built)),
            op: op_built,
            inputs: inputs.iter().map(|&index| self.made(index)).collect::<Option<_>>()?,
            output: output?,
        })
    }

    fn made(&self, index: usize) -> Option<TensorId> {
        match self.states.get(index) {
            Some(&State::Made(id)) => Some(id),
            _ => None,
        }
    }

    /// Registers every output of `op` that can be an activation; the first one's id.
    fn make_outputs(&mut self, op: &OperatorView) -> Option<TensorId> {
        let mut first = None;
        for index in op.outputs.iter() {
            let Some(index) = usize::try_from(index).ok().filter(|&index| index < self.states.len()) else {
                continue;
            };
            match tensor::activation(index, &self.model.tensors[index], self.data_type) {
                Ok(activation) => {
                    let id = self.make(&activation);
                    first = first.or(id);
                }
                // Said by whoever needed it as an activation, or of no interest.
                Err(_) => self.states[index] = State::Refused,
            }
        }
        first
    }

    /// The last gate: nothing leaves the importer that the graph's own rules refuse.
    fn expect_valid(&mut self, graph: &Graph) {
        if !self.errors.is_empty() {
            return;
        }
        for fault in passes::validate(graph).err().unwrap_or_default() {
            self.fault(Fault::new(Code::Graph, fault.to_string(), "convert the model again"));
        }
    }
}

/// What an operator's node is called after its index.
fn kind(op: &Op) -> &'static str {
    match op {
        Op::Conv2d(_) => "conv2d",
        Op::DepthwiseConv2d(_) => "depthwise_conv2d",
        Op::FullyConnected(_) => "fully_connected",
        Op::Pool2d(pool) => match pool.kind {
            crate::ir::PoolKind::Max => "max_pool2d",
            crate::ir::PoolKind::Average => "average_pool2d",
        },
        Op::Add(_) => "add",
        Op::Reshape => "reshape",
        Op::Softmax(_) => "softmax",
    }
}

fn unsupported(op: &OperatorView) -> Fault {
    let would_do = match op.code {
        names::QUANTIZE | names::DEQUANTIZE => {
            "convert with inference_input_type = inference_output_type = int8, and quantise on the host".to_string()
        }
        names::MEAN => {
            "average over the map with an AVERAGE_POOL_2D of the map's size instead of a global mean".to_string()
        }
        names::PAD => "pad within the convolution (padding SAME) instead".to_string(),
        names::RELU | names::RELU6 | names::RELU_N1_TO_1 => {
            "let the converter fuse the activation into the layer before it".to_string()
        }
        _ => format!("supported are {}", super::SUPPORTED.join(", ")),
    };
    let came = quoted(&op.name());
    Fault::new(Code::Operator, format!("{} is not supported", came.trim_matches('"')), would_do)
}
