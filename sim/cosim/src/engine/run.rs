//! Running an engine to its end.

use std::fmt;
use std::mem::MaybeUninit;
use std::ops::ControlFlow;
use std::path::Path;

use super::interface::{EngineInterface, RawEngine, RawOptions};
use super::options::{Begin, RunOptions, TraceRequest};
use super::report::{End, RunReport};
use crate::compile::BuildError;
use crate::model::{Instance, Model, SimError};
use crate::tool::Verilator;
use crate::{BuildOptions, TraceFormat};

/// Cycles with reset high before a run from power-on.
const RESET_CYCLES: u64 = 4;

/// Cycles between two calls of a run's observer.
const STRIDE: u64 = 1 << 16;

/// An engine under Verilator with a memory beside it. Make one per thread; the cache makes further ones cheap.
pub struct EngineHarness {
    verilator: Verilator,
    top: String,
    verilog: String,
    options: BuildOptions,
    trace_format: TraceFormat,
    plain: Option<Model>,
    traced: Option<Model>,
    kept: Option<Instance>,
}

impl EngineHarness {
    /// Builds the engine `top` of the Verilog text, without trace; the traced model is built when a run asks for it,
    /// in the format `options.trace` names (VCD when it names none).
    ///
    /// # Errors
    /// As [`Model::build`], and when the ports are not those of [the contract](super::contract).
    pub fn build(verilator: &Verilator, top: &str, verilog: &str, options: &BuildOptions) -> Result<Self, BuildError> {
        let mut harness = EngineHarness {
            verilator: verilator.clone(),
            top: top.to_owned(),
            verilog: verilog.to_owned(),
            options: BuildOptions { trace: None, clock: "clock".into(), ..options.clone() },
            trace_format: options.trace.unwrap_or(TraceFormat::Vcd),
            plain: None,
            traced: None,
            kept: None,
        };
        harness.model(false)?;
        Ok(harness)
    }

    /// Format of traces, which is also what their files' names should end in.
    pub fn trace_format(&self) -> TraceFormat {
        self.trace_format
    }

    /// Runs the program that lies in `memory` until `done`.
    ///
    /// # Errors
    /// The options are out of bounds, the traced model cannot be built, the simulation fails, or `max_cycles` passed.
    /// A fault at the memory and an error code are not errors here: the report has them.
    pub fn run(&mut self, memory: &mut [u8], options: &RunOptions) -> Result<RunReport, RunError> {
        self.run_observed(memory, options, &mut |_| ControlFlow::Continue(()))
    }

    /// As [`EngineHarness::run`]; `observe` is called with the number of cycles run, every 65536, and may end the run.
    ///
    /// # Errors
    /// As [`EngineHarness::run`], and [`RunError::Interrupted`].
    pub fn run_observed(
        &mut self,
        memory: &mut [u8],
        options: &RunOptions,
        observe: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<RunReport, RunError> {
        options.check()?;
        let traced = options.trace.is_some();
        let model = self.model(traced)?.clone();
        let kept = self.kept.take().filter(|_| options.begin == Begin::Continue);
        if traced && kept.is_some() {
            return Err(RunError::Options("a continued run cannot be traced: the traced model is another one"));
        }
        let goes_on = kept.is_some();
        let mut instance = match kept {
            Some(instance) => instance,
            None => model.instance(options.seed)?,
        };
        if let Some(trace) = &options.trace {
            instance.open_trace(&trace.path)?;
        }
        let report = Run::begin(&instance, memory, raw_options(options, goes_on))?.finish(observe);
        instance.close_trace()?;
        let report = report?;
        if !traced {
            self.kept = Some(instance);
        }
        match report.end {
            End::OutOfCycles => Err(RunError::OutOfCycles { report: Box::new(report) }),
            _ => Ok(report),
        }
    }

    /// Repeats a run from power-on with a trace of the `nth` instruction that finished in it (from 0), and `margin`
    /// cycles on both sides; `report` is that of the run, `memory` must hold what it held before it.
    ///
    /// # Errors
    /// As [`EngineHarness::run`], and when fewer instructions finished.
    pub fn trace_instruction(
        &mut self,
        memory: &mut [u8],
        options: &RunOptions,
        report: &RunReport,
        nth: usize,
        margin: u64,
        path: &Path,
    ) -> Result<RunReport, RunError> {
        let window =
            report.window_of(nth, margin).ok_or(RunError::NotRetired { nth, retired: report.retired.len() })?;
        let end = window.end;
        let trace = TraceRequest { path: path.to_owned(), window: Some(window), stop_after: true };
        let max_cycles = options.max_cycles.max(end.saturating_add(1));
        self.run(memory, &RunOptions { trace: Some(trace), begin: Begin::PowerOn, max_cycles, ..options.clone() })
    }

    /// The model, built when it is not there yet.
    fn model(&mut self, traced: bool) -> Result<&Model, BuildError> {
        let place = if traced { &mut self.traced } else { &mut self.plain };
        let options = BuildOptions { trace: traced.then_some(self.trace_format), ..self.options.clone() };
        Ok(match place {
            Some(model) => model,
            None => place.insert(Model::build_with(&self.verilator, &self.top, &self.verilog, &options, true)?),
        })
    }
}

fn raw_options(options: &RunOptions, goes_on: bool) -> RawOptions {
    let memory = &options.memory;
    let trace = options.trace.as_ref();
    let window = trace.and_then(|trace| trace.window.clone()).unwrap_or(0..u64::MAX);
    RawOptions {
        program_address: options.program_address.into(),
        max_cycles: options.max_cycles,
        reset_cycles: RESET_CYCLES,
        continue_state: goes_on.into(),
        seed: options.seed,
        latency: memory.latency.into(),
        extra_latency: memory.jitter.extra_latency.into(),
        max_outstanding: memory.max_outstanding.into(),
        rate_numerator: memory.bandwidth.0.into(),
        rate_denominator: memory.bandwidth.1.into(),
        rate_shared: memory.shared_bandwidth.into(),
        burst_cycles: memory.burst_cycles.into(),
        read_gap: memory.jitter.read_gap.into(),
        command_stall: memory.jitter.command_stall.into(),
        write_stall: memory.jitter.write_stall.into(),
        trace_first: window.start,
        trace_end: window.end,
        stop_at_trace_end: trace.is_some_and(|trace| trace.stop_after).into(),
        digest: options.digest.into(),
    }
}

/// A run on the C++ side. It borrows the simulation and the memory, which its pointers lead to.
struct Run<'a> {
    instance: &'a Instance,
    engine: &'a EngineInterface,
    raw: *mut RawEngine,
    _memory: std::marker::PhantomData<&'a mut [u8]>,
}

impl<'a> Run<'a> {
    fn begin(instance: &'a Instance, memory: &'a mut [u8], options: RawOptions) -> Result<Self, RunError> {
        let Some(engine) = &instance.model().interface().engine else {
            return Err(RunError::Sim(SimError::Failed("the model has no cycle loop".into())));
        };
        // SAFETY: simulation and memory outlive this value; the C++ side copies the options.
        let raw = unsafe { (engine.begin)(instance.raw(), &options, memory.as_mut_ptr(), memory.len() as u64) };
        if raw.is_null() {
            instance.check(1)?;
        }
        Ok(Run { instance, engine, raw, _memory: std::marker::PhantomData })
    }

    fn finish(&mut self, observe: &mut dyn FnMut(u64) -> ControlFlow<()>) -> Result<RunReport, RunError> {
        loop {
            // SAFETY: `raw` is alive, and so are the simulation and the memory it uses.
            let status = unsafe { (self.engine.advance)(self.raw, STRIDE) };
            self.instance.check(status)?;
            let mut report = MaybeUninit::uninit();
            // SAFETY: the C++ side fills the whole structure; its pointers hold until the next call on `raw`.
            let raw = unsafe {
                (self.engine.report)(self.raw, report.as_mut_ptr());
                report.assume_init()
            };
            if raw.end != 0 {
                // SAFETY: as above.
                return Ok(unsafe { RunReport::from_raw(&raw) });
            }
            if observe(raw.cycles).is_break() {
                return Err(RunError::Interrupted { cycles: raw.cycles });
            }
        }
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        // SAFETY: made by `begin`, freed once.
        unsafe { (self.engine.free)(self.raw) };
    }
}

/// Why a run has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunError {
    /// An option is out of bounds.
    Options(&'static str),
    /// The engine did not finish in time.
    OutOfCycles {
        /// What was seen until then.
        report: Box<RunReport>,
    },
    /// The observer ended it.
    Interrupted {
        /// Cycles run.
        cycles: u64,
    },
    /// An instruction was to be traced that did not finish.
    NotRetired {
        /// Which, from 0.
        nth: usize,
        /// How many finished.
        retired: usize,
    },
    /// The traced model could not be built.
    Build(BuildError),
    /// The simulation failed.
    Sim(SimError),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Options(reason) => write!(f, "run options: {reason}"),
            RunError::OutOfCycles { report } => {
                write!(f, "the engine was not done after {} cycles; ", report.cycles)?;
                match report.retired.last() {
                    Some(last) => write!(f, "the last finished instruction is {} in cycle {}", last.index, last.cycle)?,
                    None => write!(f, "no instruction had finished")?,
                }
                write!(
                    f,
                    "; {} bytes were read, {} written: raise max_cycles or trace the end",
                    report.bytes_read, report.bytes_written
                )
            }
            RunError::Interrupted { cycles } => {
                write!(f, "the run was ended after {cycles} cycles")
            }
            RunError::NotRetired { nth, retired } => {
                write!(f, "instruction {nth} (from 0) cannot be traced: only {retired} finished")
            }
            RunError::Build(error) => error.fmt(f),
            RunError::Sim(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RunError {}

impl From<BuildError> for RunError {
    fn from(error: BuildError) -> Self {
        RunError::Build(error)
    }
}

impl From<SimError> for RunError {
    fn from(error: SimError) -> Self {
        RunError::Sim(error)
    }
}
