//! One COMPUTE before its addresses are known, with the weights and parameters it reads.

use crate::network::{MapId, Shape};
use cortado_arch::isa::{Compute, Instruction, Mode, Operation, PARAMETER_BYTES};
use cortado_arch::Architecture;

/// Words for weight or parameter memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Block {
    pub bytes: Vec<u8>,
    /// Words of one output group; 0 when all groups read the same words.
    pub group_words: usize,
}

/// A layer or an independent part of one.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    pub nodes: Vec<usize>,
    pub name: String,
    pub mode: Mode,
    /// Everything but addresses, for the whole layer.
    pub compute: Compute,
    pub input: MapId,
    pub output: MapId,
    pub residual: Option<MapId>,
    /// Words from the input map's base to row 0, column 0 of what this layer sees.
    pub input_offset: usize,
    /// Words from the output map's base to this layer's first result.
    pub output_offset: usize,
    /// Of each output group, the first of a pixel's words that it multiplies; empty where all begin with the first.
    pub first_blocks: Vec<usize>,
    pub weights: Block,
    pub parameters: Block,
    pub macs: u64,
}

/// A size as an instruction's field; what does not fit is refused when the field is encoded.
pub(crate) fn field(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// The fields that follow from the shapes alone.
pub(crate) fn frame(input: Shape, output: Shape, word_channels: usize) -> Compute {
    let pixel_words = input.channels.div_ceil(word_channels);
    Compute {
        output_width: field(output.width),
        output_height: field(output.height),
        input_width: field(input.width),
        input_height: field(input.height),
        kernel_width: 1,
        kernel_height: 1,
        stride_x: 1,
        stride_y: 1,
        input_blocks: 1,
        last_substeps: 1,
        output_groups: field(output.channels.div_ceil(word_channels)),
        pixel_words: field(pixel_words),
        row_words: field(input.width * pixel_words),
        output_pixel_words: field(output.channels.div_ceil(word_channels)),
        minimum: -128,
        maximum_value: 127,
        ..Compute::default()
    }
}

impl Layer {
    /// Sets the word steps, which follow from strides and pitches.
    pub fn finish_steps(&mut self) {
        let c = &mut self.compute;
        c.step_x_words = c.stride_x.saturating_mul(c.pixel_words);
        c.step_y_words = c.stride_y.saturating_mul(c.row_words);
    }

    /// # Errors
    /// When a size of the layer does not fit the instruction.
    pub fn check_limits(&self) -> Result<(), String> {
        let operation = Operation::Compute(self.mode, self.compute);
        match (Instruction { wait_dma: 0, wait_compute: 0, operation }).encode() {
            Ok(_) => Ok(()),
            Err(e) => Err(format!("{e}; split the layer or shrink it")),
        }
    }

    /// Rows of output whose results this layer writes from row `first`, `rows` of them.
    pub fn band(&self, first: usize, rows: usize) -> Self {
        let mut part = self.clone();
        let c = &mut part.compute;
        let top = first * self.compute.stride_y as usize;
        let padding = self.compute.pad_top as usize;
        let skipped = top.saturating_sub(padding);
        c.pad_top = field(padding.saturating_sub(top));
        c.input_height -= field(skipped).min(c.input_height);
        c.output_height = field(rows);
        part.input_offset += skipped * self.compute.row_words as usize;
        part.output_offset += first * (self.compute.output_width * self.compute.output_pixel_words) as usize;
        part.macs = self.macs * rows as u64 / u64::from(self.compute.output_height.max(1));
        part
    }

    /// Output groups that begin with another word of a pixel than the group before.
    pub fn borders(&self) -> impl Iterator<Item = usize> + '_ {
        self.first_blocks.windows(2).enumerate().filter(|(_, pair)| pair[0] != pair[1]).map(|(group, _)| group + 1)
    }

    /// Words of a pixel before the last ones that any output group multiplies.
    pub fn last_first_block(&self) -> usize {
        self.first_blocks.iter().copied().max().unwrap_or(0)
    }

    /// Output groups `first..first + groups` only, which begin with the same word of a pixel; weights and parameters
    /// stay whole.
    pub fn groups(&self, first: usize, groups: usize) -> Self {
        let mut part = self.clone();
        part.compute.output_groups = field(groups);
        if matches!(self.mode, Mode::Channelwise | Mode::Depthwise) {
            part.input_offset += first;
        }
        if let Some(&block) = self.first_blocks.get(first) {
            part.input_offset += block;
            part.first_blocks.clear();
        }
        part.output_offset += first;
        part.macs = self.macs * groups as u64 / u64::from(self.compute.output_groups.max(1));
        part
    }
}

/// Parameter words of encoded `channels`, filled up with zeros to whole groups.
pub(crate) fn parameter_block(channels: &[[u8; PARAMETER_BYTES]], held: bool, arch: &Architecture) -> Block {
    let mut bytes = channels.concat();
    bytes.resize(channels.len().next_multiple_of(arch.tm) * PARAMETER_BYTES, 0);
    Block { bytes, group_words: if held { 0 } else { arch.chunks() } }
}
