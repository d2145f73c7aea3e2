//! Hand-made programs: tensors to memory layouts and back, and the layers in direct loops.

#![allow(dead_code)]

mod assemble;
mod random;
mod reference;
mod weights;

pub use assemble::*;
pub use random::Random;
use reference::reference_scale;

use cortado_arch::isa::*;
use cortado_arch::{preset, Architecture};
use cortado_iss::Machine;

/// A layer in the words of networks, not of the machine.
#[derive(Debug, Clone)]
pub struct Layer {
    pub mode: Mode,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    /// Convolution and Patch; the other modes have `channels`.
    pub out_channels: usize,
    pub kernel: (usize, usize),
    pub stride: (usize, usize),
    pub pad: (usize, usize),
    /// Rows and columns beyond the map that the last windows may reach.
    pub pad_after: (usize, usize),
    /// Largest product instead of the sum, all weights 1.
    pub pool: bool,
    pub residual: bool,
    pub scale_residual: bool,
    pub seed: u64,
}

pub struct Built {
    pub a: Architecture,
    pub machine: Machine,
    pub compute: Compute,
    pub expected: Vec<i8>,
    pub output_byte: usize,
    pub out_channels: usize,
    pub pixels: usize,
}

/// A map in the blocked layout; bytes beyond the channels are noise.
pub fn blocked(map: &[i8], channels: usize, tm: usize, random: &mut Random) -> Vec<u8> {
    let words = channels.div_ceil(tm);
    let mut bytes: Vec<u8> = random.bytes(map.len() / channels * words * tm).iter().map(|b| *b as u8).collect();
    for (i, value) in map.iter().enumerate() {
        bytes[i / channels * words * tm + i % channels] = *value as u8;
    }
    bytes
}

impl Layer {
    /// A layer of any mode whose map is at most `side` high and wide; it need not fit a preset.
    pub fn random(random: &mut Random, side: u64) -> Layer {
        let mode = [Mode::Convolution, Mode::Channelwise, Mode::Depthwise, Mode::Patch][random.next() as usize % 4];
        let mut below = |n: u64| (random.next() % n) as usize;
        Layer {
            mode,
            height: 1 + below(side),
            width: 1 + below(side),
            channels: if mode == Mode::Patch { 1 + below(4) } else { 1 + below(40) },
            out_channels: 1 + below(40),
            kernel: (1 + below(4), 1 + below(4)),
            stride: (1 + below(3), 1 + below(3)),
            pad: (below(4), below(4)),
            pad_after: (below(3), below(3)),
            pool: mode == Mode::Channelwise && below(2) == 1,
            residual: below(3) == 1,
            scale_residual: below(2) == 1,
            seed: random.next(),
        }
    }

    pub fn output_size(&self) -> (usize, usize) {
        let size = |n: usize, k: usize, s: usize, p: usize, after: usize| {
            (n + p + after).checked_sub(k).map_or(0, |x| x / s + 1)
        };
        (
            size(self.height, self.kernel.0, self.stride.0, self.pad.0, self.pad_after.0),
            size(self.width, self.kernel.1, self.stride.1, self.pad.1, self.pad_after.1),
        )
    }

    fn full(&self) -> bool {
        matches!(self.mode, Mode::Convolution | Mode::Patch)
    }

    pub fn outs(&self) -> usize {
        if self.full() {
            self.out_channels
        } else {
            self.channels
        }
    }

    /// Weight of output channel `o`, tap (ky, kx), input channel `i` (0 unless all are summed).
    fn weight_index(&self, o: usize, ky: usize, kx: usize, i: usize) -> usize {
        let ins = if self.full() { self.channels } else { 1 };
        ((o * self.kernel.0 + ky) * self.kernel.1 + kx) * ins + i
    }

    /// Everything to run the layer on `preset`, and the answer; `None` when it does not fit there.
    pub fn build(&self, preset_name: &str) -> Option<Built> {
        self.build_on(&preset::by_name(preset_name).expect("an embedded preset"))
    }

    /// The same on an engine that is no preset.
    #[allow(dead_code)]
    pub fn build_on(&self, a: &Architecture) -> Option<Built> {
        if self.residual && !a.residual_unit {
            return None;
        }
        let mut random = Random(self.seed);
        let (tm, tn) = (a.tm, a.tn);
        let (oh, ow) = self.output_size();
        let (kh, kw) = self.kernel;
        let outs = self.outs();
        let groups = outs.div_ceil(tm);
        let run_bytes = kw * self.channels;
        let fits = match self.mode {
            Mode::Depthwise => kh * kw <= a.window_taps,
            Mode::Patch => kh * run_bytes <= a.patch_bytes && run_bytes <= 255,
            _ => true,
        };
        if oh == 0 || ow == 0 || !fits {
            return None;
        }
        let input = random.bytes(self.height * self.width * self.channels);
        let ins = if self.full() { self.channels } else { 1 };
        let mut weights = random.bytes(outs * kh * kw * ins);
        if self.pool {
            weights.fill(1);
        }
        let residual = random.bytes(oh * ow * outs);
        let pad_value = if self.pool { -128 } else { i32::from(random.byte()) };
        let parameters: Vec<Parameter> = (0..outs)
            .map(|_| Parameter {
                bias: (random.next() % 20001) as i32 - 10000,
                q: (1 << 30) | (random.next() as u32 & 0x3fff_ffff),
                shift: (random.next() % 12) as u32,
            })
            .collect();
        let packed = self.mode == Mode::Patch;
        let row_bytes = self.width * self.channels;
        let (pixel_words, row_words) = if packed {
            (0, row_bytes.div_ceil(tm))
        } else {
            let pixel = self.channels.div_ceil(tm);
            (pixel, pixel * self.width)
        };
        let input_bytes = if packed {
            let mut bytes: Vec<u8> = random.bytes(self.height * row_words * tm).iter().map(|b| *b as u8).collect();
            for y in 0..self.height {
                for x in 0..row_bytes {
                    bytes[y * row_words * tm + x] = input[y * row_bytes + x] as u8;
                }
            }
            bytes
        } else {
            blocked(&input, self.channels, tm, &mut random)
        };
        let residual_bytes = blocked(&residual, outs, tm, &mut random);
        let weight_bytes = self.weight_words(a, &weights);
        let mut parameter_bytes = Vec::new();
        for o in 0..groups * tm {
            parameter_bytes.extend(parameters.get(o).copied().unwrap_or_default().encode().unwrap());
        }
        let input_base = 3;
        let residual_base = input_base + input_bytes.len() / tm + 5;
        let output_base = residual_base + residual_bytes.len() / tm + 7;
        let (weight_base, parameter_base) = (2, 4);
        let steps = weight_bytes.len() / (tm * tn) / if self.pool { 1 } else { groups };
        if output_base + residual_bytes.len() / tm > a.activation_words
            || weight_base + weight_bytes.len() / (tm * tn) > a.weight_words
            || parameter_base + groups * a.chunks() > a.parameter_words
        {
            return None;
        }
        let small = |random: &mut Random| i32::from(random.byte());
        let last = if self.mode == Mode::Channelwise { 1 } else { (self.channels - 1) % tm / tn + 1 };
        let columns = (ow - 1) * self.stride.1 + kw;
        let shared = if self.mode == Mode::Depthwise {
            columns.saturating_sub(self.pad.1 + self.width).min(self.pad.1).min(kw - 1)
        } else {
            0
        };
        let blocks = if self.mode == Mode::Channelwise { 1 } else { self.channels.div_ceil(tm) };
        let compute = Compute {
            maximum: self.pool.into(),
            weight_hold: self.pool.into(),
            residual: self.residual.into(),
            scale_residual: self.scale_residual.into(),
            input_address: (input_base as i64 - (self.pad.0 * row_words + self.pad.1 * pixel_words) as i64) as u16
                as u32,
            output_address: output_base as u32,
            residual_address: residual_base as u32,
            weight_address: weight_base as u32,
            parameter_address: parameter_base as u32,
            output_width: ow as u32,
            output_height: oh as u32,
            input_width: self.width as u32,
            input_height: self.height as u32,
            kernel_width: kw as u32,
            kernel_height: kh as u32,
            stride_x: self.stride.1 as u32,
            stride_y: self.stride.0 as u32,
            pad_left: self.pad.1 as u32,
            pad_top: self.pad.0 as u32,
            input_blocks: blocks as u32,
            last_substeps: last as u32,
            output_groups: groups as u32,
            pixel_words: pixel_words as u32,
            row_words: row_words as u32,
            step_x_words: (self.stride.1 * pixel_words) as u32,
            step_y_words: (self.stride.0 * row_words) as u32,
            output_pixel_words: groups as u32,
            shared_columns: shared as u32,
            shared_words: (shared * pixel_words) as u32,
            window_steps: steps.min(63) as u32,
            run_bytes: if packed { run_bytes as u32 } else { 0 },
            step_x_bytes: if packed { (self.stride.1 * self.channels) as u32 } else { 0 },
            pad_left_bytes: if packed { (self.pad.1 * self.channels) as u32 } else { 0 },
            row_bytes: if packed { row_bytes as u32 } else { 0 },
            pad_value,
            zero_point: small(&mut random),
            minimum: -120,
            maximum_value: 121,
            own_zero_point: small(&mut random),
            residual_zero_point: small(&mut random),
            sum_zero_point: small(&mut random),
            sum_minimum: -110,
            sum_maximum: 125,
            scale_q: (1 << 30) | (random.next() as u32 & 0x3fff_ffff),
            scale_shift: (random.next() % 4) as u32,
            sum_q: (1 << 30) | (random.next() as u32 & 0x3fff_ffff),
            sum_shift: 16 + (random.next() % 5) as u32,
            ..Compute::default()
        };
        let sums = self.accumulators(&input, &weights, pad_value);
        let expected = sums.iter().enumerate().map(|(i, sum)| {
            let p = parameters[i % outs];
            let own =
                reference_scale(i128::from(*sum) + i128::from(p.bias), p.q, p.shift) + i128::from(compute.zero_point);
            let own = own.clamp(compute.minimum.into(), compute.maximum_value.into());
            if !self.residual {
                return own as i8;
            }
            let own = own - i128::from(compute.own_zero_point);
            let r = i128::from(residual[i]) - i128::from(compute.residual_zero_point);
            let (scaled, other) = if self.scale_residual { (r, own) } else { (own, r) };
            let t = reference_scale(scaled << 20, compute.scale_q, compute.scale_shift) + (other << 19);
            let sum = reference_scale(t, compute.sum_q, compute.sum_shift) + i128::from(compute.sum_zero_point);
            sum.clamp(compute.sum_minimum.into(), compute.sum_maximum.into()) as i8
        });
        let expected = expected.collect();
        let mut machine = Machine::new(a);
        let program_bytes = 8 * INSTRUCTION_BYTES;
        let mut external = vec![0u8; program_bytes];
        let mut place = |bytes: &[u8]| {
            let at = external.len().next_multiple_of(INSTRUCTION_BYTES);
            external.resize(at, 0xee);
            external.extend_from_slice(bytes);
            at as u32
        };
        let (input_at, weight_at) = (place(&input_bytes), place(&weight_bytes));
        let (parameter_at, residual_at) = (place(&parameter_bytes), place(&residual_bytes));
        let output_at = place(&vec![0x55; residual_bytes.len()]);
        external.resize(external.len().next_multiple_of(INSTRUCTION_BYTES), 0);
        let words = |bytes: &[u8], each: usize| (bytes.len() / each) as u32;
        // Maps lie apart, so whole beats overwrite nothing.
        let whole = |bytes: &[u8]| words(bytes, tm).next_multiple_of(a.transfer_words() as u32);
        let program = encode(&[
            at(0, 0, load(OnChip::Activation, input_base as u32, whole(&input_bytes), input_at)),
            at(0, 0, load(OnChip::Weight, weight_base as u32, words(&weight_bytes, tm * tn), weight_at)),
            at(
                0,
                0,
                load(
                    OnChip::Parameter,
                    parameter_base as u32,
                    words(&parameter_bytes, 8 * a.requantise_lanes),
                    parameter_at,
                ),
            ),
            at(0, 0, load(OnChip::Activation, residual_base as u32, whole(&residual_bytes), residual_at)),
            at(4, 0, Operation::Compute(self.mode, compute)),
            at(0, 1, store(output_base as u32, words(&residual_bytes, tm), output_at)),
            at(0, 0, Operation::End),
        ]);
        external[..program.len()].copy_from_slice(&program);
        machine.external = external;
        Some(Built {
            a: a.clone(),
            machine,
            compute,
            expected,
            output_byte: output_at as usize,
            out_channels: outs,
            pixels: oh * ow,
        })
    }
}

impl Built {
    /// The output map that the program has stored.
    pub fn output(&self) -> Vec<i8> {
        let words = self.out_channels.div_ceil(self.a.tm);
        let mut map = Vec::new();
        for pixel in 0..self.pixels {
            let first = self.output_byte + pixel * words * self.a.tm;
            map.extend(self.machine.external[first..][..self.out_channels].iter().map(|b| *b as i8));
        }
        map
    }

    /// Replaces instruction `index` of the program.
    pub fn replace(&mut self, index: usize, instruction: &Instruction) {
        let bytes = instruction.encode().expect("fits its fields");
        self.machine.external[index * INSTRUCTION_BYTES..][..INSTRUCTION_BYTES].copy_from_slice(&bytes);
    }
}
