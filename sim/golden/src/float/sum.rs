//! The order in which long sums are made.
//!
//! The hardware's adder takes several cycles, so a unit keeps [`SLOTS`] sums and adds to them in turn:
//! element `n` goes to slot `n % SLOTS`. In the end the slots are added in pairs:
//! `((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))`.

use super::{add, multiply, multiply_bfloat16, Bits};

/// Sums a multiply-accumulate unit keeps, a power of two.
pub const SLOTS: usize = 8;

/// How factors are multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dot {
    /// As they are.
    Single,
    /// Rounded to bfloat16.
    Bfloat16,
}

/// `sum + a * b`, rounded after the product and after the sum. A sum starts at `+0`.
pub fn multiply_accumulate(dot: Dot, sum: Bits, a: Bits, b: Bits) -> Bits {
    let product = match dot {
        Dot::Single => multiply(a, b),
        Dot::Bfloat16 => multiply_bfloat16(a, b),
    };
    add(sum, product)
}

/// Neighbours added, then neighbours of those, until one is left. The number of terms is a power of two.
pub fn pairwise_sum(terms: &[Bits]) -> Option<Bits> {
    match terms {
        [] => None,
        [one] => Some(*one),
        _ if !terms.len().is_power_of_two() => None,
        _ => {
            let (low, high) = terms.split_at(terms.len() / 2);
            Some(add(pairwise_sum(low)?, pairwise_sum(high)?))
        }
    }
}
