//! Instructions in few words.

use cortado_arch::isa::*;

pub fn encode(program: &[Instruction]) -> Vec<u8> {
    program.iter().flat_map(|i| i.encode().expect("fits its fields")).collect()
}

pub fn at(wait_dma: u16, wait_compute: u16, operation: Operation) -> Instruction {
    Instruction { wait_dma, wait_compute, operation }
}

pub fn load(memory: OnChip, word_address: u32, words: u32, byte_address: u32) -> Operation {
    Operation::Load(memory, Transfer { memory: memory as u32, word_address, words, byte_address })
}

pub fn store(word_address: u32, words: u32, byte_address: u32) -> Operation {
    Operation::Store(Transfer { memory: 0, word_address, words, byte_address })
}
