//! How a run of an engine goes: its memory, its limits, its trace.

use std::ops::Range;
use std::path::PathBuf;

use super::run::RunError;

/// Timing of the external memory. Its contents are the byte slice given to the run; address 0 is its first byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryModel {
    /// Cycles from the one that accepts a read command to the one that offers its first beat, at least 1.
    pub latency: u32,
    /// Bytes per cycle, as numerator and denominator, of each channel or of both together. A port moves at most one
    /// beat a cycle whatever this says.
    pub bandwidth: (u32, u32),
    /// Cycles that a channel is busy with each burst beside its beats.
    pub burst_cycles: u32,
    /// One bandwidth for reads and writes together, as with one memory bus, instead of one for each.
    pub shared_bandwidth: bool,
    /// Bursts a channel holds accepted and unfinished, at least 1; at the limit it takes no further command.
    pub max_outstanding: u32,
    /// Random stalls.
    pub jitter: Jitter,
}

impl Default for MemoryModel {
    /// Full speed: 1 cycle of latency, one beat a cycle on any port, none between bursts, 8 bursts outstanding, no jitter.
    fn default() -> Self {
        MemoryModel {
            latency: 1,
            bandwidth: (64, 1),
            burst_cycles: 0,
            shared_bandwidth: false,
            max_outstanding: 8,
            jitter: Jitter::default(),
        }
    }
}

/// Random stalls of the memory, repeatable by the run's seed. Probabilities are in 256ths per cycle, at most 255.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Jitter {
    /// Up to this many cycles are added to the latency of each read burst.
    pub extra_latency: u32,
    /// Probability that the next beat of read data is not offered in a cycle in which it could be.
    pub read_gap: u8,
    /// Probability that a command, of either channel, is not taken.
    pub command_stall: u8,
    /// Probability that write data are not taken.
    pub write_stall: u8,
}

impl Jitter {
    /// Stalls on everything, often.
    pub fn heavy() -> Self {
        Jitter { extra_latency: 40, read_gap: 90, command_stall: 128, write_stall: 90 }
    }
}

/// In which state the engine starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Begin {
    /// A fresh model, reset: runs with equal options and memory are equal.
    #[default]
    PowerOn,
    /// As the run before left it, without reset; the first run is always a fresh one.
    Continue,
}

/// What to trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceRequest {
    /// File to write, in the format the harness was built for. Cycle `c` begins at time `10 * c`.
    pub path: PathBuf,
    /// Cycles to trace; `None` for all from the one with `start`.
    pub window: Option<Range<u64>>,
    /// End the run where the window ends.
    pub stop_after: bool,
}

/// One run of an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOptions {
    /// Where the program lies in memory.
    pub program_address: u32,
    /// Cycles after which the run is given up.
    pub max_cycles: u64,
    /// Timing of the memory.
    pub memory: MemoryModel,
    /// Seed of the memory's jitter and of random initial values.
    pub seed: u64,
    /// State at the start.
    pub begin: Begin,
    /// Fill in [`RunReport::digest`](super::RunReport::digest).
    pub digest: bool,
    /// Trace, if one is wanted. It needs a slower build of the model, made at the first use.
    pub trace: Option<TraceRequest>,
}

impl RunOptions {
    /// A run from power-on with the default memory, program at 0, no trace.
    pub fn new(max_cycles: u64) -> Self {
        RunOptions {
            program_address: 0,
            max_cycles,
            memory: MemoryModel::default(),
            seed: 1,
            begin: Begin::PowerOn,
            digest: false,
            trace: None,
        }
    }

    /// Bounds that keep the C++ side's arithmetic and allocations small.
    pub(crate) fn check(&self) -> Result<(), RunError> {
        const MOST: u32 = 1 << 20;
        let memory = &self.memory;
        let (numerator, denominator) = memory.bandwidth;
        let window = self.trace.as_ref().and_then(|trace| trace.window.as_ref());
        let faults = [
            (self.max_cycles == 0, "max_cycles is 0: nothing could run"),
            (memory.latency == 0, "memory.latency is 0: data come a cycle after their command at the earliest"),
            (memory.latency > MOST, "memory.latency is above 1048576"),
            (memory.burst_cycles > MOST, "memory.burst_cycles is above 1048576"),
            (memory.jitter.extra_latency > MOST, "memory.jitter.extra_latency is above 1048576"),
            (!(1..=4096).contains(&memory.max_outstanding), "memory.max_outstanding is not within 1..=4096"),
            (!(1..=MOST).contains(&numerator), "memory.bandwidth's numerator is not within 1..=1048576"),
            (!(1..=MOST).contains(&denominator), "memory.bandwidth's denominator is not within 1..=1048576"),
            (window.is_some_and(Range::is_empty), "trace.window is empty"),
        ];
        match faults.into_iter().find(|(bad, _)| *bad) {
            Some((_, reason)) => Err(RunError::Options(reason)),
            None => Ok(()),
        }
    }
}
