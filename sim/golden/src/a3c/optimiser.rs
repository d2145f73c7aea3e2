//! The optimiser: clipping by the gradient's norm, and RMSProp with epsilon inside the root.

use super::arithmetic::{add, divide, multiply, square_root, subtract};
use super::layout::TILE;

/// Sums of squares that a norm is made of.
const SUMS: usize = 8 * TILE;

/// The optimiser's constants; the learning rate comes with each task.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Optimiser {
    /// Decay of the statistics.
    pub alpha: f32,
    /// What the root takes besides the statistics.
    pub epsilon: f32,
    /// The largest norm of a gradient; `None` leaves gradients as they are.
    pub clip: Option<f32>,
}

impl Default for Optimiser {
    fn default() -> Optimiser {
        Optimiser { alpha: 0.99, epsilon: 0.1, clip: Some(40.0) }
    }
}

/// The norm of a gradient in memory order: sum j of 128 takes the squares of words j, j + 128, ... ascending from
/// zero; the sums are added in ascending order from sum 0; the root is taken.
fn norm(gradient: &[f32]) -> f32 {
    let mut sums = [0.0; SUMS];
    for words in gradient.chunks(SUMS) {
        for (sum, &word) in sums.iter_mut().zip(words) {
            *sum = add(*sum, multiply(word, word));
        }
    }
    square_root(sums.into_iter().fold(0.0, add))
}

/// Scales a gradient whose norm is above `limit` by `limit / norm`; returns the norm before.
pub fn clip(gradient: &mut [f32], limit: f32) -> f32 {
    let norm = norm(gradient);
    if norm > limit {
        let scale = divide(limit, norm);
        gradient.iter_mut().for_each(|word| *word = multiply(scale, *word));
    }
    norm
}

/// RU: each parameter and its statistics one step along `gradient`.
///
/// `g = alpha g + (1 - alpha) d d`, then `theta = theta - rate d / sqrt(g + epsilon)`, every operation rounded.
pub fn root_mean_square_step(
    optimiser: &Optimiser,
    rate: f32,
    theta: &mut [f32],
    statistics: &mut [f32],
    gradient: &[f32],
) {
    let fresh = subtract(1.0, optimiser.alpha);
    for ((theta, g), &d) in theta.iter_mut().zip(statistics).zip(gradient) {
        *g = add(multiply(optimiser.alpha, *g), multiply(fresh, multiply(d, d)));
        let root = square_root(add(*g, optimiser.epsilon));
        *theta = subtract(*theta, divide(multiply(rate, d), root));
    }
}
