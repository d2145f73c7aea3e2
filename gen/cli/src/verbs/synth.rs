//! `cortado synth`: how large and how fast an engine is on its part.

use crate::console::Console;
use crate::failure::{Failure, Outcome};
use crate::preset::PresetChoice;
use crate::synth::{synth, Part, Pins, RouteRequest, SynthError, SynthReport, SynthRequest};
use crate::table::{thousands, Table};
use crate::{files, rtl};
use clap::Args;
use cortado_arch::{Architecture, Family};
use cortado_hw::engine;
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
    let arch = arguments.preset.load()?;
    let pins = arguments.pins.clone().map_or(Pins::Harness, Pins::Constraints);
    let progress = console.progress(1);
    progress.doing(format!("synthesising {}", arch.name));
    let figures = synthesise(&arch, (!arguments.no_route).then_some((arguments.seeds.as_slice(), pins)))?;
    drop(progress);
    let report = Report { preset: arch.name, version: rtl::VERSION, figures };
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
pub fn synthesise(arch: &Architecture, route: Option<(&[u32], Pins)>) -> Result<SynthReport, Failure> {
    let part = part(arch)?;
    let source = files::build().join(format!("rtl/{}.v", arch.name));
    files::write(&source, rtl::verilog(arch)?.as_bytes())?;
    let requested_mhz = f64::from(clock(arch)?);
    let route = route.map(|(seeds, pins)| RouteRequest { requested_mhz, seeds: seeds.to_vec(), pins });
    let request = SynthRequest {
        route,
        out_dir: files::build().join("synth"),
        tools_dir: files::tools(),
        ..SynthRequest::new(&source, engine::TOP, part, std::path::Path::new("."))
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

pub(super) fn part(arch: &Architecture) -> Result<Part, Failure> {
    let name = match &arch.family {
        Family::Generic => {
            return Err(Failure::Refused(format!(
                "{} is for simulation and has no part; `cortado presets` shows those that have one",
                arch.name
            )))
        }
        Family::Ice40 { device, package } => format!("ice40-{device}-{package}"),
        Family::Ecp5 { device, package, .. } => format!("ecp5-{device}-{}", package.to_lowercase()),
    };
    name.parse().map_err(|error: String| Failure::Refused(format!("{}: {error}", arch.name)))
}

/// The clock to reach, in MHz: the repository's for its presets, else the preset's own.
fn clock(arch: &Architecture) -> Result<u32, Failure> {
    let clocks: Clocks = toml::from_str(CLOCKS).map_err(Failure::refused)?;
    Ok(clocks.mhz.get(&arch.name).copied().unwrap_or(arch.clock_mhz))
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
        let engines = cortado_arch::preset::builtin();
        assert!(!engines.is_empty());
        for arch in engines {
            if arch.family == Family::Generic {
                assert!(part(&arch).is_err(), "{}", arch.name);
                continue;
            }
            assert!(part(&arch).is_ok(), "{}", arch.name);
            let clock = clock(&arch).expect("clocks.toml is read");
            assert_eq!(clock, arch.clock_mhz, "{}: clocks.toml and the preset differ", arch.name);
        }
    }
}
