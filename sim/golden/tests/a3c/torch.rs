//! Against PyTorch's autograd in double precision: what scripts/a3c_oracle.sh has recorded.

use super::value;
use cortado_golden::a3c::{Hidden, Layout, Learner, Map, Network, Optimiser, Place, State};
use serde::Deserialize;

/// Of the largest magnitude in the same tensor.
const TOLERANCE: f64 = 1e-5;

#[derive(Deserialize)]
struct Vectors {
    alpha: f32,
    epsilon: f32,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    input: [usize; 3],
    hidden: Vec<Vec<serde_json::Value>>,
    actions: usize,
    rate: f32,
    clip: Option<f32>,
    outputs: Vec<Vec<f64>>,
    errors: Vec<Vec<f64>>,
    tensors: Vec<Tensor>,
}

#[derive(Deserialize)]
struct Tensor {
    layer: usize,
    kind: String,
    stream: u64,
    shape: Vec<usize>,
    scale: f32,
    largest_gradient: f64,
    every: usize,
    gradient: Vec<f64>,
    statistics: Vec<f64>,
    step: Vec<f64>,
}

impl Tensor {
    fn words(&self) -> usize {
        self.shape.iter().product()
    }

    /// The parameter at `index` of the tensor in PyTorch's order, OIHW.
    fn place(&self, index: usize) -> Place {
        if self.kind == "bias" {
            return Place::Bias { layer: self.layer, output: index };
        }
        let [_, inputs, height, width] = self.shape[..] else { panic!("OIHW, came {:?}", self.shape) };
        let (kx, ky) = (index % width, index / width % height);
        let (input, output) = (index / (width * height) % inputs, index / (width * height * inputs));
        Place::Weight { layer: self.layer, output, ky, kx, input }
    }
}

impl Case {
    fn network(&self) -> Network {
        let number = |value: &serde_json::Value| value.as_u64().unwrap() as usize;
        let hidden: Vec<Hidden> = self
            .hidden
            .iter()
            .map(|one| match one.as_slice() {
                [_, outputs] => Hidden::Dense { outputs: number(outputs) },
                [_, outputs, kernel, stride] => {
                    Hidden::Convolution { outputs: number(outputs), kernel: number(kernel), stride: number(stride) }
                }
                other => panic!("a hidden layer, came {other:?}"),
            })
            .collect();
        let [height, width, channels] = self.input;
        Network::new(Map { height, width, channels }, &hidden, self.actions).unwrap()
    }
}

fn close(what: &str, got: impl Iterator<Item = f64>, expected: &[f64], largest: f64) {
    let mut compared = 0;
    for (index, (got, &expected)) in got.zip(expected).enumerate() {
        let distance = (got - expected).abs();
        assert!(distance <= TOLERANCE * largest, "{what}, {index}: {got}, PyTorch has {expected}");
        compared += 1;
    }
    assert_eq!(compared, expected.len(), "{what}");
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, value| value.abs().max(most))
}

fn check(case: &Case, alpha: f32, epsilon: f32) {
    let network = case.network();
    let layout = Layout::new(&network);
    let mut state = State { theta: vec![0.0; layout.words()], statistics: vec![0.0; layout.words()] };
    for tensor in &case.tensors {
        for index in 0..tensor.words() {
            let at = layout.address(tensor.place(index)).unwrap();
            state.theta[at] = value(tensor.stream, index as u64) * tensor.scale;
            state.statistics[at] = (value(200 + tensor.stream, index as u64) + 1.0) / 2.0;
        }
    }
    let before = state.theta.clone();
    let optimiser = Optimiser { alpha, epsilon, clip: case.clip };
    let mut learner = Learner::new(network.clone(), optimiser, 1, state).unwrap();
    learner.sync(0).unwrap();
    let words = network.input_words() as u64;
    for (step, expected) in (0u64..).zip(&case.outputs) {
        let input: Vec<f32> = (0..words).map(|index| (value(100, step * words + index) + 1.0) / 2.0).collect();
        let output = learner.infer(0, &input).unwrap();
        let what = format!("{}: outputs of step {step}", case.name);
        close(&what, output.iter().map(|&word| f64::from(word)), expected, largest(expected));
    }
    let errors: Vec<Vec<f32>> =
        case.errors.iter().map(|error| error.iter().map(|&word| word as f32).collect()).collect();
    let gradient = learner.gradient(0, &errors).unwrap();
    learner.train(0, &errors, case.rate).unwrap();
    for tensor in &case.tensors {
        let what = |which| format!("{}: {which} of layer {} {}", case.name, tensor.layer, tensor.kind);
        let places: Vec<usize> = (0..tensor.words())
            .step_by(tensor.every)
            .map(|index| layout.address(tensor.place(index)).unwrap())
            .collect();
        let of = |memory: &[f32]| places.iter().map(|&at| f64::from(memory[at])).collect::<Vec<_>>().into_iter();
        close(&what("gradient"), of(&gradient), &tensor.gradient, tensor.largest_gradient);
        let statistics = &learner.state().statistics;
        close(&what("statistics"), of(statistics), &tensor.statistics, largest(&tensor.statistics));
        // A step is small beside its parameter, whose own last place it cannot be finer than.
        let moved = places.iter().map(|&at| f64::from(learner.state().theta[at]) - f64::from(before[at]));
        let finest = f64::from(tensor.scale) * f64::from(f32::EPSILON) / TOLERANCE;
        close(&what("step"), moved, &tensor.step, largest(&tensor.step) + finest);
    }
}

#[test]
fn outputs_gradients_and_steps_are_pytorch_s() {
    let vectors: Vectors = serde_json::from_str(include_str!("../oracle/a3c.json")).unwrap();
    assert_eq!(vectors.cases.len(), 4);
    for case in &vectors.cases {
        check(case, vectors.alpha, vectors.epsilon);
    }
}
