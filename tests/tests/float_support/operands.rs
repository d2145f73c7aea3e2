//! Operands that reach the corners of the arithmetic.

use crate::blocks_support::random::Random;

/// Numbers at the ends of everything.
pub const CORNERS: &[u32] = &[
    0x0000_0000,
    0x0000_0001,
    0x0040_0000,
    0x007f_ffff,
    0x0080_0000,
    0x0080_0001,
    0x00ff_ffff,
    0x0100_0000,
    0x1f80_0000,
    0x2000_0000,
    0x207f_ffff,
    0x3300_0000,
    0x3380_0000,
    0x3380_0001,
    0x33ff_ffff,
    0x3400_0000,
    0x3eff_ffff,
    0x3f00_0000,
    0x3f00_0001,
    0x3f7f_7fff,
    0x3f7f_8000,
    0x3f7f_ffff,
    0x3f80_0000,
    0x3f80_0001,
    0x3f80_8000,
    0x3f81_8000,
    0x3fc0_0000,
    0x3fff_ffff,
    0x4000_0000,
    0x4020_0000,
    0x4040_0000,
    0x4b7f_ffff,
    0x4b80_0000,
    0x4b80_0001,
    0x4eff_ffff,
    0x4f00_0000,
    0x4f00_0001,
    0x5f00_0000,
    0x5f7f_ffff,
    0x5f80_0000,
    0x7e7f_ffff,
    0x7e80_0000,
    0x7f00_0000,
    0x7f7f_7fff,
    0x7f7f_8000,
    0x7f7f_ffff,
    0x7f80_0000,
    0x7f80_0001,
    0x7fbf_ffff,
    0x7fc0_0000,
    0x7fff_ffff,
];

/// All corners, of both signs.
pub fn corners() -> impl Iterator<Item = u32> + Clone {
    CORNERS.iter().flat_map(|&bits| [bits, bits | 0x8000_0000])
}

/// All pairs of corners.
pub fn corner_pairs() -> impl Iterator<Item = [u32; 2]> {
    corners().flat_map(|a| corners().map(move |b| [a, b]))
}

/// A fraction: any, or with few bits set, or with few bits unset, or with none below some bit. The last three make ties.
fn fraction(random: &mut Random) -> u32 {
    let any = random.next() as u32;
    let fraction = match random.below(5) {
        0 => 1 << random.below(23) | 1 << random.below(23),
        1 => !(1 << random.below(23)),
        2 => any << random.below(24),
        _ => any,
    };
    fraction & 0x007f_ffff
}

fn number(random: &mut Random, exponent: i64) -> u32 {
    let sign = (random.next() as u32) << 31;
    sign | (exponent.clamp(0, 255) as u32) << 23 | fraction(random)
}

/// Any number whose exponent lies within `spread` of 1.0's.
pub fn near_one(random: &mut Random, spread: usize) -> u32 {
    let exponent = 127 - spread as i64 + random.below(2 * spread + 1) as i64;
    number(random, exponent)
}

/// One number: any bits, any exponent, a corner, or near an integer.
pub fn one(random: &mut Random) -> u32 {
    match random.below(16) {
        0 => CORNERS[random.below(CORNERS.len())] ^ (random.next() as u32) << 31,
        1..6 => random.next() as u32,
        6..10 => near_one(random, 40),
        _ => {
            let exponent = random.below(256) as i64;
            number(random, exponent)
        }
    }
}

/// Two numbers: any; of near exponents; that cancel; whose product or quotient is at an end of the exponent; small both.
pub fn pair(random: &mut Random) -> [u32; 2] {
    let a = one(random);
    let exponent = i64::from((a >> 23) & 0xff);
    let near = |random: &mut Random, around: i64, spread: usize| {
        let exponent = around - spread as i64 + random.below(2 * spread + 1) as i64;
        number(random, exponent)
    };
    let b = match random.below(12) {
        0 | 1 => near(random, exponent, 2),
        2 | 3 => near(random, exponent, 28),
        4 => (a ^ 0x8000_0000).wrapping_add(random.below(9) as u32).wrapping_sub(4),
        // The product of exponents e and f is at the ends where e + f - 127 is 255 or 0, the quotient where e - f + 127 is.
        5 => near(random, 127 + 254 - exponent, 2),
        6 => near(random, 127 - exponent, 2),
        7 => near(random, exponent - 127, 2),
        8 => near(random, exponent + 127, 2),
        9 => return [near(random, 14, 14), near(random, 14, 14)],
        _ => one(random),
    };
    if random.chance(50) {
        [a, b]
    } else {
        [b, a]
    }
}
