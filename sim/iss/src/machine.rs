//! The machine: memories, and the run of a program.

use cortado_arch::isa::{Compute, Instruction, Mode, OnChip, Operation, Transfer, INSTRUCTION_BYTES};
use cortado_arch::Architecture;

use crate::check::check;
use crate::compute::{self, Memories};
use crate::cycle::{predict, Task, Work};
use crate::error::{IssError, Output, Problem};
use crate::memory::{Actor, Clash, Memory, Refusal, Unit};
use crate::report::{Kind, RunReport};
use crate::timing::Timing;

/// A program without END among this many instructions is refused.
pub const MOST_INSTRUCTIONS: usize = 65536;

/// One engine and its external memory.
#[derive(Debug, Clone)]
pub struct Machine {
    architecture: Architecture,
    timing: Timing,
    strict: bool,
    /// External memory, of `architecture.external.bytes` bytes unless the caller resizes it.
    pub external: Vec<u8>,
    activation: Memory,
    weight: Memory,
    parameter: Memory,
}

/// What a run has done so far.
#[derive(Default)]
struct Progress {
    tasks: Vec<Task>,
    /// Program index of each instruction of the DMA and the compute unit.
    ran: [Vec<usize>; 2],
    /// Instructions of the other unit that each unit has waited for.
    waited: [usize; 2],
}

impl Machine {
    /// An engine in strict mode whose memories hold zeros that count as never written.
    pub fn new(architecture: &Architecture) -> Self {
        let memory = |which| Memory::new(architecture, which);
        Self {
            architecture: architecture.clone(),
            timing: Timing::of(architecture),
            strict: true,
            external: vec![0; usize::try_from(architecture.external.bytes).unwrap_or(0)],
            activation: memory(OnChip::Activation),
            weight: memory(OnChip::Weight),
            parameter: memory(OnChip::Parameter),
        }
    }

    /// Strict (the default): a program is refused when it reads words that nothing wrote, misses a
    /// wait, gives weights to bytes that are not defined, or overflows an accumulator. Otherwise
    /// such words read as zero (or what a run before left), instructions act in program order, those
    /// bytes count as zero and accumulators wrap.
    pub fn set_strict(&mut self, strict: bool) {
        self.strict = strict;
    }

    /// Contents of an on-chip memory, word after word; words are as `Architecture::on_chip` says.
    pub fn on_chip(&self, memory: OnChip) -> &[u8] {
        match memory {
            OnChip::Activation => self.activation.bytes(),
            OnChip::Weight => self.weight.bytes(),
            OnChip::Parameter => self.parameter.bytes(),
        }
    }

    /// Runs the program at byte `program_address` of external memory to its END. Memories keep what
    /// they hold between runs. An instruction that names nothing ends the run with
    /// `RunReport::error` set, as in hardware.
    ///
    /// # Errors
    /// When the program has no meaning (see [`Problem`]); memories are then as far as it got.
    pub fn run(&mut self, program_address: u32) -> Result<RunReport, IssError> {
        for memory in [&mut self.activation, &mut self.weight, &mut self.parameter] {
            memory.begin_run();
        }
        let mut progress = Progress::default();
        for index in 0..MOST_INSTRUCTIONS {
            let at = |problem| IssError { instruction: index, output: None, problem };
            let bytes = self.fetch(u64::from(program_address) + (index * INSTRUCTION_BYTES) as u64).map_err(at)?;
            let task = match Instruction::decode(&bytes) {
                Err(_) => Task { kind: Kind::Malformed, wait_dma: 0, wait_compute: 0, work: Work::Stop },
                Ok(instruction) => self.execute(&mut progress, index, &instruction)?,
            };
            let stop = matches!(task.work, Work::Stop);
            progress.tasks.push(task);
            if stop {
                return Ok(predict(&self.architecture, &self.timing, &progress.tasks));
            }
        }
        Err(IssError { instruction: MOST_INSTRUCTIONS, output: None, problem: Problem::NoEnd })
    }

    fn fetch(&self, byte: u64) -> Result<[u8; INSTRUCTION_BYTES], Problem> {
        let port_bytes = self.architecture.port_bytes;
        let aligned = byte % port_bytes as u64 == 0;
        usize::try_from(byte)
            .ok()
            .filter(|_| aligned)
            .and_then(|first| self.external.get(first..)?.first_chunk())
            .copied()
            .ok_or(Problem::Fetch { byte, bytes: self.external.len() as u64, port_bytes })
    }

    fn execute(&mut self, progress: &mut Progress, index: usize, i: &Instruction) -> Result<Task, IssError> {
        let (wait_dma, wait_compute) = (usize::from(i.wait_dma), usize::from(i.wait_compute));
        let at = |problem| IssError { instruction: index, output: None, problem };
        for (field, wait, ran) in
            [("wait_dma", wait_dma, &progress.ran[0]), ("wait_compute", wait_compute, &progress.ran[1])]
        {
            if wait > ran.len() {
                let reason = format!("only {} such instructions come before it, so it would wait for ever", ran.len());
                return Err(at(Problem::Field { field, value: wait as i64, reason }));
            }
        }
        let (kind, unit) = match i.operation {
            Operation::End => {
                return Ok(Task { kind: Kind::End, wait_dma, wait_compute, work: Work::Stop });
            }
            Operation::Load(memory, _) => (Kind::Load(memory), Unit::Dma),
            Operation::Store(_) => (Kind::Store, Unit::Dma),
            Operation::Compute(mode, _) => (Kind::Compute(mode), Unit::Compute),
        };
        let waited = &mut progress.waited[unit as usize];
        *waited = (*waited).max(if unit == Unit::Dma { wait_compute } else { wait_dma });
        let actor = Actor { unit, ordinal: progress.ran[unit as usize].len(), waited: *waited, strict: self.strict };
        let done = match i.operation {
            Operation::Load(memory, t) => self.load(memory, &t, actor).map_err(|r| (None, r)),
            Operation::Store(t) => self.store(&t, actor).map_err(|r| (None, r)),
            Operation::Compute(mode, c) => self.compute(mode, &c, actor),
            Operation::End => Ok(Work::Stop),
        };
        let work = done.map_err(|(output, refusal)| named(progress, index, output, unit, refusal))?;
        progress.ran[unit as usize].push(index);
        Ok(Task { kind, wait_dma, wait_compute, work })
    }

    fn load(&mut self, which: OnChip, t: &Transfer, actor: Actor) -> Result<Work, Refusal> {
        let memory = match which {
            OnChip::Activation => &mut self.activation,
            OnChip::Weight => &mut self.weight,
            OnChip::Parameter => &mut self.parameter,
        };
        let word_bytes = memory.word_bytes();
        let first = span(t, word_bytes, self.external.len(), self.architecture.port_bytes)?;
        let grain = self.architecture.transfer_words() as u32;
        if which == OnChip::Activation && t.words % grain != 0 {
            let reason = format!("must be a multiple of the {grain} words of a beat");
            return Err(Problem::Field { field: "words", value: t.words.into(), reason }.into());
        }
        for (i, bytes) in self.external[first..].chunks_exact(word_bytes).take(t.words as usize).enumerate() {
            memory.write(t.word_address as usize + i, "word_address", &actor)?.copy_from_slice(bytes);
        }
        let port_bytes = self.architecture.port_bytes;
        Ok(transfer(t, word_bytes, port_bytes, which == OnChip::Activation, true))
    }

    fn store(&mut self, t: &Transfer, actor: Actor) -> Result<Work, Refusal> {
        let word_bytes = self.activation.word_bytes();
        let first = span(t, word_bytes, self.external.len(), self.architecture.port_bytes)?;
        for (i, bytes) in self.external[first..].chunks_exact_mut(word_bytes).take(t.words as usize).enumerate() {
            bytes.copy_from_slice(self.activation.read(t.word_address as usize + i, "word_address", &actor)?);
        }
        let port_bytes = self.architecture.port_bytes;
        Ok(transfer(t, word_bytes, port_bytes, true, false))
    }

    fn compute(&mut self, mode: Mode, c: &Compute, actor: Actor) -> Result<Work, (Option<Output>, Refusal)> {
        let a = &self.architecture;
        check(a, mode, c).map_err(|problem| (None, problem.into()))?;
        let memories =
            Memories { activation: &mut self.activation, weight: &mut self.weight, parameter: &mut self.parameter };
        compute::execute(a, mode, c, memories, actor).map_err(|(output, refusal)| (Some(output), refusal))?;
        Ok(Work::Compute(mode, Box::new(*c)))
    }
}

/// Puts the name of the other instruction to a clash.
fn named(progress: &Progress, instruction: usize, output: Option<Output>, unit: Unit, refusal: Refusal) -> IssError {
    let problem = match refusal {
        Refusal::Problem(problem) => problem,
        Refusal::Clash { field, clash: Clash { memory, word, ordinal } } => {
            let (others, wait) = match unit {
                Unit::Dma => (&progress.ran[1], "wait_compute"),
                Unit::Compute => (&progress.ran[0], "wait_dma"),
            };
            let other = others.get(ordinal).copied().unwrap_or(instruction);
            Problem::Race { field, memory, word, other, wait, needed: ordinal + 1 }
        }
    };
    IssError { instruction, output, problem }
}

/// First byte of a transfer's external side, after checks of its size.
fn span(t: &Transfer, word_bytes: usize, bytes: usize, port_bytes: usize) -> Result<usize, Problem> {
    if t.words == 0 {
        return Err(Problem::Field { field: "words", value: 0, reason: "must be at least 1".to_owned() });
    }
    let first = u64::from(t.byte_address);
    if first % port_bytes as u64 != 0 {
        let reason = format!("must be a multiple of the port's {port_bytes} bytes");
        return Err(Problem::Field { field: "byte_address", value: t.byte_address.into(), reason });
    }
    let end = first + u64::from(t.words) * word_bytes as u64;
    if end > bytes as u64 {
        return Err(Problem::External { field: "byte_address", first, end, bytes: bytes as u64 });
    }
    Ok(first as usize)
}

fn transfer(t: &Transfer, word_bytes: usize, port_bytes: usize, activation: bool, load: bool) -> Work {
    let words = u64::from(t.words);
    let beats = (words * word_bytes as u64).div_ceil(port_bytes as u64);
    Work::Transfer { beats, activation, load }
}
