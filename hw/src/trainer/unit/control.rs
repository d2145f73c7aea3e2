//! What the sequencer tells the groups, and what the gather tells the sequencer.

use rust_hdl::prelude::*;

/// One cycle of the groups. Group g sees it g cycles after group 0.
#[derive(LogicStruct, Default, Copy, Clone, Debug, PartialEq)]
pub struct GroupControl {
    /// The slots take a product; low: sums stay.
    pub active: Bit,
    /// The slot whose turn it is: the cycle, modulo 8.
    pub slot: Bits<3>,
    /// The step within the batch.
    pub step: Bits<4>,
    /// The half of the scalar buffer.
    pub half: Bit,
    /// The pass's first step.
    pub first: Bit,
    /// GC: entries are steps, and slots are words.
    pub gradient: Bit,
    /// FW, dense: all slots take the words of entry 0.
    pub single: Bit,
    /// Sums begin with -0.
    pub negative: Bit,
    /// The first group takes the vector from the bus in this cycle; the others have it from the group before.
    pub load: Bit,
    /// BW, dense: every group takes its own vector from the bus as its slot 0 begins.
    pub own: Bit,
}

/// Sums that leave the adders. Group g sees it g cycles after group 0.
#[derive(LogicStruct, Default, Copy, Clone, Debug, PartialEq)]
pub struct Capture {
    /// They are results.
    pub valid: Bit,
    /// Where they go in the result buffer: the pass modulo 2, and the slot.
    pub place: Bits<4>,
}

/// Scalars gathered: up to 16 steps (GC: 8) for all slots.
#[derive(LogicStruct, Default, Copy, Clone, Debug, PartialEq)]
pub struct Batch {
    pub steps: Bits<5>,
    /// The first and the last batch of a pass.
    pub first: Bit,
    pub last: Bit,
    pub forward: Bit,
    pub gradient: Bit,
    pub dense: Bit,
    /// Vectors of a step.
    pub width: Bits<4>,
    /// The pass's vectors are wanted again.
    pub again: Bit,
    /// They stay until then, or were kept from the pass before.
    pub resident: Bit,
}
