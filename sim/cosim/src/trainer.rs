//! A training engine under Verilator, with the memory behind its ports and the host's side of its queue of tasks.
//!
//! Ports as hw/docs/trainer.md has them. Each pair's port to memory moves beats in one direction or the other: reads and
//! writes share its bandwidth.

use std::ffi::c_void;
use std::fmt;
use std::mem::{size_of, MaybeUninit};

use crate::compile::BuildError;
use crate::model::{Instance, Model, SimError};
use crate::tool::Verilator;
use crate::{BuildOptions, MemoryModel};

const MEMORY: &str = include_str!("../shim/memory.h");
const TRAINER: &str = include_str!("../shim/trainer.h");

/// Sizes of the engine that the loop must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainerShape {
    /// Pairs, at most 8.
    pub pairs: usize,
    /// Units of a pair, 1 or 2.
    pub units: usize,
    /// Bytes of a beat of a pair's port.
    pub port_bytes: usize,
}

#[repr(C)]
struct RawOptions {
    pairs: u64,
    port_bytes: u64,
    units: u64,
    seed: u64,
    latency: u64,
    extra_latency: u64,
    max_outstanding: u64,
    rate_numerator: u64,
    rate_denominator: u64,
    burst_cycles: u64,
    read_gap: u64,
    command_stall: u64,
    write_stall: u64,
}

/// What the engine reported: a task's end.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskReport {
    /// Cycle since reset.
    pub cycle: u64,
    /// Tag and status; of a training whose gradient is not finite, the word and what it is.
    words: [u32; 4],
}

impl TaskReport {
    /// The task's tag.
    pub fn tag(&self) -> u16 {
        self.words[0] as u16
    }

    /// Its status, a number of `cortado_arch::trainer::task::Status`.
    pub fn status(&self) -> u32 {
        self.words[0] >> 16
    }

    /// The gradient's first word that is not finite, and its bits.
    pub fn not_finite(&self) -> (usize, u32) {
        (self.words[1] as usize, self.words[2])
    }
}

#[repr(C)]
struct RawState {
    cycles: u64,
    fault: u64,
    fault_address: u64,
    queued: u64,
    report_count: u64,
    reports: *const TaskReport,
    bytes_read: [u64; 8],
    bytes_written: [u64; 8],
    updating: [u64; 8],
    active: [u64; 16],
}

/// What has happened since reset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrainerCounts {
    pub cycles: u64,
    /// Bytes that each pair's port has read and written.
    pub bytes: Vec<[u64; 2]>,
    /// Cycles in which each pair's RMSProp moved parameters.
    pub updating: Vec<u64>,
    /// Cycles in which each unit's PEs had a step, pair after pair.
    pub active: Vec<u64>,
}

/// Why a trainer's simulation cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrainerSimError {
    Build(BuildError),
    Sim(SimError),
    /// The engine broke the memory's contract.
    Fault {
        cycle: u64,
        address: u64,
        what: &'static str,
    },
    /// No task ended in so many cycles.
    OutOfCycles {
        cycles: u64,
    },
}

impl fmt::Display for TrainerSimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrainerSimError::Build(error) => error.fmt(f),
            TrainerSimError::Sim(error) => error.fmt(f),
            TrainerSimError::Fault { cycle, address, what } => {
                write!(f, "cycle {cycle}, address {address:#010x}: {what}")
            }
            TrainerSimError::OutOfCycles { cycles } => write!(f, "no task ended in {cycles} cycles"),
        }
    }
}

impl std::error::Error for TrainerSimError {}

impl From<SimError> for TrainerSimError {
    fn from(error: SimError) -> Self {
        TrainerSimError::Sim(error)
    }
}

type Begin = unsafe extern "C" fn(*mut c_void, *const RawOptions, *mut u8, u64) -> *mut c_void;
type Push = unsafe extern "C" fn(*mut c_void, u32, *const u32, u64);
type Advance = unsafe extern "C" fn(*mut c_void, u64) -> i32;
type ReadState = unsafe extern "C" fn(*mut c_void, *mut RawState);
type Free = unsafe extern "C" fn(*mut c_void);

/// A training engine in simulation, from reset on.
pub struct TrainerHarness {
    raw: *mut c_void,
    push: Push,
    advance: Advance,
    state: ReadState,
    free: Free,
    instance: Instance,
    memory: Box<[u8]>,
    shape: TrainerShape,
    seen: usize,
}

impl TrainerHarness {
    /// Builds module `top` of the Verilog text, or takes it from the cache, and resets it beside `bytes` of memory.
    /// `registers` are its constants: ports and what they hold from now on.
    ///
    /// # Errors
    /// As [`Model::build`], or a constant's port is absent.
    pub fn new(
        verilator: &Verilator,
        (top, verilog): (&str, &str),
        options: &BuildOptions,
        shape: TrainerShape,
        (memory_model, bytes, seed): (&MemoryModel, usize, u64),
        registers: &[(&str, u32)],
    ) -> Result<Self, TrainerSimError> {
        let options = BuildOptions {
            clock: "clock".into(),
            trace: None,
            extra_cpp: [MEMORY, TRAINER].concat(),
            ..options.clone()
        };
        let model = Model::build(verilator, top, verilog, &options).map_err(TrainerSimError::Build)?;
        let mut instance = model.instance(seed)?;
        for (port, value) in registers {
            instance.poke(port, (*value).into())?;
        }
        let jitter = memory_model.jitter;
        let raw_options = RawOptions {
            pairs: shape.pairs as u64,
            port_bytes: shape.port_bytes as u64,
            units: shape.units as u64,
            seed,
            latency: memory_model.latency.into(),
            extra_latency: jitter.extra_latency.into(),
            max_outstanding: memory_model.max_outstanding.into(),
            rate_numerator: memory_model.bandwidth.0.into(),
            rate_denominator: memory_model.bandwidth.1.into(),
            burst_cycles: memory_model.burst_cycles.into(),
            read_gap: jitter.read_gap.into(),
            command_stall: jitter.command_stall.into(),
            write_stall: jitter.write_stall.into(),
        };
        let mut memory = vec![0; bytes].into_boxed_slice();
        // SAFETY: the library was built with shim/trainer.h, whose functions have these types; the instance and the memory
        // live as long as the harness, the memory at its place, and the C++ side copies the options.
        unsafe {
            let layout = model.symbol::<unsafe extern "C" fn() -> u64>("trainer_layout")?;
            if layout() != (size_of::<RawOptions>() as u64) << 32 | size_of::<RawState>() as u64 {
                return Err(SimError::Failed("its trainer structures differ from this program's".into()).into());
            }
            let begin = *model.symbol::<Begin>("trainer_begin")?;
            let (push, advance) =
                (*model.symbol::<Push>("trainer_push")?, *model.symbol::<Advance>("trainer_advance")?);
            let (state, free) = (*model.symbol::<ReadState>("trainer_state")?, *model.symbol::<Free>("trainer_free")?);
            let raw = begin(instance.as_ptr(), &raw_options, memory.as_mut_ptr(), bytes as u64);
            if raw.is_null() {
                return Err(SimError::Failed("the trainer could not be reset".into()).into());
            }
            Ok(Self { raw, push, advance, state, free, instance, memory, shape, seen: 0 })
        }
    }

    /// External memory.
    pub fn memory(&self) -> &[u8] {
        &self.memory
    }

    /// External memory, to be written between cycles.
    pub fn memory_mut(&mut self) -> &mut [u8] {
        &mut self.memory
    }

    /// Puts a task behind those that wait: its pair, and its words (`cortado_arch::trainer::task`).
    pub fn push(&mut self, pair: usize, task: &[u32]) {
        // SAFETY: `raw` is alive; the C++ side copies the words.
        unsafe { (self.push)(self.raw, pair as u32, task.as_ptr(), task.len() as u64) };
    }

    /// Runs until a task ends; reports come in the order of the ends.
    ///
    /// # Errors
    /// The simulation fails, the engine breaks the memory's contract, or nothing ends in `most_cycles`.
    pub fn next_report(&mut self, most_cycles: u64) -> Result<TaskReport, TrainerSimError> {
        let mut raw = self.raw_state();
        if raw.report_count as usize == self.seen {
            // SAFETY: `raw` is alive, and so are the simulation and the memory it uses.
            let status = unsafe { (self.advance)(self.raw, most_cycles) };
            self.instance.check(status)?;
            raw = self.raw_state();
        }
        let what = match raw.fault {
            0 if raw.report_count as usize == self.seen => {
                return Err(TrainerSimError::OutOfCycles { cycles: most_cycles });
            }
            0 => {
                // SAFETY: the pointer holds until the next call on `raw`, and has so many reports.
                let report = unsafe { *raw.reports.add(self.seen) };
                self.seen += 1;
                return Ok(report);
            }
            1 => "a command of no beats, beyond memory or at no multiple of the port's width",
            2 => "a command changed before it was taken",
            _ => "write data changed before they were taken",
        };
        Err(TrainerSimError::Fault { cycle: raw.cycles, address: raw.fault_address, what })
    }

    /// Counts since reset.
    pub fn counts(&self) -> TrainerCounts {
        let raw = self.raw_state();
        let TrainerShape { pairs, units, .. } = self.shape;
        TrainerCounts {
            cycles: raw.cycles,
            bytes: (0..pairs).map(|pair| [raw.bytes_read[pair], raw.bytes_written[pair]]).collect(),
            updating: raw.updating[..pairs].to_vec(),
            active: raw.active[..pairs * units].to_vec(),
        }
    }

    fn raw_state(&self) -> RawState {
        let mut state = MaybeUninit::uninit();
        // SAFETY: `raw` is alive; the C++ side fills the whole structure.
        unsafe {
            (self.state)(self.raw, state.as_mut_ptr());
            state.assume_init()
        }
    }
}

impl Drop for TrainerHarness {
    fn drop(&mut self) {
        // SAFETY: made by `trainer_begin`, freed once, before the simulation.
        unsafe { (self.free)(self.raw) };
    }
}
