//! Convolutions whose output channels read some of the input channels only, as those in groups do: weights that are
//! zero for whole words of a pixel are not multiplied.

use crate::cost::compute_cycles;
use crate::layer::field;
use crate::network::Kernel;
use cortado_arch::isa::{Compute, Mode};
use cortado_arch::Architecture;

/// The words of a pixel that each output group multiplies: as many for each, from a word of its own on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spans {
    pub first_blocks: Vec<usize>,
    pub blocks: usize,
    /// Input channels that the output channels read, summed over these.
    pub products: usize,
}

/// The spans of a kernel over `channels` input channels; `None` where an output group reads them all.
pub(crate) fn of(kernel: &Kernel, channels: usize, arch: &Architecture) -> Option<Spans> {
    let all = channels.div_ceil(arch.tm);
    let ranges: Vec<(usize, usize)> = (0..kernel.bias.len()).map(|o| range(kernel.of_channel(o), channels)).collect();
    let products = ranges.iter().map(|(first, end)| end - first).sum();
    let words = ranges.chunks(arch.tm).map(|group| {
        let read = group.iter().filter(|(first, end)| first < end);
        let first = read.clone().map(|(first, _)| first / arch.tm).min().unwrap_or(0);
        (first, read.map(|(_, end)| end.div_ceil(arch.tm)).max().unwrap_or(first + 1))
    });
    let words: Vec<(usize, usize)> = words.collect();
    let blocks = words.iter().map(|(first, end)| end - first).max()?;
    let first_blocks = words.iter().map(|(first, _)| (*first).min(all - blocks)).collect();
    (blocks < all).then_some(Spans { first_blocks, blocks, products })
}

/// The channels from the first to the last that weights in order (tap, channel) are not zero for.
fn range(weights: &[i16], channels: usize) -> (usize, usize) {
    let taps = || weights.chunks_exact(channels.max(1));
    let first = taps().filter_map(|tap| tap.iter().position(|&w| w != 0)).min().unwrap_or(0);
    let end = taps().filter_map(|tap| tap.iter().rposition(|&w| w != 0)).max().map_or(first, |last| last + 1);
    (first, end)
}

impl Spans {
    /// The fields of one output group's COMPUTE.
    pub fn narrow(&self, whole: &Compute, arch: &Architecture) -> Compute {
        Compute { input_blocks: field(self.blocks), last_substeps: field(arch.substeps()), ..*whole }
    }

    /// Whether COMPUTEs of their own for each run of groups with the same words take fewer cycles than one for all.
    pub fn pays(&self, whole: &Compute, arch: &Architecture) -> bool {
        let runs = self.first_blocks.chunk_by(|a, b| a == b);
        let apart = runs.map(|run| {
            let part = Compute { output_groups: field(run.len()), ..self.narrow(whole, arch) };
            compute_cycles(Mode::Convolution, &part, arch)
        });
        apart.sum::<u64>() < compute_cycles(Mode::Convolution, whole, arch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Grid;
    use cortado_graph::ir::Requantise;

    /// 3x3 weights of 1 in `groups` groups over `inputs` channels.
    fn grouped(groups: usize, inputs: usize, outputs: usize) -> Kernel {
        let (own_inputs, own_outputs) = (inputs / groups, outputs / groups);
        let weights = (0..outputs * 9 * inputs).map(|i| {
            let (output, input) = (i / (9 * inputs), i % inputs);
            i16::from(output / own_outputs == input / own_inputs)
        });
        Kernel {
            grid: Grid { kernel: (3, 3), ..Grid::POINT },
            weights: weights.collect(),
            bias: vec![0; outputs],
            input_zero_point: 0,
            output: Requantise { multipliers: Vec::new(), zero_point: 0, min: -128, max: 127 },
        }
    }

    #[test]
    fn groups_read_the_words_of_their_own_channels() {
        let arch = crate::testing::engine();
        let channels = 4 * arch.tm;
        let two = of(&grouped(2, channels, 2 * arch.tm), channels, &arch).expect("spans");
        assert_eq!((two.first_blocks, two.blocks, two.products), (vec![0, 2], 2, 2 * arch.tm * channels / 2));
        assert_eq!(of(&grouped(1, channels, 2 * arch.tm), channels, &arch), None);
        // Three words, the middle one half of each group's.
        let channels = 3 * arch.tm;
        let odd = of(&grouped(2, channels, 4 * arch.tm), channels, &arch).expect("spans");
        assert_eq!((odd.first_blocks, odd.blocks), (vec![0, 0, 1, 1], 2));
    }

    #[test]
    fn a_kernel_of_zeros_reads_one_word() {
        let arch = crate::testing::engine();
        let mut kernel = grouped(1, 3 * arch.tm, arch.tm);
        kernel.weights.fill(0);
        let none = of(&kernel, 3 * arch.tm, &arch).expect("spans");
        assert_eq!((none.first_blocks, none.blocks, none.products), (vec![0], 1, 0));
    }
}
