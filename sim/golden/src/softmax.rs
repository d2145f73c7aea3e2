//! The int8 softmax: fixed-point exponential of the difference from the row's maximum, fixed-point
//! reciprocal of their sum. Fixed-point formats are named by their integer bits: `Q5` holds
//! `real * 2^26` in an int32, `Q0` holds `real * 2^31`.

use crate::error::Overflow;
use crate::fixed_point::{doubling_high_multiply, rounding_divide_by_power_of_two, shift_left};
use cortado_graph::ir::{DataType, Softmax};

/// One in `Q0`, which cannot hold it: the nearest value below.
const ONE_Q0: i32 = i32::MAX;
const ONE_Q2: i32 = 1 << 29;
/// Integer bits of the sum of exponentials; a row of 4096 equal values overflows it.
const SUM_INTEGER_BITS: u32 = 12;

/// `exp(-2^power)` in `Q0`, for the binary digits of a `Q5` exponent above a quarter.
const EXP_OF_DIGITS: [(i32, i32); 7] = [
    (-2, 1_672_461_947),
    (-1, 1_302_514_674),
    (0, 790_015_084),
    (1, 290_630_308),
    (2, 39_332_535),
    (3, 720_401),
    (4, 242),
];
/// `exp(-1/8)` in `Q0`.
const EXP_OF_EIGHTH: i32 = 1_895_147_668;
/// `1/3` in `Q0`.
const THIRD_Q0: i32 = 715_827_883;
/// `48/17` and `-32/17` in `Q2`: the straight line nearest `1/d` on `[1/2, 1]`.
const LINE_Q2: (i32, i32) = (1_515_870_810, -1_010_580_540);

/// `input` is rows of `row` values, each row normalised on its own.
pub fn softmax(parameters: &Softmax, input: &[i16], row: usize) -> Result<Vec<i16>, Overflow> {
    let mut output = Vec::new();
    for values in input.chunks(row.max(1)) {
        let element = output.len();
        let normalised = softmax_row(parameters, values).ok_or(Overflow {
            data_type: DataType::Int8,
            element,
            what: "the sum of exponentials of the row that begins",
        })?;
        output.extend(normalised);
    }
    Ok(output)
}

fn softmax_row(parameters: &Softmax, values: &[i16]) -> Option<Vec<i16>> {
    let largest = i32::from(values.iter().copied().max()?);
    // Differences too far down contribute nothing and give the lowest output.
    let exponentials: Vec<Option<i32>> = values
        .iter()
        .map(|&value| i32::from(value) - largest)
        .map(|difference| {
            if difference < parameters.diff_min {
                return Some(None);
            }
            let raised = shift_left(difference, parameters.input_left_shift.unsigned_abs())?;
            let scaled = doubling_high_multiply(raised, parameters.input_multiplier);
            Some(Some(exp_of_negative(scaled)))
        })
        .collect::<Option<_>>()?;
    let sum = exponentials
        .iter()
        .flatten()
        .try_fold(0i32, |sum, &exp| sum.checked_add(rounding_divide_by_power_of_two(exp, SUM_INTEGER_BITS)))?;
    let (reciprocal, bits_over_unit) = reciprocal(sum)?;
    // From Q0 to the output's 8 fraction bits.
    let exponent = bits_over_unit + 31 - 8;
    let lowest = i32::from(i8::MIN);
    exponentials
        .iter()
        .map(|exp| {
            let Some(exp) = *exp else {
                return Some(lowest as i16);
            };
            let share = doubling_high_multiply(reciprocal, exp);
            let scaled = rounding_divide_by_power_of_two(share, exponent) + lowest;
            Some(scaled.clamp(lowest, i32::from(i8::MAX)) as i16)
        })
        .collect()
}

/// `exp(a)` in `Q0` for `a <= 0` in `Q5`: a polynomial for what is left below a quarter, times one
/// constant for each binary digit above it.
fn exp_of_negative(a: i32) -> i32 {
    const FRACTION_BITS: i32 = 26;
    const QUARTER: i32 = 1 << (FRACTION_BITS - 2);
    if a == 0 {
        return ONE_Q0;
    }
    let below_quarter = (a & (QUARTER - 1)) - QUARTER;
    // From Q5 to Q0; at least -2^24, so the 5 bits are there.
    let mut result = exp_near_eighth(below_quarter << 5);
    let digits = below_quarter.wrapping_sub(a);
    for (power, factor) in EXP_OF_DIGITS {
        if digits & (1 << (FRACTION_BITS + power)) != 0 {
            result = doubling_high_multiply(result, factor);
        }
    }
    result
}

/// `exp(a)` in `Q0` for `a` in `[-1/4, 0)`: the Taylor series about `-1/8` to the fourth power.
fn exp_near_eighth(a: i32) -> i32 {
    let x = a + (1 << 28);
    let x2 = doubling_high_multiply(x, x);
    let x3 = doubling_high_multiply(x2, x);
    let x4 = doubling_high_multiply(x2, x2);
    let x4_over_4 = rounding_divide_by_power_of_two(x4, 2);
    let sixths = doubling_high_multiply(x4_over_4 + x3, THIRD_Q0) + x2;
    let series = x + rounding_divide_by_power_of_two(sixths, 1);
    EXP_OF_EIGHTH + doubling_high_multiply(EXP_OF_EIGHTH, series)
}

/// `1 / sum` as a `Q0` value in `(1/2, 1]` and the power of two it is still to be divided by;
/// `sum` is positive, with [`SUM_INTEGER_BITS`] integer bits. `None` when it is not positive.
fn reciprocal(sum: i32) -> Option<(i32, u32)> {
    if sum <= 0 {
        return None;
    }
    let headroom = sum.leading_zeros();
    let bits_over_unit = SUM_INTEGER_BITS.checked_sub(headroom)?;
    // The leading one falls off: what is left is sum / 2^bits - 1, in Q0.
    let fraction = ((i64::from(sum) << headroom) - (1 << 31)) as i32;
    Some((reciprocal_of_one_plus(fraction), bits_over_unit))
}

/// `1 / (1 + a)` in `Q0` for `a` in `[0, 1)`: three Newton steps on `d = (1 + a) / 2`.
fn reciprocal_of_one_plus(a: i32) -> i32 {
    // Both are positive, so ties away from zero are ties up.
    let half_denominator = ((i64::from(a) + i64::from(ONE_Q0) + 1) / 2) as i32;
    let mut x = LINE_Q2.0 + doubling_high_multiply(half_denominator, LINE_Q2.1);
    for _ in 0..3 {
        let product = doubling_high_multiply(half_denominator, x);
        let error = ONE_Q2 - product;
        // The product of two Q2 is Q4: two bits up to be Q2 again.
        x += saturating_shift_left(doubling_high_multiply(x, error), 2);
    }
    // x is 1/d = 2/(1 + a) in Q2; half of it is the same bits in Q1; one bit up is Q0.
    saturating_shift_left(x, 1)
}

fn saturating_shift_left(value: i32, exponent: u32) -> i32 {
    shift_left(value, exponent).unwrap_or(if value < 0 { i32::MIN } else { i32::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn q(real: f64, fraction_bits: i32) -> i32 {
        (real * 2f64.powi(fraction_bits)).round() as i32
    }

    #[test]
    fn constants_are_what_they_are_called() {
        for (power, factor) in EXP_OF_DIGITS {
            assert_eq!(factor, q((-(2f64.powi(power))).exp(), 31), "2^{power}");
        }
        assert_eq!(EXP_OF_EIGHTH, q((-0.125f64).exp(), 31));
        assert_eq!(THIRD_Q0, q(1.0 / 3.0, 31));
        assert_eq!(LINE_Q2, (q(48.0 / 17.0, 29), q(-32.0 / 17.0, 29)));
    }

    #[test]
    fn equal_values_share_equally() {
        let parameters = Softmax { input_multiplier: 1 << 30, input_left_shift: 24, diff_min: -124 };
        let output = softmax(&parameters, &[7, 7, 7, 7], 4).ok();
        assert_eq!(output, Some(vec![-64; 4]));
    }

    #[test]
    fn a_row_too_long_for_its_sum_is_refused() {
        let parameters = Softmax { input_multiplier: 1 << 30, input_left_shift: 24, diff_min: -124 };
        assert!(softmax(&parameters, &[0; 4095], 4095).is_ok());
        let refused = softmax(&parameters, &[0; 4097], 4097);
        assert_eq!(refused.err().map(|overflow| overflow.element), Some(0));
    }

    proptest! {
        #[test]
        fn exponential_is_close(a in -(31i32 << 26)..=0) {
            let real = (f64::from(a) / 2f64.powi(26)).exp();
            let got = f64::from(exp_of_negative(a)) / 2f64.powi(31);
            prop_assert!((got - real).abs() < 1e-6, "{} against {}", got, real);
        }

        #[test]
        fn reciprocal_is_close(a in 0i32..=i32::MAX) {
            let real = 1.0 / (1.0 + f64::from(a) / 2f64.powi(31));
            let got = f64::from(reciprocal_of_one_plus(a)) / 2f64.powi(31);
            prop_assert!((got - real).abs() < 1e-7, "{} against {}", got, real);
        }
    }
}
