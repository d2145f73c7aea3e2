//! What travels beside the data: one array step.

use rust_hdl::prelude::*;

/// One step of the array.
#[derive(LogicStruct, Default, Copy, Clone, Debug, PartialEq)]
pub struct Step {
    /// A step is in this slot.
    pub valid: Bit,
    /// First step of an output: the accumulators restart.
    pub first: Bit,
    /// Last step of an output: the accumulators hold its sums one cycle later.
    pub last: Bit,
    /// Operands are loaded from the element window (Channelwise, first Depthwise step).
    pub load: Bit,
    /// Operands move Tn taps on in the window (later Depthwise steps).
    pub shift: Bit,
    /// Operands are bytes of a patch.
    pub patch: Bit,
    /// Which Tn bytes of the word or the patch.
    pub substep: Bits<6>,
    pub weight_address: Bits<16>,
}

/// One word read from activation memory, or a padding word in its place.
#[derive(LogicStruct, Default, Copy, Clone, Debug, PartialEq)]
pub struct Element {
    /// A word arrives in this slot.
    pub valid: Bit,
    /// It lies outside the map: every byte is the pad value.
    pub pad: Bit,
    /// Patch: bytes of the word go to patch bytes `low` to `high - 1`.
    pub patch: Bit,
    /// Patch: byte i of the word belongs to patch byte `i + rotation` modulo Tm.
    pub rotation: Bits<8>,
    pub low: Bits<9>,
    pub high: Bits<9>,
    /// Patch: the last word of a patch (also without bytes of its own).
    pub end: Bit,
}

/// What the accumulators need to know of a step.
#[derive(LogicStruct, Default, Copy, Clone, Debug, PartialEq)]
pub struct StepMark {
    pub valid: Bit,
    pub first: Bit,
    pub last: Bit,
}
