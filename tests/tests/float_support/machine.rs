//! The arithmetic of the machine that runs the tests, flushed: what the software model is held against.
//!
//! Products of two numbers are exact in `f64`. Quotients and roots rounded to `f64` and then to `f32` are rounded right,
//! because 53 bits are more than twice 24 and two. Sums below 2^-126 are exact in `f32`.

use cortado_golden::float::NAN;

/// The number with a subnormal one flushed.
pub fn flushed(bits: u32) -> f32 {
    let number = f32::from_bits(bits);
    if number.is_subnormal() {
        0f32.copysign(number)
    } else {
        number
    }
}

/// The bits with a subnormal number flushed, and one NaN.
pub fn bits(number: f32) -> u32 {
    if number.is_nan() {
        NAN
    } else {
        flushed(number.to_bits()).to_bits()
    }
}

/// A number in `f64` as bits: below the middle between 2^-126 and the 24-bit number before it, zero.
fn narrow(number: f64) -> u32 {
    let middle = 2f64.powi(-126) - 2f64.powi(-151);
    if number.abs() < middle {
        bits(0f32.copysign(number as f32))
    } else {
        bits(number as f32)
    }
}

fn wide(bits: u32) -> f64 {
    flushed(bits).into()
}

pub fn multiply(a: u32, b: u32) -> u32 {
    narrow(wide(a) * wide(b))
}

pub fn divide(a: u32, b: u32) -> u32 {
    narrow(wide(a) / wide(b))
}

pub fn square_root(a: u32) -> u32 {
    narrow(wide(a).sqrt())
}

pub fn add(a: u32, b: u32) -> u32 {
    bits(flushed(a) + flushed(b))
}

pub fn subtract(a: u32, b: u32) -> u32 {
    bits(flushed(a) - flushed(b))
}

pub fn to_int32(a: u32) -> i32 {
    // The cast saturates and takes NaN to 0.
    flushed(a).round_ties_even() as i32
}

/// By the interval between neighbouring bfloat16 numbers, not by their bits.
pub fn to_bfloat16(a: u32) -> u32 {
    let number = wide(a);
    if number == 0.0 || !number.is_finite() {
        return bits(number as f32);
    }
    let unit = 2f64.powi(((a >> 23) & 0xff) as i32 - 127 - 7);
    let near = (number / unit).round_ties_even() * unit;
    bits(near as f32)
}
