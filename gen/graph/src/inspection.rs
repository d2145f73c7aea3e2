//! What an importer tells of a file, whatever its format: its operators, their work, their faults.

use crate::error::ImportErrors;
use serde::Serialize;

/// One operator of a file.
#[derive(Debug, Clone, Serialize)]
pub struct OperatorSummary {
    /// Position in the file's execution order.
    pub index: usize,
    /// The format's name for it.
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

impl Inspection {
    /// The summary with its sums made.
    pub(crate) fn new(
        model: String,
        operators: Vec<OperatorSummary>,
        faults: Vec<String>,
        importable: bool,
    ) -> Inspection {
        let sum =
            |of: fn(&OperatorSummary) -> Option<u64>| operators.iter().filter_map(of).fold(0u64, u64::saturating_add);
        let (macs, parameters) = (sum(|operator| operator.macs), sum(|operator| operator.parameters));
        Inspection { model, operators, faults, macs, parameters, importable }
    }
}

/// Gives each operator its faults; returns those of the file as a whole.
pub(crate) fn distribute(errors: &ImportErrors, operators: &mut [OperatorSummary]) -> Vec<String> {
    let mut whole = Vec::new();
    for error in &errors.errors {
        let text = error.fault();
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
