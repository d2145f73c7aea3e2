//! `cortado synth`: how large and how fast an engine is on its part.

use crate::console::Console;
use crate::failure::{Failure, Outcome};
use crate::preset::{Engine, PresetChoice};
use crate::synth::{synth, Part, Pins, RouteRequest, SynthError, SynthReport, SynthRequest};
use crate::table::{thousands, Table};
use crate::{files, rtl};
use clap::Args;
use cortado_arch::Family;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The clocks the presets must reach.
const CLOCKS: &str = include_str!("../../../../constraints/clocks.toml");

/// Arguments of `cortado synth`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    preset: PresetChoice,
    /// Seeds of place and route, tried in order until one meets the clock
    #[arg(long, value_name = "SEEDS", value_delimiter = ',', default_value = "1,2,3")]
    seeds: Vec<u32>,
    /// Constraint file (.pcf or .lpf) that gives every port a pin [default: ports behind scan registers]
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    /// Stop after Yosys: cell counts only
    #[arg(long, conflicts_with_all = ["seeds", "pins"])]
    no_route: bool,
}

#[derive(Deserialize)]
struct Clocks {
    mhz: BTreeMap<String, u32>,
}

#[derive(Serialize)]
struct Report {
    preset: String,
    version: &'static str,
    #[serde(flatten)]
    figures: SynthReport,
}

/// Synthesises, places and routes a preset.
///
/// # Errors
/// The preset has no part, a tool is missing or refuses, or the clock is not met.
pub fn run(arguments: &Arguments, console: Console) -> Outcome {
    let engine = arguments.preset.engine()?;
    let pins = arguments.pins.clone().map_or(Pins::Harness, Pins::Constraints);
    let progress = console.progress(1);
    progress.doing(format!("synthesising {}", engine.name()));
    let figures = synthesise(&engine, (!arguments.no_route).then_some((arguments.seeds.as_slice(), pins)))?;
    drop(progress);
    let report = Report { preset: engine.name().to_owned(), version: rtl::VERSION, figures };
    console.answer(&report, text)?;
    match &report.figures.routed {
        Some(routed) if !routed.met => Err(Failure::Check(format!(
            "{} reaches {:.1} MHz; {} MHz were asked for",
            report.preset, routed.fmax_mhz, routed.requested_mhz
        ))),
        _ => Ok(()),
    }
}

/// Writes the preset's Verilog and synthesises it; routes it with the seeds and pins given.
///
/// # Errors
/// The preset has no part, or a tool is missing or refuses.
pub fn synthesise(engine: &Engine, route: Option<(&[u32], Pins)>) -> Result<SynthReport, Failure> {
    let part = part(engine)?;
    let source = files::build().join(format!("rtl/{}.v", engine.name()));
    files::write(&source, rtl::of(engine)?.as_bytes())?;
    let requested_mhz = f64::from(clock(engine)?);
    let route = route.map(|(seeds, pins)| RouteRequest { requested_mhz, seeds: seeds.to_vec(), pins });
    let request = SynthRequest {
        route,
        out_dir: files::build().join("synth"),
        tools_dir: files::tools(),
        ..SynthRequest::new(&source, engine.top(), part, std::path::Path::new("."))
    };
    synth(&request).map_err(failure)
}

/// What a tool refuses is a check that failed; all else is in the way of the check.
pub(super) fn failure(error: SynthError) -> Failure {
    match error {
        SynthError::ToolFailed { .. } => Failure::Check(error.to_string()),
        _ => Failure::refused(error),
    }
}

pub(super) fn part(engine: &Engine) -> Result<Part, Failure> {
    let name = match engine.family() {
        Family::Generic => {
            return Err(Failure::Refused(format!(
                "{} is for simulation and has no part; `cortado presets` shows those that have one",
                engine.name()
            )))
        }
        Family::Ice40 { device, package } => format!("ice40-{device}-{package}"),
        Family::Ecp5 { device, package, .. } => format!("ecp5-{device}-{}", package.to_lowercase()),
    };
    name.parse().map_err(|error: String| Failure::Refused(format!("{}: {error}", engine.name())))
}

/// The clock to reach, in MHz: the repository's for its presets, else the preset's own.
fn clock(engine: &Engine) -> Result<u32, Failure> {
    let clocks: Clocks = toml::from_str(CLOCKS).map_err(Failure::refused)?;
    Ok(clocks.mhz.get(engine.name()).copied().unwrap_or(engine.clock_mhz()))
}

fn text(report: &Report) -> String {
    format!("{} on {}\n{}", report.preset, report.figures.part, table(&report.figures))
}

/// The figures as a table.
pub(super) fn table(figures: &SynthReport) -> String {
    let cells = &figures.cells;
    let mut table = Table::new(&["what", ">value"]);
    for (name, count) in [
        ("LUT4", cells.lut4),
        ("flip-flops", cells.ff),
        ("carry cells", cells.carry),
        ("DSPs", cells.dsp),
        ("block RAMs", cells.bram),
        ("SPRAMs", cells.spram),
        ("LUT RAMs", cells.lutram),
    ] {
        table.row([name.to_owned(), thousands(count)]);
    }
    if let Some(routed) = &figures.routed {
        let of = format!("{} of {}", thousands(routed.comb), thousands(routed.comb_available));
        table.row(["logic cells, packed".to_owned(), of]);
        let met = if routed.met { "met" } else { "not met" };
        table.row(["clock".to_owned(), format!("{:.1} MHz", routed.fmax_mhz)]);
        table.row([format!("clock asked for, {met}"), format!("{:.1} MHz", routed.requested_mhz)]);
        table.row(["seed".to_owned(), routed.seed.to_string()]);
        table.row(["nextpnr".to_owned(), routed.nextpnr.clone()]);
    }
    table.row(["Yosys".to_owned(), figures.yosys.clone()]);
    table.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_with_a_part_has_one_the_tools_know_and_a_clock() {
        let engines = Engine::all();
        assert!(!engines.is_empty());
        for engine in engines {
            if *engine.family() == Family::Generic {
                assert!(part(&engine).is_err(), "{}", engine.name());
                continue;
            }
            assert!(part(&engine).is_ok(), "{}", engine.name());
            let clock = clock(&engine).expect("clocks.toml is read");
            assert_eq!(clock, engine.clock_mhz(), "{}: clocks.toml and the preset differ", engine.name());
        }
    }
}
