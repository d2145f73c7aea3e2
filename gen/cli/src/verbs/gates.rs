//! `cortado gates`: what synthesis made of an engine, against the engine.

use crate::console::Console;
use crate::failure::{Failure, Outcome};
use crate::gates::{compare, expected, Blocks, Comparison, Plan};
use crate::inputs;
use crate::model;
use crate::preset::{self, Engine};
use crate::synth::{Cells, Part};
use crate::table::thousands;
use crate::verbs::synth::synthesise;
use clap::Args;
use cortado_arch::{Architecture, Family};
use serde::Serialize;

/// Arguments of `cortado gates`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Network: a .tflite file, or the embedded @tiny or @fashion
    #[arg(value_name = "MODEL", default_value = "@tiny")]
    model: String,
    /// Engine: a preset's name (`cortado presets` lists them) or a .toml file
    #[arg(long, value_name = "PRESET", default_value = "icebreaker-4x4")]
    preset: String,
    /// Part to synthesise for [default: the preset's], as ecp5-25k-cabga381
    #[arg(long, value_name = "PART")]
    part: Option<Part>,
    /// Inputs to run: images of an embedded network first, then random bytes
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    inputs: u16,
    /// Seed of random inputs, stalls and first values of registers
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Let the external memory stall at random
    #[arg(long)]
    stalls: bool,
    /// Every inference preset that has a part, one after the other
    #[arg(long, conflicts_with_all = ["preset", "part"])]
    all: bool,
}

#[derive(Serialize)]
struct Verdict {
    #[serde(flatten)]
    compared: Comparison,
    model: String,
    preset: String,
    part: Part,
    inputs: u16,
    seed: u64,
    stalls: bool,
    cells: Cells,
    expected: Blocks,
    cells_as_expected: bool,
    yosys: String,
    version: &'static str,
}

/// Synthesises engines and runs a network on the netlist and the Verilog of each, side by side.
///
/// # Errors
/// They differ, the netlist's cells are not those the engine is made of, or the comparison cannot be made.
pub fn run(arguments: &Arguments, console: Console) -> Outcome {
    let engines = match arguments.all {
        true => preset::with_parts(),
        false => vec![on_part(preset::load(&arguments.preset)?, arguments.part)],
    };
    let verdicts: Vec<Verdict> =
        engines.into_iter().map(|arch| one(arguments, arch, console)).collect::<Result<_, _>>()?;
    let faults: Vec<String> = verdicts.iter().filter_map(fault).collect();
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Failure::Check(faults.join("\n"))),
    }
}

fn one(arguments: &Arguments, arch: Architecture, console: Console) -> Result<Verdict, Failure> {
    let model = model::read(&arguments.model)?;
    let graph = model.import()?;
    let inputs = inputs::many(&model, &graph, usize::from(arguments.inputs), arguments.seed)?;
    let progress = console.progress(inputs.len() + 4);
    progress.doing(format!("synthesising {}", arch.name));
    let synthesised = synthesise(&Engine::Inference(arch.clone()), None)?;
    progress.step();
    let Arguments { seed, stalls, .. } = *arguments;
    let plan = Plan { graph: &graph, arch: &arch, synthesised: &synthesised, inputs: &inputs, seed, stalls };
    let compared = compare(&plan, &|what| {
        progress.doing(format!("{} on the gates of {}: {what}", model.name, arch.name));
        progress.step();
    })?;
    drop(progress);
    let (found, expected) = (Blocks::from(&synthesised.cells), expected(&arch));
    let verdict = Verdict {
        compared,
        model: model.name,
        preset: arch.name,
        part: synthesised.part,
        inputs: arguments.inputs,
        seed,
        stalls,
        cells: synthesised.cells,
        expected,
        cells_as_expected: found == expected,
        yosys: synthesised.yosys,
        version: crate::rtl::VERSION,
    };
    console.answer(&verdict, text)?;
    Ok(verdict)
}

/// The engine as its preset would be with another part.
fn on_part(arch: Architecture, part: Option<Part>) -> Architecture {
    let family = match part {
        None => return arch,
        Some(part) => family(part),
    };
    Architecture { family, ..arch }
}

fn family(part: Part) -> Family {
    let ice40 = |device: &str, package: &str| Family::Ice40 { device: device.into(), package: package.into() };
    let ecp5 = |device: &str| Family::Ecp5 { device: device.into(), package: "CABGA381".into(), speed: 6 };
    match part {
        Part::Ice40Up5k => ice40("up5k", "sg48"),
        Part::Ice40Hx8k => ice40("hx8k", "ct256"),
        Part::Ecp5Lfe25 => ecp5("25k"),
        Part::Ecp5Lfe85 => ecp5("85k"),
    }
}

fn fault(verdict: &Verdict) -> Option<String> {
    if let Some(first) = &verdict.compared.first {
        return Some(format!("{} on the gates of {}: {first}", verdict.model, verdict.preset));
    }
    if verdict.cells_as_expected {
        return None;
    }
    let (has, wants) = (Blocks::from(&verdict.cells), verdict.expected);
    Some(format!(
        "{}: the netlist has {} DSPs, {} block RAMs and {} SPRAMs; the engine instantiates {}, {} and {}: Yosys made logic of the others",
        verdict.preset, has.dsp, has.bram, has.spram, wants.dsp, wants.bram, wants.spram
    ))
}

fn text(verdict: &Verdict) -> String {
    let Verdict { model, preset, part, inputs, seed, compared, cells, .. } = verdict;
    let stalls = if verdict.stalls { ", random memory stalls" } else { "" };
    let plural = if *inputs == 1 { "" } else { "s" };
    let as_expected = if verdict.cells_as_expected { "as the engine has" } else { "not what the engine has" };
    format!(
        "{model} on the gates of {preset} ({part}, Yosys {}), {inputs} input{plural}, seed {seed}{stalls}: {} mismatches\n\
         {} cycles in lock-step with the Verilog, {} outputs equal to the golden model's\n\
         {} LUT4, {} flip-flops; {} DSPs, {} block RAMs, {} SPRAMs: {as_expected}\n",
        verdict.yosys,
        compared.mismatches,
        thousands(compared.cycles),
        compared.tensors,
        thousands(cells.lut4),
        thousands(cells.ff),
        cells.dsp,
        cells.bram,
        cells.spram,
    )
}
