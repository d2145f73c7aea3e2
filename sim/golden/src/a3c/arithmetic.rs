//! Single precision with subnormals flushed: round to nearest even as if exponents had no end, then below
//! 2^-126 a zero of the result's sign. Operands are taken to be flushed already ([`operand`]).

/// 2^24: takes a result that could have been rounded on the subnormal grid to where all 24 bits are kept.
const LIFT: f32 = 16_777_216.0;
/// [`f32::MIN_POSITIVE`] times [`LIFT`].
const LIFTED_LEAST: f32 = f32::MIN_POSITIVE * LIFT;
const SIGN: u32 = 0x8000_0000;

/// `value`, or a zero of its sign when `flush`.
#[inline(always)]
fn unless(flush: bool, value: f32) -> f32 {
    let kept = if flush { SIGN } else { u32::MAX };
    f32::from_bits(value.to_bits() & kept)
}

/// A number from outside as an operand: subnormal ones are zeros of their sign.
#[inline(always)]
pub fn operand(value: f32) -> f32 {
    unless(value.abs() < f32::MIN_POSITIVE, value)
}

/// `a * b`.
#[inline(always)]
pub fn multiply(a: f32, b: f32) -> f32 {
    // Where the product is small enough to be flushed, `a` is small enough to be lifted.
    unless(((a * LIFT) * b).abs() < LIFTED_LEAST, a * b)
}

/// `a + b`. Sums below 2^-126 are exact before they are flushed.
#[inline(always)]
pub fn add(a: f32, b: f32) -> f32 {
    operand(a + b)
}

/// `a - b`.
#[inline(always)]
pub fn subtract(a: f32, b: f32) -> f32 {
    operand(a - b)
}

/// `a / b`.
#[inline(always)]
pub fn divide(a: f32, b: f32) -> f32 {
    unless(((a * LIFT) / b).abs() < LIFTED_LEAST, a / b)
}

/// The square root; NaN below zero.
#[inline(always)]
pub fn square_root(a: f32) -> f32 {
    a.sqrt()
}

/// The one NaN, 0x7fc00000, for any NaN. No operation tells NaNs apart, so this is due only where a result is kept.
#[inline(always)]
pub fn canonical(value: f32) -> f32 {
    if value.is_nan() {
        f32::from_bits(0x7fc0_0000)
    } else {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_at_the_least_normal_number_round_before_they_are_flushed() {
        let least = f32::MIN_POSITIVE;
        let below = |ulps: u32| f32::from_bits(1f32.to_bits() - ulps);
        // The host rounds these two to the least normal number: the first is on the subnormal grid's tie.
        assert_eq!(least * below(1), least);
        assert_eq!(multiply(least, below(1)).to_bits(), 0);
        assert_eq!(multiply(-least, below(1)).to_bits(), SIGN);
        // (1 + 2^-23)(1 - 2^-23) = 1 - 2^-46 rounds to 1 in 24 bits.
        let (above, under) = (1.0 + f32::EPSILON, 1.0 - f32::EPSILON);
        assert_eq!(multiply(least * above, under), least);
        assert_eq!(multiply(least, 1.0), least);
    }

    #[test]
    fn large_operands_are_not_mistaken_for_small_products() {
        assert_eq!(multiply(f32::MAX, 0.0).to_bits(), 0);
        assert_eq!(multiply(f32::MAX, f32::MIN_POSITIVE), f32::MAX * f32::MIN_POSITIVE);
        assert_eq!(multiply(f32::MAX, 2.0), f32::INFINITY);
        assert!(multiply(f32::INFINITY, 0.0).is_nan());
        assert_eq!(divide(1.0, f32::INFINITY).to_bits(), 0);
        assert_eq!(divide(f32::MAX, f32::MAX), 1.0);
    }

    #[test]
    fn subnormal_sums_and_quotients_keep_their_sign_only() {
        let least = f32::MIN_POSITIVE;
        assert_eq!(subtract(least, 1.5 * least).to_bits(), SIGN);
        assert_eq!(add(1.5 * least, -least).to_bits(), 0);
        assert_eq!(divide(-least, 2.0).to_bits(), SIGN);
        assert_eq!(operand(f32::from_bits(SIGN | 1)).to_bits(), SIGN);
    }

    #[test]
    fn there_is_one_nan() {
        assert_eq!(canonical(f32::from_bits(0xffc0_1234)).to_bits(), 0x7fc0_0000);
        assert_eq!(canonical(-0.0).to_bits(), SIGN);
    }
}
