//! The programs of the tasks: one for inference, one for inference that copies the parameters it reads, one for each
//! number of steps of a training. They are the same for every agent: a task differs in its base registers.

mod backward;
mod forward;
mod gradient;

use super::instruction::{Base, Compute, Instruction, Operation, Parameters, Transfer, Waits, MAP_ADDRESS_BITS};
use super::network::{Layer, Network};
use super::{TrainerArchitecture, LINE_WORDS, MOST_STEPS};
use crate::isa::{EncodeError, INSTRUCTION_BYTES};
use std::fmt;

/// PARAMETERS stand this many COMPUTEs before the one that takes them: so they are on the way when it begins.
const AHEAD: usize = 2;

/// Why a network has no programs on an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProgramError {
    /// The maps of a task do not fit the map buffer.
    Maps { needed: usize, lines: usize },
    /// A convolution's vectors do not fit the parameter buffer.
    Parameters { layer: usize, needed: usize, lines: usize },
    /// A training of no steps, or of more than have slots.
    Steps { came: usize },
    /// A size that no instruction can hold.
    Field { layer: usize, error: EncodeError },
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProgramError::Maps { needed, lines } => write!(
                f,
                "the network's maps take {needed} lines of 16 words and the preset's map buffer has {lines}; \
                 use smaller maps, fewer steps or a preset with more map_lines"
            ),
            ProgramError::Parameters { layer, needed, lines } => write!(
                f,
                "layer {layer}: {needed} parameter vectors are used at every position and the preset's parameter \
                 buffer has {lines} lines; use a smaller kernel or fewer channels"
            ),
            ProgramError::Steps { came } => {
                write!(f, "a training of {came} steps; it takes 1 to {MOST_STEPS}")
            }
            ProgramError::Field { layer, error } => write!(f, "layer {layer}: {error}"),
        }
    }
}

impl std::error::Error for ProgramError {}

/// A COMPUTE and the parameters it takes.
struct Work {
    layer: usize,
    parameters: Option<Parameters>,
    compute: Compute,
}

/// A run of lines in the map buffer for each map of a stack.
#[derive(Debug, Clone, Copy)]
struct Stack {
    line: usize,
    /// Lines from a map to the next.
    lines: usize,
}

impl Stack {
    /// First word.
    fn word(&self) -> usize {
        self.line * LINE_WORDS
    }

    /// Words from a map to the next.
    fn step(&self) -> usize {
        self.lines * LINE_WORDS
    }
}

/// `value` modulo 2^20, as the map buffer's addresses are.
fn wrapped(value: i64) -> u32 {
    value.rem_euclid(1 << MAP_ADDRESS_BITS) as u32
}

/// Vectors of the last of `count.div_ceil(16)` tiles.
fn last_of(count: usize) -> u32 {
    ((count + LINE_WORDS - 1) % LINE_WORDS + 1) as u32
}

/// Checks that a pass's `vectors` can stay in the parameter buffer.
fn resident(arch: &TrainerArchitecture, layer: usize, vectors: usize) -> Result<(), ProgramError> {
    match vectors <= arch.parameter_lines {
        true => Ok(()),
        false => Err(ProgramError::Parameters { layer, needed: vectors, lines: arch.parameter_lines }),
    }
}

fn check_maps(arch: &TrainerArchitecture, needed: usize) -> Result<(), ProgramError> {
    match needed <= arch.map_lines {
        true => Ok(()),
        false => Err(ProgramError::Maps { needed, lines: arch.map_lines }),
    }
}

/// A program in the making: counts what was issued, so that instructions can wait for it.
#[derive(Default)]
struct Writer {
    instructions: Vec<(usize, Instruction)>,
    loads: usize,
    stores: usize,
}

impl Writer {
    fn push(&mut self, layer: usize, waits: Waits, operation: Operation) {
        self.instructions.push((layer, Instruction { waits, operation }));
    }

    fn load(&mut self, layer: usize, transfer: Transfer) {
        self.loads += 1;
        self.push(layer, Waits::default(), Operation::Load(transfer));
    }

    fn store(&mut self, layer: usize, waits: Waits, transfer: Transfer) {
        self.stores += 1;
        self.push(layer, waits, Operation::Store(transfer));
    }

    /// The parameters that the COMPUTE [`AHEAD`] of number `at` takes; at first, of all up to there.
    fn parameters(&mut self, works: &[Work], at: usize) {
        let from = if at == 0 { 0 } else { at + AHEAD };
        for work in works.iter().take(at + AHEAD + 1).skip(from) {
            if let Some(parameters) = work.parameters {
                self.push(work.layer, Waits::default(), Operation::Parameters(parameters));
            }
        }
    }

    /// The bytes, END behind the last instruction.
    fn finish(mut self, last_layer: usize) -> Result<Vec<u8>, ProgramError> {
        self.push(last_layer, Waits::default(), Operation::End);
        let mut bytes = Vec::with_capacity(self.instructions.len() * INSTRUCTION_BYTES);
        for (layer, instruction) in self.instructions {
            bytes.extend(instruction.encode().map_err(|error| ProgramError::Field { layer, error })?);
        }
        Ok(bytes)
    }
}

/// One inference: loads the observation, runs FW of every layer, stores every map. With `copied` the parameters read
/// are written to the agent's copy as well.
///
/// # Errors
/// The network does not fit the engine's buffers, or an instruction's field.
pub fn infer(arch: &TrainerArchitecture, network: &Network, copied: bool) -> Result<Vec<u8>, ProgramError> {
    check_maps(arch, network.map_lines() + network.output_lines())?;
    let mut works = Vec::new();
    let mut ends = Vec::new();
    for (number, layer) in network.layers().iter().enumerate() {
        let input = Stack { line: network.map_line(number), lines: layer.input.lines() };
        let output = Stack { line: network.map_line(number + 1), lines: layer.output.lines() };
        works.extend(forward::layer(arch, network, number, [input, output], copied)?);
        ends.push(works.len());
    }
    let mut writer = Writer::default();
    writer.load(0, transfer(Base::Maps, 0, 0, 0, network.map_line(1), 1));
    let last = network.layers().len() - 1;
    for (at, work) in works.iter().enumerate() {
        writer.parameters(&works, at);
        let before = if work.layer == 0 { 0 } else { ends[work.layer - 1] };
        if at == before && work.layer > 0 {
            let (line, lines) = (network.map_line(work.layer), network.layers()[work.layer].input.lines());
            let waits = Waits { computes: before, ..Waits::default() };
            writer.store(work.layer, waits, transfer(Base::Maps, line, 0, line, lines, 1));
        }
        let waits = Waits { loads: 1, computes: before, ..Waits::default() };
        writer.push(work.layer, waits, Operation::Compute(work.compute));
    }
    let waits = Waits { computes: works.len(), ..Waits::default() };
    let line = network.map_line(last + 1);
    writer.store(last, waits, transfer(Base::Outputs, 0, 0, line, network.output_lines(), 1));
    writer.finish(last)
}

/// A training of `steps` steps: loads errors and maps, runs BW and GC of every layer from the last one back.
///
/// # Errors
/// As [`infer`], or a number of steps that the engine has not slots for.
pub fn train(arch: &TrainerArchitecture, network: &Network, steps: usize) -> Result<Vec<u8>, ProgramError> {
    if !(1..=MOST_STEPS).contains(&steps) {
        return Err(ProgramError::Steps { came: steps });
    }
    let layers = network.layers();
    let inputs: Vec<Stack> = layers
        .iter()
        .enumerate()
        .map(|(number, layer)| Stack { line: steps * network.map_line(number), lines: layer.input.lines() })
        .collect();
    let mut line = steps * network.map_lines();
    let errors: Vec<Stack> = layers
        .iter()
        .map(|layer| {
            let stack = Stack { line, lines: layer.output.lines() };
            line += steps * stack.lines;
            stack
        })
        .collect();
    check_maps(arch, line)?;

    let last = layers.len() - 1;
    let mut works = Vec::new();
    // COMPUTEs that must have retired before the errors of a layer are there.
    let mut known = vec![0; layers.len()];
    for number in (0..=last).rev() {
        if number > 0 {
            let stacks = [errors[number], inputs[number], errors[number - 1]];
            works.extend(backward::layer(arch, network, number, stacks, steps)?);
            known[number - 1] = works.len();
        }
        works.extend(gradient::layer(arch, network, number, [errors[number], inputs[number]], steps));
    }

    let mut writer = Writer::default();
    let lines = network.output_lines();
    writer.load(last, transfer(Base::Outputs, 0, lines, errors[last].line, lines, steps));
    let mut loaded = layers.len();
    for (at, work) in works.iter().enumerate() {
        // A layer's input, and the one before's, which is then there when its turn comes.
        while loaded + 1 > work.layer && loaded > 0 {
            loaded -= 1;
            let Stack { line, lines } = inputs[loaded];
            let from = transfer(Base::Maps, network.map_line(loaded), network.map_lines(), line, lines, steps);
            writer.load(loaded, from);
        }
        writer.parameters(&works, at);
        let waits = Waits { loads: 2 + last - work.layer, computes: known[work.layer], ..Waits::default() };
        writer.push(work.layer, waits, Operation::Compute(work.compute));
    }
    writer.finish(last)
}

fn transfer(base: Base, address: usize, step: usize, map_line: usize, lines: usize, maps: usize) -> Transfer {
    Transfer {
        base: base as u32,
        address: address as u32,
        step: step as u32,
        map_line: map_line as u32,
        lines: lines as u32,
        maps: maps as u32,
    }
}

/// The fields of positions over a layer's output, in its input.
fn output_positions(layer: &Layer, input: Stack) -> Compute {
    let run = layer.input.width * layer.input.channels;
    Compute {
        columns: layer.output.width as u32,
        rows: layer.output.height as u32,
        start: input.word() as u32,
        step_x: (layer.stride * layer.input.channels) as u32,
        step_y: (layer.stride * run) as u32,
        step_map: input.step() as u32,
        tap_step_x: (layer.kernel * layer.input.channels) as u32,
        tap_step_y: run as u32,
        ..Compute::default()
    }
}
