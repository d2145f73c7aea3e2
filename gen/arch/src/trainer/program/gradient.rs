//! GC: a COMPUTE for each block of 16 outputs; its results are the block's rows, biases first.

use super::{output_positions, Stack, Work};
use crate::trainer::instruction::{Compute, Stage};
use crate::trainer::network::Network;
use crate::trainer::{TrainerArchitecture, LINE_WORDS, SLOTS};

/// GC of layer `number` over `steps` steps, from its errors and its input.
pub(super) fn layer(
    arch: &TrainerArchitecture,
    network: &Network,
    number: usize,
    [errors, input]: [Stack; 2],
    steps: usize,
) -> Vec<Work> {
    let layer = &network.layers()[number];
    let lines = layer.block_lines();
    let channels = layer.output.channels;
    (0..layer.blocks())
        .map(|block| Work {
            layer: number,
            parameters: None,
            compute: Compute {
                stage: Stage::Gradient as u32,
                passes: lines.div_ceil(arch.pass_vectors()) as u32,
                maps: steps as u32,
                width: 1,
                second_start: (errors.word() + block * LINE_WORDS) as u32,
                second_step: channels as u32,
                second_step_map: errors.step() as u32,
                results: lines as u32,
                slots: SLOTS as u32,
                lanes: LINE_WORDS.min(channels - block * LINE_WORDS) as u32,
                padding: (lines - layer.rows()) as u32,
                result_start: (network.parameter_line(number) + block * lines) as u32,
                ..output_positions(layer, input)
            },
        })
        .collect()
}
