//! From real scales to the integers the engine computes with.
//!
//! Every rule here is TensorFlow Lite's, in the precision TensorFlow Lite uses (some products are
//! taken in `f32`, some in `f64`; a different choice changes the last bit of a multiplier).

use crate::ir::{DataType, Multiplier};

/// Integer bits of the fixed-point difference the int8 softmax feeds its exponential.
const SOFTMAX_INTEGER_BITS: u32 = 5;

/// Bits by which the int8 residual add raises its operands before rescaling them.
pub const ADD_LEFT_SHIFT: u32 = 20;

/// `value` as fraction in `[0.5, 1)` times a power of two; `value` must be finite and positive.
fn fraction_and_exponent(value: f64) -> (f64, i32) {
    const FRACTION_BITS: u32 = 52;
    const EXPONENT_OF_HALF: u64 = 1022;
    let biased = |v: f64| (v.to_bits() >> FRACTION_BITS) as i32 & 0x7ff;
    // Subnormals have no leading one to normalise by; a power of two makes them normal, exactly.
    let (normal, extra) = if biased(value) == 0 { (value * 2f64.powi(64), 64) } else { (value, 0) };
    let exponent = biased(normal) - EXPONENT_OF_HALF as i32;
    let fraction_mask = (1u64 << FRACTION_BITS) - 1;
    let fraction = f64::from_bits(normal.to_bits() & fraction_mask | EXPONENT_OF_HALF << FRACTION_BITS);
    (fraction, exponent - extra)
}

impl Multiplier {
    /// The Q31 factor nearest `real`, ties away from zero; factors below 2^-32 become 0.
    ///
    /// `None` when `real` is negative, not a number, or so large (2^31 and up) that no int32
    /// operand survives it.
    pub fn from_real(real: f64) -> Option<Multiplier> {
        if !real.is_finite() || real < 0.0 {
            return None;
        }
        if real == 0.0 {
            return Some(Multiplier { q: 0, shift: 0 });
        }
        let (fraction, mut shift) = fraction_and_exponent(real);
        let mut q = (fraction * 2f64.powi(31)).round() as i64;
        if q == 1 << 31 {
            q /= 2;
            shift += 1;
        }
        if shift < -31 {
            return Some(Multiplier { q: 0, shift: 0 });
        }
        if shift > 31 {
            return None;
        }
        Some(Multiplier { q: i32::try_from(q).ok()?, shift })
    }
}

/// A convolution's factor for one output channel: `input * weight / output`, all in `f64`.
pub fn convolution_factor(input: f32, weight: f32, output: f32) -> f64 {
    f64::from(input) * f64::from(weight) / f64::from(output)
}

/// A fully connected layer's factor: the product of the two scales is rounded to `f32` first.
pub fn fully_connected_factor(input: f32, weight: f32, output: f32) -> f64 {
    f64::from(input * weight) / f64::from(output)
}

/// The three factors of a residual add: one per input, then the output's.
pub fn add_factors(a: f32, b: f32, output: f32) -> ([f64; 2], f64) {
    let twice_larger = 2.0 * f64::from(a.max(b));
    let raised_output = f64::from((1u32 << ADD_LEFT_SHIFT) as f32 * output);
    ([f64::from(a) / twice_larger, f64::from(b) / twice_larger], twice_larger / raised_output)
}

/// An activation fused into a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    None,
    Relu,
    ReluN1To1,
    Relu6,
}

/// Clamp bounds `(min, max)` in the output's own units for a fused activation.
///
/// `None` when a bound does not fit an int32 or the range is empty.
pub fn clamp_bounds(data_type: DataType, activation: Activation, scale: f32, zero_point: i32) -> Option<(i32, i32)> {
    let (lowest, highest) = data_type.range();
    let units = |real: f32| {
        let rounded = (real / scale).round();
        // Half of the range leaves room for the zero point; both types end long before it.
        (rounded.abs() < 2f32.powi(30)).then(|| zero_point.saturating_add(rounded as i32))
    };
    let (min, max) = match activation {
        Activation::None => (lowest, highest),
        Activation::Relu => (lowest.max(units(0.0)?), highest),
        Activation::ReluN1To1 => (lowest.max(units(-1.0)?), highest.min(units(1.0)?)),
        Activation::Relu6 => (lowest.max(units(0.0)?), highest.min(units(6.0)?)),
    };
    (min <= max).then_some((min, max))
}

/// n of the factor `2^-n` between accumulator and output where all scales are powers of two; `None` where it is
/// not among the right shifts 0 to 47.
pub fn right_shift(input: f32, weight: f32, output: f32) -> Option<Multiplier> {
    // Products and quotients of single precision powers of two are exact in double precision.
    let (fraction, exponent) = fraction_and_exponent(f64::from(input) * f64::from(weight) / f64::from(output));
    let halving = Multiplier::halving(u32::try_from(1 - exponent).ok()?);
    (fraction == 0.5 && halving.halvings().is_some()).then_some(halving)
}

/// The smallest power of two that is `least` or more, kept within the normal single precision numbers.
///
/// `None` when `least` is not a number or beyond them.
pub fn power_of_two_from(least: f64) -> Option<f32> {
    const LOWEST: f64 = f32::MIN_POSITIVE as f64;
    if least.is_nan() || least > 2f64.powi(127) {
        return None;
    }
    let (fraction, exponent) = fraction_and_exponent(least.max(LOWEST));
    Some(2f64.powi(exponent - i32::from(fraction == 0.5)) as f32)
}

/// Whether `scale` is a power of two.
pub fn is_power_of_two(scale: f32) -> bool {
    scale.is_normal() && scale > 0.0 && scale.to_bits().trailing_zeros() >= f32::MANTISSA_DIGITS - 1
}

/// The int8 softmax's parameters from its exponent factor and input scale.
///
/// `None` when `beta * scale` is outside `(2^-26, ...)`, where the reference kernel refuses too.
pub fn softmax(beta: f32, input_scale: f32) -> Option<crate::ir::Softmax> {
    let raise = f64::from(1u32 << (31 - SOFTMAX_INTEGER_BITS));
    let real = f64::from(beta) * f64::from(input_scale) * raise;
    if real.is_nan() || real <= 1.0 {
        return None;
    }
    let multiplier = Multiplier::from_real(real.min(f64::from(i32::MAX)))?;
    let widest = f64::from((1u32 << SOFTMAX_INTEGER_BITS) - 1) * raise;
    let radius = (widest / 2f64.powi(multiplier.shift)).floor();
    Some(crate::ir::Softmax {
        input_multiplier: multiplier.q,
        input_left_shift: multiplier.shift,
        diff_min: -(radius as i32),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn factors_split_at_powers_of_two() {
        let cases = [
            (0.0, Some((0, 0))),
            (0.5, Some((1 << 30, 0))),
            (1.0, Some((1 << 30, 1))),
            (0.75, Some((3 << 29, 0))),
            // Rounds up to the next power of two, so the fraction is halved again.
            (1.0 - 2f64.powi(-40), Some((1 << 30, 1))),
            (2f64.powi(-32), Some((1 << 30, -31))),
            (2f64.powi(-33), Some((0, 0))),
            (f64::MIN_POSITIVE / 8.0, Some((0, 0))),
            (2f64.powi(30), Some((1 << 30, 31))),
            (2f64.powi(31), None),
            (-0.5, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ];
        for (real, expected) in cases {
            let got = Multiplier::from_real(real).map(|m| (m.q, m.shift));
            assert_eq!(got, expected, "{real:e}");
        }
    }

    #[test]
    fn only_the_fully_connected_factor_rounds_its_product_to_f32() {
        let (input, weight) = (1.0f32 + f32::EPSILON, 1.0f32 + f32::EPSILON);
        let exact = 1.0 + 2.0 * 2f64.powi(-23) + 2f64.powi(-46);
        assert_eq!(convolution_factor(input, weight, 1.0), exact);
        assert_eq!(fully_connected_factor(input, weight, 1.0), 1.0 + 2f64.powi(-22));
    }

    #[test]
    fn fused_activations_narrow_the_bounds() {
        let cases = [
            (Activation::None, 0.1, 5, Some((-128, 127))),
            (Activation::Relu, 0.1, -128, Some((-128, 127))),
            (Activation::Relu, 0.1, 5, Some((5, 127))),
            (Activation::Relu6, 0.1, -10, Some((-10, 50))),
            (Activation::ReluN1To1, 0.1, 0, Some((-10, 10))),
            (Activation::Relu6, 1e-30, 0, None),
        ];
        for (activation, scale, zero_point, expected) in cases {
            assert_eq!(
                clamp_bounds(DataType::Int8, activation, scale, zero_point),
                expected,
                "{activation:?} scale {scale} zero point {zero_point}"
            );
        }
    }

    #[test]
    fn powers_of_two_give_right_shifts() {
        let two = |n: i32| 2f32.powi(n);
        for (input, weight, output, expected) in [
            (two(-8), two(-14), two(-10), Some(12)),
            (two(0), two(0), two(0), Some(0)),
            (two(-60), two(-14), two(-27), Some(47)),
            (two(-60), two(-14), two(-26), None),
            (two(1), two(0), two(0), None),
            (0.75, two(-14), two(-10), None),
        ] {
            assert_eq!(
                right_shift(input, weight, output).and_then(|m| m.halvings()),
                expected,
                "{input} {weight} {output}"
            );
        }
        assert!(is_power_of_two(0.125) && is_power_of_two(4.0) && is_power_of_two(f32::MIN_POSITIVE));
        assert!(
            !is_power_of_two(0.3) && !is_power_of_two(-0.5) && !is_power_of_two(0.0) && !is_power_of_two(f32::INFINITY)
        );
    }

    #[test]
    fn softmax_refuses_what_the_reference_kernel_refuses() {
        assert!(softmax(1.0, 0.1).is_some());
        assert!(softmax(1.0, 2f32.powi(-26)).is_none());
        assert!(softmax(f32::NAN, 0.1).is_none());
        assert!(softmax(-1.0, 0.1).is_none());
    }

    #[test]
    fn softmax_cuts_off_where_the_raised_difference_leaves_31_bits() {
        // 2^26 / 8 = 2^23 = 0.5 * 2^24, and 31 * 2^26 / 2^24 = 124.
        let eighth = softmax(1.0, 0.125).expect("a plain scale");
        assert_eq!((eighth.input_multiplier, eighth.input_left_shift), (1 << 30, 24));
        assert_eq!(eighth.diff_min, -124);
    }

    proptest! {
        #[test]
        fn multiplier_is_the_nearest_q31(real in 1e-9f64..1e9) {
            let m = Multiplier::from_real(real).expect("in range");
            prop_assert!((1 << 30..=i32::MAX).contains(&m.q));
            let step = 2f64.powi(m.shift - 31);
            prop_assert!((f64::from(m.q) * step - real).abs() <= step / 2.0);
        }
    }
}
