//! The four operations and the square root.

use super::{infinite, unpack, zero, Bits, Exact, Number, NAN, SIGN};

/// `a * b`.
pub fn multiply(a: Bits, b: Bits) -> Bits {
    let negative = (a ^ b) & SIGN != 0;
    match (unpack(a), unpack(b)) {
        (Number::Nan, _) | (_, Number::Nan) => NAN,
        (Number::Infinite(_), Number::Zero(_)) | (Number::Zero(_), Number::Infinite(_)) => NAN,
        (Number::Infinite(_), _) | (_, Number::Infinite(_)) => infinite(negative),
        (Number::Zero(_), _) | (_, Number::Zero(_)) => zero(negative),
        (Number::Finite(a), Number::Finite(b)) => Exact {
            negative,
            significand: a.significand * b.significand,
            exponent: a.exponent + b.exponent,
            inexact: false,
        }
        .round(),
    }
}

/// `a + b`. A sum that cancels is `+0`; two zeros of one sign keep it.
pub fn add(a: Bits, b: Bits) -> Bits {
    match (unpack(a), unpack(b)) {
        (Number::Nan, _) | (_, Number::Nan) => NAN,
        (Number::Infinite(x), Number::Infinite(y)) if x != y => NAN,
        (Number::Infinite(x), _) | (_, Number::Infinite(x)) => infinite(x),
        (Number::Zero(x), Number::Zero(y)) => zero(x && y),
        (Number::Zero(_), Number::Finite(x)) | (Number::Finite(x), Number::Zero(_)) => x.round(),
        (Number::Finite(a), Number::Finite(b)) => add_finite(a, b),
    }
}

/// Bits below the larger operand's last that are kept. A smaller operand that reaches below them is less than
/// a quarter of the larger one's last bit, so of what it is only "not zero" matters.
const BELOW: i32 = 40;

fn add_finite(a: Exact, b: Exact) -> Bits {
    let (large, small) = if a.exponent >= b.exponent { (a, b) } else { (b, a) };
    let apart = large.exponent - small.exponent;
    let signed = |x: Exact, value: i128| if x.negative { -value } else { value };
    let high = signed(large, (large.significand << BELOW) as i128);
    // Far below, one unit stands for it: the sum lies on the same side of every number that rounding asks about.
    let low = if apart <= BELOW { small.significand << (BELOW - apart) } else { 1 };
    let sum = high + signed(small, low as i128);
    if sum == 0 {
        return zero(false);
    }
    Exact { negative: sum < 0, significand: sum.unsigned_abs(), exponent: large.exponent - BELOW, inexact: false }
        .round()
}

/// `a - b`.
pub fn subtract(a: Bits, b: Bits) -> Bits {
    add(a, b ^ SIGN)
}

/// `a / b`. A finite number by zero is infinite; zero by zero and infinite by infinite are not numbers.
pub fn divide(a: Bits, b: Bits) -> Bits {
    let negative = (a ^ b) & SIGN != 0;
    match (unpack(a), unpack(b)) {
        (Number::Nan, _) | (_, Number::Nan) => NAN,
        (Number::Infinite(_), Number::Infinite(_)) | (Number::Zero(_), Number::Zero(_)) => NAN,
        (Number::Infinite(_), _) | (_, Number::Zero(_)) => infinite(negative),
        (Number::Zero(_), _) | (_, Number::Infinite(_)) => zero(negative),
        (Number::Finite(a), Number::Finite(b)) => {
            let dividend = a.significand << 40;
            Exact {
                negative,
                significand: dividend / b.significand,
                exponent: a.exponent - 40 - b.exponent,
                inexact: dividend % b.significand != 0,
            }
            .round()
        }
    }
}

/// The square root; of `-0` it is `-0`, of other negative numbers not a number.
pub fn square_root(a: Bits) -> Bits {
    match unpack(a) {
        Number::Nan | Number::Infinite(true) => NAN,
        Number::Infinite(false) => infinite(false),
        Number::Zero(negative) => zero(negative),
        Number::Finite(a) if a.negative => NAN,
        Number::Finite(a) => {
            // The root's exponent is half of an even one.
            let odd = a.exponent.rem_euclid(2);
            let radicand = a.significand << (40 + odd);
            let root = integer_root(radicand);
            Exact {
                negative: false,
                significand: root,
                exponent: (a.exponent - odd - 40) / 2,
                inexact: root * root != radicand,
            }
            .round()
        }
    }
}

/// The largest number whose square is not above `radicand`, which has at most 66 bits.
fn integer_root(radicand: u128) -> u128 {
    let mut root = 0;
    for bit in (0..33).rev() {
        let larger = root | 1u128 << bit;
        if larger * larger <= radicand {
            root = larger;
        }
    }
    root
}
