//! What an import keeps while it walks the operators: values by name, the budget, faults found.

use super::proto::{Model, Tensor};
use crate::error::{quoted, Code, Fault, Format, ImportErrors};
use crate::float::{Builder, Constant, TensorId};
use crate::geometry::elements;
use std::collections::HashMap;
use std::rc::Rc;

/// How much larger than the file what is built from it may be, in bytes of constants.
const EXPANSION: usize = 8;

/// What a name stands for.
#[derive(Debug, Clone)]
pub enum Known<'a> {
    Activation(TensorId),
    /// A constant of the file, perhaps under another shape.
    Stored(&'a Tensor<'a>, Vec<usize>),
    /// One value everywhere.
    Filled(f32, Vec<usize>),
    /// A constant made by an operator's attribute.
    Made(Rc<Tensor<'a>>, Vec<usize>),
    /// A constant that was quantised: the numbers its codes stand for.
    Dequantised(Rc<Vec<f32>>, Vec<usize>),
    /// The operator that makes it was refused, which has been said.
    Refused,
}

pub struct Context<'a> {
    pub builder: Builder,
    pub errors: ImportErrors,
    /// The operator being read: its index in the file, and its type and name.
    pub operator: Option<(usize, String)>,
    pub known: HashMap<&'a str, Known<'a>>,
    /// Bytes of constants that may still be built.
    budget: usize,
}

impl<'a> Context<'a> {
    pub fn new(name: &str, size: usize, model: &'a Model<'a>) -> Context<'a> {
        let mut context = Context {
            builder: Builder::new(name),
            errors: ImportErrors::new(name),
            operator: None,
            known: HashMap::new(),
            budget: size.saturating_mul(EXPANSION),
        };
        for constant in &model.constants {
            let known = dims(&constant.dims).map(|shape| Known::Stored(constant, shape));
            context.known.insert(constant.name, known.unwrap_or(Known::Refused));
        }
        context
    }

    pub fn fault(&mut self, fault: Fault) {
        self.errors.push(fault.at(Format::Onnx, self.operator.clone()));
    }

    /// What input `slot` of an operator is; an absent or empty name is `None`.
    pub fn input(&self, inputs: &[&'a str], slot: usize) -> Result<Option<Known<'a>>, Fault> {
        match inputs.get(slot).copied().filter(|name| !name.is_empty()) {
            None => Ok(None),
            Some(name) => self.known.get(name).cloned().map(Some).ok_or_else(|| {
                Fault::new(
                    Code::Graph,
                    format!("the input {} is made by no operator before", quoted(name)),
                    "operators must stand in execution order and begin at the model's inputs",
                )
            }),
        }
    }

    /// A known value as an array of floats; `None` for an activation or a refused one. An array of
    /// one value far larger than the file has its shape and no values.
    pub fn floats(&mut self, known: &Known<'a>) -> Result<Option<Constant>, Fault> {
        let (shape, values) = match known {
            Known::Activation(_) | Known::Refused => return Ok(None),
            Known::Filled(value, shape) => {
                let len = elements(shape).unwrap_or(usize::MAX);
                let values = self.charge(len).is_ok().then(|| vec![*value; len]);
                (shape, values)
            }
            Known::Stored(tensor, shape) => {
                self.charge(elements(shape).unwrap_or(usize::MAX))?;
                (shape, Some(stored(tensor, shape)?))
            }
            Known::Made(tensor, shape) => {
                self.charge(elements(shape).unwrap_or(usize::MAX))?;
                (shape, Some(stored(tensor, shape)?))
            }
            Known::Dequantised(values, shape) => {
                self.charge(values.len())?;
                (shape, Some(values.to_vec()))
            }
        };
        Ok(Some(Constant { shape: shape.clone(), values }))
    }

    /// Takes room for `values` constants of 4 bytes.
    pub fn charge(&mut self, values: usize) -> Result<(), Fault> {
        match values.checked_mul(4).and_then(|bytes| self.budget.checked_sub(bytes)) {
            Some(left) => {
                self.budget = left;
                Ok(())
            }
            None => Err(Fault::new(
                Code::Size,
                format!("constants of more than {EXPANSION} times the file's size"),
                "operators may not share their constants to this degree: export the model again",
            )),
        }
    }
}

/// A stored array's values, as many as its shape has.
fn stored(tensor: &Tensor, shape: &[usize]) -> Result<Vec<f32>, Fault> {
    let values = tensor.floats().ok_or_else(|| {
        Fault::new(
            Code::Type,
            format!("the constant {} of element type {}", quoted(tensor.name), tensor.element_type),
            "FLOAT (type 1) within the file is needed: export in float32, without external data",
        )
    })?;
    if elements(shape) != Some(values.len()) {
        return Err(Fault::new(
            Code::Data,
            format!("the constant {} holds {} values", quoted(tensor.name), values.len()),
            format!("its shape {shape:?} needs another number: the file is damaged"),
        ));
    }
    Ok(values)
}

/// A shape of at most 8 sizes of 1 or more.
pub fn dims(dims: &[i64]) -> Option<Vec<usize>> {
    const MOST: usize = 8;
    let shape: Option<Vec<usize>> =
        dims.iter().take(MOST + 1).map(|&dim| usize::try_from(dim).ok().filter(|&dim| dim > 0)).collect();
    shape.filter(|shape| shape.len() <= MOST && elements(shape).is_some())
}
