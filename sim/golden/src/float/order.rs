//! Comparison and the greater of two.

use super::{unpack, Bits, Number, NAN, SIGN};

/// How two numbers lie to each other. None holds with NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    pub less: bool,
    pub equal: bool,
    pub greater: bool,
}

/// The bits with a subnormal number flushed.
fn flushed(a: Bits) -> Bits {
    match unpack(a) {
        Number::Zero(_) => a & SIGN,
        _ => a,
    }
}

/// An integer that orders as the number does, zeros apart: `-0` just below `+0`.
fn key(a: Bits) -> i64 {
    let magnitude = i64::from(a & !SIGN);
    if a & SIGN != 0 {
        -1 - magnitude
    } else {
        magnitude
    }
}

/// Compares; zeros are equal whatever their sign.
pub fn compare(a: Bits, b: Bits) -> Comparison {
    if [a, b].map(unpack).contains(&Number::Nan) {
        return Comparison { less: false, equal: false, greater: false };
    }
    let value = |x: Bits| key(flushed(x)) + i64::from(flushed(x) == SIGN);
    let (a, b) = (value(a), value(b));
    Comparison { less: a < b, equal: a == b, greater: a > b }
}

/// The greater one, `+0` above `-0`; NaN when one of them is.
pub fn maximum(a: Bits, b: Bits) -> Bits {
    if [a, b].map(unpack).contains(&Number::Nan) {
        return NAN;
    }
    let (a, b) = (flushed(a), flushed(b));
    if key(a) >= key(b) {
        a
    } else {
        b
    }
}
