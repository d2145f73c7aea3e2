//! Between integers, single precision and bfloat16.

use super::{infinite, multiply, unpack, zero, Bits, Exact, Number, NAN};

/// An integer as the nearest number.
pub fn from_int32(value: i32) -> Bits {
    if value == 0 {
        return zero(false);
    }
    Exact { negative: value < 0, significand: value.unsigned_abs().into(), exponent: 0, inexact: false }.round()
}

/// A byte as a number: exact.
pub fn from_uint8(value: u8) -> Bits {
    from_int32(value.into())
}

/// The nearest integer, ties to even. Beyond int32 it is the end of int32 on that side; of NaN it is 0.
pub fn to_int32(a: Bits) -> i32 {
    match unpack(a) {
        Number::Nan | Number::Zero(_) => 0,
        Number::Infinite(negative) => end(negative),
        Number::Finite(Exact { negative, significand, exponent, .. }) => {
            let magnitude = match exponent {
                // 24 bits and more above them: at least 2^31.
                8.. => return end(negative),
                0.. => significand << exponent,
                // Less than a half.
                ..=-25 => 0,
                _ => {
                    let cut = -exponent;
                    let (kept, rest) = (significand >> cut, significand % (1 << cut));
                    let half = 1 << (cut - 1);
                    kept + u128::from(rest > half || rest == half && kept % 2 == 1)
                }
            };
            // Below 2^31.
            let magnitude = magnitude as i32;
            if negative {
                -magnitude
            } else {
                magnitude
            }
        }
    }
}

fn end(negative: bool) -> i32 {
    if negative {
        i32::MIN
    } else {
        i32::MAX
    }
}

/// The nearest bfloat16, ties to even, as a number: 8 significant bits, the other 16 bits zero.
pub fn to_bfloat16(a: Bits) -> Bits {
    match unpack(a) {
        Number::Nan => NAN,
        Number::Infinite(negative) => infinite(negative),
        Number::Zero(negative) => zero(negative),
        Number::Finite(Exact { significand, .. }) => {
            let (kept, rest) = (significand >> 16, significand & 0xffff);
            let up = rest > 0x8000 || rest == 0x8000 && kept % 2 == 1;
            // Out of the fraction the carry goes on into the exponent, at its end to infinity.
            (a & 0xffff_0000) + (u32::from(up) << 16)
        }
    }
}

/// `a * b` of both rounded to bfloat16. Their product has 16 bits and so is exact, but for the ends of the exponent.
pub fn multiply_bfloat16(a: Bits, b: Bits) -> Bits {
    multiply(to_bfloat16(a), to_bfloat16(b))
}
