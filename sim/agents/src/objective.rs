//! The policy, and the gradient of the objective at the output layer.
//!
//! L = sum over steps of -(log pi(a) (R - V) + beta H) + 0.25 (R - V)^2, with R - V constant in the first term.

use crate::mathematics::{exponential, logarithm};
use crate::Rng;

/// The actions' probabilities of an output layer `[logits..., value]`, and their logarithms.
pub struct Policy {
    pub probabilities: Vec<f64>,
    pub logarithms: Vec<f64>,
}

impl Policy {
    /// Softmax of all outputs but the last.
    pub fn new(outputs: &[f32]) -> Policy {
        let logits: Vec<f64> = outputs.iter().rev().skip(1).rev().map(|&logit| f64::from(logit)).collect();
        let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<f64> = logits.iter().map(|logit| exponential(logit - largest)).collect();
        let sum: f64 = powers.iter().sum();
        let logarithm = logarithm(sum);
        Policy {
            probabilities: powers.iter().map(|power| power / sum).collect(),
            logarithms: logits.iter().map(|logit| logit - largest - logarithm).collect(),
        }
    }

    /// An action, drawn with its probability.
    pub fn draw(&self, rng: &mut Rng) -> usize {
        let mut left = rng.unit();
        for (action, probability) in self.probabilities.iter().enumerate() {
            left -= probability;
            if left < 0.0 {
                return action;
            }
        }
        // What rounding leaves of the interval is the last action's.
        self.probabilities.len().saturating_sub(1)
    }

    /// The entropy in nats.
    pub fn entropy(&self) -> f64 {
        -self.probabilities.iter().zip(&self.logarithms).map(|(p, log)| p * log).sum::<f64>()
    }
}

/// R of each step: its reward plus `gamma` times the next step's R; the last step's next is `bootstrap`.
pub fn returns(rewards: &[f32], bootstrap: f32, gamma: f32) -> Vec<f64> {
    let mut following = f64::from(bootstrap);
    let mut returns: Vec<f64> = rewards
        .iter()
        .rev()
        .map(|&reward| {
            following = f64::from(reward) + f64::from(gamma) * following;
            following
        })
        .collect();
    returns.reverse();
    returns
}

/// The objective's gradient at the output layer `[logits..., value]` of one step, rounded to single precision.
pub fn gradient(outputs: &[f32], action: usize, of_return: f64, beta: f32) -> Vec<f32> {
    let policy = Policy::new(outputs);
    let value = outputs.last().map_or(0.0, |&value| f64::from(value));
    let advantage = of_return - value;
    let entropy = policy.entropy();
    let each = policy.probabilities.iter().zip(&policy.logarithms).enumerate();
    let mut gradient: Vec<f32> = each
        .map(|(index, (p, log))| {
            let taken = if index == action { 1.0 } else { 0.0 };
            ((p - taken) * advantage + f64::from(beta) * p * (log + entropy)) as f32
        })
        .collect();
    gradient.push((-0.5 * advantage) as f32);
    gradient
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_drawn_with_their_probabilities() {
        let policy = Policy::new(&[1.0, 0.0, -1.0, 9.0]);
        let mut rng = Rng::new(3);
        let mut drawn = [0usize; 3];
        for _ in 0..100_000 {
            drawn[policy.draw(&mut rng)] += 1;
        }
        for (count, probability) in drawn.iter().zip(&policy.probabilities) {
            assert!((*count as f64 / 1e5 - probability).abs() < 0.01, "{drawn:?}");
        }
        assert!((policy.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-15);
    }

    #[test]
    fn large_logits_do_not_overflow() {
        let policy = Policy::new(&[3e38, -3e38, 0.0]);
        assert_eq!(policy.probabilities, [1.0, 0.0]);
        assert!(gradient(&[3e38, 0.0, 0.0], 0, 1.0, 0.01).iter().all(|word| word.is_finite()));
    }
}
