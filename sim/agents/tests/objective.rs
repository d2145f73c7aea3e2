//! The objective's gradient at the output layer against PyTorch's autograd, as scripts/a3c_oracle.sh recorded it.

use cortado_agents::objective::{gradient, returns};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    gamma: f32,
    beta: f32,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    outputs: Vec<Vec<f64>>,
    taken: Vec<usize>,
    rewards: Vec<f32>,
    bootstrap: f32,
    errors: Vec<Vec<f64>>,
}

#[test]
fn gradients_at_the_output_are_pytorch_s() {
    let vectors: Vectors = serde_json::from_str(include_str!("../../golden/tests/oracle/a3c.json")).unwrap();
    let mut compared = 0;
    for case in &vectors.cases {
        let returns = returns(&case.rewards, case.bootstrap, vectors.gamma);
        for (step, expected) in case.errors.iter().enumerate() {
            let outputs: Vec<f32> = case.outputs[step].iter().map(|&output| output as f32).collect();
            let got = gradient(&outputs, case.taken[step], returns[step], vectors.beta);
            let largest = expected.iter().fold(0.0f64, |most, value| most.max(value.abs()));
            assert_eq!(got.len(), expected.len());
            for (got, expected) in got.iter().zip(expected) {
                let distance = (f64::from(*got) - expected).abs();
                assert!(distance <= 1e-6 * largest, "{}, step {step}: {got}, PyTorch has {expected}", case.name);
                compared += 1;
            }
        }
    }
    assert!(compared > 50);
}
