//! Verilog to figures: maps a design with Yosys, routes it with nextpnr, and reads their reports.
//!
//! ```text
//! Verilog ─▶ yosys ─▶ netlist.json ─▶ harness ─▶ nextpnr ─▶ report, chip file
//!                     netlist.v       (no pins)  (per seed)
//! ```
//!
//! Both steps are kept by the hash of what goes into them, tool versions included, so asking again costs the time
//! to start the tools. Nothing here knows a preset or a board: the caller names files, part and clock.

mod cache;
mod error;
mod harness;
mod key;
mod nextpnr;
mod pack;
mod part;
#[cfg(test)]
mod scratch;
mod seeds;
#[cfg(test)]
mod tests;
mod tools;
mod yosys;

pub use error::SynthError;
pub use harness::Harness;
pub use pack::{pack, Bitstream};
pub use part::Part;
pub use yosys::Cells;

use key::Key;
use nextpnr::Placed;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::{fs, thread};
use tools::Tool;

/// Where a design's ports go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pins {
    /// To scan registers behind three free pins: for the figures of a design without a board.
    Harness,
    /// To the pins in this file, PCF for iCE40 and LPF for ECP5; every port must be in it.
    Constraints(PathBuf),
}

/// Place and route: at which clock, from which seeds, to which pins.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteRequest {
    /// The clock asked for, in MHz.
    pub requested_mhz: f64,
    /// Seeds in the order they are tried; the search ends with the first that meets the clock.
    pub seeds: Vec<u32>,
    /// Where the ports go.
    pub pins: Pins,
}

/// What is to be synthesised, for which part, and how far.
#[derive(Clone, Debug, PartialEq)]
pub struct SynthRequest {
    /// The design's Verilog files.
    pub sources: Vec<PathBuf>,
    /// Files the sources read with `$readmemh`, by paths relative to the current folder. Yosys
    /// runs in another folder, to which they are copied.
    pub data: Vec<PathBuf>,
    /// The top module's name.
    pub top: String,
    /// The top module's clock input.
    pub clock: String,
    /// The part to map to.
    pub part: Part,
    /// Lets Yosys make SB_MAC16 from multiplications on the UP5K. Leave it off: in some designs this drops
    /// registers without a message.
    pub infer_dsp: bool,
    /// Place and route, or nothing but the cell counts.
    pub route: Option<RouteRequest>,
    /// Where results are kept; `build/synth` by custom.
    pub out_dir: PathBuf,
    /// The folder the tools are looked for before the path; `build/tools/venv/bin` by custom.
    pub tools_dir: PathBuf,
}

impl SynthRequest {
    /// Cell counts of one file, in the customary folders below `root`, with a clock called `clock`.
    pub fn new(source: &Path, top: &str, part: Part, root: &Path) -> SynthRequest {
        SynthRequest {
            sources: vec![source.to_owned()],
            data: Vec::new(),
            top: top.to_owned(),
            clock: "clock".to_owned(),
            part,
            infer_dsp: false,
            route: None,
            out_dir: root.join("build/synth"),
            tools_dir: root.join("build/tools/venv/bin"),
        }
    }
}

/// The figures of a design.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SynthReport {
    /// The top module's name.
    pub top: String,
    /// The part it was mapped to.
    pub part: Part,
    /// The mapped cells.
    #[serde(flatten)]
    pub cells: Cells,
    /// Yosys' version.
    pub yosys: String,
    /// Wall time of Yosys, in seconds, when it ran.
    pub synth_seconds: f64,
    /// The folder with `netlist.json`, `netlist.v` (for gate-level simulation), `stat.json` and `yosys.log`.
    pub netlist_dir: PathBuf,
    /// The routed design, where routing was asked for.
    #[serde(flatten)]
    pub routed: Option<RoutedReport>,
}

/// The figures of a routed design, of the best seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoutedReport {
    /// The clock reached after routing, of the slowest clock domain, in MHz.
    pub fmax_mhz: f64,
    /// The clock asked for, in MHz.
    pub requested_mhz: f64,
    /// Whether the clock asked for was reached.
    pub met: bool,
    /// Logic cells of the design after packing, harness excluded: TRELLIS_COMB or ICESTORM_LC.
    pub comb: u64,
    /// Logic cells of the part.
    pub comb_available: u64,
    /// What was added for the ports; nothing where pins were given.
    pub harness: Harness,
    /// The seed these figures are of.
    pub seed: u32,
    /// The clock of every seed tried, in MHz, in the order tried.
    pub seeds: Vec<SeedReport>,
    /// nextpnr's version.
    pub nextpnr: String,
    /// Wall time of nextpnr for this seed, in seconds, when it ran.
    pub route_seconds: f64,
    /// The routed chip, input of icepack (`.asc`) or ecppack (`.config`); `report.json` and `nextpnr.log` are
    /// beside it.
    pub chip: PathBuf,
}

/// The clock one seed reached.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedReport {
    /// The seed.
    pub seed: u32,
    /// The clock, in MHz.
    pub fmax_mhz: f64,
}

/// Synthesises a design and, where asked, places and routes it.
///
/// A clock that is not met is a result, told by [`RoutedReport::met`]; of the seeds tried the fastest is reported.
///
/// # Errors
/// [`SynthError::Request`] before anything runs; otherwise what the tools, their reports or the files refuse. Logs
/// of a failed run are kept in a folder that ends in `.failed`.
pub fn synth(request: &SynthRequest) -> Result<SynthReport, SynthError> {
    check(request)?;
    let yosys = Tool::yosys(&request.tools_dir)?;
    let nextpnr = match &request.route {
        Some(_) => Some(Tool::nextpnr(request.part.family(), &request.tools_dir)?),
        None => None,
    };
    fs::create_dir_all(&request.out_dir).map_err(SynthError::io(&request.out_dir))?;

    let job = yosys::Job {
        sources: &request.sources,
        data: &request.data,
        top: &request.top,
        part: request.part,
        infer_dsp: request.infer_dsp,
    };
    let mut key = Key::new("map 1").text(&yosys.version).text(&job.recipe());
    for source in &request.sources {
        key = key.file(source)?;
    }
    for data in &request.data {
        // The sources name these files, so their names count as well.
        key = key.text(&data.to_string_lossy()).file(data)?;
    }
    let name = format!("{}-{}-{}", request.top, request.part, key.short());
    let netlist_dir = request.out_dir.join(name);
    let mapped = cache::kept(&netlist_dir, |folder| job.run(&yosys, folder))?;
    let routed = match (&request.route, nextpnr) {
        (Some(wanted), Some(nextpnr)) => Some(route(request, wanted, &nextpnr, &netlist_dir, &key)?),
        _ => None,
    };
    Ok(SynthReport {
        top: request.top.clone(),
        part: request.part,
        cells: mapped.cells,
        yosys: yosys.version,
        synth_seconds: mapped.seconds,
        netlist_dir,
        routed,
    })
}

/// Routes the netlist in `mapped`, which was made from what `key` stands for, with one seed after the other.
fn route(
    request: &SynthRequest,
    wanted: &RouteRequest,
    nextpnr: &Tool,
    mapped: &Path,
    key: &Key,
) -> Result<RoutedReport, SynthError> {
    let job = nextpnr::Job {
        top: &request.top,
        clock: &request.clock,
        part: request.part,
        pins: &wanted.pins,
        requested_mhz: wanted.requested_mhz,
        mapped,
    };
    let mut key = key.clone().text("route 2").text(&nextpnr.version).text(&wanted.requested_mhz.to_string());
    key = match &wanted.pins {
        Pins::Harness => key.text("harness").text(&request.clock),
        Pins::Constraints(file) => key.text("pins").file(file)?,
    };
    let folder = |seed: u32| mapped.join(format!("seed-{seed}-{}", key.short()));
    let tried: Vec<(u32, Placed)> = seeds::try_until(
        &wanted.seeds,
        thread::available_parallelism().map_or(1, usize::from),
        |seed| cache::kept(&folder(seed), |work| job.run(nextpnr, seed, work)),
        |placed| placed.fmax_mhz >= wanted.requested_mhz,
    )?;
    let seeds = tried.iter().map(|(seed, placed)| SeedReport { seed: *seed, fmax_mhz: placed.fmax_mhz });
    let seeds = seeds.collect();
    let (seed, best) = tried
        .into_iter()
        .reduce(|best, next| if next.1.fmax_mhz > best.1.fmax_mhz { next } else { best })
        .ok_or_else(no_seeds)?;
    Ok(RoutedReport {
        fmax_mhz: best.fmax_mhz,
        requested_mhz: wanted.requested_mhz,
        met: best.fmax_mhz >= wanted.requested_mhz,
        comb: best.comb,
        comb_available: best.comb_available,
        harness: best.harness,
        seed,
        seeds,
        nextpnr: nextpnr.version.clone(),
        route_seconds: best.seconds,
        chip: folder(seed).join(nextpnr::chip_file(request.part.family())),
    })
}

fn no_seeds() -> SynthError {
    SynthError::Request("no seed given; give at least one, as in seeds = [1]".to_owned())
}

/// Refuses what the tools would misread: names end up in scripts and in folders' names.
fn check(request: &SynthRequest) -> Result<(), SynthError> {
    let refuse = |what: String| Err(SynthError::Request(what));
    for (what, name) in [("top", &request.top), ("clock", &request.clock)] {
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !starts || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return refuse(format!("{what} is {name:?}, not a plain Verilog name (letters, digits and _)"));
        }
    }
    if request.sources.is_empty() {
        return refuse("no Verilog file given; give at least one".to_owned());
    }
    let Some(route) = &request.route else {
        return Ok(());
    };
    if route.seeds.is_empty() {
        return Err(no_seeds());
    }
    // NaN fails this comparison too.
    if !(route.requested_mhz > 0.0 && route.requested_mhz <= 1000.0) {
        return refuse(format!("requested clock is {} MHz; give more than 0 and at most 1000", route.requested_mhz));
    }
    Ok(())
}
