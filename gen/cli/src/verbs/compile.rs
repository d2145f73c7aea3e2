//! `cortado compile`: a network as a program and a memory image for one engine.

use crate::console::Console;
use crate::failure::{Failure, Outcome};
use crate::model::ModelChoice;
use crate::preset::PresetChoice;
use crate::table::{thousands, Table};
use crate::{files, rtl};
use clap::Args;
use cortado_arch::isa::INSTRUCTION_BYTES;
use cortado_arch::Architecture;
use cortado_map::{compile, CompileOptions, Compiled, Estimate, InstructionNote, TensorPlace};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Arguments of `cortado compile`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelChoice,
    #[command(flatten)]
    preset: PresetChoice,
    /// Folder for the files [default: build/<preset>/<model>]
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Store every tensor and fuse nothing, for comparisons
    #[arg(long)]
    observe: bool,
}

/// What `estimate.json` says, and `--json`.
#[derive(Serialize)]
struct Report<'a> {
    model: &'a str,
    preset: &'a str,
    version: &'static str,
    architecture_hash: String,
    /// Byte addresses of the two programs in the image.
    load_program: u32,
    run_program: u32,
    image_bytes: usize,
    /// Nodes left to the host.
    host_nodes: Vec<&'a str>,
    input: &'a TensorPlace,
    outputs: &'a [TensorPlace],
    #[serde(flatten)]
    estimate: Estimate,
    instructions: &'a [InstructionNote],
    /// Where the files are.
    folder: &'a Path,
    files: [&'static str; 5],
}

const FILES: [&str; 5] = ["image.bin", "load.bin", "program.bin", "program.lst", "estimate.json"];

/// Compiles and writes program, listing, image and estimate.
///
/// # Errors
/// The model or the preset is refused, the network does not fit the engine, or a file cannot be written.
pub fn run(arguments: &Arguments, console: Console) -> Outcome {
    let arch = arguments.preset.load()?;
    let model = arguments.model.read()?;
    let graph = model.import()?;
    let options = CompileOptions { observe: arguments.observe };
    let compiled = compile(&graph, &arch, &options)
        .map_err(|error| Failure::Refused(format!("{} does not run on {}:\n{error}", model.name, arch.name)))?;
    let folder = match &arguments.out {
        Some(folder) => folder.clone(),
        None => files::build().join(&arch.name).join(&model.name),
    };
    let name_of = |&index: &usize| graph.nodes.get(index).map(|node| node.name.as_str());
    let report = Report {
        model: &model.name,
        preset: &arch.name,
        version: rtl::VERSION,
        architecture_hash: format!("{:016x}", arch.hash()),
        load_program: compiled.load_program,
        run_program: compiled.run_program,
        image_bytes: compiled.image.len(),
        host_nodes: compiled.host_nodes.iter().filter_map(name_of).collect(),
        input: &compiled.input,
        outputs: &compiled.outputs,
        estimate: compiled.estimate,
        instructions: &compiled.instructions,
        folder: &folder,
        files: FILES,
    };
    write(&folder, &compiled, &report)?;
    console.answer(&report, |report| text(report, &arch))
}

fn write(folder: &Path, compiled: &Compiled, report: &Report) -> Outcome {
    let program = |first: u32, end: usize| compiled.image.get(first as usize..end).unwrap_or(&[]);
    let run_end = compiled.run_program as usize + compiled.instructions.len() * INSTRUCTION_BYTES;
    let json = serde_json::to_vec_pretty(report).map_err(Failure::refused)?;
    let contents: [&[u8]; 5] = [
        &compiled.image,
        program(compiled.load_program, compiled.run_program as usize),
        program(compiled.run_program, run_end),
        compiled.listing.as_bytes(),
        &json,
    ];
    for (name, bytes) in FILES.iter().zip(contents) {
        files::write(&folder.join(name), bytes)?;
    }
    Ok(())
}

fn text(report: &Report, arch: &Architecture) -> String {
    let estimate = &report.estimate;
    let mut table = Table::new(&["what", ">value", "of"]);
    let used = |words: usize, of: usize| [thousands(words as u64), thousands(of as u64)];
    for (name, [value, of]) in [
        ("instructions", [report.instructions.len().to_string(), String::new()]),
        ("activation words", used(estimate.activation_words, arch.activation_words)),
        ("weight words", used(estimate.weight_words, arch.weight_words)),
        ("parameter words", used(estimate.parameter_words, arch.parameter_words)),
        ("image bytes", [thousands(report.image_bytes as u64), thousands(arch.external.bytes)]),
        ("MACs", [thousands(estimate.macs), String::new()]),
        ("cycles, estimated", [thousands(estimate.cycles), String::new()]),
        ("utilisation, estimated", [format!("{:.3}", estimate.utilisation), String::new()]),
        ("utilisation, bound", [format!("{:.3}", estimate.utilisation_bound), String::new()]),
    ] {
        table.row([name.to_owned(), value, of]);
    }
    let mut text = format!("{} on {}\n{}", report.model, report.preset, table.text());
    if !report.host_nodes.is_empty() {
        text.push_str(&format!("left to the host: {}\n", report.host_nodes.join(", ")));
    }
    text.push_str(&format!("written to {}: {}\n", report.folder.display(), report.files.join(", ")));
    text
}
