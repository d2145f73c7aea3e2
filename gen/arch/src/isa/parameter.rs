//! What requantisation needs to know of one output channel: 8 bytes in parameter memory.

use super::{fits, range, EncodeError};
use crate::DataType;

/// Bytes of a channel's parameters, whatever the data type.
pub const PARAMETER_BYTES: usize = 8;

/// A channel's parameters at int8.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Parameter {
    /// Added to the accumulator; as wide as that, two's complement.
    pub bias: i32,
    /// Q31 factor in `[2^30, 2^31)`, or 0.
    pub q: u32,
    /// Rounding right shift after the factor, 0 to 31.
    pub shift: u32,
}

/// A channel's parameters at int16: scales are powers of two, so a shift takes the place of a factor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShiftParameter {
    /// Added to the accumulator; as wide as that, two's complement.
    pub bias: i64,
    /// Rounding right shift, 0 to [`ShiftParameter::MOST_SHIFT`].
    pub shift: u32,
}

/// The lowest `width` bits of `value`.
fn low(value: i64, width: usize) -> u64 {
    value as u64 & ((1 << width) - 1)
}

/// The lowest `width` bits of `word` as a two's complement number.
fn signed(word: u64, width: usize) -> i64 {
    (word << (64 - width)) as i64 >> (64 - width)
}

impl Parameter {
    const BIAS_BITS: usize = DataType::Int8.accumulator_bits();

    /// `bias` in bits 0 to 27, `shift` in 28 to 32, `q` in 33 to 63, little-endian.
    ///
    /// # Errors
    /// When a value does not fit its field.
    pub fn encode(&self) -> Result<[u8; PARAMETER_BYTES], EncodeError> {
        fits("bias", self.bias.into(), range(Self::BIAS_BITS, true))?;
        fits("shift", self.shift.into(), range(5, false))?;
        fits("q", self.q.into(), range(31, false))?;
        let bias = low(self.bias.into(), Self::BIAS_BITS);
        Ok((bias | u64::from(self.shift) << 28 | u64::from(self.q) << 33).to_le_bytes())
    }

    /// The reverse of [`Parameter::encode`].
    pub fn decode(bytes: [u8; PARAMETER_BYTES]) -> Self {
        let word = u64::from_le_bytes(bytes);
        Self { bias: signed(word, Self::BIAS_BITS) as i32, shift: (word >> 28 & 31) as u32, q: (word >> 33) as u32 }
    }
}

impl ShiftParameter {
    const BIAS_BITS: usize = DataType::Int16.accumulator_bits();

    /// The largest shift that leaves a bit of an accumulator.
    pub const MOST_SHIFT: u32 = DataType::Int16.accumulator_bits() as u32 - 1;

    /// `bias` in bits 0 to 47, `shift` in 48 to 53, little-endian.
    ///
    /// # Errors
    /// When a value does not fit its field, or the shift is over [`ShiftParameter::MOST_SHIFT`].
    pub fn encode(&self) -> Result<[u8; PARAMETER_BYTES], EncodeError> {
        fits("bias", self.bias, range(Self::BIAS_BITS, true))?;
        fits("shift", self.shift.into(), (0, Self::MOST_SHIFT.into()))?;
        Ok((low(self.bias, Self::BIAS_BITS) | u64::from(self.shift) << Self::BIAS_BITS).to_le_bytes())
    }

    /// The reverse of [`ShiftParameter::encode`].
    pub fn decode(bytes: [u8; PARAMETER_BYTES]) -> Self {
        let word = u64::from_le_bytes(bytes);
        Self { bias: signed(word, Self::BIAS_BITS), shift: (word >> Self::BIAS_BITS & 63) as u32 }
    }
}
