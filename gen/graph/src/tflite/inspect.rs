//! A model's operators as a person wants to see them, supported or not.

use super::convert::convert;
use super::schema::{Model, OperatorView};
use crate::inspection::{distribute, Inspection, OperatorSummary};

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
    Inspection::new(name.to_string(), operators, faults, conversion.errors.is_empty())
}

fn output_shape(model: &Model, op: &OperatorView) -> Vec<i32> {
    const MAX_RANK: usize = 8;
    op.outputs
        .get(0)
        .and_then(|index| usize::try_from(index).ok())
        .and_then(|index| model.tensors.get(index))
        .map_or_else(Vec::new, |view| view.shape.iter().take(MAX_RANK).collect())
}
