//! The architecture of one training engine, checked.

use super::{LINE_WORDS, SLOTS};
use crate::architecture::{ExternalMemory, Family};

/// How factors of products are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factors {
    /// 24 significant bits.
    Single,
    /// Rounded to bfloat16; sums are single precision.
    Bfloat16,
}

/// One training engine. Only [`crate::preset`] makes one, after its checks; every field obeys them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainerArchitecture {
    pub name: String,
    pub summary: String,
    pub family: Family,
    /// Requested clock in MHz; 0 when there is no part.
    pub clock_mhz: u32,
    /// Pairs of compute units, each with a memory port.
    pub pairs: usize,
    /// Compute units of a pair: 2, one for inference and one for training, or 1 that does both.
    pub units: usize,
    /// Groups of 16 lanes in a compute unit, a power of two.
    pub groups: usize,
    pub factors: Factors,
    /// Lines of a compute unit's map buffer.
    pub map_lines: usize,
    /// Lines of a compute unit's parameter buffer, a power of two.
    pub parameter_lines: usize,
    /// Lines of each of a pair's two gradient buffers.
    pub gradient_lines: usize,
    /// Words per beat of a pair's port; a power of two, at most a line.
    pub port_words: usize,
    /// Bits of an external byte address.
    pub address_bits: usize,
    pub external: ExternalMemory,
}

impl TrainerArchitecture {
    /// Multiply-accumulates of a compute unit per cycle: its PEs.
    pub fn processing_elements(&self) -> usize {
        self.groups * LINE_WORDS
    }

    /// RMSProp units of a pair: each reads two words a cycle and writes two.
    pub fn rms_prop_units(&self) -> usize {
        (self.port_words / 4).max(1)
    }

    /// Result vectors of a pass: a sum for every slot of every group.
    pub fn pass_vectors(&self) -> usize {
        self.groups * SLOTS
    }

    /// Parameter rows of a pass of GC that one read of a map can serve: a line's words, or a group's slots.
    pub fn gather_words(&self) -> usize {
        self.pass_vectors().min(LINE_WORDS)
    }
}
