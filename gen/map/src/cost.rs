//! What an instruction costs, by the rules of `docs/machine.md` ("Cycles"); an estimate, for
//! choosing between programs and for people. The simulator counts exactly.

use cortado_arch::isa::{Compute, CopyBeats, Mode, OnChip, Transfer, INSTRUCTION_BYTES};
use cortado_arch::{ActivationKind, Architecture};

/// Cycles of a COMPUTE beside its issue, less the levels of the adder tree and a pass of the
/// post-processor: read, operands, products, accumulators, requantisers, write, start and end.
const COMPUTE_OVERHEAD: u64 = 28;

/// The same of a pass of the post-processor beside its parts, and of reading a residual.
const PASS_OVERHEAD: u64 = 14;
const RESIDUAL_OVERHEAD: u64 = 6;

/// Cycles from the first read of a patch to its steps, less the stages that keep whole patches.
const GATHER_OVERHEAD: u64 = 7;

/// Cycles from the start of a LOAD to its first command, and from its last beat to its end.
const LOAD_OVERHEAD: u64 = 3;

/// Cycles of a STORE beside its words, and those from the read of a word to its place in the beat going out.
const STORE_OVERHEAD: u64 = 11;
const STORE_READ: u64 = 6;

/// Cycles from the hand-over of an instruction to that of the next, when both the port and its unit
/// are free.
pub(crate) fn fetch_cycles(arch: &Architecture) -> u64 {
    response_cycles(arch) + port_cycles(INSTRUCTION_BYTES as u64, arch) + 4
}

/// Cycles in which a COMPUTE is copied before it is handed over, when it comes after the one before has ended.
pub(crate) fn copy_cycles(arch: &Architecture) -> u64 {
    CopyBeats::of(arch.port_bytes).issue as u64
}

/// Cycles from a burst's command to its first beat, when no other burst is on the way.
fn response_cycles(arch: &Architecture) -> u64 {
    u64::from(arch.external.latency_cycles.max(arch.external.burst_cycles + 1))
}

/// Cycles of this many bytes on the external port.
fn port_cycles(bytes: u64, arch: &Architecture) -> u64 {
    let external = &arch.external;
    let sustained = (bytes * u64::from(external.bandwidth_cycles)).div_ceil(u64::from(external.bandwidth_bytes.max(1)));
    bytes.div_ceil(arch.port_bytes as u64).max(sustained)
}

/// Array steps of one output group of one pixel.
pub(crate) fn steps_per_vector(mode: Mode, c: &Compute, arch: &Architecture) -> u64 {
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
    let vectors = u64::from(c.output_height) * u64::from(c.output_width) * u64::from(c.output_groups);
    vectors * steps_per_vector(mode, c, arch)
}

/// Cycles of a COMPUTE from its start to its end.
pub(crate) fn compute_cycles(mode: Mode, c: &Compute, arch: &Architecture) -> u64 {
    let residual = c.residual != 0;
    let interval = arch.vector_interval(residual) as u64;
    let issue = steps_per_vector(mode, c, arch).max(interval);
    let other = u64::from(residual) + u64::from(arch.activation_kind == ActivationKind::Spram);
    let (height, width, groups) = (u64::from(c.output_height), u64::from(c.output_width), u64::from(c.output_groups));
    let taps = u64::from(c.kernel_height) * u64::from(c.kernel_width);
    let total = match mode {
        Mode::Convolution => height * width * groups * issue.max(taps * u64::from(c.input_blocks) + other),
        Mode::Channelwise => height * width * groups * issue.max(taps + other),
        Mode::Depthwise => {
            let columns = (width.max(1) - 1) * u64::from(c.stride_x) + u64::from(c.kernel_width);
            let shared = u64::from(c.shared_columns);
            let row = |columns: u64| (columns * u64::from(c.kernel_height) + width * other).max(width * issue);
            groups * (row(columns) + (height.max(1) - 1) * row(columns - shared))
        }
        Mode::Patch => {
            // Patches of few and many words take turns: patches in reserve even them out.
            let reads: u64 = (0..width).map(|x| patch_reads(x, c, arch)).sum();
            let first = patch_reads(0, c, arch) + arch.patch_reserves() as u64 + GATHER_OVERHEAD;
            height * (width * groups * issue).max(reads + width * groups * other) + first
        }
    };
    // A requantiser with one multiplier takes a cycle more; the last part's cycles after its issue are not waited for.
    let folded = u64::from(arch.requantise_cycles > 1);
    let pass = (arch.pass_cycles() - arch.requantise_cycles + 1) as u64 + folded;
    let passes = if residual { 2 * (pass + PASS_OVERHEAD) + RESIDUAL_OVERHEAD } else { 0 };
    total + COMPUTE_OVERHEAD + tree_stages(arch) + pass + passes
}

/// Registers in an adder tree.
fn tree_stages(arch: &Architecture) -> u64 {
    u64::from(arch.tn.ilog2())
}

/// Cycles of a COMPUTE in which a LOAD cannot write to activation memory: one a result, and with a single
/// port one a read.
pub(crate) fn write_cycles(mode: Mode, c: &Compute, arch: &Architecture) -> u64 {
    let results = u64::from(c.output_height) * u64::from(c.output_width) * u64::from(c.output_groups);
    let taps = u64::from(c.kernel_height) * u64::from(c.kernel_width);
    match (arch.activation_kind, mode) {
        (ActivationKind::Bram, _) => results,
        (ActivationKind::Spram, Mode::Convolution) => results * (1 + taps * u64::from(c.input_blocks)),
        (ActivationKind::Spram, Mode::Channelwise) => results * (1 + taps),
        // Nearly every cycle reads.
        (ActivationKind::Spram, Mode::Depthwise | Mode::Patch) => compute_cycles(mode, c, arch),
    }
}

/// Words that hold elements of the patch of column `x`.
fn patch_reads(x: u64, c: &Compute, arch: &Architecture) -> u64 {
    let start = (x * u64::from(c.step_x_bytes)) as i64 - i64::from(c.pad_left_bytes);
    let first = start.max(0);
    let last = (start + i64::from(c.run_bytes)).min(i64::from(c.row_bytes));
    if last <= first {
        return 0;
    }
    let word = arch.tm as i64;
    ((last - 1) / word - first / word + 1) as u64 * u64::from(c.kernel_height)
}

/// Cycles of this many words on the external port, of which activation memory takes one a cycle.
fn moving_cycles(memory: OnChip, words: u64, arch: &Architecture) -> u64 {
    let cycles = port_cycles(words * arch.on_chip(memory).1 as u64, arch);
    if memory == OnChip::Activation {
        cycles.max(words)
    } else {
        cycles
    }
}

/// Cycles of a LOAD that has the port for itself: at most two bursts are on the way.
pub(crate) fn load_cycles(memory: OnChip, t: &Transfer, arch: &Architecture) -> u64 {
    let latency = u64::from(arch.external.latency_cycles);
    let beats = port_cycles((arch.burst_beats * arch.port_bytes) as u64, arch).max(1);
    let burst = beats + u64::from(arch.external.burst_cycles);
    let cycles = moving_cycles(memory, t.words.into(), arch);
    let stalls = (latency + 2).saturating_sub(burst) / 2 + u64::from(arch.external.burst_cycles);
    LOAD_OVERHEAD + response_cycles(arch) + cycles + stalls * (cycles / beats)
}

/// Cycles of a STORE.
pub(crate) fn store_cycles(t: &Transfer, arch: &Architecture) -> u64 {
    let bytes = u64::from(t.words) * arch.activation_word_bytes() as u64;
    // A read is asked for every second cycle, as long as the words ahead have room.
    let word = (STORE_READ / arch.store_words_ahead() as u64).max(2);
    let bursts = bytes.div_ceil((arch.burst_beats * arch.port_bytes) as u64) * u64::from(arch.external.burst_cycles);
    STORE_OVERHEAD + bursts + port_cycles(bytes, arch).max(u64::from(t.words) * word)
}
