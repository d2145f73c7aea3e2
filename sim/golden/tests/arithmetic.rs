//! The two models of fp32, one on the host's own floats and one in integers, are the same arithmetic.

use cortado_golden::a3c::arithmetic as host;
use cortado_golden::float as integer;

/// Bit patterns at the borders: zeros, subnormals, least and largest normals, ones, infinities, NaN.
const CORNERS: [u32; 18] = [
    0x0000_0000,
    0x8000_0000,
    0x0000_0001,
    0x807f_ffff,
    0x0080_0000,
    0x8080_0001,
    0x00ff_ffff,
    0x0100_0000,
    0x3380_0000,
    0x3f7f_ffff,
    0x3f80_0000,
    0xbf80_0001,
    0x4b80_0000,
    0x7f00_0000,
    0x7f7f_ffff,
    0x7f80_0000,
    0xff80_0000,
    0x7fc0_0000,
];

const RANDOM_PAIRS: u32 = 400_000;

fn agree(a: u32, b: u32) {
    let (x, y) = (host::operand(f32::from_bits(a)), host::operand(f32::from_bits(b)));
    let results = [
        ("multiply", host::multiply(x, y), integer::multiply(a, b)),
        ("add", host::add(x, y), integer::add(a, b)),
        ("subtract", host::subtract(x, y), integer::subtract(a, b)),
        ("divide", host::divide(x, y), integer::divide(a, b)),
        ("square_root", host::square_root(x), integer::square_root(a)),
    ];
    for (operation, host, integer) in results {
        let host = host::canonical(host).to_bits();
        assert_eq!(host, integer, "{operation} of {a:08x} and {b:08x}: host {host:08x}, integers {integer:08x}");
    }
}

#[test]
fn host_and_integer_models_agree_at_the_borders_and_on_random_operands() {
    for a in CORNERS {
        for b in CORNERS {
            agree(a, b);
        }
    }
    // xorshift32 from a fixed seed; every third pair has exponents near the least, where results are flushed.
    let mut state = 0x2545_f491_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    for pair in 0..RANDOM_PAIRS {
        let (a, b) = (next(), next());
        let near = |bits: u32, exponent: u32| bits & 0x807f_ffff | exponent << 23;
        match pair % 3 {
            0 => agree(a, b),
            1 => agree(near(a, 60 + (a >> 25 & 7)), near(b, 62 + (b >> 24 & 7))),
            _ => agree(near(a, 120 + (a >> 25 & 3)), near(b, 120 + (b >> 24 & 3))),
        }
    }
}
