//! The compute unit as emitted, stage by stage against the golden stages, under random stalls of memory.

mod blocks_support;
mod unit_support;

use blocks_support::random::Random;
use cortado_arch::preset::trainer::trainer;
use cortado_arch::trainer::network::Network as Shapes;
use cortado_arch::trainer::{program, TrainerArchitecture, LINE_BYTES, LINE_WORDS};
use cortado_golden::a3c::{backward, forward, gradient, Hidden, Layout, Map, Network};
use unit_support::{number, shapes, Report, Task, Unit};

/// How memory answers: latency in cycles, and the probability of a stall in 256ths.
const CALM: (u32, u32) = (20, 0);
const STALLING: (u32, u32) = (37, 100);

/// An agent's part of memory and the global parameters, in words.
struct Memory {
    network: Network,
    shapes: Shapes,
    layout: Layout,
    words: Vec<u32>,
    parameters: usize,
    copy: usize,
    maps: usize,
    outputs: usize,
    program: usize,
}

impl Memory {
    /// With random parameters; room for `steps` inferences.
    fn new(network: Network, steps: usize, random: &mut Random) -> Self {
        let (shapes, layout) = (shapes(&network), Layout::new(&network));
        let lines = [
            shapes.parameter_lines(),
            shapes.parameter_lines(),
            steps * shapes.map_lines(),
            steps * shapes.output_lines(),
            1024,
        ];
        let mut starts = [0; 6];
        for (at, lines) in lines.iter().enumerate() {
            starts[at + 1] = starts[at] + lines * LINE_WORDS;
        }
        let mut words: Vec<u32> = (0..starts[5]).map(|_| random.next() as u32).collect();
        for address in 0..layout.words() {
            let value = if layout.place(address).is_some() { number(random) } else { 0.0 };
            words[address] = value.to_bits();
        }
        let [parameters, copy, maps, outputs, program, _] = starts;
        Self { network, shapes, layout, words, parameters, copy, maps, outputs, program }
    }

    fn floats(&self, at: usize, count: usize) -> Vec<f32> {
        self.words[at..at + count].iter().map(|&word| f32::from_bits(word)).collect()
    }

    fn put(&mut self, at: usize, values: &[f32]) {
        for (word, value) in self.words[at..].iter_mut().zip(values) {
            *word = value.to_bits();
        }
    }

    fn put_program(&mut self, bytes: &[u8]) {
        for (word, bytes) in self.words[self.program..].iter_mut().zip(bytes.chunks(4)) {
            *word = u32::from_le_bytes(bytes.try_into().expect("whole words"));
        }
    }

    fn task(&self, (latency, stall): (u32, u32), seed: u64) -> Task {
        let bytes = |word: usize| (word * 4) as u32;
        Task {
            program: bytes(self.program),
            parameters: bytes(self.parameters),
            copy: bytes(self.copy),
            maps: bytes(self.maps),
            outputs: bytes(self.outputs),
            latency,
            stall,
            seed,
            limit: 20_000_000,
        }
    }

    /// Where the input of layer `layer` at step `step` lies.
    fn map(&self, step: usize, layer: usize) -> usize {
        self.maps + (step * self.shapes.map_lines() + self.shapes.map_line(layer)) * LINE_WORDS
    }
}

/// Holds words against what they should be, and names the first that differs.
#[track_caller]
fn same(what: &str, got: &[u32], wanted: &[f32]) {
    for (at, (got, wanted)) in got.iter().zip(wanted).enumerate() {
        let wanted = wanted.to_bits();
        assert!(*got == wanted, "{what}, word {at}: expected {wanted:08x}, got {got:08x}");
    }
}

/// One inference: every map and the output layer against golden; the copy against the parameters.
fn check_infer(
    unit: &mut Unit,
    arch: &TrainerArchitecture,
    memory: &mut Memory,
    step: usize,
    copied: bool,
    pace: (u32, u32),
    random: &mut Random,
) -> Report {
    memory.put_program(&program::infer(arch, &memory.shapes, copied).unwrap());
    let observation: Vec<f32> = (0..memory.network.input_words()).map(|_| number(random)).collect();
    memory.put(memory.map(step, 0), &observation);
    let mut task = memory.task(pace, random.next());
    let step_bytes = |lines: usize| (step * lines * LINE_BYTES) as u32;
    task.maps += step_bytes(memory.shapes.map_lines());
    task.outputs += step_bytes(memory.shapes.output_lines());
    let report = unit.run(&task, &mut memory.words, &mut []);

    let mut map = observation;
    let layers = memory.network.layers().to_vec();
    for (number, layer) in layers.iter().enumerate() {
        let range = memory.layout.range(number);
        let parameters = memory.floats(memory.parameters + range.start, range.len());
        map = forward(layer, &parameters, &map);
        let at = match number + 1 == layers.len() {
            true => memory.outputs + step * memory.shapes.output_lines() * LINE_WORDS,
            false => memory.map(step, number + 1),
        };
        same(&format!("{}: output of layer {number}", memory.network), &memory.words[at..at + map.len()], &map);
    }
    if copied {
        let (from, to) = (memory.parameters, memory.copy);
        for (number, layer) in memory.shapes.layers().iter().enumerate() {
            let words = layer.rows() * LINE_WORDS;
            for block in 0..layer.blocks() {
                let at = (memory.shapes.parameter_line(number) + block * layer.block_lines()) * LINE_WORDS;
                let wanted = memory.floats(from + at, words);
                same(
                    &format!("copy of layer {number}, block {block}"),
                    &memory.words[to + at..to + at + words],
                    &wanted,
                );
            }
        }
    }
    report
}

/// One training of `steps` steps on maps that golden made: the whole gradient, padding included.
fn check_train(
    unit: &mut Unit,
    arch: &TrainerArchitecture,
    memory: &mut Memory,
    steps: usize,
    pace: (u32, u32),
    random: &mut Random,
) -> Report {
    memory.put_program(&program::train(arch, &memory.shapes, steps).unwrap());
    let layers = memory.network.layers().to_vec();
    let ranges: Vec<_> = (0..layers.len()).map(|layer| memory.layout.range(layer)).collect();
    let parameters: Vec<Vec<f32>> =
        ranges.iter().map(|range| memory.floats(memory.parameters + range.start, range.len())).collect();
    let mut saved = Vec::new();
    let mut errors = Vec::new();
    for step in 0..steps {
        let mut map: Vec<f32> = (0..memory.network.input_words()).map(|_| number(random)).collect();
        let mut maps = Vec::new();
        for (number, layer) in layers.iter().enumerate() {
            memory.put(memory.map(step, number), &map);
            let output = forward(layer, &parameters[number], &map);
            maps.push(std::mem::replace(&mut map, output));
        }
        saved.push(maps);
        let error: Vec<f32> = (0..memory.network.output_words()).map(|_| number(random)).collect();
        memory.put(memory.outputs + step * memory.shapes.output_lines() * LINE_WORDS, &error);
        errors.push(error);
    }
    let task = memory.task(pace, random.next());
    let mut got = vec![0xdead_beef; memory.layout.words()];
    let report = unit.run(&task, &mut memory.words, &mut got);
    assert_eq!(report.gradient_lines as usize, memory.shapes.parameter_lines(), "each line once");

    for (number, layer) in layers.iter().enumerate().rev() {
        let range = ranges[number].clone();
        let mut wanted = vec![0.0; range.len()];
        for (error, maps) in errors.iter().zip(&saved) {
            gradient(layer, &mut wanted, error, &maps[number]);
        }
        same(&format!("{}: gradient of layer {number} over {steps} steps", memory.network), &got[range], &wanted);
        if number > 0 {
            errors = backward(layer, &parameters[number], &errors);
            for (error, maps) in errors.iter_mut().zip(&saved) {
                for (word, &output) in error.iter_mut().zip(&maps[number]) {
                    *word = if output > 0.0 { *word } else { 0.0 };
                }
            }
        }
    }
    report
}

fn tiny() -> TrainerArchitecture {
    trainer("fa3c-tiny").unwrap()
}

fn network(input: [usize; 3], hidden: &[Hidden], actions: usize) -> Network {
    let [height, width, channels] = input;
    Network::new(Map { height, width, channels }, hidden, actions).unwrap()
}

fn convolution(outputs: usize, kernel: usize, stride: usize) -> Hidden {
    Hidden::Convolution { outputs, kernel, stride }
}

/// Networks of every kind of layer: strides from 1 to 4, also larger than the kernel; channels on both sides of 16; maps
/// of one position; inputs that no kernel reaches.
fn networks() -> Vec<Network> {
    let dense = |outputs| Hidden::Dense { outputs };
    vec![
        network([1, 1, 10], &[], 2),
        network([1, 1, 33], &[dense(40)], 3),
        network([6, 6, 1], &[convolution(4, 3, 1)], 2),
        network([8, 8, 1], &[convolution(16, 3, 1), convolution(16, 3, 2), dense(32)], 3),
        network([10, 9, 2], &[convolution(5, 3, 2), convolution(18, 2, 1), dense(17)], 3),
        network([11, 13, 3], &[convolution(17, 2, 3), convolution(3, 2, 1)], 1),
        network([14, 14, 4], &[convolution(6, 4, 4), convolution(20, 3, 1), dense(150)], 4),
        network([9, 7, 5], &[convolution(7, 1, 2), convolution(9, 2, 4)], 2),
        network([5, 5, 2], &[convolution(33, 5, 1), dense(5)], 2),
    ]
}

#[test]
fn inference_and_training_are_those_of_golden_to_the_bit() {
    let seed = 701;
    let mut random = Random(seed);
    let Some(mut unit) = Unit::new(&tiny(), seed) else { return };
    for network in networks() {
        let mut memory = Memory::new(network, 5, &mut random);
        for pace in [CALM, STALLING] {
            let step = random.below(5);
            let copied = random.chance(50);
            let report = check_infer(&mut unit, &tiny(), &mut memory, step, copied, pace, &mut random);
            println!("{}: {report:?}", memory.network);
            let steps = 1 + random.below(5);
            let report = check_train(&mut unit, &tiny(), &mut memory, steps, pace, &mut random);
            println!("{} steps {steps}: {report:?}", memory.network);
        }
    }
}
