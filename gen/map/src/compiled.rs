//! What the mapper hands on.

use crate::layout::{IoLayout, TensorPlace};
use cortado_arch::isa::Instruction;
use serde::Serialize;

/// A network as an image of external memory, two programs in it, and what a person or a test wants
/// to know about them.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// Contents of external memory from address 0: programs, weights, parameters; zeros where
    /// input and outputs go.
    pub image: Vec<u8>,
    /// Byte address of the program that brings what stays on chip; to run once.
    pub load_program: u32,
    /// Byte address of the program of one inference.
    pub run_program: u32,
    /// Where the host puts the input.
    pub input: IoLayout,
    /// What the host reads when a run has ended.
    pub outputs: Vec<TensorPlace>,
    /// Every tensor a run stores, the outputs included.
    pub tensors: Vec<TensorPlace>,
    /// One for each instruction of the run program, END included.
    pub instructions: Vec<InstructionNote>,
    /// Nodes of the graph left to the host, in order.
    pub host_nodes: Vec<usize>,
    /// Rows and columns of every map are swapped on chip.
    pub transposed: bool,
    pub estimate: Estimate,
    /// Everything above for people to read.
    pub listing: String,
}

/// What one instruction of the run program is for.
#[derive(Debug, Clone, Serialize)]
pub struct InstructionNote {
    #[serde(skip)]
    pub instruction: Instruction,
    /// Names of the nodes it works for; empty for transfers.
    pub nodes: Vec<String>,
    /// Name of the tensor it makes or moves.
    pub tensor: Option<String>,
    /// Multiply-accumulates that count as work.
    pub macs: u64,
    /// Cycles of a fully used array: `macs / (Tm * Tn)`, rounded up.
    pub ideal_cycles: u64,
    /// Cycles in which the array takes a step.
    pub steps: u64,
    /// Estimated cycles of the instruction alone.
    pub cycles: u64,
}

/// Figures of a run, before anything is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// Multiply-accumulates that count as work.
    pub macs: u64,
    /// Cycles of a fully used array.
    pub ideal_cycles: u64,
    /// Cycles in which the array takes a step.
    pub steps: u64,
    /// Estimated cycles of a run.
    pub cycles: u64,
    /// `ideal_cycles / steps`: the most the mapping lets the array reach.
    pub utilisation_bound: f64,
    /// `ideal_cycles / cycles`.
    pub utilisation: f64,
    /// Words of each memory in use.
    pub activation_words: usize,
    pub weight_words: usize,
    pub parameter_words: usize,
    /// Bytes a run moves in and out of external memory, instructions included.
    pub bytes_loaded: u64,
    pub bytes_stored: u64,
    /// Bytes of weights and parameters a run streams, a part of `bytes_loaded`.
    pub bytes_streamed: u64,
}
