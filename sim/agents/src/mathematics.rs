//! Elementary functions in plain double-precision operations: the platform's own differ in their last bits, and a
//! seed must give one curve everywhere.

use std::f64::consts::{LN_2, PI};

/// The exponential, to a few units in the last place; 0 below -700 and infinite above 700.
pub fn exponential(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x > 700.0 {
        return f64::INFINITY;
    }
    if x < -700.0 {
        return 0.0;
    }
    let power = (x / LN_2).round();
    let rest = x - power * LN_2;
    // Twenty terms of Taylor's series for |rest| <= 0.35.
    let series = (1..=20).rev().fold(1.0, |sum, n| 1.0 + sum * rest / f64::from(n));
    series * f64::from_bits(((power as i64 + 1023) as u64) << 52)
}

/// The natural logarithm of a normal positive number; NaN for any other.
pub fn logarithm(x: f64) -> f64 {
    if !(x.is_finite() && x >= f64::MIN_POSITIVE) {
        return f64::NAN;
    }
    let bits = x.to_bits();
    let mut exponent = (bits >> 52) as i64 - 1023;
    let mut significand = f64::from_bits(bits & 0x000f_ffff_ffff_ffff | 1023 << 52);
    if significand > std::f64::consts::SQRT_2 {
        significand /= 2.0;
        exponent += 1;
    }
    // ln m = 2 artanh((m - 1) / (m + 1)), an odd series for |z| <= 0.172.
    let z = (significand - 1.0) / (significand + 1.0);
    let square = z * z;
    let series = (0..=11).rev().fold(0.0, |sum, n| sum * square + 1.0 / f64::from(2 * n + 1));
    exponent as f64 * LN_2 + 2.0 * z * series
}

/// The sine, for angles of a few turns.
pub fn sine(x: f64) -> f64 {
    let turned = x - (x / (2.0 * PI)).round() * 2.0 * PI;
    let square = turned * turned;
    // Taylor's series for |x| <= pi, from its last term on.
    let series = (1..=14).rev().fold(1.0, |sum, n| {
        let n = 2.0 * f64::from(n);
        1.0 - sum * square / (n * (n + 1.0))
    });
    turned * series
}

/// The cosine, for angles of a few turns.
pub fn cosine(x: f64) -> f64 {
    sine(x + PI / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_close_to_the_platform_s() {
        for index in -2000..2000 {
            let x = f64::from(index) / 173.0;
            assert!((exponential(x) / x.exp() - 1.0).abs() < 1e-14, "exp {x}");
            assert!((sine(x) - x.sin()).abs() < 1e-13, "sin {x}");
            assert!((cosine(x) - x.cos()).abs() < 1e-13, "cos {x}");
            let positive = x.exp();
            assert!((logarithm(positive) - x).abs() < 1e-14 * (1.0 + x.abs()), "ln {positive}");
        }
    }

    #[test]
    fn the_ends_are_defined() {
        assert_eq!((exponential(-1e9), exponential(1e9)), (0.0, f64::INFINITY));
        assert!(exponential(f64::NAN).is_nan() && logarithm(0.0).is_nan() && logarithm(-1.0).is_nan());
        assert_eq!((exponential(0.0), logarithm(1.0), sine(0.0)), (1.0, 0.0, 0.0));
    }
}
