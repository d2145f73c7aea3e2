//! The mean of a pool, and a value left as it is, as a weight and the parameters of the post-processor.

use cortado_arch::isa::{Parameter, ShiftParameter, PARAMETER_BYTES};
use cortado_arch::DataType;

/// The weight of every position of a window, and the parameters of every channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Uniform {
    pub weight: i16,
    pub parameter: [u8; PARAMETER_BYTES],
}

/// Weight of a summed position at int8; the accumulator holds the sum times this. It gives the first
/// rounding six bits below the point, so that only a true half reaches the second as a half.
const AVERAGE_WEIGHT: i16 = 64;
/// log2 of [`AVERAGE_WEIGHT`].
const AVERAGE_WEIGHT_BITS: u32 = 6;

/// Weight and factor 1/2 that together leave a value as it is at int8.
pub(crate) const IDENTITY_WEIGHT: i16 = 2;
pub(crate) const IDENTITY: Parameter = Parameter { bias: 0, q: 1 << 30, shift: 0 };

/// What leaves a value as it is.
///
/// # Errors
/// None that a test does not rule out.
pub(crate) fn identity(data_type: DataType) -> Result<Uniform, String> {
    let uniform = match data_type {
        DataType::Int8 => IDENTITY.encode().map(|parameter| Uniform { weight: IDENTITY_WEIGHT, parameter }),
        DataType::Int16 => ShiftParameter::default().encode().map(|parameter| Uniform { weight: 1, parameter }),
    };
    uniform.map_err(|e| e.to_string())
}

/// What makes a mean of a sum over `count` positions.
///
/// # Errors
/// When `count` is 0 or its accumulator might overflow.
pub(crate) fn mean(count: usize, data_type: DataType) -> Result<Uniform, String> {
    let refused = || format!("a mean over {count} positions does not fit {} bits", data_type.accumulator_bits());
    match data_type {
        DataType::Int8 => {
            let parameter = average(count).ok_or_else(refused)?.encode().map_err(|e| e.to_string())?;
            Ok(Uniform { weight: AVERAGE_WEIGHT, parameter })
        }
        DataType::Int16 => reciprocal(count).ok_or_else(refused),
    }
}

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

/// `1 / count` as a weight in `[2^14, 2^15)`, the nearest there, ties up, and a right shift (`docs/machine.md`).
/// `None` when `count` is 0 or over 4096.
fn reciprocal(count: usize) -> Option<Uniform> {
    if !(1..=1 << 12).contains(&count) {
        return None;
    }
    let shift = 14 + count.next_power_of_two().ilog2();
    let weight = ((2u64 << shift) / count as u64).div_ceil(2);
    let parameter = ShiftParameter { bias: 0, shift }.encode().ok()?;
    Some(Uniform { weight: i16::try_from(weight).ok()?, parameter })
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
        for data_type in DataType::ALL {
            let weight = identity(data_type).expect("encodes").weight;
            let (low, high) = data_type.range();
            for value in [low, high] {
                let sum = i32::from(weight) * value;
                let limit = 1 << (data_type.maximum_bits() - 1);
                assert!((-limit..limit).contains(&sum), "{data_type:?}: {value} gives the sum {sum}");
            }
        }
    }

    #[test]
    fn counts_without_a_mean_have_no_parameters() {
        assert_eq!(average(0), None);
        assert_eq!(average(1 << 13), None);
        for (count, data_type) in [(0, DataType::Int16), (4097, DataType::Int16), (0, DataType::Int8)] {
            assert!(mean(count, data_type).is_err(), "{count}");
        }
    }

    #[test]
    fn reciprocals_are_the_nearest_of_fifteen_bits() {
        for count in 1..=4096u32 {
            let uniform = mean(count as usize, DataType::Int16).expect("a count in range");
            let shift = ShiftParameter::decode(uniform.parameter).shift;
            let off = f64::from(uniform.weight) - 2f64.powi(shift as i32) / f64::from(count);
            assert!((-0.5..=0.5).contains(&off) && uniform.weight >= 1 << 14, "{count}: {uniform:?}");
        }
    }
}
