//! What is known while a model is converted: who made which tensor, what was refused, and how much
//! the file has been allowed to expand.

use super::flatbuffer::Damage;
use super::names;
use super::schema::{Model, OperatorView};
use super::tensor::{self, label, Activation, Weights};
use crate::error::{Code, Fault, Format, ImportErrors};
use crate::ir::{DataType, Tensor, TensorId};

/// What is known of a tensor of the file at this point of the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing has produced it yet.
    Unmade,
    /// It was refused, and its fault reported once.
    Refused,
    Made(TensorId),
}

/// Bytes a model may be copied into, as a multiple of the file's own size: tables that share one
/// buffer are legal, a small file that expands without end is not.
const EXPANSION: usize = 8;

pub(super) struct Context<'m, 'a> {
    pub model: &'m Model<'a>,
    pub errors: ImportErrors,
    pub operator: Option<(usize, String)>,
    pub states: Vec<State>,
    pub tensors: Vec<Tensor>,
    /// What the model computes in: the type of its first input.
    pub data_type: DataType,
    budget: usize,
    exhausted: bool,
    /// The model computes in FLOAT32: said once, not for every tensor.
    pub is_float: bool,
}

/// Int16 where the model's first input is, else int8.
fn data_type(model: &Model) -> DataType {
    let input = model.inputs.get(0).and_then(|index| model.tensors.get(usize::try_from(index).ok()?));
    match input {
        Some(view) if view.element_type == names::INT16 => DataType::Int16,
        _ => DataType::Int8,
    }
}

impl<'m, 'a> Context<'m, 'a> {
    pub fn new(name: &str, model: &'m Model<'a>) -> Self {
        Context {
            model,
            errors: ImportErrors::new(name),
            operator: None,
            states: vec![State::Unmade; model.tensors.len()],
            tensors: Vec::new(),
            data_type: data_type(model),
            budget: model.file_size.saturating_mul(EXPANSION),
            exhausted: false,
            is_float: false,
        }
    }

    /// Records a fault at the operator under conversion.
    pub fn fault(&mut self, fault: Fault) {
        self.errors.push(fault.at(Format::Tflite, self.operator.clone()));
    }

    /// The value, or `None` with its fault recorded.
    pub fn keep<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.fault(fault)).ok()
    }

    /// A field of the options, or `None` with the damage recorded.
    pub fn option<T>(&mut self, result: Result<T, Damage>) -> Option<T> {
        self.keep(result.map_err(|damage| {
            Fault::new(
                Code::File,
                format!("damaged options: {damage}"),
                "the file is overwritten: fetch or convert it again",
            )
        }))
    }

    /// Takes `bytes` from the budget; `None`, said once, when it is used up.
    pub fn charge(&mut self, bytes: usize) -> Option<()> {
        match self.budget.checked_sub(bytes) {
            Some(rest) => self.budget = rest,
            None if !self.exhausted => {
                self.exhausted = true;
                self.fault(Fault::new(
                    Code::Size,
                    format!(
                        "the model expands to more than {EXPANSION} times the file's {} bytes",
                        self.model.file_size
                    ),
                    "operators may not share their constants to this degree: convert the model again",
                ));
            }
            None => {}
        }
        (!self.exhausted).then_some(())
    }

    /// Registers `activation` as produced; `None` with a fault when it already was.
    pub fn make(&mut self, activation: &Activation) -> Option<TensorId> {
        let index = activation.index;
        if let State::Made(_) = self.states[index] {
            self.fault(Fault::new(
                Code::Graph,
                format!("{} is produced twice", label(index, &self.model.tensors[index])),
                "each tensor has one producer: convert the model again",
            ));
            return None;
        }
        let name = self.model.tensors[index].name;
        self.charge(name.len() + 8 * activation.shape.len())?;
        let id = self.tensors.len();
        self.tensors.push(Tensor {
            name: name.to_string(),
            shape: activation.shape.clone(),
            scale: activation.scale,
            zero_point: activation.zero_point,
        });
        self.states[index] = State::Made(id);
        Some(id)
    }

    /// The index of a tensor the file names, checked against the table.
    pub fn index(&mut self, came: Option<i32>, role: &str) -> Option<usize> {
        let count = self.states.len();
        let index = came.and_then(|index| usize::try_from(index).ok());
        if let Some(index) = index.filter(|&index| index < count) {
            return Some(index);
        }
        let came = came.map_or("no tensor".to_string(), |index| format!("tensor {index}"));
        self.fault(Fault::new(
            Code::Graph,
            format!("{role} is {came}"),
            format!("the file has tensors 0 to {}", count.saturating_sub(1)),
        ));
        None
    }

    /// An activation, its faults reported the first time it is met.
    pub fn activation(&mut self, index: usize) -> Option<Activation> {
        let view = &self.model.tensors[index];
        if self.states[index] == State::Refused {
            return None;
        }
        match tensor::activation(index, view, self.data_type) {
            Ok(activation) => Some(activation),
            Err(fault) => {
                self.states[index] = State::Refused;
                if !(self.is_float && view.element_type == names::FLOAT32) {
                    self.fault(fault);
                }
                None
            }
        }
    }

    /// Input `slot` of `op` as an activation something has already produced.
    pub fn input(&mut self, op: &OperatorView, slot: usize) -> Option<Activation> {
        let index = self.index(op.inputs.get(slot), &format!("input {slot}"))?;
        let activation = self.activation(index)?;
        if self.states[index] == State::Unmade {
            self.states[index] = State::Refused;
            self.fault(Fault::new(
                Code::Graph,
                format!("{} is read before anything produces it", label(index, &self.model.tensors[index])),
                "operators must stand in execution order and begin at the model's inputs",
            ));
            return None;
        }
        Some(activation)
    }

    /// The one output of `op`.
    pub fn output(&mut self, op: &OperatorView) -> Option<Activation> {
        if op.outputs.len() != 1 {
            self.fault(Fault::new(Code::Graph, format!("{} outputs", op.outputs.len()), "one output is needed"));
            return None;
        }
        let index = self.index(op.outputs.get(0), "the output")?;
        self.activation(index)
    }

    /// Input `slot` of `op` as constant weights; see [`tensor::weights`].
    pub fn weights(&mut self, op: &OperatorView, slot: usize, rank: usize, axis: usize) -> Option<Weights<'a>> {
        let index = self.index(op.inputs.get(slot), "the weights' tensor")?;
        let model = self.model;
        let view = &model.tensors[index];
        if self.is_float && view.element_type == names::FLOAT32 {
            return None;
        }
        let bytes = view.data.map_or(0, <[u8]>::len);
        self.charge(bytes + 4 * view.scales.len() + 8 * view.zero_points.len())?;
        self.keep(tensor::weights(index, view, self.data_type, rank, axis))
    }

    /// Input `slot` of `op` as biases; zeros when the operator has none.
    pub fn bias(&mut self, op: &OperatorView, slot: usize, channels: usize) -> Option<Vec<i64>> {
        const ABSENT: i32 = -1;
        let came = op.inputs.get(slot).unwrap_or(ABSENT);
        if came == ABSENT {
            return Some(vec![0; channels]);
        }
        let index = self.index(Some(came), "the bias tensor")?;
        let model = self.model;
        let view = &model.tensors[index];
        if self.is_float && view.element_type == names::FLOAT32 {
            return None;
        }
        self.charge(view.data.map_or(0, <[u8]>::len))?;
        self.keep(tensor::bias(index, view, self.data_type, channels))
    }

    /// Whether tensor `index` is a constant of the file.
    pub fn is_constant(&self, index: i32) -> bool {
        usize::try_from(index)
            .ok()
            .and_then(|index| self.model.tensors.get(index))
            .is_some_and(|view| view.data.is_some())
    }
}
