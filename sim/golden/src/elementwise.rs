//! The residual add: both operands onto a common, finer scale, the sum onto the output's.

use crate::error::Overflow;
use crate::fixed_point::{clamp, rescale, shift_left};
use cortado_graph::ir::{Add, DataType, Multiplier};

/// `a`, `b` and the output have one shape.
pub fn add(add: &Add, a: &[i16], b: &[i16]) -> Result<Vec<i16>, Overflow> {
    let mut output = Vec::new();
    for (&a, &b) in a.iter().zip(b) {
        let element = output.len();
        let sum = operand(add, a, 0).zip(operand(add, b, 1)).and_then(|(a, b)| a.checked_add(b)).ok_or(Overflow {
            data_type: DataType::Int8,
            element,
            what: "the sum of the operands",
        })?;
        let scaled = rescaled(sum, add.output_multiplier, element)?;
        let value = i64::from(scaled) + i64::from(add.zero_point);
        output.push(clamp(value, add.min, add.max).into());
    }
    Ok(output)
}

fn operand(add: &Add, value: i16, which: usize) -> Option<i32> {
    let centred = i32::from(value) - add.input_zero_points[which];
    rescale(shift_left(centred, add.left_shift)?, add.input_multipliers[which])
}

fn rescaled(sum: i32, factor: Multiplier, element: usize) -> Result<i32, Overflow> {
    rescale(sum, factor).ok_or(Overflow { data_type: DataType::Int8, element, what: "the output's left shift" })
}
