//! The Adam optimiser (Kingma and Ba, 2015), without weight decay.

use crate::network::Parameters;

const FIRST_DECAY: f32 = 0.9;
const SECOND_DECAY: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// Running moments of every parameter.
#[derive(Debug, Clone)]
pub struct Adam {
    first: Vec<Parameters>,
    second: Vec<Parameters>,
    /// The decays to the power of the steps taken, for the bias correction.
    powers: (f32, f32),
}

impl Adam {
    /// Zero moments shaped like `parameters`.
    pub fn new(parameters: &[Parameters]) -> Self {
        let zeros = |p: &Parameters| Parameters { weights: vec![0.0; p.weights.len()], bias: vec![0.0; p.bias.len()] };
        Self {
            first: parameters.iter().map(zeros).collect(),
            second: parameters.iter().map(zeros).collect(),
            powers: (1.0, 1.0),
        }
    }

    /// One step of size `rate` against `gradients`.
    pub fn step(&mut self, parameters: &mut [Parameters], gradients: &[Parameters], rate: f32) {
        self.powers.0 *= FIRST_DECAY;
        self.powers.1 *= SECOND_DECAY;
        let step = Step { rate: rate / (1.0 - self.powers.0), second_correction: 1.0 / (1.0 - self.powers.1) };
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((p, g), (m, v)) in parameters.iter_mut().zip(gradients).zip(moments) {
            step.apply(&mut p.weights, &g.weights, &mut m.weights, &mut v.weights);
            step.apply(&mut p.bias, &g.bias, &mut m.bias, &mut v.bias);
        }
    }
}

/// The factors all parameters share in one step.
struct Step {
    rate: f32,
    second_correction: f32,
}

impl Step {
    fn apply(&self, values: &mut [f32], gradients: &[f32], first: &mut [f32], second: &mut [f32]) {
        let moments = first.iter_mut().zip(second);
        for ((value, &g), (m, v)) in values.iter_mut().zip(gradients).zip(moments) {
            *m = FIRST_DECAY * *m + (1.0 - FIRST_DECAY) * g;
            *v = SECOND_DECAY * *v + (1.0 - SECOND_DECAY) * g * g;
            *value -= self.rate * *m / ((*v * self.second_correction).sqrt() + EPSILON);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn single(value: f32) -> Vec<Parameters> {
        vec![Parameters { weights: vec![value], bias: vec![] }]
    }

    #[test]
    fn first_step_moves_by_the_rate_whatever_the_gradient() {
        for gradient in [1e-3, -1.0, 250.0f32] {
            let mut p = single(2.0);
            Adam::new(&p).step(&mut p, &single(gradient), 0.1);
            let expected = 2.0 - 0.1 * gradient.signum();
            assert!((p[0].weights[0] - expected).abs() < 1e-5, "{gradient}: {p:?}");
        }
    }

    #[test]
    fn a_parabola_is_descended_to_its_minimum() {
        let mut p = single(5.0);
        let mut adam = Adam::new(&p);
        for _ in 0..2000 {
            let g = single(2.0 * (p[0].weights[0] - 3.0));
            adam.step(&mut p, &g, 0.02);
        }
        assert!((p[0].weights[0] - 3.0).abs() < 1e-2, "{p:?}");
    }
}
