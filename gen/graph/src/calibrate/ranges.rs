//! What calibration sees: the smallest and largest value of every tensor.

use crate::float::{evaluate, EvaluateError, FloatGraph};

/// Ranges of a graph's tensors over the inputs observed so far. Without any, every range is empty.
#[derive(Debug, Clone)]
pub struct Ranges {
    /// (smallest, largest) by tensor; both 0 for a tensor that was never computed.
    pub(super) bounds: Vec<(f32, f32)>,
    pub(super) observed: usize,
}

/// Scale and zero point of an int8 tensor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Code {
    pub scale: f32,
    pub zero_point: i32,
}

impl Ranges {
    pub fn new(graph: &FloatGraph) -> Ranges {
        Ranges { bounds: vec![(0.0, 0.0); graph.tensors.len()], observed: 0 }
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
    pub(super) fn code(&self, id: usize) -> Option<Code> {
        let (low, high) = self.bounds[id];
        let scale = (high - low) / 255.0;
        if !scale.is_finite() {
            return None;
        }
        // A tensor that is zero throughout needs some scale; its size does not matter.
        let scale = if scale.is_normal() { scale } else { 1.0 / 255.0 };
        let zero_point = (-128.0 - low / scale).round().clamp(-128.0, 127.0) as i32;
        Some(Code { scale, zero_point })
    }
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
            let ranges = Ranges { bounds: vec![bounds], observed: 1 };
            let code = ranges.code(0).expect("finite");
            assert!((code.scale - scale).abs() < 1e-7 && code.zero_point == zero_point, "{bounds:?} {code:?}");
        }
        let ranges = Ranges { bounds: vec![(0.0, f32::INFINITY)], observed: 1 };
        assert_eq!(ranges.code(0), None);
    }
}
