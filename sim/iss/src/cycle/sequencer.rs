//! What issues the reads and steps of a COMPUTE, cycle by cycle.

use cortado_arch::isa::{Compute, Mode};
use cortado_arch::Architecture;

use super::depthwise::Depthwise;
use super::patch::Patch;
use crate::timing::Timing;

/// What issues in a cycle.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Issued {
    /// A word is read, or padding stands in for it.
    pub read: bool,
    /// The array takes a step.
    pub step: bool,
    /// It completes an output.
    pub last: bool,
    /// From this step the distance to the next output counts.
    pub paced: bool,
}

/// One sequencer; launched in the cycle before its first.
#[derive(Debug)]
pub(crate) enum Sequencer {
    Scan(Scan),
    Depthwise(Depthwise),
    Patch(Patch),
}

impl Sequencer {
    pub fn new(a: &Architecture, timing: &Timing, mode: Mode, c: &Compute) -> Self {
        match mode {
            Mode::Convolution | Mode::Channelwise => Self::Scan(Scan::new(a, c)),
            Mode::Depthwise => Self::Depthwise(Depthwise::new(c)),
            Mode::Patch => Self::Patch(Patch::new(a, timing, c)),
        }
    }

    /// Something is left to issue.
    pub fn busy(&self) -> bool {
        match self {
            Self::Scan(s) => s.outputs_left > 0,
            Self::Depthwise(s) => s.busy(),
            Self::Patch(s) => s.busy(),
        }
    }

    /// One cycle: `granted` when activation memory is free for a read, `open` when an output may be
    /// completed.
    #[inline]
    pub fn cycle(&mut self, now: u64, granted: bool, open: bool) -> Issued {
        match self {
            Self::Scan(s) => s.cycle(granted, open),
            Self::Depthwise(s) => s.cycle(granted, open),
            Self::Patch(s) => s.cycle(now, granted, open),
        }
    }
}

/// Convolution and Channelwise: a word is read at the first of its substeps.
#[derive(Debug)]
pub(crate) struct Scan {
    substeps: u32,
    last_substeps: u32,
    blocks: u32,
    taps: u32,
    outputs_left: u64,
    taps_left: u32,
    blocks_left: u32,
    substep: u32,
}

impl Scan {
    fn new(a: &Architecture, c: &Compute) -> Self {
        let pixels = u64::from(c.output_height) * u64::from(c.output_width);
        let taps = c.kernel_height * c.kernel_width;
        Self {
            substeps: a.substeps() as u32,
            last_substeps: c.last_substeps,
            blocks: c.input_blocks,
            taps,
            outputs_left: pixels * u64::from(c.output_groups),
            taps_left: taps,
            blocks_left: c.input_blocks,
            substep: 0,
        }
    }

    fn cycle(&mut self, granted: bool, open: bool) -> Issued {
        let limit = if self.blocks_left == 1 { self.last_substeps } else { self.substeps };
        let first = self.substep == 0;
        let ends_word = self.substep + 1 == limit;
        let last = ends_word && self.blocks_left == 1 && self.taps_left == 1;
        if self.outputs_left == 0 || (first && !granted) || (last && !open) {
            return Issued::default();
        }
        self.substep += 1;
        if ends_word {
            self.substep = 0;
            self.blocks_left -= 1;
            if self.blocks_left == 0 {
                self.blocks_left = self.blocks;
                self.taps_left -= 1;
                if self.taps_left == 0 {
                    self.taps_left = self.taps;
                    self.outputs_left -= 1;
                }
            }
        }
        Issued { read: first, step: true, last, paced: last }
    }
}
