//! Parts and LOADs as one program with waits, and how long it takes.

use crate::cost::{compute_cycles, fetch_cycles, transfer_cycles};
use crate::hazard::set_waits;
use crate::layer::field;
use crate::parts::{cut, Fetch, Parts, Plan, Region};
use crate::residence::{Residence, Store};
use cortado_arch::isa::{Instruction, OnChip, Operation, Transfer};
use cortado_arch::Architecture;

/// Most words one LOAD or STORE moves.
const MAX_TRANSFER_WORDS: u32 = u16::MAX as u32;

/// An instruction and what it stands for.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub instruction: Instruction,
    /// What a transfer's byte address counts from.
    pub region: Option<Region>,
    /// Layer of a COMPUTE.
    pub layer: Option<usize>,
    pub macs: u64,
}

impl Item {
    fn new(operation: Operation, region: Option<Region>) -> Self {
        Self {
            instruction: Instruction {
                wait_dma: 0,
                wait_compute: 0,
                operation,
            },
            region,
            layer: None,
            macs: 0,
        }
    }
}

/// Transfers of at most [`MAX_TRANSFER_WORDS`] that together are `t`.
fn pieces(t: Transfer, word_bytes: usize) -> impl Iterator<Item = Transfer> {
    (0..t.words.div_ceil(MAX_TRANSFER_WORDS)).map(move |i| {
        let done = i * MAX_TRANSFER_WORDS;
        Transfer {
            word_address: t.word_address + done,
            words: (t.words - done).min(MAX_TRANSFER_WORDS),
            byte_address: t
                .byte_address
                .saturating_add(done.saturating_mul(field(word_bytes))),
            ..t
        }
    })
}

fn push_load(
    items: &mut Vec<Item>,
    memory: OnChip,
    t: Transfer,
    region: Region,
    arch: &Architecture,
) {
    let word_bytes = arch.on_chip(memory).1;
    items
        .extend(pieces(t, word_bytes).map(|t| Item::new(Operation::Load(memory, t), Some(region))));
}

fn push_store(items: &mut Vec<Item>, plan: &Plan, map: usize, words: std::ops::Range<usize>) {
    let layout = &plan.lowered.layouts[map];
    let t = Transfer {
        memory: 0,
        word_address: field(plan.addresses[map] + words.start),
        words: field(words.len()),
        byte_address: field(words.start * layout.word_bytes),
    };
    items.extend(
        pieces(t, layout.word_bytes)
            .map(|t| Item::new(Operation::Store(t), Some(Region::Map(map)))),
    );
}

/// Times while a program is written, to put each LOAD as early as it does not hold up a COMPUTE: a
/// unit keeps one instruction waiting, and the next one of that unit stops all that follow.
#[derive(Default)]
struct Clock {
    /// Ends of the parts so far.
    parts: Vec<u64>,
    load_start: u64,
    load_end: u64,
}

impl Clock {
    fn part_free(&self) -> u64 {
        self.parts.last().copied().unwrap_or(0)
    }

    /// Whether a LOAD can be handed over in time for a COMPUTE that starts at `ready`.
    fn has_place(&self, ready: u64, arch: &Architecture) -> bool {
        self.load_start + fetch_cycles(arch) <= ready
    }

    fn load(&mut self, fetch: &Fetch, arch: &Architecture) -> u64 {
        let overwritten = fetch
            .earliest
            .checked_sub(1)
            .and_then(|part| self.parts.get(part))
            .copied()
            .unwrap_or(0);
        self.load_start = self.load_end.max(overwritten);
        self.load_end = self.load_start + transfer_cycles(fetch.memory, &fetch.transfer, arch);
        self.load_end
    }

    fn part(&mut self, ready: u64, cycles: u64) {
        self.parts.push(ready.max(self.part_free()) + cycles);
    }
}

/// The program of a run.
///
/// # Errors
/// When it has more instructions than waits can count.
pub(crate) fn run_program(
    plan: &Plan,
    weights: &Residence,
    parameters: &Residence,
) -> Result<Vec<Item>, String> {
    let Parts {
        parts,
        fetches,
        early_store,
    } = cut(plan, weights, parameters);
    let layers = &plan.lowered.layers;
    let mut items = Vec::with_capacity(parts.len() + fetches.len() + 2);
    let mut waiting = fetches.iter().peekable();
    let mut clock = Clock::default();
    for (index, part) in parts.iter().enumerate() {
        let mut ready = clock.part_free();
        while let Some(fetch) = waiting.next_if(|f| {
            f.consumer <= index || f.earliest <= index && clock.has_place(ready, plan.arch)
        }) {
            let end = clock.load(fetch, plan.arch);
            if fetch.consumer <= index {
                ready = ready.max(end);
            }
            push_load(
                &mut items,
                fetch.memory,
                fetch.transfer,
                fetch.region,
                plan.arch,
            );
        }
        clock.part(ready, compute_cycles(part.mode, &part.compute, plan.arch));
        let operation = Operation::Compute(part.mode, part.compute);
        items.push(Item {
            layer: Some(part.layer),
            macs: part.macs,
            ..Item::new(operation, None)
        });
        let output = layers[part.layer].output;
        let complete = parts[index + 1..]
            .iter()
            .all(|later| layers[later.layer].output != output);
        let words = plan.lowered.layouts[output].words();
        let split = early_store.filter(|(after, _)| layers[parts[*after].layer].output == output);
        if complete && plan.stored[output] {
            push_store(
                &mut items,
                plan,
                output,
                split.map_or(0, |(_, words)| words)..words,
            );
        }
        if let Some((_, words)) = split.filter(|(after, _)| *after == index) {
            push_store(&mut items, plan, output, 0..words);
        }
    }
    items.push(Item::new(Operation::End, None));
    let mut program: Vec<Instruction> = items.iter().map(|item| item.instruction).collect();
    set_waits(&mut program, plan.arch)?;
    for (item, instruction) in items.iter_mut().zip(program) {
        item.instruction = instruction;
    }
    Ok(items)
}

/// The program that loads what stays on chip.
pub(crate) fn load_program(plan: &Plan, weights: &Residence, parameters: &Residence) -> Vec<Item> {
    let mut items = Vec::new();
    let memories = [
        (plan.weights, weights, OnChip::Weight, Region::Weights),
        (
            plan.parameters,
            parameters,
            OnChip::Parameter,
            Region::Parameters,
        ),
    ];
    for (store, residence, memory, region) in memories {
        for transfer in resident_transfers(store, residence) {
            push_load(&mut items, memory, transfer, region, plan.arch);
        }
    }
    // A word must have been written once before anything reads it.
    for map in (0..plan.addresses.len()).filter(|&map| plan.lowered.words_behind(map) > 0) {
        let transfer = Transfer {
            word_address: field(plan.addresses[map] + plan.lowered.layouts[map].words()),
            words: field(plan.lowered.words_behind(map)),
            ..Transfer::default()
        };
        push_load(
            &mut items,
            OnChip::Activation,
            transfer,
            Region::Filler,
            plan.arch,
        );
    }
    items.push(Item::new(Operation::End, None));
    items
}

/// The resident words of a memory, in as few transfers as lie together on both sides.
fn resident_transfers(store: &Store, residence: &Residence) -> Vec<Transfer> {
    let mut transfers: Vec<Transfer> = Vec::new();
    let (addresses, offsets) = (residence.addresses(store), store.offsets());
    for (block, (&address, &offset)) in addresses.iter().zip(&offsets).enumerate() {
        let words = match store.blocks[block].group_words {
            0 => store.words(block),
            words => words * residence.groups[block],
        };
        match transfers.last_mut() {
            _ if words == 0 => {}
            Some(t)
                if (t.word_address + t.words) as usize == address
                    && t.byte_address as usize + t.words as usize * store.word_bytes == offset =>
            {
                t.words += field(words);
            }
            _ => transfers.push(Transfer {
                memory: 0,
                word_address: field(address),
                words: field(words),
                byte_address: field(offset),
            }),
        }
    }
    transfers
}

/// Cycles of an instruction alone.
pub(crate) fn cycles(instruction: &Instruction, arch: &Architecture) -> u64 {
    match &instruction.operation {
        Operation::End => 0,
        Operation::Load(memory, t) => transfer_cycles(*memory, t, arch),
        Operation::Store(t) => transfer_cycles(OnChip::Activation, t, arch),
        Operation::Compute(mode, c) => compute_cycles(*mode, c, arch),
    }
}

/// Cycles of a run: two units in order, each instruction when its waits are met.
pub(crate) fn duration(items: &[Item], arch: &Architecture) -> u64 {
    let mut retired: [Vec<u64>; 2] = [Vec::new(), Vec::new()];
    for Item { instruction, .. } in items {
        let unit = match instruction.operation {
            Operation::End => continue,
            Operation::Compute(..) => 1,
            Operation::Load(..) | Operation::Store(_) => 0,
        };
        let after = |unit: usize, count: u16| {
            usize::from(count)
                .checked_sub(1)
                .map_or(0, |i| retired[unit].get(i).copied().unwrap_or(0))
        };
        let free = retired[unit].last().copied().unwrap_or(0);
        let start = free
            .max(after(0, instruction.wait_dma))
            .max(after(1, instruction.wait_compute));
        // While a LOAD runs, about two instructions are fetched over the same port.
        let shared = if matches!(instruction.operation, Operation::Load(..)) {
            2 * fetch_cycles(arch)
        } else {
            0
        };
        retired[unit].push(start + shared + cycles(instruction, arch));
    }
    retired
        .iter()
        .filter_map(|unit| unit.last())
        .copied()
        .max()
        .unwrap_or(0)
}
