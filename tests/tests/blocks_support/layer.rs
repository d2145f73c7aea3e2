//! Random layers and parameters for the post-processor's blocks.

use cortado_arch::isa::{Compute, Mode, Parameter};

use super::random::Random;

/// A layer of random size whose post-processing fields are random too.
pub fn random_layer(random: &mut Random, tm: usize) -> Compute {
    let mut bounds = || {
        let (first, second) = (random.signed(8) as i32, random.signed(8) as i32);
        match random.below(3) {
            0 => (-128, 127),
            _ => (first.min(second), first.max(second)),
        }
    };
    let ((minimum, maximum_value), (sum_minimum, sum_maximum)) = (bounds(), bounds());
    let groups = 1 + random.below(5) as u32;
    let mode = random.pick(&[Mode::Convolution, Mode::Channelwise, Mode::Depthwise, Mode::Patch]);
    let mut word = || random.next() as u32 & 0xffff;
    Compute {
        mode: mode as u32,
        output_address: word(),
        residual_address: word(),
        parameter_address: word(),
        output_groups: groups,
        output_width: 1 + random.below(5) as u32,
        output_height: 1 + random.below(4) as u32,
        output_pixel_words: groups + random.below(1 + tm) as u32,
        parameter_hold: random.chance(20).into(),
        residual: random.chance(60).into(),
        scale_residual: random.chance(50).into(),
        zero_point: random.signed(8) as i32,
        minimum,
        maximum_value,
        own_zero_point: random.signed(8) as i32,
        residual_zero_point: random.signed(8) as i32,
        sum_zero_point: random.signed(8) as i32,
        sum_minimum,
        sum_maximum,
        scale_q: random.next() as u32 >> 1 | 1 << 30,
        scale_shift: random.below(12) as u32,
        sum_q: random.next() as u32 >> 1 | 1 << 30,
        sum_shift: 15 + random.below(10) as u32,
        ..Compute::default()
    }
}

/// The results of a layer in the order in which they come: group and word offset.
pub fn results(layer: &Compute) -> Vec<(u32, u16)> {
    let (width, height, groups) = (layer.output_width, layer.output_height, layer.output_groups);
    let offset = |pixel: u32, group: u32| (pixel * layer.output_pixel_words + group) as u16;
    let mut results = Vec::new();
    if layer.mode == Mode::Depthwise as u32 {
        for group in 0..groups {
            results.extend((0..width * height).map(|pixel| (group, offset(pixel, group))));
        }
    } else {
        for pixel in 0..width * height {
            results.extend((0..groups).map(|group| (group, offset(pixel, group))));
        }
    }
    results
}

/// A channel's parameters, of every magnitude.
pub fn random_parameter(random: &mut Random) -> Parameter {
    Parameter {
        bias: random.scaled(28) as i32,
        q: if random.chance(90) { random.next() as u32 >> 1 | 1 << 30 } else { 0 },
        shift: random.below(32) as u32,
    }
}
