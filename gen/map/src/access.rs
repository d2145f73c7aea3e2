//! Which words an instruction touches.

use crate::layer::field;
use cortado_arch::isa::{Compute, Mode, OnChip, Operation, Transfer};
use cortado_arch::Architecture;

/// Words `start..end` of one on-chip memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub memory: OnChip,
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// Whether the two have a word in common.
    pub fn meets(&self, other: &Span) -> bool {
        self.memory == other.memory && self.start < other.end && other.start < self.end
    }
}

/// What an instruction reads and writes on chip; spans may hold words it skips.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Access {
    pub reads: Vec<Span>,
    pub writes: Vec<Span>,
}

impl Access {
    /// Whether the order of the two matters.
    pub fn conflicts(&self, other: &Access) -> bool {
        let meet = |a: &[Span], b: &[Span]| a.iter().any(|x| b.iter().any(|y| x.meets(y)));
        meet(&self.writes, &other.writes) || meet(&self.writes, &other.reads) || meet(&self.reads, &other.writes)
    }

    /// The spans of `operation` on `arch`.
    pub fn of(operation: &Operation, arch: &Architecture) -> Self {
        match operation {
            Operation::End => Self::default(),
            Operation::Load(memory, t) => Self { writes: vec![transfer(*memory, t)], ..Self::default() },
            Operation::Store(t) => Self { reads: vec![transfer(OnChip::Activation, t)], ..Self::default() },
            Operation::Compute(mode, c) => compute(*mode, c, arch),
        }
    }
}

fn span(memory: OnChip, start: u32, words: u32) -> Span {
    Span { memory, start, end: start.saturating_add(words) }
}

pub(crate) fn transfer(memory: OnChip, t: &Transfer) -> Span {
    span(memory, t.word_address, t.words)
}

fn compute(mode: Mode, c: &Compute, arch: &Architecture) -> Access {
    let taps = c.kernel_height * c.kernel_width;
    let group_words = match mode {
        Mode::Convolution => taps * (c.input_blocks.saturating_sub(1) * field(arch.substeps()) + c.last_substeps),
        Mode::Channelwise => taps,
        Mode::Depthwise | Mode::Patch => c.window_steps,
    };
    let weights = if c.weight_hold != 0 { 1 } else { c.output_groups.saturating_mul(group_words) };
    let parameters = field(arch.chunks()) * if c.parameter_hold != 0 { 1 } else { c.output_groups };
    let results = results(c);
    let mut reads =
        vec![span(OnChip::Weight, c.weight_address, weights), span(OnChip::Parameter, c.parameter_address, parameters)];
    reads.extend(input(mode, c, arch));
    if c.residual != 0 {
        reads.push(span(OnChip::Activation, c.residual_address, results));
    }
    Access { reads, writes: vec![span(OnChip::Activation, c.output_address, results)] }
}

/// Positions of an axis that windows reach inside the map: from its start to this.
fn reach(outputs: u32, stride: u32, padding: u32, kernel: u32, input: u32) -> u32 {
    (outputs.saturating_sub(1) * stride + kernel).saturating_sub(padding).min(input)
}

/// Words from the first result of a COMPUTE to its last.
pub(crate) fn results(c: &Compute) -> u32 {
    let pixels = c.output_height * c.output_width;
    pixels.saturating_sub(1).saturating_mul(c.output_pixel_words).saturating_add(c.output_groups)
}

/// Number of words from the first of the input map to the last that a COMPUTE reads; `None` when windows see
/// only padding.
pub(crate) fn input_words(mode: Mode, c: &Compute, arch: &Architecture) -> Option<u32> {
    let rows = reach(c.output_height, c.stride_y, c.pad_top, c.kernel_height, c.input_height).checked_sub(1)?;
    if mode == Mode::Patch {
        return Some(rows * c.row_words + c.row_bytes.div_ceil(field(arch.tm)));
    }
    let columns = reach(c.output_width, c.stride_x, c.pad_left, c.kernel_width, c.input_width).checked_sub(1)?;
    let depth = if mode == Mode::Convolution { c.input_blocks } else { c.output_groups };
    Some(rows * c.row_words + columns * c.pixel_words + depth)
}

/// Words of the input map that a COMPUTE reads, from the map's first; `None` when windows see only padding.
pub(crate) fn input(mode: Mode, c: &Compute, arch: &Architecture) -> Option<Span> {
    let words = input_words(mode, c, arch)?;
    let left = if mode == Mode::Patch { 0 } else { c.pad_left * c.pixel_words };
    let base = c.input_address.wrapping_add(c.pad_top * c.row_words + left) & 0xffff;
    Some(span(OnChip::Activation, base, words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::engine;

    #[test]
    fn a_window_reads_only_the_rows_it_reaches() {
        let arch = engine();
        let base = Compute {
            input_address: 100u32.wrapping_sub(10 + 1) & 0xffff,
            output_width: 10,
            output_height: 2,
            input_width: 10,
            input_height: 10,
            kernel_width: 3,
            kernel_height: 3,
            stride_x: 1,
            stride_y: 2,
            pad_left: 1,
            pad_top: 1,
            input_blocks: 1,
            last_substeps: 1,
            output_groups: 1,
            pixel_words: 1,
            row_words: 10,
            ..Compute::default()
        };
        // Rows -1 to 3 of the map, of which 0 to 3 exist.
        assert_eq!(input(Mode::Convolution, &base, &arch), Some(span(OnChip::Activation, 100, 40)));
        let outside = Compute { pad_top: 5, output_height: 1, ..base };
        assert_eq!(input(Mode::Convolution, &outside, &arch), None);
    }
}
