//! What a run did, instruction by instruction.

use cortado_arch::isa::{Mode, OnChip};

/// What an instruction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    End,
    Load(OnChip),
    Store,
    Compute(Mode),
    /// It names nothing and ended the run with an error.
    Malformed,
}

/// When an instruction was at work. Cycles count from the start of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstructionReport {
    /// Index in the program.
    pub index: usize,
    pub kind: Kind,
    /// Its waits were over and its unit took it.
    pub start: u64,
    /// It was done, and others could stop waiting for it.
    pub retire: u64,
    /// COMPUTE: cycles from the first step (or window read) to the last step; 0 otherwise.
    pub issue_cycles: u64,
    /// COMPUTE: cycles in which the array worked; 0 otherwise.
    pub steps: u64,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunReport {
    /// Predicted cycles from start to end.
    pub cycles: u64,
    /// `cortado_arch::isa::error_code`.
    pub error: u8,
    /// In program order, the END or the malformed instruction last.
    pub instructions: Vec<InstructionReport>,
}

/// What a COMPUTE asks of the array and of activation memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Issue {
    /// From the first step or read to the last step, both included.
    pub cycles: u64,
    /// Cycles in which the array works.
    pub steps: u64,
    /// Cycles of activation memory's read port: operands (padding too), residuals and, with a single
    /// port, results.
    pub reads: u64,
    /// Cycles of its write port: one a result word.
    pub writes: u64,
}
