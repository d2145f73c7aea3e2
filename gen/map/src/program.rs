//! Parts and LOADs as one program with waits, and how long it takes.

use crate::clock::Clock;
use crate::cost::{compute_cycles, load_cycles, store_cycles, write_cycles};
use crate::hazard::set_waits;
use crate::layer::field;
use crate::parts::{cut, Fetch, Part, Parts, Plan, Region, WriteBack};
use crate::residence::{Residence, Store};
use cortado_arch::isa::{Instruction, OnChip, Operation, Transfer};
use cortado_arch::Architecture;

/// Most words one LOAD or STORE moves: whole beats of the widest port.
const MAX_TRANSFER_WORDS: u32 = (1 << 16) - 64;

/// Cycles from the end of the last instruction to the end of the run.
const END_CYCLES: u64 = 3;

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
        Self { instruction: Instruction { wait_dma: 0, wait_compute: 0, operation }, region, layer: None, macs: 0 }
    }
}

/// Transfers of at most [`MAX_TRANSFER_WORDS`] that together are `t`.
fn pieces(t: Transfer, word_bytes: usize) -> impl Iterator<Item = Transfer> {
    (0..t.words.div_ceil(MAX_TRANSFER_WORDS)).map(move |i| {
        let done = i * MAX_TRANSFER_WORDS;
        Transfer {
            word_address: t.word_address + done,
            words: (t.words - done).min(MAX_TRANSFER_WORDS),
            byte_address: t.byte_address.saturating_add(done.saturating_mul(field(word_bytes))),
            ..t
        }
    })
}

fn push_load(items: &mut Vec<Item>, memory: OnChip, t: Transfer, region: Region, arch: &Architecture) {
    let word_bytes = arch.on_chip(memory).1;
    items.extend(pieces(t, word_bytes).map(|t| Item::new(Operation::Load(memory, t), Some(region))));
}

/// A run's instructions as they are put in order, and when they end.
struct Schedule<'a> {
    plan: &'a Plan<'a>,
    items: Vec<Item>,
    clock: Clock<'a>,
    /// STOREs so far.
    stored: usize,
}

impl Schedule<'_> {
    fn load(&mut self, fetch: &Fetch) -> u64 {
        let read_by = fetch.earliest.checked_sub(1);
        let overwritten = read_by.and_then(|part| self.clock.computes.get(part).copied());
        let end = self.clock.load(fetch.memory, &fetch.transfer, overwritten.unwrap_or(0));
        push_load(&mut self.items, fetch.memory, fetch.transfer, fetch.region, self.plan.arch);
        end
    }

    /// Puts down the STOREs of `stores` up to the first for which `more` is false.
    fn store(&mut self, stores: &[WriteBack], more: impl Fn(usize, &WriteBack) -> bool) {
        while let Some(store) = stores.get(self.stored).filter(|store| more(self.stored, store)) {
            let made = self.clock.computes.get(store.after).copied();
            self.clock.store(&store.transfer, made.unwrap_or(0));
            let pieces = pieces(store.transfer, self.plan.arch.activation_word_bytes());
            self.items.extend(pieces.map(|t| Item::new(Operation::Store(t), Some(Region::Map(store.map)))));
            self.stored += 1;
        }
    }

    fn compute(&mut self, part: &Part, ready: u64) {
        let (mode, compute) = (part.mode, &part.compute);
        let arch = self.plan.arch;
        self.clock.compute(compute_cycles(mode, compute, arch), write_cycles(mode, compute, arch), ready);
        let operation = Operation::Compute(mode, *compute);
        self.items.push(Item { layer: Some(part.layer), macs: part.macs, ..Item::new(operation, None) });
    }
}

/// The program of a run.
///
/// A COMPUTE goes before the STOREs of what the one before it made: they wait for that one's end, and would hold
/// up the LOADs that stand before the COMPUTE.
///
/// # Errors
/// When it has more instructions than waits can count.
pub(crate) fn run_program(plan: &Plan, weights: &Residence, parameters: &Residence) -> Result<Vec<Item>, String> {
    let Parts { parts, fetches, stores, .. } = cut(plan, weights, parameters);
    let items = Vec::with_capacity(parts.len() + fetches.len() + stores.len() + 1);
    let mut schedule = Schedule { plan, items, clock: Clock::new(plan.arch), stored: 0 };
    let mut waiting = fetches.iter().peekable();
    for (index, part) in parts.iter().enumerate() {
        let mut ready = schedule.clock.computed();
        while let Some(fetch) = waiting.next_if(|f| {
            let may = f.earliest <= index && f.stores_before <= schedule.stored;
            f.consumer <= index || may && schedule.clock.has_place(ready)
        }) {
            schedule.store(&stores, |at, _| at < fetch.stores_before);
            let end = schedule.load(fetch);
            if fetch.consumer <= index {
                ready = ready.max(end);
            }
        }
        schedule.store(&stores, |at, _| at < part.stores_before);
        schedule.compute(part, ready);
        let last_load = waiting.peek().is_none();
        schedule.store(&stores, |_, store| store.after < index || store.after == index && last_load);
    }
    schedule.store(&stores, |_, _| true);
    let mut items = schedule.items;
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
        (plan.parameters, parameters, OnChip::Parameter, Region::Parameters),
    ];
    for (store, residence, memory, region) in memories {
        for transfer in resident_transfers(store, residence) {
            push_load(&mut items, memory, transfer, region, plan.arch);
        }
    }
    // A word must have been written once before anything reads it.
    let behind = |&map: &usize| plan.lowered.words_behind(map) > 0 && !plan.homes.external[map];
    for map in (0..plan.homes.external.len()).filter(behind) {
        let transfer = Transfer {
            word_address: field(plan.homes.addresses[map] + plan.lowered.layouts[map].words()),
            words: field(plan.lowered.words_behind(map).next_multiple_of(plan.arch.transfer_words())),
            ..Transfer::default()
        };
        push_load(&mut items, OnChip::Activation, transfer, Region::Filler, plan.arch);
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
        Operation::Load(memory, t) => load_cycles(*memory, t, arch),
        Operation::Store(t) => store_cycles(t, arch),
        Operation::Compute(mode, c) => compute_cycles(*mode, c, arch),
    }
}

/// Cycles of a run.
pub(crate) fn duration(items: &[Item], arch: &Architecture) -> u64 {
    let mut clock = Clock::new(arch);
    for Item { instruction, .. } in items {
        let end = |ends: &[u64], count: u16| {
            let last = usize::from(count).checked_sub(1);
            last.and_then(|i| ends.get(i).copied()).unwrap_or(0)
        };
        let after = end(&clock.transfers, instruction.wait_dma).max(end(&clock.computes, instruction.wait_compute));
        match &instruction.operation {
            Operation::End => 0,
            Operation::Load(memory, t) => clock.load(*memory, t, after),
            Operation::Store(t) => clock.store(t, after),
            Operation::Compute(mode, c) => {
                clock.compute(compute_cycles(*mode, c, arch), write_cycles(*mode, c, arch), after)
            }
        };
    }
    clock.computed().max(clock.moved()) + END_CYCLES
}
