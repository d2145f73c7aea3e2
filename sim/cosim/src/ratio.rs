//! How much speed the harness costs: the figure `harness.ratio`.

use crate::engine::{EngineHarness, RunError, RunOptions};
use crate::model::{Model, SimError};
use crate::tool::Verilator;
use crate::BuildOptions;

const PLAIN: &str = include_str!("../shim/plain.h");

/// Simulation speed with and without the harness.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HarnessRatio {
    /// Clock cycles per second of processor time under [`EngineHarness`], the best of the repetitions.
    pub harness_cycles_per_second: f64,
    /// The same under a plain C++ loop with a memory without timing, counters or checks.
    pub plain_cycles_per_second: f64,
}

impl HarnessRatio {
    /// Harness over plain loop; 1 means the harness costs nothing.
    pub fn ratio(&self) -> f64 {
        self.harness_cycles_per_second / self.plain_cycles_per_second
    }
}

/// Runs the program in `memory` on the engine, under the harness and under a plain C++ loop in turn, `repetitions`
/// times each (at least once), and takes the best of each, which other load on the machine disturbs least.
///
/// # Errors
/// As [`EngineHarness::build`] and [`EngineHarness::run`], and when the program does not end well.
pub fn harness_ratio(
    verilator: &Verilator,
    top: &str,
    verilog: &str,
    build: &BuildOptions,
    memory: &[u8],
    options: &RunOptions,
    repetitions: usize,
) -> Result<HarnessRatio, RunError> {
    let mut harness = EngineHarness::build(verilator, top, verilog, build)?;
    let build = BuildOptions { trace: None, extra_cpp: PLAIN.into(), ..build.clone() };
    let plain = Model::build_with(verilator, top, verilog, &build, true)?;
    let mut best = HarnessRatio { harness_cycles_per_second: 0.0, plain_cycles_per_second: 0.0 };
    for _ in 0..repetitions.max(1) {
        let harness = speed(&plain, || harness_cycles(&mut harness, memory, options))?;
        let by_hand = speed(&plain, || plain_cycles(&plain, memory, options))?;
        best.harness_cycles_per_second = best.harness_cycles_per_second.max(harness);
        best.plain_cycles_per_second = best.plain_cycles_per_second.max(by_hand);
    }
    Ok(best)
}

/// Cycles per second of this thread's processor time.
fn speed(plain: &Model, cycles: impl FnOnce() -> Result<u64, RunError>) -> Result<f64, RunError> {
    // SAFETY: the symbol is that of shim/plain.h, and takes nothing.
    let seconds = unsafe { plain.symbol::<unsafe extern "C" fn() -> f64>("cosim_thread_seconds") }?;
    // SAFETY: it reads a clock.
    let begun = unsafe { seconds() };
    let cycles = cycles()?;
    // SAFETY: as above.
    let spent = unsafe { seconds() } - begun;
    Ok(cycles as f64 / spent.max(1e-9))
}

fn harness_cycles(harness: &mut EngineHarness, memory: &[u8], options: &RunOptions) -> Result<u64, RunError> {
    let report = harness.run(&mut memory.to_vec(), options)?;
    if !report.good() {
        return Err(RunError::Sim(SimError::Failed(format!("the program ended with {:?}", report.end))));
    }
    Ok(report.cycles)
}

fn plain_cycles(model: &Model, memory: &[u8], options: &RunOptions) -> Result<u64, RunError> {
    type Loop = unsafe extern "C" fn(*mut std::ffi::c_void, *mut u8, u64, u64, u64) -> u64;
    let mut image = memory.to_vec();
    let instance = model.instance(options.seed)?;
    // SAFETY: the symbol is that of shim/plain.h.
    let run = unsafe { model.symbol::<Loop>("cosim_plain_run") }?;
    let (program, size) = (options.program_address.into(), image.len() as u64);
    // SAFETY: simulation and image are alive, and the loop keeps to the image.
    let cycles = unsafe { run(instance.as_ptr(), image.as_mut_ptr(), size, program, options.max_cycles) };
    if cycles == 0 {
        return Err(RunError::Sim(SimError::Failed("the plain loop's program left the memory".into())));
    }
    Ok(cycles)
}
