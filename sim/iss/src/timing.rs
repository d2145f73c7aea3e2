//! The constants of the cycle prediction: depths of pipelines that are properties of the Verilog and
//! not of the machine contract. The tests against the Verilog keep them honest.

use cortado_arch::isa::Mode;
use cortado_arch::{Architecture, DataType};

/// From the read of an activation word to the cycle that has it: address, memory, output register, choice between
/// blocks.
const READ: u64 = 4;
/// From a word to its operands at the multipliers: choice of bytes, operand register.
const OPERANDS: u64 = 2;
/// From operands to the sums of a dot product without adders: products and their register.
const PRODUCTS: u64 = 2;
/// From a step's sums to the totals that the post-processor takes.
const ACCUMULATE: u64 = 1;
/// From the issue of a part to its operand at the requantiser.
const OPERAND: u64 = 3;
/// From an operand to its clamped byte, to its rounded product.
const CLAMP: u64 = 11;
const ROUND: u64 = 9;
/// What a requantiser with one multiplier takes more for both.
const FOLDED: u64 = 1;
/// From an operand to its shifted and clamped element, at int16.
const SHIFT: u64 = 4;
/// From a rounded product to the partial sum.
const PARTIAL: u64 = 1;
/// From the last part of a vector to the whole vector.
const ASSEMBLE: u64 = 1;
/// From a word to the cycle in which a patch that it ends can move to the reserve: turn, write.
const GATHER: u64 = 2;

/// Depths of an engine's pipelines, in cycles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// From the grant of a read of activation memory to the word.
    pub read: u64,
    /// From a step that reads its word to the totals of the output that it completes.
    pub totals: u64,
    /// The same of a Patch step, which needs no read.
    pub patch_totals: u64,
    /// From the issue of the last part of a pass of the post-processor to its vector: of bytes, and of
    /// the partial sums of a residual.
    pub result_pass: u64,
    pub scaling_pass: u64,
    /// From the issue of the last read of a patch to the cycle in which it can move to the reserve.
    pub gather: u64,
    /// From the launch of a Patch COMPUTE to its first read: bounds of the first runs.
    pub patch_warm_up: u64,
    /// A patch's first read may issue this many cycles before the steps that hold the reserve end.
    pub patch_ahead: u64,
}

impl Timing {
    /// Of the engine that is generated for `a`.
    pub fn of(a: &Architecture) -> Self {
        // A register behind every level of adders.
        let tree = u64::from(a.tn.ilog2());
        let folded = if a.requantise_cycles == 1 { 0 } else { FOLDED };
        let result = match a.data_type {
            DataType::Int8 => CLAMP + folded,
            DataType::Int16 => SHIFT,
        };
        let from_word = OPERANDS + PRODUCTS + tree + ACCUMULATE;
        Self {
            read: READ,
            totals: READ + from_word,
            patch_totals: 1 + from_word,
            result_pass: OPERAND + result + ASSEMBLE,
            scaling_pass: OPERAND + ROUND + folded + PARTIAL + ASSEMBLE,
            gather: READ + GATHER,
            patch_warm_up: 3,
            patch_ahead: 6,
        }
    }

    /// From the last step of an output to the totals, by mode.
    pub fn step_to_totals(&self, mode: Mode) -> u64 {
        match mode {
            Mode::Convolution | Mode::Channelwise | Mode::Depthwise => self.totals,
            Mode::Patch => self.patch_totals,
        }
    }

    /// From a pass's place in the queue to the issue of its last part.
    pub fn last_part(&self, a: &Architecture) -> u64 {
        (a.pass_cycles() - a.requantise_cycles + 1) as u64
    }

    /// From the last step of a COMPUTE without a residual to its retirement.
    pub fn drain(&self, a: &Architecture, mode: Mode) -> u64 {
        self.step_to_totals(mode) + self.last_part(a) + self.result_pass + 2
    }
}
