//! What the host hands over: one task of an agent, in a word of [`TASK_BITS`] bits.

use crate::isa::{get, instruction, set, EncodeError, Field, INSTRUCTION_BYTES};

instruction! {
    /// A task. Addresses are bytes, multiples of a line's; those a kind does not use may be anything.
    Task at 0;
    /// [`Kind`].
    kind: u32 = 2 unsigned;
    /// Comes back when the task is done.
    tag: u32 = 16 unsigned;
    /// Of the tasks that touch the global parameters (all but [`Kind::Infer`]) the how many-th this is since reset, from
    /// 0, modulo 2^16. They take effect in this order, whichever pair they go to.
    turn: u32 = 16 unsigned;
    /// The unit's program.
    program_address: u32 = 32 unsigned;
    /// The unit's base registers (hw/docs/trainer.md); of a [`Kind::Sync`] the two parameters.
    parameters: u32 = 32 unsigned;
    copy: u32 = 32 unsigned;
    maps: u32 = 32 unsigned;
    outputs: u32 = 32 unsigned;
    /// A training's learning rate, single precision.
    rate: u32 = 32 unsigned;
}

/// Bits of a task.
pub const TASK_BITS: usize = 226;

/// What a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Copies the global parameters.
    Sync = 0,
    /// An inference with an agent's copy.
    Infer = 1,
    /// An inference with the global parameters that copies them.
    SyncInfer = 2,
    /// A training: BW and GC, then clipping and RMSProp.
    Train = 3,
}

/// How a task ended, with its tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Good = 0,
    /// A word of the gradient is not finite; nothing was changed.
    NotFinite = 1,
    /// An instruction of the program names nothing.
    Program = 2,
}

impl Task {
    /// The task's bits, in 32-bit words, lowest first.
    ///
    /// # Errors
    /// A value does not fit its field.
    pub fn encode(&self) -> Result<Vec<u32>, EncodeError> {
        let mut bytes = [0; INSTRUCTION_BYTES];
        self.write(&mut bytes)?;
        let words =
            bytes.chunks_exact(4).map(|word| word.iter().rev().fold(0, |all, &byte| all << 8 | u32::from(byte)));
        Ok(words.take(TASK_BITS.div_ceil(32)).collect())
    }

    /// The task these bits mean.
    pub fn decode(words: &[u32]) -> Task {
        let mut bytes = [0; INSTRUCTION_BYTES];
        for (to, word) in bytes.chunks_exact_mut(4).zip(words) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        Task::read(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_read_back() {
        assert_eq!(Task::fields().iter().map(|field| field.width).sum::<usize>(), TASK_BITS);
        let task = Task { kind: Kind::Train as u32, tag: 0xabcd, turn: 7, rate: 0x3a37_8034, ..Task::default() };
        assert_eq!(Task::decode(&task.encode().unwrap()), task);
        let error = Task { tag: 1 << 16, ..task }.encode().unwrap_err();
        assert_eq!(error.to_string(), "tag = 65536 does not fit the instruction: 0 to 65535");
    }
}
