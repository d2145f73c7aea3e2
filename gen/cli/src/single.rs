//! Load and run program as one, for a run that starts from power-on: a trace, or a measurement of the simulator.

use crate::execution;
use crate::failure::Failure;
use cortado_arch::isa::{Instruction, Operation, INSTRUCTION_BYTES};
use cortado_map::Compiled;

/// An image of external memory whose one program loads and infers.
pub struct Single {
    /// External memory, the input in its place.
    pub memory: Vec<u8>,
    /// Byte address of the program.
    pub program: u32,
    /// Instructions before the first of the run program.
    pub loads: usize,
}

/// Joins the two programs for one inference of `input`.
///
/// # Errors
/// The input has another size than the network's, or the joined program counts further than waits can.
pub fn join(compiled: &Compiled, input: &[i16]) -> Result<Single, Failure> {
    let mut memory = execution::memory(compiled, input)?;
    let start = compiled.load_program as usize;
    let loads: Vec<Instruction> = memory
        .get(start..)
        .unwrap_or(&[])
        .chunks_exact(INSTRUCTION_BYTES)
        .filter_map(|bytes| Instruction::decode(bytes.try_into().ok()?).ok())
        .take_while(|instruction| instruction.operation != Operation::End)
        .collect();
    let first = u16::try_from(loads.len()).map_err(Failure::refused)?;
    let later = compiled.instructions.iter().map(|note| {
        let wait_dma = note.instruction.wait_dma.checked_add(first);
        wait_dma.map(|wait_dma| Instruction { wait_dma, ..note.instruction })
    });
    // The image ends on a multiple of the port's width, as every region does.
    let program = u32::try_from(memory.len()).map_err(Failure::refused)?;
    for instruction in loads.iter().copied().map(Some).chain(later) {
        let instruction = instruction.ok_or_else(|| Failure::refused("more transfers than waits can count"))?;
        memory.extend(instruction.encode().map_err(Failure::refused)?);
    }
    Ok(Single { memory, program, loads: loads.len() })
}
