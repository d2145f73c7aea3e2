//! An on-chip memory that knows which of its words were written, and by whom in this run.

use cortado_arch::isa::OnChip;
use cortado_arch::{Architecture, DataType};

use crate::error::Problem;

/// The units that work side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Dma = 0,
    Compute = 1,
}

/// An instruction as the memories see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Actor {
    pub unit: Unit,
    /// How many instructions of its unit came before it in this run.
    pub ordinal: usize,
    /// How many instructions of the other unit have retired for certain before it starts.
    pub waited: usize,
    /// False: undefined behaviour is not looked for.
    pub strict: bool,
}

/// Who used a word in this run: ordinal + 1 of the last instruction of each unit; 0 for none.
#[derive(Debug, Clone, Copy, Default)]
struct Uses {
    read: [u32; 2],
    written: [u32; 2],
}

/// One on-chip memory.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    which: OnChip,
    data_type: DataType,
    words: usize,
    word_bytes: usize,
    bytes: Vec<u8>,
    written: Vec<bool>,
    uses: Vec<Uses>,
}

/// A race, before the machine has put the name of the other instruction to it.
#[derive(Debug)]
pub(crate) struct Clash {
    pub memory: OnChip,
    pub word: usize,
    /// Ordinal of the other unit's instruction.
    pub ordinal: usize,
}

/// Why a word cannot be used.
#[derive(Debug)]
pub(crate) enum Refusal {
    Problem(Problem),
    Clash { field: &'static str, clash: Clash },
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Refusal::Problem(problem)
    }
}

impl Memory {
    pub fn new(a: &Architecture, which: OnChip) -> Self {
        let (words, word_bytes) = a.on_chip(which);
        Self {
            which,
            data_type: a.data_type,
            words,
            word_bytes,
            bytes: vec![0; words * word_bytes],
            written: vec![false; words],
            uses: vec![Uses::default(); words],
        }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What activations and weights in it are made of.
    pub fn data_type(&self) -> DataType {
        self.data_type
    }

    pub fn word_bytes(&self) -> usize {
        self.word_bytes
    }

    /// Forgets who used what; contents stay.
    pub fn begin_run(&mut self) {
        self.uses.fill(Uses::default());
    }

    /// The bytes of `word`, which `field` led `actor` to.
    pub fn read(&mut self, word: usize, field: &'static str, actor: &Actor) -> Result<&[u8], Refusal> {
        self.bound(word, field)?;
        if actor.strict {
            if !self.written[word] {
                return Err(Problem::NeverWritten { field, memory: self.which, word }.into());
            }
            let uses = self.uses[word];
            if uses.written[actor.unit as usize] as usize == actor.ordinal + 1 {
                return Err(Problem::OwnResult { field, word }.into());
            }
            self.ordered(word, field, actor, uses.written[1 - actor.unit as usize])?;
            self.uses[word].read[actor.unit as usize] = actor.ordinal as u32 + 1;
        }
        Ok(&self.bytes[word * self.word_bytes..][..self.word_bytes])
    }

    /// The bytes of `word`, to be overwritten whole.
    pub fn write(&mut self, word: usize, field: &'static str, actor: &Actor) -> Result<&mut [u8], Refusal> {
        self.bound(word, field)?;
        if actor.strict {
            let (uses, other) = (self.uses[word], 1 - actor.unit as usize);
            self.ordered(word, field, actor, uses.written[other].max(uses.read[other]))?;
            self.uses[word].written[actor.unit as usize] = actor.ordinal as u32 + 1;
        }
        self.written[word] = true;
        Ok(&mut self.bytes[word * self.word_bytes..][..self.word_bytes])
    }

    fn bound(&self, word: usize, field: &'static str) -> Result<(), Refusal> {
        if word < self.words {
            return Ok(());
        }
        Err(Problem::Word { field, memory: self.which, word: word as u64, words: self.words }.into())
    }

    /// Refuses a word whose last use by the other unit, the `uses`-th instruction there, may be yet to come.
    fn ordered(&self, word: usize, field: &'static str, actor: &Actor, uses: u32) -> Result<(), Refusal> {
        if uses as usize <= actor.waited {
            return Ok(());
        }
        Err(Refusal::Clash { field, clash: Clash { memory: self.which, word, ordinal: uses as usize - 1 } })
    }
}
