//! The compute unit's instructions: one line of 64 bytes each, little-endian.
//!
//! Every instruction begins with a [`Header`]. Instructions are handed to their units in order; one waits until as
//! many LOADs, STOREs and COMPUTEs of this run have retired as its header says, and so do those behind it. Addresses
//! in external memory are lines relative to one of four base registers, which a task sets ([`Base`]).

use crate::isa::{get, instruction, set, EncodeError, Field, INSTRUCTION_BYTES};

/// Bits of the header that every instruction shares.
pub const HEADER_BITS: usize = 40;
/// Bits of a word's address in the map buffer; sums of addresses wrap.
pub const MAP_ADDRESS_BITS: usize = 20;

instruction! {
    /// What every instruction starts with.
    Header at 0;
    /// 0 END, 1 PARAMETERS, 2 LOAD, 3 STORE, 4 COMPUTE.
    opcode: u32 = 4 unsigned;
    /// LOADs that must have retired: written to the map buffer.
    wait_loads: u32 = 12 unsigned;
    /// STOREs that must have retired: taken by the memory channel.
    wait_stores: u32 = 12 unsigned;
    /// COMPUTEs that must have retired: results in the map buffer or taken as gradients.
    wait_computes: u32 = 12 unsigned;
}

instruction! {
    /// PARAMETERS: tiles of 16 lines from external memory to the parameter buffer, in the order in which a COMPUTE
    /// takes their vectors. For index 2, for index 1, for index 0: the tile at `address` plus each index times its step.
    Parameters at HEADER_BITS;
    /// [`Base`] of the address.
    base: u32 = 2 unsigned;
    address: u32 = 26 unsigned;
    /// The vectors are the tile's columns instead of its rows.
    transposed: u32 = 1 unsigned;
    /// Vector n of all tiles of index 0 comes before vector n + 1 of any.
    interleaved: u32 = 1 unsigned;
    /// The lines read are also written, as far from [`Base::Copy`] as they were from `base`.
    copied: u32 = 1 unsigned;
    /// Vectors of the last tile along index 0, or index 1 when `short_outer`; 1 to 16. The other tiles give 16.
    last_vectors: u32 = 5 unsigned;
    short_outer: u32 = 1 unsigned;
    count_0: u32 = 16 unsigned;
    count_1: u32 = 16 unsigned;
    count_2: u32 = 16 unsigned;
    step_0: u32 = 26 unsigned;
    step_1: u32 = 26 unsigned;
    step_2: u32 = 26 unsigned;
}

instruction! {
    /// LOAD and STORE: `maps` runs of `lines` lines, `step` lines apart in external memory and one behind the other in
    /// the map buffer.
    Transfer at HEADER_BITS;
    /// [`Base`] of the address.
    base: u32 = 2 unsigned;
    address: u32 = 26 unsigned;
    step: u32 = 26 unsigned;
    map_line: u32 = 16 unsigned;
    lines: u32 = 16 unsigned;
    maps: u32 = 8 unsigned;
}

instruction! {
    /// COMPUTE: a stage of a layer, or a part of one that shares its loops. Map addresses are words.
    Compute at HEADER_BITS;
    /// [`Stage`].
    stage: u32 = 2 unsigned;
    /// FW: the slots are blocks of outputs. BW: the groups are blocks of inputs and the slots the training's steps.
    dense: u32 = 1 unsigned;
    /// FW: sums that are not above zero become +0.
    rectified: u32 = 1 unsigned;
    /// Times that the array's sums are filled.
    passes: u32 = 16 unsigned;

    /// Positions, whose operands are gathered at `start`, `step_x` words apart along a row, and so on. FW: of outputs.
    /// BW: of inputs of one phase; dense: columns are the training's steps. GC: of outputs, over all maps.
    columns: u32 = 12 unsigned;
    rows: u32 = 12 unsigned;
    maps: u32 = 8 unsigned;
    start: u32 = 20 unsigned;
    step_x: u32 = 20 unsigned;
    step_y: u32 = 20 unsigned;
    step_map: u32 = 20 unsigned;

    /// FW, GC: words of a kernel row, which lie together in the map, and from a kernel row to the next.
    /// BW: from the error of a kernel column to that of the next, and of a kernel row, modulo 2^20.
    tap_step_x: u32 = 20 unsigned;
    tap_step_y: u32 = 20 unsigned;
    /// FW: blocks of 16 parameter rows. BW: blocks of 16 outputs, for each of the phase's kernel positions.
    blocks: u32 = 16 unsigned;
    /// FW, BW: vectors of the last of the blocks; the others have 16.
    last_steps: u32 = 5 unsigned;
    /// BW: the phase's kernel columns and rows, and the output's map, outside of which there is no product.
    taps_x: u32 = 5 unsigned;
    taps_y: u32 = 5 unsigned;
    bound_columns: u32 = 12 unsigned;
    bound_rows: u32 = 12 unsigned;

    /// FW, BW: vectors of a pass in the parameter buffer, when `resident`.
    vectors: u32 = 16 unsigned;
    /// Every pass takes the same vectors; they leave the buffer in the last one.
    resident: u32 = 1 unsigned;
    /// Vectors of a step: 1, or dense the blocks of outputs (FW) or of inputs (BW).
    width: u32 = 4 unsigned;

    /// GC: the first position's errors. BW: from a result's word to that of the saved map that masks it, modulo 2^20.
    second_start: u32 = 20 unsigned;
    /// GC: from a position's errors to the next one's, and from a map's to the next.
    second_step: u32 = 20 unsigned;
    second_step_map: u32 = 20 unsigned;

    /// Result vectors of all passes.
    results: u32 = 20 unsigned;
    /// Slots whose sums are results: 8, or dense the width (FW) or the training's steps (BW).
    slots: u32 = 4 unsigned;
    /// Words of a result vector that are results: 1 to 16. GC: the others are +0.
    lanes: u32 = 5 unsigned;
    /// GC: result vectors at the end that are padding: +0.
    padding: u32 = 4 unsigned;
    /// The first result's word; GC: its line of the gradient, and the others follow.
    result_start: u32 = 20 unsigned;
    /// As the positions' steps. Maps end never: `results` ends.
    result_step_x: u32 = 20 unsigned;
    result_step_y: u32 = 20 unsigned;
    result_step_map: u32 = 20 unsigned;
}

/// A base register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// The parameters read: global ones, or an agent's copy.
    Parameters = 0,
    /// The agent's copy, written.
    Copy = 1,
    /// The maps of an inference; training: of the first one, the others follow.
    Maps = 2,
    /// Inference: the output layer's map. Training: the errors there, a map for each step.
    Outputs = 3,
}

/// What a COMPUTE computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Forward = 0,
    Backward = 1,
    Gradient = 2,
}

/// One instruction, decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    End,
    Parameters(Parameters),
    Load(Transfer),
    Store(Transfer),
    Compute(Compute),
}

/// How many of its run an instruction waits for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waits {
    pub loads: usize,
    pub stores: usize,
    pub computes: usize,
}

/// One instruction with what it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instruction {
    pub waits: Waits,
    pub operation: Operation,
}

impl Instruction {
    /// The 64 bytes of this instruction.
    ///
    /// # Errors
    /// When a value does not fit its field.
    pub fn encode(&self) -> Result<[u8; INSTRUCTION_BYTES], EncodeError> {
        let mut bytes = [0; INSTRUCTION_BYTES];
        let opcode = match self.operation {
            Operation::End => 0,
            Operation::Parameters(_) => 1,
            Operation::Load(_) => 2,
            Operation::Store(_) => 3,
            Operation::Compute(_) => 4,
        };
        let Waits { loads, stores, computes } = self.waits;
        Header { opcode, wait_loads: loads as u32, wait_stores: stores as u32, wait_computes: computes as u32 }
            .write(&mut bytes)?;
        match self.operation {
            Operation::End => {}
            Operation::Parameters(p) => p.write(&mut bytes)?,
            Operation::Load(t) | Operation::Store(t) => t.write(&mut bytes)?,
            Operation::Compute(c) => c.write(&mut bytes)?,
        }
        Ok(bytes)
    }

    /// The instruction these 64 bytes mean; `None` when the opcode names nothing.
    pub fn decode(bytes: &[u8; INSTRUCTION_BYTES]) -> Option<Self> {
        let header = Header::read(bytes);
        let operation = match header.opcode {
            0 => Operation::End,
            1 => Operation::Parameters(Parameters::read(bytes)),
            2 => Operation::Load(Transfer::read(bytes)),
            3 => Operation::Store(Transfer::read(bytes)),
            4 => Operation::Compute(Compute::read(bytes)),
            _ => return None,
        };
        let waits = Waits {
            loads: header.wait_loads as usize,
            stores: header.wait_stores as usize,
            computes: header.wait_computes as usize,
        };
        Some(Self { waits, operation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_overlap_and_fit() {
        for fields in [Parameters::fields(), Transfer::fields(), Compute::fields()] {
            let mut next = HEADER_BITS;
            for f in &fields {
                assert_eq!(f.offset, next, "{}", f.name);
                next += f.width;
            }
            assert!(next <= INSTRUCTION_BYTES * 8, "{next} bits");
        }
        assert_eq!(Header::fields().iter().map(|f| f.width).sum::<usize>(), HEADER_BITS);
    }

    #[test]
    fn instructions_read_back_and_too_large_values_are_refused_by_name() {
        let compute = Compute { passes: 3, results: 1 << 19, result_step_map: 77, ..Compute::default() };
        let waits = Waits { loads: 1, stores: 2, computes: 4095 };
        let instruction = Instruction { waits, operation: Operation::Compute(compute) };
        let bytes = instruction.encode().unwrap();
        assert_eq!(Instruction::decode(&bytes), Some(instruction));
        let waits = Waits { computes: 4096, ..waits };
        let error = Instruction { waits, ..instruction }.encode().unwrap_err();
        assert_eq!(error.to_string(), "wait_computes = 4096 does not fit the instruction: 0 to 4095");
    }
}
