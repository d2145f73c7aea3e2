//! Weights in the order the modes read them (`docs/machine.md`). Lanes without a weight hold 0.

use crate::layer::Block;
use crate::network::Kernel;
use crate::spans::Spans;
use cortado_arch::Architecture;

/// A block of `groups * group_words` words, filled by `fill(group, step, lane m, lane n)`.
fn block(
    groups: usize,
    group_words: usize,
    arch: &Architecture,
    fill: impl Fn(usize, usize, usize, usize) -> i16,
) -> Block {
    let mut bytes = Vec::with_capacity(groups * group_words * arch.weight_word_bytes());
    for group in 0..groups {
        for step in 0..group_words {
            for m in 0..arch.tm {
                let lanes = (0..arch.tn).map(|n| fill(group, step, m, n).to_le_bytes());
                bytes.extend(lanes.flat_map(|element| element.into_iter().take(arch.data_type.bytes())));
            }
        }
    }
    Block { bytes, group_words }
}

/// The weight of output `o` at `index` of its own weights, 0 beyond either.
fn weight(kernel: &Kernel, o: usize, index: usize) -> i16 {
    if o < kernel.bias.len() {
        kernel.of_channel(o).get(index).copied().unwrap_or(0)
    } else {
        0
    }
}

/// Convolution mode: tap, block, substep. With `taps` = 1 for a larger kernel, its positions count
/// as blocks, and only the very last block is cut short.
pub(crate) fn convolution(kernel: &Kernel, channels: usize, taps: usize, arch: &Architecture) -> Block {
    let per_pixel = channels.div_ceil(arch.tm);
    let blocks = per_pixel * kernel.grid.taps() / taps.max(1);
    let last = (channels - (per_pixel - 1) * arch.tm).div_ceil(arch.tn);
    let per_tap = (blocks - 1) * arch.substeps() + last;
    let groups = kernel.bias.len().div_ceil(arch.tm);
    block(groups, taps * per_tap, arch, |group, step, m, n| {
        let (tap, within) = (step / per_tap, step % per_tap);
        let (word, substep) = (within / arch.substeps(), within % arch.substeps());
        let pixel = tap * (blocks / per_pixel) + word / per_pixel;
        let channel = word % per_pixel * arch.tm + substep * arch.tn + n;
        if channel >= channels {
            return 0;
        }
        weight(kernel, group * arch.tm + m, pixel * channels + channel)
    })
}

/// Convolution mode where each output group multiplies some words of a pixel only.
pub(crate) fn spanned(kernel: &Kernel, channels: usize, spans: &Spans, arch: &Architecture) -> Block {
    let per_tap = spans.blocks * arch.substeps();
    let group_words = kernel.grid.taps() * per_tap;
    block(spans.first_blocks.len(), group_words, arch, |group, step, m, n| {
        let (tap, within) = (step / per_tap, step % per_tap);
        let channel = spans.first_blocks[group] * arch.tm + within * arch.tn + n;
        if channel >= channels {
            return 0;
        }
        weight(kernel, group * arch.tm + m, tap * channels + channel)
    })
}

/// Patch mode: the kernel's rows one after the other, as OHWI has them already.
pub(crate) fn patch(kernel: &Kernel, arch: &Architecture) -> Block {
    let size = kernel.weights.len() / kernel.bias.len().max(1);
    let groups = kernel.bias.len().div_ceil(arch.tm);
    block(groups, size.div_ceil(arch.tn), arch, |group, step, m, n| {
        weight(kernel, group * arch.tm + m, step * arch.tn + n)
    })
}

/// Depthwise mode: taps column by column, counted back from the last one of the window.
pub(crate) fn depthwise(kernel: &Kernel, arch: &Architecture) -> Block {
    let (kh, kw) = kernel.grid.kernel;
    let groups = kernel.bias.len().div_ceil(arch.tm);
    block(groups, (kh * kw).div_ceil(arch.tn), arch, |group, step, m, n| {
        let tap = step * arch.tn + n;
        if tap >= kh * kw {
            return 0;
        }
        let position = kh * kw - 1 - tap;
        weight(kernel, group * arch.tm + m, position % kh * kw + position / kh)
    })
}

/// Channelwise mode: one tap a word, in lane n = 0.
pub(crate) fn channelwise(kernel: &Kernel, arch: &Architecture) -> Block {
    let groups = kernel.bias.len().div_ceil(arch.tm);
    block(
        groups,
        kernel.grid.taps(),
        arch,
        |group, step, m, n| {
            if n == 0 {
                weight(kernel, group * arch.tm + m, step)
            } else {
                0
            }
        },
    )
}

/// One word for every step: `weight` in lane n = 0.
pub(crate) fn held(weight: i16, arch: &Architecture) -> Block {
    let word = block(1, 1, arch, |_, _, _, n| if n == 0 { weight } else { 0 });
    Block { group_words: 0, ..word }
}

/// A word for each of `steps`: `weight` in the first `used`, 0 in the others; shared by all groups.
pub(crate) fn masked(weight: i16, used: usize, steps: usize, arch: &Architecture) -> Block {
    let words = block(1, steps, arch, |_, step, _, n| if n == 0 && step < used { weight } else { 0 });
    Block { group_words: 0, ..words }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Grid;
    use crate::testing::engine;
    use cortado_graph::ir::Requantise;

    /// A kernel whose weights count up from 1.
    fn kernel(outputs: usize, size: (usize, usize), channels: usize) -> Kernel {
        let count = outputs * size.0 * size.1 * channels;
        Kernel {
            grid: Grid { kernel: size, ..Grid::POINT },
            weights: (1..=count).map(|w| i16::from(w as i8)).collect(),
            bias: vec![0; outputs],
            input_zero_point: 0,
            output: Requantise { multipliers: vec![], zero_point: 0, min: -128, max: 127 },
        }
    }

    /// Every weight appears once, all other bytes are 0.
    fn holds_each_once(block: &Block, weights: usize) {
        let mut used: Vec<u8> = block.bytes.iter().copied().filter(|&b| b != 0).collect();
        used.sort_unstable();
        assert_eq!(used, (1..=weights as u8).collect::<Vec<u8>>());
    }

    #[test]
    fn every_weight_is_packed_once() {
        let arch = engine();
        for (outputs, size, channels) in
            [(1, (1, 1), 1), (5, (2, 3), 3), (3, (1, 2), 7), (4, (2, 2), 8), (6, (3, 1), 5)]
        {
            let weights = outputs * size.0 * size.1 * channels;
            let kernel = kernel(outputs, size, channels);
            holds_each_once(&convolution(&kernel, channels, size.0 * size.1, &arch), weights);
            holds_each_once(&convolution(&kernel, channels, 1, &arch), weights);
            holds_each_once(&patch(&kernel, &arch), weights);
        }
        for (channels, size) in [(1, (1, 1)), (5, (3, 3)), (9, (2, 4))] {
            let kernel = kernel(channels, size, 1);
            holds_each_once(&depthwise(&kernel, &arch), channels * size.0 * size.1);
            holds_each_once(&channelwise(&kernel, &arch), channels * size.0 * size.1);
        }
    }

    #[test]
    fn convolution_words_follow_tap_block_and_substep() {
        // Tm 4, Tn 2: 6 channels are a whole block of two substeps and one substep of the next.
        let block = convolution(&kernel(1, (1, 2), 6), 6, 2, &engine());
        assert_eq!(block.group_words, 6);
        let lane_0: Vec<u8> = block.bytes.chunks(8).flat_map(|word| word[..2].to_vec()).collect();
        assert_eq!(lane_0, (1..=12).collect::<Vec<u8>>());
        assert!(block.bytes.chunks(8).all(|word| word[2..].iter().all(|&b| b == 0)));
    }

    #[test]
    fn depthwise_taps_count_back_by_columns() {
        let block = depthwise(&kernel(1, (2, 2), 1), &engine());
        // Row order 1 2 / 3 4, column order 1 3 2 4, from the last.
        let lane_0: Vec<u8> = block.bytes.chunks(8).flat_map(|word| word[..2].to_vec()).collect();
        assert_eq!(lane_0, [4, 2, 3, 1]);
    }
}
