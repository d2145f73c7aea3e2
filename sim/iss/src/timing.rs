//! The constants of the cycle prediction: everything that is a property of the Verilog and not of
//! the machine contract. The tests against the Verilog keep them honest.

use cortado_arch::isa::Mode;
use cortado_arch::Architecture;

/// Pipeline depths and queue sizes, in cycles unless said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// From `start` to the first fetch command.
    pub first_fetch: u64,
    /// From the last byte of an instruction to its arrival at a unit.
    pub dispatch: u64,
    /// Instructions held decoded ahead of the one that waits at its unit; 0: the next instruction is
    /// fetched only when this one has started.
    pub queue_depth: usize,
    /// From the start of a COMPUTE to its first step, or to the first read of a window.
    pub compute_start: u64,
    /// From the read of a word to the step that multiplies it (Depthwise, Patch).
    pub window_fill: u64,
    /// From the last step to the retirement, less the adder tree's levels and one pass of the
    /// post-processor.
    pub compute_drain: u64,
    /// Pipeline stages per level of the adder tree.
    pub tree_level: u64,
    /// Cycles that a Patch run takes when none of its bytes are in the map.
    pub empty_run: u64,
    /// From the start of a LOAD or STORE to its first command.
    pub transfer_start: u64,
    /// From the last beat of a LOAD to its retirement.
    pub load_end: u64,
    /// From the command of a STORE burst to its first beat: reads of activation memory.
    pub store_fill: u64,
    /// From the last beat of a STORE to its retirement.
    pub store_end: u64,
    /// Bursts of one channel whose commands may be under way at a time; at least 1.
    pub outstanding_bursts: usize,
    /// From the retirement of all before it to the end of the run.
    pub end: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            first_fetch: 2,
            dispatch: 2,
            queue_depth: 1,
            compute_start: 5,
            window_fill: 2,
            compute_drain: 10,
            tree_level: 1,
            empty_run: 1,
            transfer_start: 2,
            load_end: 2,
            store_fill: 3,
            store_end: 1,
            outstanding_bursts: 1,
            end: 2,
        }
    }
}

impl Timing {
    /// Cycles from the last step of a COMPUTE to its retirement.
    pub fn drain(&self, a: &Architecture, residual: bool) -> u64 {
        self.compute_drain
            + self.tree_level * u64::from(a.tn.ilog2())
            + a.vector_interval(residual) as u64
    }

    /// Cycles from the start of a COMPUTE to its first step or window read.
    pub fn lead(&self, mode: Mode) -> u64 {
        match mode {
            Mode::Convolution | Mode::Channelwise => self.compute_start,
            Mode::Depthwise | Mode::Patch => self.compute_start + self.window_fill,
        }
    }
}
