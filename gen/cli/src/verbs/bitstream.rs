//! `cortado bitstream`: what configures a board with an engine, its memory and its host link.

use super::synth::{failure, part, table};
use crate::attached::no_top;
use crate::console::Console;
use crate::failure::{Failure, Outcome};
use crate::preset::{Engine, PresetChoice};
use crate::synth::{pack, synth, Bitstream, Pins, RouteRequest, SynthReport, SynthRequest};
use crate::table::thousands;
use crate::{files, rtl};
use clap::Args;
use cortado_arch::board_top::BoardTop;
use cortado_arch::Architecture;
use serde::Serialize;
use std::path::Path;

/// The input of the tops that the board's oscillator drives.
const CLOCK: &str = "clk";

/// Pin constraints of each board, with the name of their file.
const PINS: &[(&str, &str, &str)] = &[
    ("icebreaker", "icebreaker.pcf", include_str!("../../../../constraints/ice40/icebreaker.pcf")),
    ("ulx3s-25f", "ulx3s.lpf", ULX3S),
    ("ulx3s-85f", "ulx3s.lpf", ULX3S),
];
const ULX3S: &str = include_str!("../../../../constraints/ecp5/ulx3s.lpf");

/// Arguments of `cortado bitstream`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    preset: PresetChoice,
    #[command(flatten)]
    seeds: Seeds,
}

/// The seeds of a board's place and route.
#[derive(Args, Debug)]
pub struct Seeds {
    /// Seeds of place and route, tried side by side until one meets the clock
    #[arg(long, value_name = "SEEDS", value_delimiter = ',', default_value = "1,2,3,4,5,6")]
    seeds: Vec<u32>,
}

/// A bitstream and the figures of what is in it.
#[derive(Serialize)]
pub struct Report {
    preset: String,
    board: &'static str,
    version: &'static str,
    #[serde(flatten)]
    pub bitstream: Bitstream,
    #[serde(flatten)]
    figures: SynthReport,
}

/// Makes the bitstream of a preset's board.
///
/// # Errors
/// As [`make`].
pub fn run(arguments: &Arguments, console: Console) -> Outcome {
    let arch = arguments.preset.load()?;
    let top = BoardTop::of(&arch).ok_or_else(|| no_top(&arch))?;
    let report = make(&arch, top, &arguments.seeds, console)?;
    console.answer(&report, text)
}

/// Makes the bitstream of `arch` on a board, or takes what was made of the same before.
///
/// # Errors
/// A tool is missing or refuses, or no seed meets the clock: then no bitstream is made.
pub fn make(arch: &Architecture, top: &BoardTop, seeds: &Seeds, console: Console) -> Result<Report, Failure> {
    let progress = console.progress(1);
    progress.doing(format!("{} for the board {}", arch.name, top.name));
    let figures = route(arch, top, &seeds.seeds)?;
    if let Some(routed) = figures.routed.as_ref().filter(|routed| !routed.met) {
        return Err(Failure::Check(format!(
            "{} on {} reaches {:.1} MHz with the best of {} seeds and needs {:.1}: no bitstream made; try other --seeds",
            arch.name,
            top.name,
            routed.fmax_mhz,
            routed.seeds.len(),
            routed.requested_mhz
        )));
    }
    let packed = pack(&figures, &files::tools()).map_err(failure)?;
    let extension = packed.bitstream.extension().unwrap_or_default();
    let path = files::build().join("bitstream").join(&arch.name).with_extension(extension);
    let bytes = files::read(&packed.bitstream, packed.bytes, "a bitstream")?;
    files::write(&path, &bytes)?;
    let bitstream = Bitstream { bitstream: path, ..packed };
    Ok(Report { preset: arch.name.clone(), board: top.name, version: rtl::VERSION, bitstream, figures })
}

/// Routes the board's whole top with its pins, for the clock its PLL makes.
///
/// # Errors
/// A tool is missing or refuses.
pub fn route(arch: &Architecture, top: &BoardTop, seeds: &[u32]) -> Result<SynthReport, Failure> {
    let refused = |what: &str| Failure::Refused(format!("{}: {} has no {what}", arch.name, top.name));
    let part = part(&Engine::Inference(arch.clone()))?;
    let pll = top.pll(arch).ok_or_else(|| refused("setting of its PLL for the preset's clock"))?;
    let (_, name, pins) = PINS.iter().find(|(board, ..)| *board == top.name).ok_or_else(|| refused("constraints"))?;
    let source = files::build().join(format!("rtl/{}-board.v", arch.name));
    files::write(&source, rtl::board(&top.fit(arch), top)?.as_bytes())?;
    let constraints = files::build().join("constraints").join(name);
    files::write(&constraints, pins.as_bytes())?;
    let request = SynthRequest {
        clock: CLOCK.to_owned(),
        route: Some(RouteRequest {
            requested_mhz: pll.khz(top.oscillator_khz()) / 1e3,
            seeds: seeds.to_vec(),
            pins: Pins::Constraints(constraints),
        }),
        out_dir: files::build().join("synth"),
        tools_dir: files::tools(),
        ..SynthRequest::new(&source, top.module, part, Path::new("."))
    };
    synth(&request).map_err(failure)
}

fn text(report: &Report) -> String {
    format!(
        "{} on {}\n{}bitstream    {}, {} bytes\n",
        report.preset,
        report.board,
        table(&report.figures),
        report.bitstream.bitstream.display(),
        thousands(report.bitstream.bytes)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Pins of the packages that carry a signal of a design; power, ground and configuration left out.
    /// SG48: FPGA-DS-02008, the package's pin list.
    fn package(board: &str) -> Vec<&'static str> {
        match board {
            "icebreaker" => vec![
                "2", "3", "4", "6", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "23",
                "25", "26", "27", "28", "31", "32", "34", "35", "36", "37", "38", "39", "40", "41", "42", "43", "44",
                "45", "46", "47", "48",
            ],
            // Of CABGA381 those that the board's own file names.
            _ => vec![
                "A16", "B2", "C1", "C2", "D1", "D2", "D6", "D7", "D8", "E1", "E2", "E7", "E8", "F1", "G2", "H3", "H16",
                "K3", "K4", "L1", "L2", "L3", "L4", "M1", "M3", "N1", "N3", "N4", "R1", "R18", "T1", "U1", "V1",
            ],
        }
    }

    /// Port and pin of a line of a constraint file that places one.
    fn placed(line: &str) -> Option<(&str, &str)> {
        let words: Vec<&str> =
            line.split(|c: char| c.is_whitespace() || "\";".contains(c)).filter(|w| !w.is_empty()).collect();
        match words[..] {
            ["set_io", .., port, pin] | ["LOCATE", "COMP", port, "SITE", pin] => Some((port, pin)),
            _ => None,
        }
    }

    #[test]
    fn every_port_of_every_top_has_one_pin_of_the_package() {
        for arch in cortado_arch::preset::builtin() {
            let Some(top) = BoardTop::of(&arch) else { continue };
            let text = rtl::board(&top.fit(&arch), top).expect("the top is emitted");
            let ports = cortado_cosim::parse_ports(top.module, &text).expect("the top's ports are plain");
            let (.., pins) = PINS.iter().find(|(board, ..)| *board == top.name).expect("constraints");
            let pins: BTreeMap<&str, &str> = pins.lines().filter_map(placed).collect();
            let names: Vec<&str> = ports.iter().map(|port| port.name.as_str()).collect();
            for name in &names {
                let pin = pins.get(name).unwrap_or_else(|| panic!("{}: {name} has no pin", top.name));
                assert!(package(top.name).contains(pin), "{}: {name} is at {pin}, which is no pin", top.name);
                assert_eq!(pins.values().filter(|other| *other == pin).count(), 1, "{}: {pin} twice", top.name);
            }
            assert_eq!(pins.len(), names.len(), "{}: pins of no port", top.name);
        }
    }
}
