//! `cortado cosim`: Verilog against the golden model, bit for bit.

use crate::console::Console;
use crate::failure::{Failure, Outcome};
use crate::model::{self, ModelChoice};
use crate::preset::{self, PresetChoice};
use crate::table::{thousands, Table};
use crate::verification::{verify, Plan, Verdict};
use crate::{files, inputs};
use clap::Args;

/// Networks and engines of `cosim --all`: the embedded networks, and others where their files are.
const ALL: [(&str, &str); 7] = [
    ("@fashion", preset::DEFAULT),
    ("@tiny", "tiny-2x2"),
    ("ic_resnet8_int8", preset::DEFAULT),
    ("kws_dscnn_int8", preset::DEFAULT),
    ("vww_mobilenetv1_int8", preset::DEFAULT),
    ("ad_autoencoder_int8", preset::DEFAULT),
    ("kws_dscnn_int8", "icebreaker-4x4"),
];

/// Arguments of `cortado cosim`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelChoice,
    #[command(flatten)]
    preset: PresetChoice,
    /// Inputs to compare: images of an embedded network first, then random bytes
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    inputs: u16,
    /// Seed of random inputs, stalls and first values of registers
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Let the external memory stall at random
    #[arg(long)]
    stalls: bool,
    /// Every network there is, with and without stalls
    #[arg(long, conflicts_with_all = ["model", "preset", "stalls"])]
    all: bool,
}

/// Compares every tensor.
///
/// # Errors
/// Something differs, or the comparison cannot be made.
pub fn run(arguments: &Arguments, console: Console) -> Outcome {
    if arguments.all {
        return all(arguments, console);
    }
    let Arguments { model, preset, stalls, .. } = arguments;
    conclude(&[one(arguments, &model.model, &preset.preset, *stalls, console)?])
}

fn all(arguments: &Arguments, console: Console) -> Outcome {
    let mut verdicts = Vec::new();
    let mut refusals = Vec::new();
    for (model, preset) in ALL {
        let path = match model.starts_with('@') {
            true => model.to_owned(),
            false => {
                let path = files::data().join("mlperf_tiny").join(format!("{model}.tflite"));
                if !path.is_file() {
                    console.note(&format!("skipped {model} on {preset}: no {}; set CORTADO_DATA", path.display()));
                    continue;
                }
                path.display().to_string()
            }
        };
        for stalls in [false, true] {
            match one(arguments, &path, preset, stalls, console) {
                Ok(verdict) => verdicts.push(verdict),
                Err(Failure::Refused(reason)) => {
                    // The other comparisons are worth having, and with stalls the reason is the same.
                    refusals.push(reason);
                    break;
                }
                Err(other) => return Err(other),
            }
        }
    }
    match refusals.is_empty() {
        true => conclude(&verdicts),
        false => Err(conclude(&verdicts).err().unwrap_or(Failure::Refused(refusals.join("\n")))),
    }
}

fn one(arguments: &Arguments, model: &str, preset: &str, stalls: bool, console: Console) -> Result<Verdict, Failure> {
    let arch = preset::load(preset)?;
    let model = model::read(model)?;
    let graph = model.import()?;
    let inputs = inputs::many(&model, &graph, usize::from(arguments.inputs), arguments.seed)?;
    let progress = console.progress(2 * inputs.len() + 3);
    let plan = Plan { model: &model.name, graph: &graph, arch: &arch, inputs: &inputs, seed: arguments.seed, stalls };
    let verdict = verify(&plan, &|what| {
        progress.doing(format!("{} on {}: {what}", plan.model, plan.arch.name));
        progress.step();
    })?;
    drop(progress);
    console.answer(&verdict, text)?;
    Ok(verdict)
}

fn conclude(verdicts: &[Verdict]) -> Outcome {
    let bad: Vec<String> = verdicts
        .iter()
        .filter(|verdict| verdict.mismatches > 0)
        .map(|verdict| {
            let first = verdict.first.as_ref().map_or("a node of the host differs".to_owned(), ToString::to_string);
            format!("{} on {}: {first}", verdict.model, verdict.preset)
        })
        .collect();
    match bad.is_empty() {
        true => Ok(()),
        false => Err(Failure::Check(bad.join("\n"))),
    }
}

fn text(verdict: &Verdict) -> String {
    let Verdict { model, preset, inputs, seed, tensors, mismatches, .. } = verdict;
    let stalls = if verdict.stalls { ", random memory stalls" } else { "" };
    let plural = if *inputs == 1 { "" } else { "s" };
    let mut text = format!(
        "{model} on {preset}, {inputs} input{plural}, seed {seed}{stalls}: {mismatches} of {tensors} tensors differ\n"
    );
    if verdict.layers.is_empty() {
        return text;
    }
    let mut table = Table::new(&["layer", ">MACs", ">cycles", ">predicted", ">utilisation"]);
    for layer in &verdict.layers {
        table.row([
            layer.name.clone(),
            thousands(layer.macs),
            thousands(layer.cycles),
            thousands(layer.predicted_cycles),
            format!("{:.3}", layer.utilisation),
        ]);
    }
    for (name, cycles) in [("(input arrives)", verdict.input_cycles), ("(output leaves)", verdict.output_cycles)] {
        table.row([name.to_owned(), String::new(), thousands(cycles)]);
    }
    table.row([
        "all".to_owned(),
        thousands(verdict.macs),
        thousands(verdict.cycles),
        thousands(verdict.predicted_cycles),
        format!("{:.3}", verdict.utilisation),
    ]);
    text.push_str(&table.text());
    text
}
