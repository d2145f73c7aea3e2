//! The post-processor's arithmetic: from an accumulator to an element.

use cortado_arch::isa::{Compute, Parameter, ShiftParameter, PARAMETER_BYTES};
use cortado_arch::DataType;

/// `floor((a*q + 2^30) / 2^31)`: the rounding doubling high half of a product with a Q31 factor.
/// `a` has at most 32 bits.
pub(crate) fn high_mul(a: i64, q: u32) -> i64 {
    (a * i64::from(q) + (1 << 30)) >> 31
}

/// `v / 2^n`, half away from zero; n at most 63 and `v` of at most 48 bits.
pub(crate) fn round_shift(v: i64, n: u32) -> i64 {
    let magnitude = (v.abs() + ((1i64 << n.min(62)) >> 1)) >> n.min(62);
    if v < 0 {
        -magnitude
    } else {
        magnitude
    }
}

/// Clamps as a comparator does that looks at `low` first, so bounds in the wrong order do no harm.
fn clamp(v: i64, low: i32, high: i32) -> i32 {
    v.max(i64::from(low)).min(i64::from(high)) as i32
}

/// The layer's own result for one accumulator, with the channel's parameters as they lie in memory.
pub(crate) fn own(data_type: DataType, c: &Compute, accumulator: i64, parameter: [u8; PARAMETER_BYTES]) -> i32 {
    let (minimum, maximum) = c.bounds(data_type);
    let v = match data_type {
        DataType::Int8 => {
            let p = Parameter::decode(parameter);
            round_shift(high_mul(accumulator + i64::from(p.bias), p.q), p.shift) + i64::from(c.zero_point)
        }
        DataType::Int16 => {
            let p = ShiftParameter::decode(parameter);
            round_shift(wrapped(accumulator + p.bias), p.shift)
        }
    };
    clamp(v, minimum, maximum)
}

/// What an int16 accumulator holds of `v`.
fn wrapped(v: i64) -> i64 {
    let spare = 64 - DataType::Int16.accumulator_bits();
    v << spare >> spare
}

/// The sum of the layer's own result and the residual's byte.
pub(crate) fn add(c: &Compute, own: i32, residual: i32) -> i32 {
    let (own, residual) = (i64::from(own - c.own_zero_point), i64::from(residual - c.residual_zero_point));
    let (scaled, other) = if c.scale_residual == 1 { (residual, own) } else { (own, residual) };
    let t = round_shift(high_mul(scaled << 20, c.scale_q), c.scale_shift) + (other << 19);
    let v = round_shift(high_mul(t, c.sum_q), c.sum_shift);
    clamp(v + i64::from(c.sum_zero_point), c.sum_minimum, c.sum_maximum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_round_half_away_from_zero() {
        for (v, n, expected) in
            [(5, 1, 3), (-5, 1, -3), (4, 3, 1), (-4, 3, -1), (3, 3, 0), (-3, 3, 0), (7, 0, 7), (-(1 << 28), 31, 0)]
        {
            assert_eq!(round_shift(v, n), expected, "{v} >> {n}");
        }
    }

    #[test]
    fn high_products_round_half_up() {
        for (a, q, expected) in [
            (1, 1 << 30, 1),
            (-1, 1 << 30, 0),
            (3, 1 << 30, 2),
            (-3, 1 << 30, -1),
            (-(1 << 28), (1u32 << 31) - 1, -(1 << 28)),
            (9, 0, 0),
        ] {
            assert_eq!(high_mul(a, q), expected, "{a} * {q}");
        }
    }

    #[test]
    fn a_sum_of_equal_scales_is_plain_addition() {
        // Both input factors 1/2, the output factor 2^-18 (Q31 2^30 and a shift of 17, or 18 halvings).
        let c = Compute {
            scale_q: 1 << 30,
            scale_shift: 0,
            sum_q: 1 << 30,
            sum_shift: 18,
            sum_minimum: -128,
            sum_maximum: 127,
            own_zero_point: 3,
            residual_zero_point: -4,
            sum_zero_point: 1,
            ..Compute::default()
        };
        for (own, residual) in [(3, -4), (10, 20), (-100, -100), (127, 127), (0, -1)] {
            let expected = ((own - 3) + (residual + 4) + 1).clamp(-128, 127);
            assert_eq!(add(&c, own, residual), expected);
            assert_eq!(add(&Compute { scale_residual: 1, ..c }, own, residual), expected);
        }
    }
}
