//! `cortado inspect`: what is in a model, and what an engine would say to it.

use crate::console::Console;
use crate::failure::{Failure, Outcome};
use crate::model::ModelChoice;
use crate::table::{shape, thousands, Table};
use clap::Args;
use cortado_graph::inspection::Inspection;
use std::path::PathBuf;

/// Arguments of `cortado inspect`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelChoice,
    /// Trained weights of a .prototxt, when they are not beside it under its name
    #[arg(long, value_name = "FILE.caffemodel")]
    weights: Option<PathBuf>,
}

/// Lists the operators of a model with their work, and why any is refused.
///
/// # Errors
/// The file is not readable, or the model cannot be imported; the list is printed all the same then.
pub fn run(arguments: &Arguments, console: Console) -> Outcome {
    let model = arguments.model.read()?.with_weights(arguments.weights.as_ref())?;
    let inspection = model.inspect()?;
    console.answer(&inspection, text)?;
    match inspection.importable {
        true => Ok(()),
        false => {
            Err(Failure::Refused(format!("{} cannot be imported: see what stands against it above", inspection.model)))
        }
    }
}

fn text(inspection: &Inspection) -> String {
    let mut table = Table::new(&[">#", "operator", "output", ">MACs", ">parameters"]);
    let number = |number: Option<u64>| number.map_or("-".to_owned(), thousands);
    for operator in &inspection.operators {
        table.row([
            operator.index.to_string(),
            operator.operator.clone(),
            shape(&operator.output_shape),
            number(operator.macs),
            number(operator.parameters),
        ]);
    }
    table.row(["", "all", "", &thousands(inspection.macs), &thousands(inspection.parameters)]);
    let mut text = format!("{}\n{}", inspection.model, table.text());
    let of_operators = inspection.operators.iter().flat_map(|operator| {
        operator.faults.iter().map(|fault| format!("operator {} ({}): {fault}\n", operator.index, operator.operator))
    });
    let whole = inspection.faults.iter().map(|fault| format!("{fault}\n"));
    text.extend(of_operators.chain(whole));
    text
}
