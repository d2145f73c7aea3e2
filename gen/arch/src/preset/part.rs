//! What the parts have to offer, and what memories take of it.

use crate::architecture::{ActivationKind, Architecture, Family};
use crate::isa::OnChip;

/// The resources of a part that bound an engine's sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Name of the device as nextpnr has it.
    pub device: &'static str,
    /// Packages it comes in, as nextpnr names them.
    pub packages: &'static [&'static str],
    /// Block RAMs: DP16KD of 2 KiB (ECP5) or EBR of 512 B (iCE40).
    pub block_rams: usize,
    /// Single-port RAMs of 16384 words of 16 bits (UP5K); 0 elsewhere.
    pub sprams: usize,
    /// Hardware multipliers: MULT18X18D (ECP5) or SB_MAC16 (UP5K, two 8 x 8 products each).
    pub multipliers: usize,
}

const ECP5_PACKAGES: &[&str] = &["CABGA256", "CABGA381", "CABGA554", "CABGA756", "CSFBGA285"];

/// The iCE40 parts.
pub const ICE40: &[Part] = &[
    Part { device: "up5k", packages: &["sg48", "uwg30"], block_rams: 30, sprams: 4, multipliers: 8 },
    Part { device: "hx8k", packages: &["ct256", "cb132", "cm225"], block_rams: 32, sprams: 0, multipliers: 0 },
];

/// The ECP5 parts.
pub const ECP5: &[Part] = &[
    Part { device: "25k", packages: ECP5_PACKAGES, block_rams: 56, sprams: 0, multipliers: 28 },
    Part { device: "85k", packages: ECP5_PACKAGES, block_rams: 208, sprams: 0, multipliers: 156 },
];

const ECP5_SHAPES: &[(usize, usize)] = &[(16384, 1), (8192, 2), (4096, 4), (2048, 9), (1024, 18), (512, 36)];
const ICE40_SHAPES: &[(usize, usize)] = &[(2048, 2), (1024, 4), (512, 8), (256, 16)];
const SPRAM_SHAPES: &[(usize, usize)] = &[(16384, 16)];

/// Memory blocks that an engine's three memories take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MemoryBlocks {
    pub block_rams: usize,
    pub sprams: usize,
}

impl Architecture {
    /// The part of this engine; `None` for [`Family::Generic`].
    pub fn part(&self) -> Option<&'static Part> {
        of(&self.family)
    }

    /// Blocks that one on-chip memory takes in the block shape that needs fewest; zero for
    /// [`Family::Generic`].
    pub fn memory_blocks(&self, memory: OnChip) -> MemoryBlocks {
        let (words, bytes) = self.on_chip(memory);
        blocks_of(&self.family, self.activation_kind, memory, words, bytes)
    }

    /// Blocks that the hardware of one on-chip memory takes: it is written in banks of the port's width, and no block is
    /// shared by two banks.
    pub fn banked_memory_blocks(&self, memory: OnChip) -> MemoryBlocks {
        let (words, bytes) = self.on_chip(memory);
        let banks = bytes.div_ceil(self.port_bytes);
        let one = blocks_of(&self.family, self.activation_kind, memory, words, self.port_bytes);
        MemoryBlocks { block_rams: banks * one.block_rams, sprams: banks * one.sprams }
    }

    /// Blocks that all three memories take.
    pub fn all_memory_blocks(&self) -> MemoryBlocks {
        MEMORIES.iter().map(|m| self.memory_blocks(*m)).fold(MemoryBlocks::default(), |a, b| MemoryBlocks {
            block_rams: a.block_rams + b.block_rams,
            sprams: a.sprams + b.sprams,
        })
    }
}

pub(super) const MEMORIES: [OnChip; 3] = [OnChip::Activation, OnChip::Weight, OnChip::Parameter];

pub(super) fn find(parts: &'static [Part], device: &str) -> Option<&'static Part> {
    parts.iter().find(|p| p.device == device)
}

/// The part of a family's device; `None` for [`Family::Generic`].
pub(super) fn of(family: &Family) -> Option<&'static Part> {
    match family {
        Family::Generic => None,
        Family::Ice40 { device, .. } => find(ICE40, device),
        Family::Ecp5 { device, .. } => find(ECP5, device),
    }
}

pub(super) fn blocks_of(
    family: &Family,
    kind: ActivationKind,
    memory: OnChip,
    words: usize,
    bytes: usize,
) -> MemoryBlocks {
    let fewest = |shapes: &[(usize, usize)]| {
        shapes.iter().map(|(depth, width)| words.div_ceil(*depth) * (8 * bytes).div_ceil(*width)).min().unwrap_or(0)
    };
    match (family, kind, memory) {
        (Family::Generic, ..) => MemoryBlocks::default(),
        (_, ActivationKind::Spram, OnChip::Activation) => MemoryBlocks { block_rams: 0, sprams: fewest(SPRAM_SHAPES) },
        (Family::Ice40 { .. }, ..) => MemoryBlocks { block_rams: fewest(ICE40_SHAPES), sprams: 0 },
        (Family::Ecp5 { .. }, ..) => MemoryBlocks { block_rams: fewest(ECP5_SHAPES), sprams: 0 },
    }
}
