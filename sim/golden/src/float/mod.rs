//! Single precision as the training engine computes it, in integers.
//!
//! Round to nearest, ties to even, in every operation. Subnormal inputs count as zeros of their sign.
//! A result is rounded to 24 significant bits as if exponents had no end; then it is infinite from
//! 2^128 on, and below 2^-126 it is a zero of its sign. There is one NaN, [`NAN`].
//!
//! Written from exact integers and one rounding ([`Exact::round`]), not from the machine's `f32`: the
//! tests hold it against that, so a fault would have to be made twice, in different ways.

mod arithmetic;
mod convert;
mod order;
mod sum;

pub use arithmetic::{add, divide, multiply, square_root, subtract};
pub use convert::{from_int32, from_uint8, multiply_bfloat16, to_bfloat16, to_int32};
pub use order::{compare, maximum, Comparison};
pub use sum::{multiply_accumulate, pairwise_sum, Dot, SLOTS};

/// The bits of a single-precision number.
pub type Bits = u32;

/// The one NaN that operations give.
pub const NAN: Bits = 0x7fc0_0000;

const SIGN: Bits = 0x8000_0000;
const INFINITY: Bits = 0x7f80_0000;

/// What bits stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    Nan,
    /// Negative or not.
    Infinite(bool),
    /// Negative or not.
    Zero(bool),
    Finite(Exact),
}

/// `(-1)^negative * significand * 2^exponent`, plus less than one unit of it when `inexact`;
/// the significand is not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Exact {
    negative: bool,
    significand: u128,
    exponent: i32,
    inexact: bool,
}

/// A number by its bits, subnormal ones flushed.
fn unpack(bits: Bits) -> Number {
    let negative = bits & SIGN != 0;
    let fraction = bits & 0x007f_ffff;
    match (bits >> 23) & 0xff {
        0 => Number::Zero(negative),
        0xff if fraction == 0 => Number::Infinite(negative),
        0xff => Number::Nan,
        biased => Number::Finite(Exact {
            negative,
            significand: u128::from(fraction | 1 << 23),
            exponent: biased as i32 - 150,
            inexact: false,
        }),
    }
}

fn sign(negative: bool) -> Bits {
    if negative {
        SIGN
    } else {
        0
    }
}

fn zero(negative: bool) -> Bits {
    sign(negative)
}

fn infinite(negative: bool) -> Bits {
    sign(negative) | INFINITY
}

impl Exact {
    /// The nearest number of 24 significant bits, ties to even; then the ends of the exponent.
    ///
    /// An inexact significand must have more than 24 bits, so that what it leaves out lies below the rounding bit.
    fn round(self) -> Bits {
        let length = 128 - self.significand.leading_zeros() as i32;
        let cut = length - 24;
        let (mut kept, mut exponent) = (self.significand, self.exponent + cut);
        if cut > 0 {
            kept = self.significand >> cut;
            let rest = self.significand - (kept << cut);
            let half = 1 << (cut - 1);
            if rest > half || rest == half && (self.inexact || kept % 2 == 1) {
                kept += 1;
            }
        } else {
            kept <<= -cut;
        }
        if kept == 1 << 24 {
            kept >>= 1;
            exponent += 1;
        }
        let biased = exponent + 150;
        match biased {
            ..=0 => zero(self.negative),
            255.. => infinite(self.negative),
            _ => sign(self.negative) | (biased as Bits) << 23 | (kept as Bits & 0x007f_ffff),
        }
    }
}
