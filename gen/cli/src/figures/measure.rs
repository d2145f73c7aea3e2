//! How the figures are measured.

use super::SEED;
use crate::attached::no_top;
use crate::execution::{self, Run, Verilated};
use crate::failure::Failure;
use crate::inputs::{elements, random_values, tensor};
use crate::layers::{breakdown, utilisation, Breakdown};
use crate::preset::Engine;
use crate::synth::Pins;
use crate::verbs::bitstream;
use crate::verbs::explore::{space, Network};
use crate::verbs::synth::synthesise;
use crate::verbs::verilog::each;
use crate::{files, model, preset, rtl, single};
use cortado_arch::board_top::BoardTop;
use cortado_arch::Architecture;
use cortado_cosim::engine::{Begin, Jitter};
use cortado_cosim::{harness_ratio, BuildOptions, InitialValues};
use cortado_graph::ir::Graph;
use cortado_hw::engine;
use cortado_map::explore::uniform::Model;
use cortado_map::explore::Judgement;
use cortado_map::{compile, CompileOptions, Compiled};
use cortado_random::Rng;
use std::path::PathBuf;
use std::time::Instant;

/// Repetitions of a measurement of speed; the best counts, which other load disturbs least.
const REPETITIONS: usize = 3;

/// Seeds of place and route, tried in order until one meets the clock, as `cortado synth` does; the figure names its own.
const ROUTE_SEEDS: [u32; 3] = [1, 2, 3];

/// A value with what it was measured on and with.
pub struct Measured {
    /// In the figure's own unit.
    pub value: f64,
    /// The engine, or `all`.
    pub preset: String,
    /// The tool and its version.
    pub tool: String,
    /// Seed of what is random in it.
    pub seed: u64,
    /// Layer by layer, where there are layers.
    pub breakdown: Option<Breakdown>,
}

/// An inference in Verilator.
#[derive(Clone)]
pub struct Inference {
    run: Run,
    breakdown: Breakdown,
    macs: u64,
    arch: Architecture,
    tool: String,
}

impl Inference {
    /// Of the whole run, from start to end.
    pub fn utilisation(self) -> Measured {
        let value = utilisation(self.macs, self.run.cycles, self.arch.macs());
        self.measured(value)
    }

    /// Of the layers alone: less the arrival of the input and what follows the last layer.
    pub fn layer_utilisation(self) -> Measured {
        let cycles = self.breakdown.layers.iter().map(|layer| layer.cycles).sum();
        let value = utilisation(self.macs, cycles, self.arch.macs());
        self.measured(value)
    }

    /// Of the layer that uses the array best.
    pub fn best_layer(self) -> Measured {
        let of = |layer: &crate::layers::Layer| utilisation(layer.macs, layer.cycles, self.arch.macs());
        let value = self.breakdown.layers.iter().map(of).fold(0.0, f64::max);
        self.measured(value)
    }

    /// Cycles of the whole run.
    pub fn cycles(&self) -> u64 {
        self.run.cycles
    }

    /// Multiply-accumulates that count as work.
    pub fn macs(&self) -> u64 {
        self.macs
    }

    /// The engine.
    pub fn arch(&self) -> &Architecture {
        &self.arch
    }

    /// Seconds of one inference.
    pub fn wall_time(self) -> Measured {
        let value = self.run.seconds;
        self.measured(value)
    }

    fn measured(self, value: f64) -> Measured {
        Measured { value, preset: self.arch.name, tool: self.tool, seed: SEED, breakdown: Some(self.breakdown) }
    }
}

fn path(file: &str) -> PathBuf {
    files::data().join("mlperf_tiny").join(format!("{file}.tflite"))
}

/// Why a network's figure was not measured.
pub fn absent(file: &str) -> String {
    format!("no {}; set CORTADO_DATA to a folder with mlperf_tiny in it", path(file).display())
}

/// One inference of an MLPerf Tiny network; `None` when its file is not there.
///
/// # Errors
/// As [`infer`].
pub fn network(file: &str) -> Result<Option<Inference>, Failure> {
    let path = path(file);
    if !path.is_file() {
        return Ok(None);
    }
    let graph = model::read(&path.to_string_lossy())?.import()?;
    infer(&graph).map(Some)
}

fn compiled(graph: &Graph, arch: &Architecture) -> Result<Compiled, Failure> {
    compile(graph, arch, &CompileOptions::default())
        .map_err(|error| Failure::Refused(format!("{} does not run on {}:\n{error}", graph.name, arch.name)))
}

/// One inference of a graph in Verilator on the default preset. Its outputs must be the golden model's: a wrong
/// engine has no speed.
///
/// # Errors
/// The network does not map, Verilator is missing, or the outputs are wrong.
pub fn infer(graph: &Graph) -> Result<Inference, Failure> {
    infer_on(graph, preset::load(preset::DEFAULT)?, REPETITIONS)
}

/// The same on `arch`, the fastest of `repetitions`.
///
/// # Errors
/// As [`infer`].
pub fn infer_on(graph: &Graph, arch: Architecture, repetitions: usize) -> Result<Inference, Failure> {
    let compiled = compiled(graph, &arch)?;
    let input = random_values(&mut Rng::new(SEED), graph.data_type, elements(tensor(graph)?));
    let golden = cortado_golden::run(graph, &input).map_err(Failure::refused)?;
    let mut engine = Verilated::build(&arch, InitialValues::Fast, Jitter::default(), SEED)?;
    let mut best: Option<Run> = None;
    for _ in 0..repetitions {
        engine.load(&compiled)?;
        let run = engine.run(&compiled, &input)?;
        if best.as_ref().is_none_or(|best| run.seconds < best.seconds) {
            best = Some(run);
        }
    }
    let run = best.ok_or_else(|| Failure::refused("nothing was run"))?;
    let compared = crate::difference::compare(graph, &compiled, &compiled.tensors, &run.memory, &run.retired, &golden);
    if let Some(first) = compared.first {
        return Err(Failure::Check(format!("{} on {}: {first}", graph.name, arch.name)));
    }
    Ok(Inference {
        breakdown: breakdown(&compiled, &run.retired, run.cycles),
        run,
        macs: compiled.estimate.macs,
        tool: execution::version(&execution::verilator()?),
        arch,
    })
}

/// Speed of the harness against a plain loop, on the embedded network.
///
/// # Errors
/// Verilator is missing, or a run fails.
pub fn harness() -> Result<Measured, Failure> {
    let arch = preset::load(preset::DEFAULT)?;
    let graph = model::read("@fashion")?.import()?;
    let compiled = compiled(&graph, &arch)?;
    let input = random_values(&mut Rng::new(SEED), graph.data_type, elements(tensor(&graph)?));
    let joined = single::join(&compiled, &input)?;
    let verilator = execution::verilator()?;
    let build = BuildOptions::new(files::build().join("cosim"));
    let engine = Verilated::build(&arch, InitialValues::Fast, Jitter::default(), SEED)?;
    let cycles = compiled.estimate.cycles.saturating_add(compiled.image.len() as u64);
    let options = engine.options(joined.program, cycles, Begin::PowerOn);
    let text = rtl::verilog(&arch)?;
    let found = harness_ratio(&verilator, engine::TOP, &text, &build, &joined.memory, &options, 5 * REPETITIONS)
        .map_err(|error| Failure::Check(error.to_string()))?;
    Ok(Measured {
        value: found.ratio(),
        preset: arch.name,
        tool: execution::version(&verilator),
        seed: SEED,
        breakdown: None,
    })
}

/// Seconds to emit every preset's Verilog, as `cortado verilog --all` does, without writing it.
///
/// # Errors
/// An engine is refused.
pub fn emit() -> Result<Measured, Failure> {
    let engines = Engine::all();
    let begun = Instant::now();
    each(&engines, rtl::of)?;
    Ok(Measured {
        value: begun.elapsed().as_secs_f64(),
        preset: "all".to_owned(),
        tool: format!("cortado {}", rtl::VERSION),
        seed: SEED,
        breakdown: None,
    })
}

/// LUT4 of an engine as Yosys maps it.
///
/// # Errors
/// Yosys is missing or refuses.
pub fn luts(name: &str) -> Result<Measured, Failure> {
    let report = synthesise(&Engine::load(name)?, None)?;
    let (value, tool) = (report.cells.lut4 as f64, format!("Yosys {}", report.yosys));
    Ok(Measured { value, preset: name.to_owned(), tool, seed: SEED, breakdown: None })
}

/// Clock of an engine after place and route, in MHz.
///
/// # Errors
/// A tool is missing or refuses.
pub fn clock(name: &str) -> Result<Measured, Failure> {
    let report = synthesise(&Engine::load(name)?, Some((&ROUTE_SEEDS, Pins::Harness)))?;
    let Some(routed) = report.routed else {
        return Err(Failure::Check(format!("{name} was synthesised and not routed")));
    };
    let (value, seed) = (routed.fmax_mhz, routed.seed.into());
    Ok(Measured { value, preset: name.to_owned(), tool: format!("nextpnr {}", routed.nextpnr), seed, breakdown: None })
}

/// Clock of a board's top after place and route with the board's pins, in MHz; what it is made of stands beside the tools.
///
/// # Errors
/// A tool is missing or refuses, or the preset has no board with a top.
pub fn board_clock(name: &str) -> Result<Measured, Failure> {
    let arch = preset::load(name)?;
    let top = BoardTop::of(&arch).ok_or_else(|| no_top(&arch))?;
    let report = bitstream::route(&arch, top, &ROUTE_SEEDS)?;
    let Some(routed) = report.routed else {
        return Err(Failure::Check(format!("{name} was synthesised and not routed")));
    };
    let cells = report.cells;
    let tool = format!(
        "nextpnr {}, Yosys {}: {} LUT4, {} FF, {} DSP, {} block RAMs, {} SPRAMs; {:.0} s",
        routed.nextpnr,
        report.yosys,
        cells.lut4,
        cells.ff,
        cells.dsp,
        cells.bram,
        cells.spram,
        report.synth_seconds + routed.route_seconds
    );
    Ok(Measured { value: routed.fmax_mhz, preset: arch.name, tool, seed: routed.seed.into(), breakdown: None })
}

/// Seconds in which every engine for VGG16 on a ULX3S with an ECP5-85F is judged; the definition alone is read.
///
/// # Errors
/// The definition is refused, or no engine takes the network.
pub fn explore() -> Result<Measured, Failure> {
    let board = cortado_arch::board::board("ulx3s-85f").map_err(Failure::Refused)?;
    let begun = Instant::now();
    let graph = model::read("@vgg16")?.import_float()?;
    let judgement = Judgement { model: Model::Revised, batch: 1 };
    let found = space(&Network::Float(graph), board, judgement).map_err(Failure::refused)?;
    let seconds = begun.elapsed().as_secs_f64();
    if found.candidates.is_empty() {
        return Err(Failure::Check(format!("no engine of {} takes VGG16", board.name)));
    }
    Ok(Measured {
        value: seconds,
        preset: board.name.to_owned(),
        tool: format!("cortado {}, {} engines", rtl::VERSION, found.considered),
        seed: SEED,
        breakdown: None,
    })
}
