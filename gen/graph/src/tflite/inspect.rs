//! A model's operators as a person wants to see them, supported or not.

use super::convert::convert;
use super::error::ImportErrors;
use super::schema::{Model, OperatorView};
use serde::Serialize;

/// One operator of a file.
#[derive(Debug, Clone, Serialize)]
pub struct OperatorSummary {
    /// Position in the file's execution order.
    pub index: usize,
    /// TensorFlow Lite's name for it.
    pub operator: String,
    /// Shape of its first output as the file states it; empty when the file states none.
    pub output_shape: Vec<i32>,
    /// Multiply-accumulates; `None` when the operator could not be read.
    pub macs: Option<u64>,
    /// Weights and biases; `None` when the operator could not be read.
    pub parameters: Option<u64>,
    /// Why the operator is refused, each with its remedy; empty when it is not.
    pub faults: Vec<String>,
}

/// A whole file.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    pub model: String,
    pub operators: Vec<OperatorSummary>,
    /// Faults that belong to no one operator.
    pub faults: Vec<String>,
    /// Sums over the operators that could be read.
    pub macs: u64,
    pub parameters: u64,
    /// Whether the importer takes the model.
    pub importable: bool,
}

pub(super) fn summarise(name: &str, model: &Model) -> Inspection {
    let conversion = convert(name, model);
    let mut operators: Vec<OperatorSummary> = model
        .operators
        .iter()
        .enumerate()
        .map(|(index, op)| OperatorSummary {
            index,
            operator: op.name(),
            output_shape: output_shape(model, op),
            macs: None,
            parameters: None,
            faults: Vec::new(),
        })
        .collect();
    for (node, &index) in conversion.graph.nodes.iter().zip(&conversion.operators) {
        operators[index].macs = Some(node.macs(&conversion.graph));
        operators[index].parameters = Some(node.parameters());
    }
    let faults = distribute(&conversion.errors, &mut operators);
    let sum = |of: fn(&OperatorSummary) -> Option<u64>| operators.iter().filter_map(of).fold(0u64, u64::saturating_add);
    Inspection {
        model: name.to_string(),
        macs: sum(|operator| operator.macs),
        parameters: sum(|operator| operator.parameters),
        operators,
        faults,
        importable: conversion.errors.is_empty(),
    }
}

/// Gives each operator its faults; returns those of the file as a whole.
fn distribute(errors: &ImportErrors, operators: &mut [OperatorSummary]) -> Vec<String> {
    let mut whole = Vec::new();
    for error in &errors.errors {
        let text = format!("{}: {}; {}", error.code, error.came, error.would_do);
        match &error.operator {
            Some((index, _)) => operators[*index].faults.push(text),
            None => whole.push(text),
        }
    }
    if errors.unlisted > 0 {
        whole.push(format!("and {} more faults", errors.unlisted));
    }
    whole
}

fn output_shape(model: &Model, op: &OperatorView) -> Vec<i32> {
    const MAX_RANK: usize = 8;
    op.outputs
        .get(0)
        .and_then(|index| usize::try_from(index).ok())
        .and_then(|index| model.tensors.get(index))
        .map_or_else(Vec::new, |view| view.shape.iter().take(MAX_RANK).collect())
}
