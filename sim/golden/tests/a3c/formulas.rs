//! The stages against the formulas, written once more: one parameter at a time by its meaning, in the stated order
//! and bit for bit; and against finite differences in double precision.

use super::{errors, learner, memory, observation, small, value};
use cortado_golden::a3c::arithmetic::{add, multiply};
use cortado_golden::a3c::{clip, root_mean_square_step, Layer, Layout, Network, Optimiser, Place};

/// The arithmetic a formula is evaluated in.
trait Number: Copy {
    fn of(value: f32) -> Self;
    fn plus_product(self, a: Self, b: Self) -> Self;
    fn positive(self) -> bool;
}

impl Number for f32 {
    fn of(value: f32) -> f32 {
        value
    }
    fn plus_product(self, a: f32, b: f32) -> f32 {
        add(self, multiply(a, b))
    }
    fn positive(self) -> bool {
        self > 0.0
    }
}

impl Number for f64 {
    fn of(value: f32) -> f64 {
        f64::from(value)
    }
    fn plus_product(self, a: f64, b: f64) -> f64 {
        self + a * b
    }
    fn positive(self) -> bool {
        self > 0.0
    }
}

/// A layer's parameters by their meaning.
struct Parameters<'a, N> {
    layout: &'a Layout,
    memory: &'a [N],
    number: usize,
}

impl<N: Number> Parameters<'_, N> {
    fn bias(&self, output: usize) -> N {
        self.memory[self.layout.address(Place::Bias { layer: self.number, output }).unwrap()]
    }
    fn weight(&self, output: usize, ky: usize, kx: usize, input: usize) -> N {
        let place = Place::Weight { layer: self.number, output, ky, kx, input };
        self.memory[self.layout.address(place).unwrap()]
    }
}

fn positions(height: usize, width: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..height).flat_map(move |y| (0..width).map(move |x| (y, x)))
}

fn forward<N: Number>(layer: &Layer, parameters: &Parameters<N>, x: &[N]) -> Vec<N> {
    let mut output = Vec::new();
    for (row, column) in positions(layer.output.height, layer.output.width) {
        for o in 0..layer.output.channels {
            let mut sum = parameters.bias(o);
            for (ky, kx) in positions(layer.kernel, layer.kernel) {
                for i in 0..layer.input.channels {
                    let (y, column) = (row * layer.stride + ky, column * layer.stride + kx);
                    let at = (y * layer.input.width + column) * layer.input.channels + i;
                    sum = sum.plus_product(parameters.weight(o, ky, kx, i), x[at]);
                }
            }
            output.push(if layer.rectified && !sum.positive() { N::of(0.0) } else { sum });
        }
    }
    output
}

/// The input's gradient as the full sum over outputs, those that do not touch the input left out.
fn backward(layer: &Layer, parameters: &Parameters<f32>, error: &[f32]) -> Vec<f32> {
    let mut gradient = Vec::new();
    for (y, x) in positions(layer.input.height, layer.input.width) {
        for i in 0..layer.input.channels {
            let mut sum = 0.0f32;
            for (ky, kx) in positions(layer.kernel, layer.kernel) {
                for o in 0..layer.output.channels {
                    for (r, c) in positions(layer.output.height, layer.output.width) {
                        if r * layer.stride + ky == y && c * layer.stride + kx == x {
                            let error = error[(r * layer.output.width + c) * layer.output.channels + o];
                            sum = sum.plus_product(parameters.weight(o, ky, kx, i), error);
                        }
                    }
                }
            }
            gradient.push(sum);
        }
    }
    gradient
}

/// One parameter's gradient over all steps.
fn gradient(layer: &Layer, place: Place, errors: &[Vec<f32>], inputs: &[Vec<f32>]) -> f32 {
    let mut sum = 0.0f32;
    for (error, input) in errors.iter().zip(inputs) {
        for (r, c) in positions(layer.output.height, layer.output.width) {
            let error = |o: usize| error[(r * layer.output.width + c) * layer.output.channels + o];
            sum = match place {
                Place::Bias { output, .. } => add(sum, error(output)),
                Place::Weight { output, ky, kx, input: i, .. } => {
                    let (y, x) = (r * layer.stride + ky, c * layer.stride + kx);
                    let at = (y * layer.input.width + x) * layer.input.channels + i;
                    sum.plus_product(error(output), input[at])
                }
            };
        }
    }
    sum
}

fn bits(words: &[f32]) -> Vec<u32> {
    words.iter().map(|word| word.to_bits()).collect()
}

#[test]
fn outputs_and_gradients_are_the_formulas_bit_for_bit() {
    let network = small();
    let layout = Layout::new(&network);
    let mut learner = learner(&network, Optimiser::default(), 1);
    learner.sync(0).unwrap();
    let theta = learner.state().theta.clone();
    let parameters = |number| Parameters { layout: &layout, memory: &theta, number };

    let steps = 3;
    // maps[layer][step] is the layer's input.
    let mut maps = vec![Vec::new(); network.layers().len()];
    let mut at_output = Vec::new();
    for step in 0..steps {
        let mut map = observation(&network, 10 + step);
        let got = learner.infer(0, &map).unwrap();
        for (number, layer) in network.layers().iter().enumerate() {
            let output = forward(layer, &parameters(number), &map);
            maps[number].push(std::mem::replace(&mut map, output));
        }
        assert_eq!(bits(&got), bits(&map), "step {step}");
        at_output.push(errors(&network, 20 + step));
    }
    // An inference for the bootstrap value is not trained on.
    learner.infer(0, &observation(&network, 99)).unwrap();

    let got = learner.gradient(0, &at_output).unwrap();
    let mut expected = vec![0.0; layout.words()];
    let mut errors = at_output;
    for (number, layer) in network.layers().iter().enumerate().rev() {
        for address in layout.range(number) {
            if let Some(place) = layout.place(address) {
                expected[address] = gradient(layer, place, &errors, &maps[number]);
            }
        }
        for (error, map) in errors.iter_mut().zip(&maps[number]) {
            let through = backward(layer, &parameters(number), error);
            *error = through.iter().zip(map).map(|(&word, &saved)| if saved > 0.0 { word } else { 0.0 }).collect();
        }
    }
    assert_eq!(bits(&got), bits(&expected));
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let network = small();
    let layout = Layout::new(&network);
    let mut learner = learner(&network, Optimiser::default(), 1);
    learner.sync(0).unwrap();
    let inputs: Vec<Vec<f32>> = (0..2).map(|step| observation(&network, 30 + step)).collect();
    let errors: Vec<Vec<f32>> = (0..2).map(|step| errors(&network, 40 + step)).collect();
    for input in &inputs {
        learner.infer(0, input).unwrap();
    }
    let gradient = learner.gradient(0, &errors).unwrap();
    let mut theta: Vec<f64> = learner.state().theta.iter().map(|&word| f64::from(word)).collect();
    // The objective whose gradient at the output layer is `errors`.
    let objective = |theta: &[f64]| -> f64 {
        let of_step = |(input, error): (&Vec<f32>, &Vec<f32>)| -> f64 {
            let mut map: Vec<f64> = input.iter().map(|&word| f64::from(word)).collect();
            for (number, layer) in network.layers().iter().enumerate() {
                map = forward(layer, &Parameters { layout: &layout, memory: theta, number }, &map);
            }
            map.iter().zip(error).map(|(&output, &error)| output * f64::from(error)).sum()
        };
        inputs.iter().zip(&errors).map(of_step).sum()
    };
    const STEP: f64 = 1e-6;
    let largest = gradient.iter().fold(0.0f32, |most, word| most.max(word.abs()));
    let mut checked = 0;
    for address in (0..layout.words()).step_by(3).filter(|&address| layout.place(address).is_some()) {
        let middle = theta[address];
        theta[address] = middle + STEP;
        let above = objective(&theta);
        theta[address] = middle - STEP;
        let below = objective(&theta);
        theta[address] = middle;
        let slope = (above - below) / (2.0 * STEP);
        let distance = (slope - f64::from(gradient[address])).abs();
        assert!(distance < 1e-5 * f64::from(largest), "word {address}: {slope} and {}", gradient[address]);
        checked += 1;
    }
    assert!(checked > 200, "{checked}");
}

#[test]
fn padding_is_zero_and_stays_zero_and_agents_keep_their_copies() {
    let network = small();
    let layout = Layout::new(&network);
    let mut learner = learner(&network, Optimiser { clip: Some(0.5), ..Optimiser::default() }, 2);
    for agent in 0..2 {
        learner.sync(agent).unwrap();
    }
    let before = learner.infer(1, &observation(&network, 50)).unwrap();
    learner.infer(0, &observation(&network, 50)).unwrap();
    for _ in 0..3 {
        learner.train(0, &[errors(&network, 51)], 0.1).unwrap();
    }
    let state = learner.state();
    for address in (0..layout.words()).filter(|&address| layout.place(address).is_none()) {
        assert_eq!((state.theta[address].to_bits(), state.statistics[address].to_bits()), (0, 0));
    }
    assert_eq!(bits(&learner.infer(1, &observation(&network, 50)).unwrap()), bits(&before), "agent 1 has its copy");
    learner.sync(1).unwrap();
    assert_ne!(bits(&learner.infer(1, &observation(&network, 50)).unwrap()), bits(&before));
}

#[test]
fn a_rectifier_passes_nan_and_its_derivative_is_zero_at_zero() {
    let network = Network::new(cortado_golden::a3c::Map { height: 1, width: 1, channels: 1 }, &[dense(1)], 1).unwrap();
    let layout = Layout::new(&network);
    let theta = memory(&layout, |place| if matches!(place, Place::Weight { .. }) { 1.0 } else { 0.0 });
    let layer = &network.layers()[0];
    let words = &theta[layout.range(0)];
    let output = |input: f32| cortado_golden::a3c::forward(layer, words, &[input])[0].to_bits();
    assert_eq!(output(f32::from_bits(0xffc0_0001)), 0x7fc0_0000);
    assert_eq!((output(-2.0), output(-0.0), output(2.0)), (0, 0, 2f32.to_bits()));
}

fn dense(outputs: usize) -> cortado_golden::a3c::Hidden {
    cortado_golden::a3c::Hidden::Dense { outputs }
}

#[test]
fn the_norm_is_made_of_128_sums() {
    // In one sequence the ones of a sum would vanish beside 2^24; in their own sum they meet each other first.
    let mut gradient = vec![0.0f32; 512];
    gradient[0] = 4096.0;
    for at in [1, 129, 257] {
        gradient[at] = 1.0;
    }
    let expected = add(16_777_216.0, 3.0).sqrt();
    assert_eq!(clip(&mut gradient.clone(), f32::MAX).to_bits(), expected.to_bits());

    let mut spread: Vec<f32> = (0..400).map(|index| value(60, index)).collect();
    let sums =
        (0..128).map(|sum| (sum..400).step_by(128).fold(0.0, |sum, at| add(sum, multiply(spread[at], spread[at]))));
    let expected = sums.reduce(add).unwrap().sqrt();
    let before = spread.clone();
    let norm = clip(&mut spread, 0.5);
    assert_eq!(norm.to_bits(), expected.to_bits());
    let scaled: Vec<f32> = before.iter().map(|&word| multiply(0.5 / norm, word)).collect();
    assert_eq!(bits(&spread), bits(&scaled));
}

#[test]
fn each_operation_of_the_optimiser_is_rounded() {
    let optimiser = Optimiser { alpha: 0.99, epsilon: 0.1, clip: None };
    let (mut theta, mut g) = ([0.3f32], [0.7f32]);
    root_mean_square_step(&optimiser, 7e-4, &mut theta, &mut g, &[0.123]);
    let statistics = 0.99f32 * 0.7 + (1.0f32 - 0.99) * (0.123f32 * 0.123);
    let stepped = 0.3f32 - (7e-4f32 * 0.123) / (statistics + 0.1f32).sqrt();
    assert_eq!((g[0].to_bits(), theta[0].to_bits()), (statistics.to_bits(), stepped.to_bits()));
}
