//! FW: a COMPUTE for each block of 16 outputs, or for eight of them in a dense layer.

use super::{last_of, output_positions, resident, ProgramError, Stack, Work};
use crate::trainer::instruction::{Base, Compute, Parameters, Stage};
use crate::trainer::network::Network;
use crate::trainer::{TrainerArchitecture, LINE_WORDS, SLOTS};

/// FW of layer `number` from its input to its output.
pub(super) fn layer(
    arch: &TrainerArchitecture,
    network: &Network,
    number: usize,
    [input, output]: [Stack; 2],
    copied: bool,
) -> Result<Vec<Work>, ProgramError> {
    let layer = &network.layers()[number];
    let (rows, block_lines) = (layer.rows(), layer.block_lines());
    let tiles = rows.div_ceil(LINE_WORDS);
    let parameters = |block: usize| Parameters {
        base: Base::Parameters as u32,
        address: (network.parameter_line(number) + block * block_lines) as u32,
        copied: copied.into(),
        last_vectors: last_of(rows),
        count_2: 1,
        ..Parameters::default()
    };
    let compute = Compute {
        stage: Stage::Forward as u32,
        rectified: layer.rectified.into(),
        maps: 1,
        blocks: tiles as u32,
        last_steps: last_of(rows),
        ..output_positions(layer, input)
    };
    if layer.dense() {
        return Ok((0..layer.blocks())
            .step_by(SLOTS)
            .map(|block| {
                let width = SLOTS.min(layer.blocks() - block);
                let parameters = Parameters {
                    interleaved: 1,
                    short_outer: 1,
                    count_0: width as u32,
                    step_0: block_lines as u32,
                    count_1: tiles as u32,
                    step_1: LINE_WORDS as u32,
                    ..parameters(block)
                };
                let compute = Compute {
                    dense: 1,
                    passes: 1,
                    width: width as u32,
                    results: width as u32,
                    slots: width as u32,
                    lanes: LINE_WORDS as u32,
                    result_start: (output.word() + block * LINE_WORDS) as u32,
                    result_step_map: LINE_WORDS as u32,
                    ..compute
                };
                Work { layer: number, parameters: Some(parameters), compute }
            })
            .collect());
    }
    resident(arch, number, rows)?;
    let positions = layer.output.height * layer.output.width;
    let channels = layer.output.channels;
    Ok((0..layer.blocks())
        .map(|block| {
            let parameters =
                Parameters { count_0: tiles as u32, step_0: LINE_WORDS as u32, count_1: 1, ..parameters(block) };
            let compute = Compute {
                passes: positions.div_ceil(arch.pass_vectors()) as u32,
                vectors: rows as u32,
                resident: 1,
                width: 1,
                results: positions as u32,
                slots: SLOTS as u32,
                lanes: LINE_WORDS.min(channels - block * LINE_WORDS) as u32,
                result_start: (output.word() + block * LINE_WORDS) as u32,
                result_step_x: channels as u32,
                result_step_y: (layer.output.width * channels) as u32,
                ..compute
            };
            Work { layer: number, parameters: Some(parameters), compute }
        })
        .collect())
}
