//! The architecture of one engine, checked: the sizes a preset chose and what follows from them.

use crate::isa::PARAMETER_BYTES;
use crate::DataType;

/// The part an engine is meant for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Family {
    /// Simulation and proofs only.
    Generic,
    Ice40 {
        device: String,
        package: String,
    },
    Ecp5 {
        device: String,
        package: String,
        speed: u8,
    },
}

/// What activation memory is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivationKind {
    /// One read and one write port, both every cycle.
    Bram,
    /// One port: a write takes the cycle of a read (UP5K SPRAM).
    Spram,
}

/// How external memory answers, for simulation and estimates; the hardware does not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExternalMemory {
    /// Cycles from an accepted burst command to its first beat.
    pub latency_cycles: u32,
    /// Sustained bytes per `bandwidth_cycles` cycles.
    pub bandwidth_bytes: u32,
    pub bandwidth_cycles: u32,
    /// Cycles that a channel is busy with each burst beside its beats, which make short bursts dear (Caffeine,
    /// section 4.3).
    pub burst_cycles: u32,
    /// Size of the memory.
    pub bytes: u64,
}

impl ExternalMemory {
    /// f(beta): bytes a cycle of bursts of `bytes`, one behind the other.
    pub fn bytes_per_cycle(&self, bytes: f64) -> f64 {
        let beats = bytes * f64::from(self.bandwidth_cycles) / f64::from(self.bandwidth_bytes);
        bytes / (f64::from(self.burst_cycles) + beats)
    }
}

/// One engine. Only [`crate::preset`] makes one, after its checks; every field obeys them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Architecture {
    pub name: String,
    pub summary: String,
    pub family: Family,
    /// Requested clock in MHz; 0 when there is no part.
    pub clock_mhz: u32,
    /// Type of activations and weights.
    pub data_type: DataType,
    /// Output lanes Tm (Caffeine): adder trees, and elements of an activation word. A power of two.
    pub tm: usize,
    /// Input lanes Tn (Caffeine): multipliers per adder tree. A power of two, at most Tm.
    pub tn: usize,
    /// Requantisers R: channels per cycle of the post-processor. A power of two, at most Tm.
    pub requantise_lanes: usize,
    /// Cycles a requantiser takes for a channel: 1 with a multiplier for each part of the product, 4 with
    /// one multiplier for all of them.
    pub requantise_cycles: usize,
    /// There is a unit that adds a residual to a result in line.
    pub residual_unit: bool,
    /// Taps a depthwise window holds per channel; a multiple of Tn. 0: no depthwise unit.
    pub window_taps: usize,
    /// Elements of a patch (first layers; bytes at int8); a multiple of Tn. 0: no patch unit.
    pub patch_bytes: usize,
    pub activation_words: usize,
    pub activation_kind: ActivationKind,
    pub weight_words: usize,
    pub parameter_words: usize,
    /// Bytes per beat of the external port; a power of two, at most a weight and a parameter word and 64.
    pub port_bytes: usize,
    /// Most beats of one burst.
    pub burst_beats: usize,
    /// Bits of an external address; the port's others are 0.
    pub address_bits: usize,
    pub external: ExternalMemory,
}

impl Architecture {
    /// Multiply-accumulates per cycle: Tm * Tn.
    pub fn macs(&self) -> usize {
        self.tm * self.tn
    }

    /// Bytes of an activation word: an element per output lane.
    pub fn activation_word_bytes(&self) -> usize {
        self.tm * self.data_type.bytes()
    }

    /// Activation words in a beat of the external port; LOADs and STOREs move multiples of it.
    pub fn transfer_words(&self) -> usize {
        (self.port_bytes / self.activation_word_bytes()).max(1)
    }

    /// Words that a STORE reads ahead of the one that goes out: enough for a word every three cycles, or every second
    /// one where a beat holds several.
    pub fn store_words_ahead(&self) -> usize {
        if self.transfer_words() > 1 {
            4
        } else {
            2
        }
    }

    /// Cycles that a STORE waits for activation memory before it goes before a COMPUTE's steps once. `None` where a
    /// step in Tm/Tn reads, which leaves cycles free, or the port is so narrow that little is stored beside a COMPUTE.
    pub fn store_patience(&self) -> Option<usize> {
        (self.substeps() == 1 && self.transfer_words() > 1).then_some(2)
    }

    /// Bytes of a weight word: an element per multiplier.
    pub fn weight_word_bytes(&self) -> usize {
        self.macs() * self.data_type.bytes()
    }

    /// Bytes of a parameter word: 8 per requantiser.
    pub fn parameter_word_bytes(&self) -> usize {
        PARAMETER_BYTES * self.requantise_lanes
    }

    /// Steps to feed a whole activation word to the input lanes.
    pub fn substeps(&self) -> usize {
        self.tm / self.tn
    }

    /// Parts in which the post-processor takes a vector of Tm results.
    pub fn chunks(&self) -> usize {
        self.tm / self.requantise_lanes
    }

    /// Cycles of a pass of the post-processor over a vector.
    pub fn pass_cycles(&self) -> usize {
        self.chunks() * self.requantise_cycles
    }

    /// Fewest cycles between two result vectors of an instruction: one pass of the requantisers; with
    /// a residual, the three passes that a vector takes and what they may wait for each other.
    pub fn vector_interval(&self, residual: bool) -> usize {
        if residual {
            6 * self.pass_cycles() + 4
        } else {
            self.pass_cycles()
        }
    }

    /// Whole patches kept ahead of the steps. Small arrays take so many steps per patch that one is
    /// enough to hide the reads.
    pub fn patch_reserves(&self) -> usize {
        if self.tn >= 8 {
            2
        } else {
            1
        }
    }

    /// Words of `memory` and bytes of one.
    pub fn on_chip(&self, memory: crate::isa::OnChip) -> (usize, usize) {
        use crate::isa::OnChip;
        match memory {
            OnChip::Activation => (self.activation_words, self.activation_word_bytes()),
            OnChip::Weight => (self.weight_words, self.weight_word_bytes()),
            OnChip::Parameter => (self.parameter_words, self.parameter_word_bytes()),
        }
    }
}
