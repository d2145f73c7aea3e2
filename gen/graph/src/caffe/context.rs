//! What an import keeps while it walks the layers: blobs made so far, weights left, faults found.

use super::weights::{Blob, Weights};
use crate::error::{quoted, Code, Fault, Format, ImportErrors};
use crate::float::{Builder, Constant, TensorId};
use std::collections::HashMap;

/// A blob by its name in the definition.
#[derive(Debug, Clone, Copy)]
struct Made {
    /// `None` when the layer that makes it was refused.
    id: Option<TensorId>,
    /// Position among all blobs made, for the order of outputs.
    order: usize,
    is_read: bool,
}

pub struct Context<'a> {
    pub builder: Builder,
    pub errors: ImportErrors,
    /// The layer being read: its index in the definition and its type.
    pub operator: Option<(usize, String)>,
    made: HashMap<&'a str, Made>,
    count: usize,
    weights: Option<Weights<'a>>,
}

impl<'a> Context<'a> {
    pub fn new(name: &str, weights: Option<Weights<'a>>) -> Context<'a> {
        Context {
            builder: Builder::new(name),
            errors: ImportErrors::new(name),
            operator: None,
            made: HashMap::new(),
            count: 0,
            weights,
        }
    }

    pub fn fault(&mut self, fault: Fault) {
        self.errors.push(fault.at(Format::Caffe, self.operator.clone()));
    }

    /// The blob `name` as an input; `Ok(None)` when its maker was refused, which has been said.
    pub fn read(&mut self, name: &str) -> Result<Option<TensorId>, Fault> {
        match self.made.get_mut(name) {
            Some(made) => {
                made.is_read = true;
                Ok(made.id)
            }
            None => Err(Fault::new(
                Code::Graph,
                format!("the bottom {} is made by no layer before", quoted(name)),
                "layers must stand in execution order and begin at an input",
            )),
        }
    }

    /// Registers the blob `name`, in place of an earlier one of the name.
    pub fn make(&mut self, name: &'a str, id: Option<TensorId>) {
        self.count += 1;
        self.made.insert(name, Made { id, order: self.count, is_read: false });
    }

    /// The blobs nothing reads, in the order they were made.
    pub fn outputs(&self) -> Vec<TensorId> {
        let mut unread: Vec<&Made> = self.made.values().filter(|made| !made.is_read).collect();
        unread.sort_by_key(|made| made.order);
        unread.iter().filter_map(|made| made.id).collect()
    }

    /// The trained arrays of layer `name`, `None` when no trained file was given. Each layer's are
    /// given out once, so that what is built is never larger than the file.
    pub fn blobs(&mut self, name: &str, most: usize) -> Result<Option<Vec<Blob<'a>>>, Fault> {
        let Some(weights) = &mut self.weights else {
            return Ok(None);
        };
        match weights.remove(name) {
            Some(blobs) if blobs.len() <= most => Ok(Some(blobs)),
            Some(blobs) => Err(Fault::new(
                Code::Data,
                format!("{} trained arrays", blobs.len()),
                format!("at most {most} are needed: the weights belong to another definition"),
            )),
            None => Err(Fault::new(
                Code::Data,
                format!("no trained arrays for layer {} (or for a second one of the name)", quoted(name)),
                "give the weights that were trained with this definition",
            )),
        }
    }
}

/// Array `index` of a layer as `shape`; stored shapes may have leading ones.
pub fn constant(blobs: Option<&[Blob]>, index: usize, shape: Vec<usize>, what: &str) -> Result<Constant, Fault> {
    let Some(blobs) = blobs else {
        return Ok(Constant { shape, values: None });
    };
    let Some(blob) = blobs.get(index) else {
        return Err(Fault::new(Code::Data, format!("no trained {what}"), format!("an array of {shape:?} is needed")));
    };
    let significant = |dims: &mut dyn Iterator<Item = i64>| dims.skip_while(|&dim| dim == 1).collect::<Vec<_>>();
    let stored = significant(&mut blob.shape.iter().copied());
    let wanted = significant(&mut shape.iter().map(|&dim| i64::try_from(dim).unwrap_or(i64::MAX)));
    if stored != wanted || crate::geometry::elements(&shape) != Some(blob.len()) {
        return Err(Fault::new(
            Code::Shape,
            format!("trained {what} of {} values, shape {:?}", blob.len(), &blob.shape[..blob.shape.len().min(8)]),
            format!("shape {shape:?} is needed: the weights belong to another definition"),
        ));
    }
    Ok(Constant { shape, values: Some(blob.values()) })
}
