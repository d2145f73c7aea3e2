//! When the steps of a COMPUTE issue: the rules of "Cycles" in `docs/machine.md`, mode by mode.

use cortado_arch::isa::{Compute, Mode};
use cortado_arch::{ActivationKind, Architecture};

use crate::check::steps_per_output;
use crate::timing::Timing;

/// What a COMPUTE asks of the array and of activation memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Issue {
    /// From the first step (or the first window read) to the last step, both included.
    pub cycles: u64,
    /// Cycles in which the array works.
    pub steps: u64,
    /// Cycles of activation memory's read port: operands, residuals and, with a single port, results.
    pub reads: u64,
    /// Cycles of its write port: one a result word.
    pub writes: u64,
}

/// The issue of a COMPUTE whose fields are right for the mode ([`crate::Machine::run`] checks them).
pub fn issue(a: &Architecture, timing: &Timing, mode: Mode, c: &Compute) -> Issue {
    let steps = steps_per_output(a, mode, c) as u64;
    let pixels = u64::from(c.output_height) * u64::from(c.output_width);
    let outputs = pixels * u64::from(c.output_groups);
    let rules = Rules {
        steps,
        interval: a.vector_interval(c.residual == 1) as u64,
        extra: u64::from(c.residual == 1) + u64::from(a.activation_kind == ActivationKind::Spram),
    };
    let (cycles, operand_reads) = match mode {
        Mode::Convolution => {
            let words =
                u64::from(c.kernel_height) * u64::from(c.kernel_width) * u64::from(c.input_blocks);
            (rules.streamed(outputs, words), outputs * words)
        }
        Mode::Channelwise => (rules.streamed(outputs, steps), outputs * steps),
        Mode::Depthwise => rules.windows(c),
        Mode::Patch => rules.patches(c, a.tm as i64, timing.empty_run),
    };
    Issue {
        cycles,
        steps: outputs * steps,
        reads: operand_reads + outputs * rules.extra,
        writes: outputs,
    }
}

/// What the rules need to know of one output.
struct Rules {
    /// Steps of one output.
    steps: u64,
    /// Fewest cycles between the last steps of two outputs.
    interval: u64,
    /// Read cycles an output takes beside its operands.
    extra: u64,
}

impl Rules {
    /// Convolution and Channelwise: operands are read as they are used, `words` an output. An output
    /// takes as long as its steps, its reads or its post-processing, whichever is most.
    fn streamed(&self, outputs: u64, words: u64) -> u64 {
        let period = self.steps.max(words + self.extra).max(self.interval);
        self.steps + outputs.saturating_sub(1) * period
    }

    /// Depthwise: reads run ahead of the steps; the word that completes a window waits for the steps
    /// of the window before.
    fn windows(&self, c: &Compute) -> (u64, u64) {
        let (kernel_width, kernel_height) = (u64::from(c.kernel_width), u64::from(c.kernel_height));
        let (width, stride) = (u64::from(c.output_width), u64::from(c.stride_x));
        let mut array = Array::new(self);
        let (mut now, mut reads, mut owed) = (0u64, 0u64, 0u64);
        for _group in 0..c.output_groups {
            for row in 0..c.output_height {
                let mut column = if row == 0 {
                    0
                } else {
                    u64::from(c.shared_columns)
                };
                for output in 0..width {
                    // The window is complete with the last word of this column.
                    let end = output * stride + kernel_width;
                    let words = end.saturating_sub(column) * kernel_height;
                    column = column.max(end);
                    reads += words;
                    now += words + owed;
                    let start = array.run(now);
                    owed = self.extra.saturating_sub(start - now);
                    now = start;
                }
            }
        }
        (array.free, reads)
    }

    /// Patch: a patch is gathered while the groups of the one before are computed.
    fn patches(&self, c: &Compute, tm: i64, empty_run: u64) -> (u64, u64) {
        let groups = u64::from(c.output_groups);
        let mut array = Array::new(self);
        let (mut taken, mut reads) = (0u64, 0u64);
        for oy in 0..c.output_height {
            let top = i64::from(oy * c.stride_y) - i64::from(c.pad_top);
            let bottom = top + i64::from(c.kernel_height);
            let rows = (bottom.min(i64::from(c.input_height)) - top.max(0)).max(0) as u64;
            for ox in 0..c.output_width {
                let left = i64::from(ox * c.step_x_bytes) - i64::from(c.pad_left_bytes);
                let words = words_of_run(left, i64::from(c.run_bytes), i64::from(c.row_bytes), tm);
                let empty = u64::from(c.kernel_height) - if words == 0 { 0 } else { rows };
                reads += rows * words;
                let complete = taken + rows * words + empty * empty_run + groups * self.extra;
                taken = array.run(complete);
                for _group in 1..groups {
                    array.run(array.free);
                }
            }
        }
        (array.free, reads)
    }
}

/// Words that hold bytes `left..left + bytes` of a row of `row_bytes` bytes.
fn words_of_run(left: i64, bytes: i64, row_bytes: i64, tm: i64) -> u64 {
    let (first, end) = (left.max(0), (left + bytes).min(row_bytes));
    if first >= end {
        0
    } else {
        ((end - 1) / tm - first / tm + 1) as u64
    }
}

/// The array as outputs that arrive whole see it.
struct Array<'a> {
    rules: &'a Rules,
    /// First cycle in which it has nothing left to do.
    free: u64,
    started: bool,
}

impl<'a> Array<'a> {
    fn new(rules: &'a Rules) -> Self {
        Self {
            rules,
            free: 0,
            started: false,
        }
    }

    /// Runs the steps of an output whose operands are there from cycle `ready`; answers its start.
    fn run(&mut self, ready: u64) -> u64 {
        let start = ready.max(self.free);
        let last = start + self.rules.steps;
        self.free = if self.started {
            last.max(self.free + self.rules.interval)
        } else {
            last
        };
        self.started = true;
        start
    }
}
