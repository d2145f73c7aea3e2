//! What calibration sees: the smallest and largest value of every tensor.

use crate::float::{evaluate, EvaluateError, FloatGraph};
use crate::ir::DataType;
use crate::quantise::power_of_two_from;

/// Ranges of a graph's tensors over the inputs observed so far. Without any, every range is empty.
#[derive(Debug, Clone)]
pub struct Ranges {
    /// (smallest, largest) by tensor; both 0 for a tensor that was never computed.
    pub(super) bounds: Vec<(f32, f32)>,
    /// Those the network's own file gives, which go before what is seen.
    given: Vec<Option<(f64, f64)>>,
    pub(super) observed: usize,
}

/// Scale and zero point of a quantised tensor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Code {
    pub scale: f32,
    pub zero_point: i32,
}

impl Ranges {
    pub fn new(graph: &FloatGraph) -> Ranges {
        let given = graph.tensors.iter().map(|tensor| tensor.range).collect();
        Ranges { bounds: vec![(0.0, 0.0); graph.tensors.len()], given, observed: 0 }
    }

    /// Runs one input through the graph and widens the ranges by what its tensors hold.
    ///
    /// # Errors
    /// As [`evaluate`].
    pub fn observe(&mut self, graph: &FloatGraph, input: &[f32]) -> Result<(), EvaluateError> {
        for (bounds, values) in self.bounds.iter_mut().zip(evaluate(graph, input)?) {
            // Zero is in every range: padding and ReLU produce it.
            *bounds = values.iter().fold(*bounds, |(low, high), &value| (low.min(value), high.max(value)));
        }
        self.observed += 1;
        Ok(())
    }

    /// The code of tensor `id`; `None` when calibration met values that are not finite.
    pub(super) fn code(&self, id: usize, data_type: DataType) -> Option<Code> {
        let (low, high) = self.bounds[id];
        let (low, high) = self.given[id].unwrap_or((low.into(), high.into()));
        match data_type {
            DataType::Int8 => asymmetric(low, high),
            DataType::Int16 => symmetric(low, high, data_type.range().1),
        }
    }
}

/// Int8: the range from end to end, wherever zero lies in it.
fn asymmetric(low: f64, high: f64) -> Option<Code> {
    let scale = ((high - low) / 255.0) as f32;
    if !scale.is_finite() {
        return None;
    }
    // A tensor that is zero throughout needs some scale; its size does not matter.
    let scale = if scale.is_normal() { scale } else { 1.0 / 255.0 };
    let zero_point = (-128.0 - low / f64::from(scale)).round().clamp(-128.0, 127.0) as i32;
    Some(Code { scale, zero_point })
}

/// Int16: the finest power of two at which both ends are at most `most`.
fn symmetric(low: f64, high: f64, most: i32) -> Option<Code> {
    let largest = high.max(-low);
    let scale = power_of_two_from(if largest > 0.0 { largest / f64::from(most) } else { 1.0 })?;
    Some(Code { scale, zero_point: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_cover_the_range_and_hold_zero() {
        for (bounds, scale, zero_point) in [
            ((0.0, 255.0), 1.0, -128),
            ((-1.28, 1.27), 0.01, 0),
            ((-2.55, 0.0), 0.01, 127),
            ((0.0, 0.0), 1.0 / 255.0, -128),
        ] {
            let ranges = Ranges { bounds: vec![bounds], given: vec![None], observed: 1 };
            let code = ranges.code(0, DataType::Int8).expect("finite");
            assert!((code.scale - scale).abs() < 1e-7 && code.zero_point == zero_point, "{bounds:?} {code:?}");
        }
    }

    #[test]
    fn int16_scales_are_the_finest_powers_of_two() {
        for (bounds, scale) in [
            ((0.0, 255.0), 2f32.powi(-7)),
            ((-1.0, 0.5), 2f32.powi(-14)),
            ((-32_767.0, 3.0), 1.0),
            ((0.0, 32_767.5), 2.0),
            ((0.0, 0.0), 1.0),
        ] {
            let ranges = Ranges { bounds: vec![bounds], given: vec![None], observed: 1 };
            assert_eq!(ranges.code(0, DataType::Int16), Some(Code { scale, zero_point: 0 }), "{bounds:?}");
        }
    }

    #[test]
    fn ranges_that_are_not_finite_have_no_code() {
        for data_type in [DataType::Int8, DataType::Int16] {
            let ranges = Ranges { bounds: vec![(0.0, f32::INFINITY)], given: vec![None], observed: 1 };
            assert_eq!(ranges.code(0, data_type), None);
        }
    }
}
