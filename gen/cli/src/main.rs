//! `cortado`: from a trained network and a board to Verilog, a program, and proof that the two compute what the
//! golden model computes.
//!
//! Exit codes: 0 good, 1 a check failed, 2 bad input.

#![deny(unsafe_code)]

mod attached;
mod console;
mod difference;
mod execution;
mod failure;
mod figures;
mod files;
mod gates;
mod host;
mod idx;
mod inputs;
mod layers;
mod model;
mod plot;
mod preset;
mod roofline;
mod rtl;
mod single;
mod synth;
mod table;
mod training_engine;
mod verbs;
mod verification;

use clap::{Parser, Subcommand};
use console::Console;
use failure::Outcome;
use std::process::ExitCode;

#[derive(Parser, Debug)]
#[command(name = "cortado", version, about = "Neural-network engines for open FPGAs", arg_required_else_help = true)]
#[command(after_help = "Example:\n  cortado run")]
struct Cli {
    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// List the engines there are
    #[command(after_help = "Example:\n  cortado presets --json")]
    Presets,
    /// List the boards and what each offers
    #[command(after_help = "Example:\n  cortado boards")]
    Boards,
    /// Check the Verilog of the presets with Verilator
    #[command(after_help = "Example:\n  cortado lint --preset icebreaker-4x4")]
    Lint(verbs::lint::Arguments),
    /// Write the Verilog of an engine
    #[command(after_help = "Example:\n  cortado verilog --preset icebreaker-4x4 -o build/rtl")]
    Verilog(verbs::verilog::Arguments),
    /// List a model's layers, their work, and what is unsupported and why
    #[command(after_help = "Example:\n  cortado inspect model.tflite")]
    Inspect(verbs::inspect::Arguments),
    /// Make an int8 .tflite model of a float .onnx or .prototxt, with a calibration set
    #[command(
        after_help = "Example:\n  cortado quantise lenet.prototxt --calibrate train-images-idx3-ubyte -o lenet.tflite"
    )]
    Quantise(verbs::quantise::Arguments),
    /// Make program, listing, memory image and estimate
    #[command(after_help = "Example:\n  cortado compile model.tflite --preset ulx3s-85f-16x8 -o build/model")]
    Compile(verbs::compile::Arguments),
    /// Find the engine a board should carry for a network, by the revised roofline
    #[command(
        after_help = "Example:\n  cortado explore model.tflite --board ulx3s-85f -o mine.toml --plot roofline.svg"
    )]
    Explore(verbs::explore::Arguments),
    /// Run one inference
    #[command(
        after_help = "Example:\n  cortado run @fashion --sample 3 --on verilator\n  cortado run @fashion --preset icebreaker-4x4 --on board --port /dev/ttyUSB1"
    )]
    Run(verbs::run::Arguments),
    /// Compare the Verilog with the golden model, every tensor, bit for bit
    #[command(after_help = "Example:\n  cortado cosim @fashion --inputs 10 --stalls")]
    Cosim(verbs::cosim::Arguments),
    /// Compare the netlist with the Verilog it was made of, cycle by cycle, and with the golden model
    #[command(after_help = "Example:\n  cortado gates --preset icebreaker-4x4")]
    Gates(verbs::gates::Arguments),
    /// Synthesise, place and route: size and clock
    #[command(after_help = "Example:\n  cortado synth --preset icebreaker-4x4 --json")]
    Synth(verbs::synth::Arguments),
    /// Make the bitstream of a board: engine, memory and host link, placed and routed
    #[command(after_help = "Example:\n  cortado bitstream --preset icebreaker-4x4")]
    Bitstream(verbs::bitstream::Arguments),
    /// Write the bitstream of a board to its flash memory
    #[command(after_help = "Example:\n  cortado flash --preset icebreaker-4x4")]
    Flash(verbs::flash::Arguments),
    /// Measure the project's figures
    #[command(after_help = "Example:\n  cortado bench resnet8 conv3x3 --json")]
    Bench(verbs::bench::Arguments),
    /// Train an agent with A3C: learning curve and checkpoints
    #[command(
        after_help = "Example:\n  cortado train catch --preset fa3c-tiny --on verilator -o build/train/catch-verilog"
    )]
    Train(verbs::train::Arguments),
    /// Write the figures as an HTML page with plots
    #[command(after_help = "Example:\n  cortado report -o build/report.html")]
    Report(verbs::report::Arguments),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let console = Console::new(cli.json);
    match perform(&cli.verb, console) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = failure.message() {
                console.note(message);
            }
            failure.exit_code()
        }
    }
}

fn perform(verb: &Verb, console: Console) -> Outcome {
    match verb {
        Verb::Presets => verbs::presets::run(console),
        Verb::Boards => verbs::boards::run(console),
        Verb::Lint(arguments) => verbs::lint::run(arguments, console),
        Verb::Verilog(arguments) => verbs::verilog::run(arguments, console),
        Verb::Inspect(arguments) => verbs::inspect::run(arguments, console),
        Verb::Quantise(arguments) => verbs::quantise::run(arguments, console),
        Verb::Compile(arguments) => verbs::compile::run(arguments, console),
        Verb::Explore(arguments) => verbs::explore::run(arguments, console),
        Verb::Run(arguments) => verbs::run::run(arguments, console),
        Verb::Cosim(arguments) => verbs::cosim::run(arguments, console),
        Verb::Gates(arguments) => verbs::gates::run(arguments, console),
        Verb::Synth(arguments) => verbs::synth::run(arguments, console),
        Verb::Bitstream(arguments) => verbs::bitstream::run(arguments, console),
        Verb::Flash(arguments) => verbs::flash::run(arguments, console),
        Verb::Bench(arguments) => verbs::bench::run(arguments, console),
        Verb::Train(arguments) => verbs::train::run(arguments, console),
        Verb::Report(arguments) => verbs::report::run(arguments, console),
    }
}
