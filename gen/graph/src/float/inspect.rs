//! A float network's operators as a person wants to see them, in the form every importer answers in.

use super::ir::FloatGraph;
use crate::error::ImportErrors;
use crate::inspection::{distribute, Inspection, OperatorSummary};

/// Summary of the operators named `kinds` in file order, of which `graph` holds those that could be read.
pub(crate) fn summarise(kinds: Vec<String>, graph: &FloatGraph, errors: &ImportErrors) -> Inspection {
    let mut operators: Vec<OperatorSummary> = kinds
        .into_iter()
        .enumerate()
        .map(|(index, operator)| OperatorSummary {
            index,
            operator,
            output_shape: Vec::new(),
            macs: None,
            parameters: None,
            faults: Vec::new(),
        })
        .collect();
    for node in &graph.nodes {
        let Some(summary) = operators.get_mut(node.source) else {
            continue;
        };
        let shape = &graph.tensors[node.output].shape;
        summary.output_shape = shape.iter().map(|&dim| i32::try_from(dim).unwrap_or(i32::MAX)).collect();
        summary.macs = Some(summary.macs.unwrap_or(0).saturating_add(node.macs(graph)));
        summary.parameters = Some(summary.parameters.unwrap_or(0).saturating_add(node.parameters()));
    }
    let faults = distribute(errors, &mut operators);
    Inspection::new(graph.name.clone(), operators, faults, errors.is_empty())
}
