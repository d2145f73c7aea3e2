//! BW. A convolution's inputs fall into stride x stride phases: those of one phase have the same kernel positions, so
//! a phase is a convolution with stride 1 of its own and no product with an inserted zero is made. A COMPUTE for each
//! phase and block of 16 inputs; a dense layer takes the blocks of inputs group by group.

use super::{last_of, resident, wrapped, ProgramError, Stack, Work};
use crate::trainer::instruction::{Base, Compute, Parameters, Stage};
use crate::trainer::network::{Layer, Network};
use crate::trainer::{TrainerArchitecture, LINE_WORDS, SLOTS};

/// BW of layer `number` for `steps` steps: from its errors, masked by its input, to the errors before it.
pub(super) fn layer(
    arch: &TrainerArchitecture,
    network: &Network,
    number: usize,
    [errors, input, before]: [Stack; 3],
    steps: usize,
) -> Result<Vec<Work>, ProgramError> {
    let layer = &network.layers()[number];
    let compute = Compute {
        stage: Stage::Backward as u32,
        start: errors.word() as u32,
        blocks: layer.blocks() as u32,
        last_steps: last_of(layer.output.channels),
        second_start: wrapped(input.word() as i64 - before.word() as i64),
        ..Compute::default()
    };
    let parameters = Parameters {
        base: Base::Parameters as u32,
        address: network.parameter_line(number) as u32 + 1,
        transposed: 1,
        last_vectors: last_of(layer.output.channels),
        ..Parameters::default()
    };
    if layer.dense() {
        return Ok(dense(arch, layer, compute, parameters, [errors, before], steps)
            .into_iter()
            .map(|(parameters, compute)| Work { layer: number, parameters: Some(parameters), compute })
            .collect());
    }
    let mut works = Vec::new();
    for ry in 0..layer.stride.min(layer.input.height) {
        for rx in 0..layer.stride.min(layer.input.width) {
            let phase = Phase { layer, ry, rx };
            resident(arch, number, phase.vectors())?;
            for block in 0..layer.input.channels.div_ceil(LINE_WORDS) {
                works.push(Work {
                    layer: number,
                    parameters: Some(phase.parameters(block, parameters)),
                    compute: phase.compute(arch, block, compute, [errors, before], steps),
                });
            }
        }
    }
    Ok(works)
}

/// Whole passes of all groups, then one of those left.
fn dense(
    arch: &TrainerArchitecture,
    layer: &Layer,
    compute: Compute,
    parameters: Parameters,
    [errors, before]: [Stack; 2],
    steps: usize,
) -> Vec<(Parameters, Compute)> {
    let blocks = layer.input.channels.div_ceil(LINE_WORDS);
    let (passes, left) = (blocks / arch.groups, blocks % arch.groups);
    let part = |first: usize, width: usize, passes: usize| {
        let parameters = Parameters {
            address: parameters.address + (first * LINE_WORDS) as u32,
            interleaved: 1,
            short_outer: 1,
            count_0: width as u32,
            step_0: LINE_WORDS as u32,
            count_1: layer.blocks() as u32,
            step_1: layer.block_lines() as u32,
            count_2: passes as u32,
            step_2: (width * LINE_WORDS) as u32,
            ..parameters
        };
        let compute = Compute {
            dense: 1,
            passes: passes as u32,
            columns: steps as u32,
            rows: 1,
            maps: 1,
            step_x: errors.step() as u32,
            taps_x: 1,
            taps_y: 1,
            bound_columns: steps as u32,
            bound_rows: 1,
            width: width as u32,
            results: (steps * width * passes) as u32,
            slots: steps as u32,
            lanes: LINE_WORDS as u32,
            result_start: (before.word() + first * LINE_WORDS) as u32,
            result_step_x: before.step() as u32,
            result_step_map: LINE_WORDS as u32,
            ..compute
        };
        (parameters, compute)
    };
    let whole = (passes > 0).then(|| part(0, arch.groups, passes));
    let rest = (left > 0).then(|| part(passes * arch.groups, left, 1));
    whole.into_iter().chain(rest).collect()
}

/// The inputs `(ry + stride u, rx + stride v)`.
struct Phase<'a> {
    layer: &'a Layer,
    ry: usize,
    rx: usize,
}

impl Phase<'_> {
    /// Kernel rows and columns that lie on the phase's inputs.
    fn taps(&self) -> [usize; 2] {
        let Layer { kernel, stride, .. } = self.layer;
        [self.ry, self.rx].map(|r| kernel.saturating_sub(r).div_ceil(*stride))
    }

    /// No output has these inputs: their sums are one step outside the output's map.
    fn empty(&self) -> bool {
        self.taps().contains(&0)
    }

    /// Vectors of a pass.
    fn vectors(&self) -> usize {
        match self.empty() {
            true => 1,
            false => self.taps().iter().product::<usize>() * self.layer.output.channels,
        }
    }

    fn parameters(&self, block: usize, parameters: Parameters) -> Parameters {
        if self.empty() {
            return Parameters { last_vectors: 1, count_0: 1, count_1: 1, count_2: 1, ..parameters };
        }
        let Layer { kernel, stride, input, .. } = self.layer;
        let [taps_y, taps_x] = self.taps();
        let first = (self.ry * kernel + self.rx) * input.channels + block * LINE_WORDS;
        Parameters {
            address: parameters.address + first as u32,
            count_0: self.layer.blocks() as u32,
            step_0: self.layer.block_lines() as u32,
            count_1: taps_x as u32,
            step_1: (stride * input.channels) as u32,
            count_2: taps_y as u32,
            step_2: (stride * kernel * input.channels) as u32,
            ..parameters
        }
    }

    fn compute(
        &self,
        arch: &TrainerArchitecture,
        block: usize,
        compute: Compute,
        [errors, before]: [Stack; 2],
        steps: usize,
    ) -> Compute {
        let Layer { stride, input, output, .. } = self.layer;
        let [rows, columns] = [input.height - self.ry, input.width - self.rx].map(|size| size.div_ceil(*stride));
        let error_row = output.width * output.channels;
        let results = steps * rows * columns;
        let compute = Compute {
            passes: results.div_ceil(arch.pass_vectors()) as u32,
            columns: columns as u32,
            rows: rows as u32,
            maps: steps as u32,
            step_x: output.channels as u32,
            step_y: error_row as u32,
            step_map: errors.step() as u32,
            tap_step_x: wrapped(-(output.channels as i64)),
            tap_step_y: wrapped(-(error_row as i64)),
            vectors: self.vectors() as u32,
            resident: 1,
            width: 1,
            results: results as u32,
            slots: SLOTS as u32,
            lanes: LINE_WORDS.min(input.channels - block * LINE_WORDS) as u32,
            result_start: (before.word() + (self.ry * input.width + self.rx) * input.channels + block * LINE_WORDS)
                as u32,
            result_step_x: (stride * input.channels) as u32,
            result_step_y: (stride * input.width * input.channels) as u32,
            result_step_map: before.step() as u32,
            ..compute
        };
        if self.empty() {
            return Compute { blocks: 1, last_steps: 1, taps_x: 1, taps_y: 1, ..compute };
        }
        let [taps_y, taps_x] = self.taps();
        Compute {
            taps_x: taps_x as u32,
            taps_y: taps_y as u32,
            bound_columns: output.width as u32,
            bound_rows: output.height as u32,
            ..compute
        }
    }
}
