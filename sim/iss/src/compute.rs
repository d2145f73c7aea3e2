//! What a COMPUTE does to activation memory.

use cortado_arch::isa::{Compute, Mode, PARAMETER_BYTES};
use cortado_arch::Architecture;

use crate::accumulate::Accumulators;
use crate::check::steps_per_output;
use crate::error::{Output, Problem};
use crate::memory::{Actor, Memory, Refusal};
use crate::{operand, requantise};

/// The memories a COMPUTE works on.
pub(crate) struct Memories<'a> {
    pub activation: &'a mut Memory,
    pub weight: &'a mut Memory,
    pub parameter: &'a mut Memory,
}

/// Executes a COMPUTE that [`crate::check::check`] has passed.
///
/// # Errors
/// With the output it was working on.
pub(crate) fn execute(
    a: &Architecture,
    mode: Mode,
    c: &Compute,
    memories: Memories<'_>,
    actor: Actor,
) -> Result<(), (Output, Refusal)> {
    let steps = steps_per_output(a, mode, c);
    let window_elements = if mode == Mode::Depthwise { steps * a.macs() } else { steps * a.tn };
    let mut unit = ComputeUnit {
        a,
        c,
        actor,
        memories,
        steps,
        accumulators: Accumulators::new(a, c.maximum == 1),
        word: vec![0; a.tm],
        window: if matches!(mode, Mode::Depthwise | Mode::Patch) { vec![0; window_elements] } else { Vec::new() },
        result: vec![0; a.activation_word_bytes()],
    };
    let (groups, height, width) = (c.output_groups, c.output_height, c.output_width);
    let mut one = |oy: u32, ox: u32, g: u32| {
        let output = Output { oy: oy as usize, ox: ox as usize, group: g as usize };
        unit.output(mode, oy, ox, g).map_err(|refusal| (output, refusal))
    };
    if mode == Mode::Depthwise {
        for g in 0..groups {
            for oy in 0..height {
                for ox in 0..width {
                    one(oy, ox, g)?;
                }
            }
        }
    } else {
        for oy in 0..height {
            for ox in 0..width {
                for g in 0..groups {
                    one(oy, ox, g)?;
                }
            }
        }
    }
    Ok(())
}

struct ComputeUnit<'a> {
    a: &'a Architecture,
    c: &'a Compute,
    actor: Actor,
    memories: Memories<'a>,
    /// Steps of one output.
    steps: usize,
    accumulators: Accumulators,
    /// One activation word.
    word: Vec<i16>,
    /// What all steps of an output multiply (Depthwise, Patch).
    window: Vec<i16>,
    /// One output word.
    result: Vec<u8>,
}

impl ComputeUnit<'_> {
    fn output(&mut self, mode: Mode, oy: u32, ox: u32, g: u32) -> Result<(), Refusal> {
        self.accumulators.clear();
        match mode {
            Mode::Convolution => self.convolution(oy, ox, g)?,
            Mode::Channelwise => self.channelwise(oy, ox, g)?,
            Mode::Depthwise => self.depthwise(oy, ox, g)?,
            Mode::Patch => self.patch(oy, ox, g)?,
        }
        self.post_process(oy, ox, g as usize)
    }

    fn weight_word(&self, g: u32, step: usize) -> usize {
        let counted = if self.c.weight_hold == 1 { 0 } else { g as usize * self.steps + step };
        self.c.weight_address as usize + counted
    }

    fn convolution(&mut self, oy: u32, ox: u32, g: u32) -> Result<(), Refusal> {
        let (c, tn) = (self.c, self.a.tn);
        let mut step = 0;
        for ky in 0..c.kernel_height {
            for kx in 0..c.kernel_width {
                let first = operand::position(c, oy, ox, ky, kx);
                for block in 0..c.input_blocks {
                    operand::word(c, self.memories.activation, first, block, &mut self.word, &self.actor)?;
                    let substeps =
                        if block + 1 == c.input_blocks { c.last_substeps as usize } else { self.a.substeps() };
                    for s in 0..substeps {
                        let word = self.weight_word(g, step);
                        let weights = self.memories.weight.read(word, "weight_address", &self.actor)?;
                        self.accumulators.step_shared(&self.word[s * tn..][..tn], weights);
                        step += 1;
                    }
                }
            }
        }
        Ok(())
    }

    fn channelwise(&mut self, oy: u32, ox: u32, g: u32) -> Result<(), Refusal> {
        let (c, tn) = (self.c, self.a.tn);
        let mut step = 0;
        for ky in 0..c.kernel_height {
            for kx in 0..c.kernel_width {
                let first = operand::position(c, oy, ox, ky, kx);
                operand::word(c, self.memories.activation, first, g, &mut self.word, &self.actor)?;
                let word = self.weight_word(g, step);
                let weights = self.memories.weight.read(word, "weight_address", &self.actor)?;
                if self.actor.strict {
                    no_stray(self.a, word, weights, |lane| lane % tn > 0)?;
                }
                self.accumulators.step_single(&self.word, weights);
                step += 1;
            }
        }
        Ok(())
    }

    fn depthwise(&mut self, oy: u32, ox: u32, g: u32) -> Result<(), Refusal> {
        let (c, tn, macs) = (self.c, self.a.tn, self.a.macs());
        operand::window(c, self.memories.activation, (oy, ox, g), tn, &mut self.word, &mut self.window, &self.actor)?;
        let taps = (c.kernel_height * c.kernel_width) as usize;
        for step in 0..self.steps {
            let word = self.weight_word(g, step);
            let weights = self.memories.weight.read(word, "weight_address", &self.actor)?;
            if self.actor.strict && (step + 1) * tn > taps {
                no_stray(self.a, word, weights, |lane| step * tn + lane % tn >= taps)?;
            }
            self.accumulators.step_own(&self.window[step * macs..][..macs], weights);
        }
        Ok(())
    }

    fn patch(&mut self, oy: u32, ox: u32, g: u32) -> Result<(), Refusal> {
        let (c, tn) = (self.c, self.a.tn);
        if g == 0 {
            operand::patch(c, self.memories.activation, (oy, ox), &mut self.window, &self.actor)?;
        }
        let run = (c.kernel_height * c.run_bytes) as usize;
        for step in 0..self.steps {
            let word = self.weight_word(g, step);
            let weights = self.memories.weight.read(word, "weight_address", &self.actor)?;
            if self.actor.strict && (step + 1) * tn > run {
                no_stray(self.a, word, weights, |lane| step * tn + lane % tn >= run)?;
            }
            self.accumulators.step_shared(&self.window[step * tn..][..tn], weights);
        }
        Ok(())
    }

    fn post_process(&mut self, oy: u32, ox: u32, g: usize) -> Result<(), Refusal> {
        let c = self.c;
        if let Some((lane, sum)) = self.accumulators.wide().filter(|_| self.actor.strict) {
            let most = 1 << (self.a.data_type.maximum_bits() - 1);
            return Err(Problem::WideMaximum { lane, sum, most }.into());
        }
        let (lanes, element) = (self.a.requantise_lanes, self.a.data_type.bytes());
        let first = c.parameter_address as usize + if c.parameter_hold == 1 { 0 } else { g * self.a.chunks() };
        for chunk in 0..self.a.chunks() {
            let word = self.memories.parameter.read(first + chunk, "parameter_address", &self.actor)?;
            for (slot, bytes) in word.chunks_exact(PARAMETER_BYTES).enumerate() {
                let lane = chunk * lanes + slot;
                let sum = held(self.a, self.accumulators.sums()[lane], lane, self.actor.strict)?;
                let mut parameter = [0; PARAMETER_BYTES];
                parameter.copy_from_slice(bytes);
                let own = requantise::own(self.a.data_type, c, sum, parameter).to_le_bytes();
                self.result[lane * element..][..element].copy_from_slice(&own[..element]);
            }
        }
        let offset = (oy as usize * c.output_width as usize + ox as usize) * c.output_pixel_words as usize + g;
        if c.residual == 1 {
            let word =
                self.memories.activation.read(c.residual_address as usize + offset, "residual_address", &self.actor)?;
            for (own, residual) in self.result.iter_mut().zip(word) {
                *own = requantise::add(c, i32::from(*own as i8), i32::from(*residual as i8)) as u8;
            }
        }
        self.memories
            .activation
            .write(c.output_address as usize + offset, "output_address", &self.actor)?
            .copy_from_slice(&self.result);
        Ok(())
    }
}

/// Refuses a weight other than zero in a lane (m*Tn + n) for which `undefined` holds.
fn no_stray(a: &Architecture, word: usize, weights: &[u8], undefined: impl Fn(usize) -> bool) -> Result<(), Problem> {
    let lane = |byte| byte / a.data_type.bytes();
    match weights.iter().enumerate().find(|(byte, weight)| **weight != 0 && undefined(lane(*byte))) {
        Some((byte, _)) => Err(Problem::StrayWeight { word, byte }),
        None => Ok(()),
    }
}

/// What an accumulator holds of `sum`; strict: an error when that is not all of it.
fn held(a: &Architecture, sum: i64, lane: usize, strict: bool) -> Result<i64, Problem> {
    let bits = a.data_type.accumulator_bits();
    let held = sum << (64 - bits) >> (64 - bits);
    if strict && held != sum {
        return Err(Problem::Overflow { lane, sum, bits });
    }
    Ok(held)
}
