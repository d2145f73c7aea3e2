//! Factors of requantisation and addition as the post-processor takes them.

use crate::network::{MapId, Sum};
use cortado_graph::ir::{Add, Multiplier};

/// The raise of the operands of an ADD the post-processor knows.
const ADD_LEFT_SHIFT: u32 = 20;

/// The Q31 factor and right shift of a factor below 1.
pub(crate) fn below_one(multiplier: &Multiplier, what: &str) -> Result<(u32, u32), String> {
    let refuse = || {
        format!(
            "{what} has the factor {:.4} (q {}, shift {}); the post-processor takes factors below 1: retrain or \
             requantise with a larger output scale",
            f64::from(multiplier.q) * 2f64.powi(multiplier.shift - 31),
            multiplier.q,
            multiplier.shift
        )
    };
    let q = u32::try_from(multiplier.q).map_err(|_| refuse())?;
    let shift = multiplier.shift.checked_neg().and_then(|s| u32::try_from(s).ok()).filter(|&s| s <= 31);
    Ok((q, shift.ok_or_else(refuse)?))
}

/// The post-processor's addition of `residual`, from TensorFlow Lite's ADD.
///
/// # Errors
/// When it is not one the post-processor knows.
pub(crate) fn sum(add: &Add, residual: MapId) -> Result<Sum, String> {
    if add.left_shift != ADD_LEFT_SHIFT {
        return Err(format!("left shift {}; the post-processor knows {ADD_LEFT_SHIFT}", add.left_shift));
    }
    let half = |m: &Multiplier| (m.q, m.shift) == (1 << 30, 0);
    let [a, b] = &add.input_multipliers;
    let scale_residual = half(a);
    let scaled = match (half(a), half(b)) {
        (true, _) => b,
        (false, true) => a,
        _ => {
            return Err(format!("input factors {a:?} and {b:?}; one must be exactly 1/2, as TensorFlow Lite makes it"))
        }
    };
    Ok(Sum {
        residual,
        own_zero_point: add.input_zero_points[0],
        residual_zero_point: add.input_zero_points[1],
        scale_residual,
        scale: below_one(scaled, "the scaled input")?,
        total: below_one(&add.output_multiplier, "the sum")?,
        zero_point: add.zero_point,
        min: add.min,
        max: add.max,
    })
}
