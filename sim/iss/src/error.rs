//! Why a program has no meaning: always with the instruction and the field to look at.

use std::fmt;

use cortado_arch::isa::OnChip;

/// An output vector of a COMPUTE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output {
    pub oy: usize,
    pub ox: usize,
    pub group: usize,
}

/// A program that cannot be executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssError {
    /// Index of the instruction, from 0.
    pub instruction: usize,
    /// The output a COMPUTE was working on.
    pub output: Option<Output>,
    pub problem: Problem,
}

/// What is wrong with an instruction. `field` is the field of the encoding that is to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The instruction itself lies outside external memory, or not on a beat.
    Fetch { byte: u64, bytes: u64, port_bytes: usize },
    /// No END within [`crate::MOST_INSTRUCTIONS`] instructions.
    NoEnd,
    /// A value that the architecture or the mode does not allow.
    Field { field: &'static str, value: i64, reason: String },
    /// A word beyond the memory's last.
    Word { field: &'static str, memory: OnChip, word: u64, words: usize },
    /// Bytes outside external memory.
    External { field: &'static str, first: u64, end: u64, bytes: u64 },
    /// Strict: a word that no LOAD and no COMPUTE ever wrote.
    NeverWritten { field: &'static str, memory: OnChip, word: usize },
    /// Strict: the word is used by an instruction of the other unit that need not have retired.
    Race { field: &'static str, memory: OnChip, word: usize, other: usize, wait: &'static str, needed: usize },
    /// Strict: a COMPUTE reads a word that it has itself written.
    OwnResult { field: &'static str, word: usize },
    /// Strict: a weight that must be zero, because what it multiplies is not defined.
    StrayWeight { word: usize, byte: usize },
    /// Strict: an accumulator leaves its bits.
    Overflow { lane: usize, sum: i64, bits: usize },
    /// Strict: a step sum wider than a maximum compares.
    WideMaximum { lane: usize, sum: i64, most: i64 },
}

/// The name of a memory in messages.
pub(crate) fn memory_name(memory: OnChip) -> &'static str {
    match memory {
        OnChip::Activation => "activation",
        OnChip::Weight => "weight",
        OnChip::Parameter => "parameter",
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Fetch { byte, bytes, port_bytes } => write!(
                f,
                "its 64 bytes at {byte:#x} must lie in the {bytes} bytes of external memory, on a multiple of {port_bytes}"
            ),
            Problem::NoEnd => write!(f, "no END before it; a program has at most {} instructions", crate::MOST_INSTRUCTIONS),
            Problem::Field { field, value, reason } => write!(f, "{field} = {value}: {reason}"),
            Problem::Word { field, memory, word, words } => {
                write!(f, "{field} leads to {} word {word}; there are {words}", memory_name(*memory))
            }
            Problem::External { field, first, end, bytes } => {
                write!(f, "{field} leads to external bytes {first} to {end}; there are {bytes}")
            }
            Problem::NeverWritten { field, memory, word } => {
                write!(f, "{field} leads to {} word {word}, which nothing has written", memory_name(*memory))
            }
            Problem::Race { field, memory, word, other, wait, needed } => write!(
                f,
                "{field} leads to {} word {word}, which instruction {other} may still be using; {wait} = {needed} would wait for it",
                memory_name(*memory)
            ),
            Problem::OwnResult { field, word } => {
                write!(f, "{field} leads to activation word {word}, which this instruction has itself written")
            }
            Problem::StrayWeight { word, byte } => {
                write!(f, "weight_address leads to weight word {word}, whose byte {byte} must be zero: it multiplies bytes that are not defined")
            }
            Problem::Overflow { lane, sum, bits } => {
                write!(f, "the accumulator of lane {lane} would hold {sum}, beyond its {bits} bits")
            }
            Problem::WideMaximum { lane, sum, most } => {
                let (low, high) = (-most, most - 1);
                write!(f, "lane {lane} would take the maximum of {sum}; step sums from {low} to {high} are compared")
            }
        }
    }
}

impl fmt::Display for IssError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "instruction {}", self.instruction)?;
        if let Some(o) = self.output {
            write!(f, ", output row {} column {} group {}", o.oy, o.ox, o.group)?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for IssError {}
