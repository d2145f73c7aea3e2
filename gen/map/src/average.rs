//! The mean of a pool as a factor and a shift of the post-processor.

use cortado_arch::isa::Parameter;

/// Weight of a summed position; the accumulator holds the sum times this. It gives the first
/// rounding six bits below the point, so that only a true half reaches the second as a half.
pub(crate) const AVERAGE_WEIGHT: i8 = 64;
/// log2 of [`AVERAGE_WEIGHT`].
const AVERAGE_WEIGHT_BITS: u32 = 6;

/// Weight and factor 1/2 that together leave a value as it is.
pub(crate) const IDENTITY_WEIGHT: i8 = 2;
pub(crate) const IDENTITY: Parameter = Parameter { bias: 0, q: 1 << 30, shift: 0 };

/// The post-processor's factor and shift, before zero point and clamp.
pub(crate) fn post_process(sum: i64, q: u32, shift: u32) -> i64 {
    let high = (sum * i64::from(q) + (1 << 30)) >> 31;
    let half = (1i64 << shift) >> 1;
    high.signum() * ((high.abs() + half) >> shift)
}

/// Parameters that turn `AVERAGE_WEIGHT * sum` into `sum / count`, rounded half away from zero.
/// `None` when `count` is 0 or its accumulator might overflow.
///
/// The factor is `2^e / count` in [1/2, 1), so after the first rounding the value is
/// `sum / count * 2^(e + 6)` to within half a unit. A true half of the mean is an integer there and
/// stays exact; any other value keeps at least `2^(e + 6) / (2 * count) >= 16` units from a half.
pub(crate) fn average(count: usize) -> Option<Parameter> {
    if count == 0 || count >= 1 << 13 {
        return None;
    }
    let mut exponent = 0u32;
    while 1usize << exponent < count {
        exponent += 1;
    }
    // 2^(exponent - 1) < count <= 2^exponent, so the factor is 2^(exponent - 1) / count.
    let q = ((1u64 << (31 + exponent)) / count as u64).div_ceil(2);
    Some(Parameter { bias: 0, q: u32::try_from(q).ok()?, shift: exponent + AVERAGE_WEIGHT_BITS - 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_exact_for_every_reachable_sum() {
        for count in 1..=256i64 {
            let parameter = average(count as usize).expect("a small count");
            assert!((1 << 30..=u32::MAX >> 1).contains(&parameter.q), "count {count}: q {}", parameter.q);
            for sum in -128 * count..=127 * count {
                let mean = sum.signum() * ((2 * sum.abs() + count) / (2 * count));
                let got = post_process(sum * i64::from(AVERAGE_WEIGHT), parameter.q, parameter.shift);
                assert_eq!(got, mean, "{sum} / {count}");
            }
        }
    }

    #[test]
    fn identity_leaves_every_value_as_it_is() {
        for value in -128..=127 {
            assert_eq!(post_process(value * i64::from(IDENTITY_WEIGHT), IDENTITY.q, IDENTITY.shift), value);
        }
    }

    #[test]
    fn a_maximum_compares_all_of_every_value() {
        for value in [-128, 127] {
            let sum = i32::from(IDENTITY_WEIGHT) * value;
            let limit = 1 << (cortado_arch::isa::MAXIMUM_BITS - 1);
            assert!((-limit..limit).contains(&sum), "{value} gives the sum {sum}");
        }
    }

    #[test]
    fn counts_without_a_mean_have_no_parameters() {
        assert_eq!(average(0), None);
        assert_eq!(average(1 << 13), None);
    }
}
