//! What an instruction costs, by the rules of `docs/machine.md` ("Cycles"); an estimate, for
//! choosing between programs and for people. The simulator counts exactly.

use cortado_arch::isa::{Compute, Mode, OnChip, Transfer, INSTRUCTION_BYTES};
use cortado_arch::{ActivationKind, Architecture};

/// Cycles from the start of a COMPUTE to its first step and from its last to its end, less the
/// levels of the adder tree and a pass of the post-processor.
const COMPUTE_OVERHEAD: u64 = 16;

/// Cycles from the start of a LOAD or STORE to its first command, and from its last beat to its end.
const TRANSFER_OVERHEAD: u64 = 4;

/// Cycles in which an instruction is fetched through the port that LOADs share.
pub(crate) fn fetch_cycles(arch: &Architecture) -> u64 {
    let beats = (INSTRUCTION_BYTES / arch.port_bytes).max(1) as u64;
    let sustained = (INSTRUCTION_BYTES as u64 * u64::from(arch.external.bandwidth_cycles))
        .div_ceil(u64::from(arch.external.bandwidth_bytes.max(1)));
    u64::from(arch.external.latency_cycles) + 1 + beats.max(sustained)
}

/// Array steps of one output group of one pixel.
fn steps_per_vector(mode: Mode, c: &Compute, arch: &Architecture) -> u64 {
    let taps = u64::from(c.kernel_height) * u64::from(c.kernel_width);
    match mode {
        Mode::Convolution => {
            let full = u64::from(c.input_blocks.saturating_sub(1)) * arch.substeps() as u64;
            taps * (full + u64::from(c.last_substeps))
        }
        Mode::Channelwise => taps,
        Mode::Depthwise | Mode::Patch => u64::from(c.window_steps),
    }
}

/// Array steps a COMPUTE issues: its cost were nothing ever to wait.
pub(crate) fn steps(mode: Mode, c: &Compute, arch: &Architecture) -> u64 {
    let vectors =
        u64::from(c.output_height) * u64::from(c.output_width) * u64::from(c.output_groups);
    vectors * steps_per_vector(mode, c, arch)
}

/// Cycles of a COMPUTE from its start to its end.
pub(crate) fn compute_cycles(mode: Mode, c: &Compute, arch: &Architecture) -> u64 {
    let residual = c.residual != 0;
    let interval = arch.vector_interval(residual) as u64;
    let issue = steps_per_vector(mode, c, arch).max(interval);
    let other = u64::from(residual) + u64::from(arch.activation_kind == ActivationKind::Spram);
    let (height, width, groups) = (
        u64::from(c.output_height),
        u64::from(c.output_width),
        u64::from(c.output_groups),
    );
    let taps = u64::from(c.kernel_height) * u64::from(c.kernel_width);
    let total = match mode {
        Mode::Convolution => {
            height * width * groups * issue.max(taps * u64::from(c.input_blocks) + other)
        }
        Mode::Channelwise => height * width * groups * issue.max(taps + other),
        Mode::Depthwise => {
            let columns = (width.max(1) - 1) * u64::from(c.stride_x) + u64::from(c.kernel_width);
            let shared = u64::from(c.shared_columns);
            let row = |columns: u64| {
                (columns * u64::from(c.kernel_height) + width * other).max(width * issue)
            };
            groups * (row(columns) + (height.max(1) - 1) * row(columns - shared))
        }
        Mode::Patch => {
            let work = groups * issue;
            height
                * (0..width)
                    .map(|x| work.max(patch_reads(x, c, arch) + groups * other))
                    .sum::<u64>()
        }
    };
    total + COMPUTE_OVERHEAD + u64::from(arch.tn.ilog2()) + interval
}

/// Words that hold bytes of the patch of column `x`.
fn patch_reads(x: u64, c: &Compute, arch: &Architecture) -> u64 {
    let start = (x * u64::from(c.step_x_bytes)) as i64 - i64::from(c.pad_left_bytes);
    let first = start.max(0);
    let last = (start + i64::from(c.run_bytes)).min(i64::from(c.row_bytes));
    if last <= first {
        return 0;
    }
    let word = arch.activation_word_bytes() as i64;
    ((last - 1) / word - first / word + 1) as u64 * u64::from(c.kernel_height)
}

/// Cycles of a LOAD or STORE whose bursts follow one another, each after the memory's latency.
pub(crate) fn transfer_cycles(memory: OnChip, t: &Transfer, arch: &Architecture) -> u64 {
    let bytes = u64::from(t.words) * arch.on_chip(memory).1 as u64;
    let external = &arch.external;
    let beats = bytes.div_ceil(arch.port_bytes as u64);
    let sustained = (bytes * u64::from(external.bandwidth_cycles))
        .div_ceil(u64::from(external.bandwidth_bytes.max(1)));
    let bursts = beats.div_ceil(arch.burst_beats.max(1) as u64);
    bursts * u64::from(external.latency_cycles + 1) + beats.max(sustained) + TRANSFER_OVERHEAD
}
