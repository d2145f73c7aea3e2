//! A mapped netlist to a routed one, its clock and its size.

use super::error::SynthError;
use super::harness::{self, Harness};
use super::part::{Family, Part};
use super::tools::Tool;
use super::yosys::NETLIST;
use super::Pins;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::Instant;

const REPORT: &str = "report.json";
const HARNESSED: &str = "harnessed.json";
/// Clock asked of nextpnr over the clock to be met.
const MARGIN: f64 = 1.2;

/// The mapped netlist as seen from a seed's folder, which lies in the netlist's.
const MAPPED: &str = "../netlist.json";

/// What one run of nextpnr gave.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Placed {
    pub(super) fmax_mhz: f64,
    pub(super) comb: u64,
    pub(super) comb_available: u64,
    pub(super) harness: Harness,
    pub(super) seconds: f64,
}

/// What nextpnr is asked to do, for any seed.
pub(super) struct Job<'a> {
    pub(super) top: &'a str,
    pub(super) clock: &'a str,
    pub(super) part: Part,
    pub(super) pins: &'a Pins,
    pub(super) requested_mhz: f64,
    /// The folder the mapped netlist is in.
    pub(super) mapped: &'a Path,
}

impl Job<'_> {
    /// Places and routes with one seed, leaving report, log and the routed chip in `folder`.
    pub(super) fn run(&self, nextpnr: &Tool, seed: u32, folder: &Path) -> Result<Placed, SynthError> {
        let (netlist, harness) = self.netlist(folder)?;
        let args = self.args(seed, netlist);
        let start = Instant::now();
        nextpnr.run(&args, folder, "nextpnr.log")?;
        let seconds = start.elapsed().as_secs_f64();
        let report = folder.join(REPORT);
        let text = fs::read_to_string(&report).map_err(SynthError::io(&report))?;
        let figures = read_report(&text, self.part.family()).map_err(|what| SynthError::report(&report, what))?;
        Ok(Placed {
            fmax_mhz: figures.fmax_mhz,
            comb: figures.comb.saturating_sub(harness.comb(self.part.family())),
            comb_available: figures.comb_available,
            harness,
            seconds,
        })
    }

    /// The netlist to route, relative to `folder`: as mapped, or with the port harness where no pins are given.
    /// Pin constraints are copied beside it.
    fn netlist(&self, folder: &Path) -> Result<(&'static str, Harness), SynthError> {
        if let Pins::Constraints(file) = self.pins {
            fs::copy(file, folder.join(self.pin_file())).map_err(SynthError::io(file))?;
            return Ok((MAPPED, Harness::default()));
        }
        let mapped = self.mapped.join(NETLIST);
        let text = fs::read(&mapped).map_err(SynthError::io(&mapped))?;
        let mut netlist: Value =
            serde_json::from_slice(&text).map_err(|error| SynthError::report(&mapped, error.to_string()))?;
        let family = self.part.family();
        let harness = harness::attach(&mut netlist, self.top, self.clock, family)
            .map_err(|what| SynthError::report(&mapped, what))?;
        let harnessed = folder.join(HARNESSED);
        fs::write(&harnessed, netlist.to_string()).map_err(SynthError::io(&harnessed))?;
        Ok((HARNESSED, harness))
    }

    fn pin_file(&self) -> &'static str {
        match self.part.family() {
            Family::Ice40 => "pins.pcf",
            Family::Ecp5 => "pins.lpf",
        }
    }

    fn args(&self, seed: u32, netlist: &str) -> Vec<String> {
        let family = self.part.family();
        let (chip_flag, pin_flag, free_flag) = match family {
            Family::Ice40 => ("--asc", "--pcf", "--pcf-allow-unconstrained"),
            Family::Ecp5 => ("--textcfg", "--lpf", "--lpf-allow-unconstrained"),
        };
        let mut args: Vec<String> = Vec::new();
        args.extend(self.part.nextpnr_args().iter().map(ToString::to_string));
        for (flag, value) in [
            ("--top", self.top),
            ("--json", netlist),
            ("--report", REPORT),
            (chip_flag, chip_file(family)),
            // The placer stops trying where it expects the clock to be met: asked for more, it places better.
            ("--freq", &(self.requested_mhz * MARGIN).to_string()),
            ("--seed", &seed.to_string()),
        ] {
            args.extend([flag, value].map(String::from));
        }
        // A missed clock is a figure to report, not a failure of the tool.
        args.push("--timing-allow-fail".to_owned());
        match self.pins {
            Pins::Constraints(_) => args.extend([pin_flag, self.pin_file()].map(String::from)),
            Pins::Harness => args.push(free_flag.to_owned()),
        }
        args
    }
}

/// The routed chip's file, which icepack or ecppack turns into a bitstream.
pub(super) fn chip_file(family: Family) -> &'static str {
    match family {
        Family::Ice40 => "routed.asc",
        Family::Ecp5 => "routed.config",
    }
}

#[derive(Debug, PartialEq)]
struct Figures {
    fmax_mhz: f64,
    comb: u64,
    comb_available: u64,
}

/// Reads the text of nextpnr's `--report`: the slowest clock and the logic cells used.
fn read_report(text: &str, family: Family) -> Result<Figures, String> {
    let report: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let clocks = report.get("fmax").and_then(Value::as_object).ok_or("no fmax in the report")?;
    let fmax_mhz = clocks
        .values()
        .filter_map(|clock| clock.get("achieved")?.as_f64())
        .reduce(f64::min)
        .ok_or("no clock in the report: the design has no path between registers")?;
    let comb = match family {
        Family::Ice40 => "ICESTORM_LC",
        Family::Ecp5 => "TRELLIS_COMB",
    };
    let count = |what: &str| {
        report
            .pointer(&format!("/utilization/{comb}/{what}"))
            .and_then(Value::as_u64)
            .ok_or_else(|| format!("no utilization of {comb}, {what}, in the report"))
    };
    Ok(Figures { fmax_mhz, comb: count("used")?, comb_available: count("available")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_clock_and_the_logic_cells_are_read() {
        let ice40 = r#"{"critical_paths": [], "fmax": {"clock$SB_IO_IN_$glb_clk": {"achieved": 143.25, "constraint": 24}},
            "utilization": {"ICESTORM_DSP": {"available": 8, "used": 0}, "ICESTORM_LC": {"available": 5280, "used": 11}}}"#;
        let figures = Figures { fmax_mhz: 143.25, comb: 11, comb_available: 5280 };
        assert_eq!(read_report(ice40, Family::Ice40), Ok(figures));
        let ecp5 = r#"{"fmax": {"$glbnet$a": {"achieved": 371.5, "constraint": 100}, "$glbnet$b": {"achieved": 90.5, "constraint": 80}},
            "utilization": {"TRELLIS_COMB": {"available": 24288, "used": 15}}}"#;
        let figures = Figures { fmax_mhz: 90.5, comb: 15, comb_available: 24288 };
        assert_eq!(read_report(ecp5, Family::Ecp5), Ok(figures));
    }

    #[test]
    fn a_report_without_the_figures_says_what_it_lacks() {
        for (text, says) in [
            (r#"{"utilization": {}}"#, "no fmax"),
            (r#"{"fmax": {}}"#, "no clock"),
            (r#"{"fmax": {"c": {"achieved": 9.0}}, "utilization": {}}"#, "TRELLIS_COMB"),
            ("", "EOF"),
        ] {
            let message = read_report(text, Family::Ecp5).expect_err("figures are missing");
            assert!(message.contains(says), "{message}");
        }
    }
}
