//! Q31 arithmetic with the double rounding of TensorFlow Lite's reference kernels, and the shift that takes its
//! place at int16.

use cortado_graph::ir::{Multiplier, Requantise, ACCUMULATOR_BITS};

/// `a * b / 2^31`, rounded to nearest, ties up; the one product that does not fit saturates.
///
/// Ties: half is added to a positive product and half less one unit to a negative one, and the
/// quotient is cut towards zero, so -2.5 becomes -2 and 2.5 becomes 3.
pub fn doubling_high_multiply(a: i32, b: i32) -> i32 {
    if a == i32::MIN && b == i32::MIN {
        return i32::MAX;
    }
    let product = i64::from(a) * i64::from(b);
    let nudge = if product >= 0 { 1 << 30 } else { 1 - (1 << 30) };
    // At most 2^31 - 1 now that the one overflowing pair is gone.
    ((product + nudge) / (1 << 31)) as i32
}

/// `value / 2^exponent`, rounded to nearest, ties away from zero; `exponent` in 0..=62.
pub fn rounding_divide_by_power_of_two(value: i32, exponent: u32) -> i32 {
    let value = i64::from(value);
    let mask = (1i64 << exponent) - 1;
    let remainder = value & mask;
    let threshold = (mask >> 1) + i64::from(value < 0);
    // No larger than the int32 it came from.
    ((value >> exponent) + i64::from(remainder > threshold)) as i32
}

/// `value * 2^exponent` where it fits an int32; `exponent` in 0..=31.
pub fn shift_left(value: i32, exponent: u32) -> Option<i32> {
    i32::try_from(i64::from(value) << exponent).ok()
}

/// `value` times the factor: shift left, doubling high multiply, rounding shift right.
/// `None` when the left shift leaves int32.
pub fn rescale(value: i32, factor: Multiplier) -> Option<i32> {
    let left = factor.shift.max(0).unsigned_abs();
    let right = factor.shift.min(0).unsigned_abs();
    let raised = shift_left(value, left)?;
    Some(rounding_divide_by_power_of_two(doubling_high_multiply(raised, factor.q), right))
}

/// Clamps to bounds that lie within int8.
pub fn clamp(value: i64, min: i32, max: i32) -> i8 {
    value.clamp(i64::from(min), i64::from(max)) as i8
}

/// An accumulator as the int8 of output channel `channel`. `None` when the left shift leaves int32.
pub fn requantise(accumulator: i32, parameters: &Requantise, channel: usize) -> Option<i8> {
    let scaled = rescale(accumulator, parameters.multipliers[channel])?;
    let shifted = i64::from(scaled) + i64::from(parameters.zero_point);
    Some(clamp(shifted, parameters.min, parameters.max))
}

/// Whether an int16 graph's accumulator holds `sum`.
pub fn fits_accumulator(sum: i64) -> bool {
    let most = 1i64 << (ACCUMULATOR_BITS - 1);
    (-most..most).contains(&sum)
}

/// `value / 2^exponent`, rounded to nearest, ties away from zero; `exponent` in 0..=47, `value` an accumulator's.
pub fn round_shift(value: i64, exponent: u32) -> i64 {
    let magnitude = (value.abs() + ((1i64 << exponent) >> 1)) >> exponent;
    value.signum() * magnitude
}

/// An accumulator as the int16 of output channel `channel`.
pub fn requantise_by_shift(accumulator: i64, parameters: &Requantise, channel: usize) -> i16 {
    // The graph's rules hold that an int16 graph's factors are shifts.
    let shift = parameters.multipliers[channel].halvings().unwrap_or(0);
    round_shift(accumulator, shift).clamp(parameters.min.into(), parameters.max.into()) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `numerator / 2^bits` rounded to nearest, ties as told, from the definition.
    fn nearest(numerator: i128, bits: u32, ties_away: bool) -> i128 {
        let unit = 1i128 << bits;
        let floor = numerator.div_euclid(unit);
        let twice_rest = 2 * numerator.rem_euclid(unit);
        let up = twice_rest > unit || twice_rest == unit && (!ties_away || numerator > 0);
        floor + i128::from(up)
    }

    #[test]
    fn the_two_roundings_differ_in_their_ties() {
        // -2.5 and 2.5 through each.
        assert_eq!(doubling_high_multiply(-5, 1 << 30), -2);
        assert_eq!(doubling_high_multiply(5, 1 << 30), 3);
        assert_eq!(rounding_divide_by_power_of_two(-5, 1), -3);
        assert_eq!(rounding_divide_by_power_of_two(5, 1), 3);
    }

    #[test]
    fn double_rounding_is_not_single_rounding() {
        // 5 * 0.5 = 2.5 rounds to 3, then 3 / 2 = 1.5 rounds to 2; at once, 1.25 would give 1.
        let quarter = Multiplier { q: 1 << 30, shift: -1 };
        assert_eq!(rescale(5, quarter), Some(2));
    }

    #[test]
    fn a_left_shift_out_of_int32_is_refused() {
        let two = Multiplier { q: 1 << 30, shift: 2 };
        assert_eq!(rescale(i32::MAX / 4, two), Some(i32::MAX / 4 * 2));
        assert_eq!(rescale(i32::MAX / 2, two), None);
    }

    fn int32() -> impl Strategy<Value = i32> {
        prop_oneof![any::<i32>(), Just(i32::MIN), Just(i32::MAX), -300i32..300, (0u32..31).prop_map(|bit| 1 << bit),]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn doubling_high_multiply_is_the_nearest_integer(a in int32(), b in int32()) {
            let exact = nearest(i128::from(a) * i128::from(b), 31, false);
            let saturated = exact.min(i128::from(i32::MAX));
            prop_assert_eq!(i128::from(doubling_high_multiply(a, b)), saturated);
        }

        #[test]
        fn rounding_divide_is_the_nearest_integer(value in int32(), exponent in 0u32..=31) {
            let exact = nearest(i128::from(value), exponent, true);
            prop_assert_eq!(i128::from(rounding_divide_by_power_of_two(value, exponent)), exact);
            // The same from real numbers: f64 holds the quotient exactly and rounds ties away.
            let real = (f64::from(value) / 2f64.powi(exponent as i32)).round();
            prop_assert_eq!(f64::from(rounding_divide_by_power_of_two(value, exponent)), real);
        }

        #[test]
        fn rescale_stays_within_one_of_the_real_product(
            value in -(1i32 << 24)..1 << 24,
            q in (1i32 << 30)..=i32::MAX,
            shift in -31i32..=6,
        ) {
            let real = f64::from(value) * f64::from(q) * 2f64.powi(shift - 31);
            let got = rescale(value, Multiplier { q, shift }).expect("no overflow in this range");
            prop_assert!((f64::from(got) - real).abs() <= 1.0, "{} against {}", got, real);
        }
    }
}
