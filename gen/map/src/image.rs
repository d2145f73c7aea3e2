//! External memory: where each region lies, and the bytes of the image.

use crate::error::MapErrors;
use crate::parts::{Plan, Region};
use crate::program::Item;
use crate::residence::Store;
use cortado_arch::isa::{Instruction, Operation, INSTRUCTION_BYTES};

/// Every region starts at a multiple of this, or of the port's width where that is larger.
const ALIGNMENT: usize = 64;

/// First byte of each region of external memory.
#[derive(Debug, Clone)]
pub(crate) struct External {
    pub load_program: u32,
    pub run_program: u32,
    pub weights: u32,
    pub parameters: u32,
    /// Of each map that is loaded or stored.
    pub maps: Vec<Option<u32>>,
    /// Zeros for words behind maps.
    pub filler: u32,
    pub bytes: usize,
}

impl External {
    /// Lays the regions out one after the other.
    ///
    /// # Errors
    /// When they exceed the memory.
    pub fn new(plan: &Plan, load: usize, run: usize, graph: &str) -> Result<Self, MapErrors> {
        let alignment = ALIGNMENT.max(plan.arch.port_bytes);
        let mut next = 0usize;
        let mut take = |bytes: usize| {
            let start = next;
            next = (start + bytes).next_multiple_of(alignment);
            start
        };
        let bytes_of = |store: &Store| store.blocks.iter().map(|b| b.bytes.len()).sum::<usize>();
        let load_program = take(load * INSTRUCTION_BYTES);
        let run_program = take(run * INSTRUCTION_BYTES);
        let weights = take(bytes_of(plan.weights));
        let parameters = take(bytes_of(plan.parameters));
        let behind = |map: usize| plan.lowered.words_behind(map) * plan.arch.activation_word_bytes();
        let filler = take((0..plan.stored.len()).map(behind).max().unwrap_or(0));
        let mut place = |map: usize| {
            let used = map == plan.input || plan.stored[map];
            used.then(|| take(plan.lowered.words[map] * plan.arch.activation_word_bytes()))
        };
        let maps: Vec<Option<usize>> = (0..plan.stored.len()).map(&mut place).collect();
        let limit = plan.arch.external.bytes.min(1 << 32);
        if next as u64 > limit {
            let reason = format!("needs {next} bytes of external memory; {} has {limit}", plan.arch.name);
            return Err(MapErrors::one(graph, reason));
        }
        Ok(Self {
            load_program: load_program as u32,
            run_program: run_program as u32,
            weights: weights as u32,
            parameters: parameters as u32,
            maps: maps.into_iter().map(|at| at.map(|at| at as u32)).collect(),
            filler: filler as u32,
            bytes: next,
        })
    }

    fn base(&self, region: Region) -> u32 {
        match region {
            Region::Weights => self.weights,
            Region::Parameters => self.parameters,
            Region::Map(map) => self.maps[map].unwrap_or(0),
            Region::Filler => self.filler,
        }
    }

    /// The item's instruction with its byte address in place.
    pub fn resolve(&self, item: &Item) -> Instruction {
        let mut instruction = item.instruction;
        if let (Some(region), Operation::Load(_, t) | Operation::Store(t)) = (item.region, &mut instruction.operation) {
            t.byte_address = t.byte_address.wrapping_add(self.base(region));
        }
        instruction
    }

    /// The bytes of programs, weights and parameters at their places.
    ///
    /// # Errors
    /// When a value does not fit its instruction.
    pub fn image(&self, plan: &Plan, load: &[Item], run: &[Item]) -> Result<Vec<u8>, MapErrors> {
        let mut image = vec![0; self.bytes];
        for (items, start) in [(load, self.load_program), (run, self.run_program)] {
            for (slot, item) in image[start as usize..].chunks_exact_mut(INSTRUCTION_BYTES).zip(items) {
                let layer = item.layer.map_or("transfer", |l| plan.lowered.layers[l].name.as_str());
                let bytes = self.resolve(item).encode().map_err(|e| MapErrors::one(layer, e.to_string()))?;
                slot.copy_from_slice(&bytes);
            }
        }
        for (store, start) in [(plan.weights, self.weights), (plan.parameters, self.parameters)] {
            let mut at = start as usize;
            for block in &store.blocks {
                image[at..at + block.bytes.len()].copy_from_slice(&block.bytes);
                at += block.bytes.len();
            }
        }
        Ok(image)
    }
}
