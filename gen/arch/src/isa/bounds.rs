//! The bounds of a COMPUTE's results, which at int16 take two fields each.

use super::Compute;
use crate::DataType;

/// The lowest byte of `value`, as the 8-bit fields hold it.
fn low_byte(value: i32) -> i32 {
    i32::from(value as i8)
}

impl Compute {
    /// Smallest and largest result: `minimum` and `maximum_value`; at int16 those are the lowest bytes, and
    /// `sum_minimum` and `sum_maximum`, without a meaning of their own there, the highest.
    pub fn bounds(&self, data_type: DataType) -> (i32, i32) {
        let whole = |low: i32, high: i32| high << 8 | low & 0xff;
        match data_type {
            DataType::Int8 => (self.minimum, self.maximum_value),
            DataType::Int16 => (whole(self.minimum, self.sum_minimum), whole(self.maximum_value, self.sum_maximum)),
        }
    }

    /// Sets what [`Compute::bounds`] gives. A bound outside the type is refused when the instruction is encoded.
    pub fn set_bounds(&mut self, data_type: DataType, (minimum, maximum): (i32, i32)) {
        match data_type {
            DataType::Int8 => (self.minimum, self.maximum_value) = (minimum, maximum),
            DataType::Int16 => {
                (self.minimum, self.maximum_value) = (low_byte(minimum), low_byte(maximum));
                (self.sum_minimum, self.sum_maximum) = (minimum >> 8, maximum >> 8);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_both_types_read_back() {
        let mut compute = Compute::default();
        for data_type in DataType::ALL {
            let (least, most) = data_type.range();
            for bounds in [(least, most), (0, most), (-1, 1), (-100, 127), (0, most / 3), (least + 1, -1)] {
                compute.set_bounds(data_type, bounds);
                assert_eq!(compute.bounds(data_type), bounds, "{data_type:?}");
            }
        }
    }
}
