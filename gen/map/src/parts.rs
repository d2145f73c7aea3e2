//! Layers cut into COMPUTEs, and the LOADs that feed them.

use crate::access::{self, Access, Span};
use crate::bands;
use crate::layer::{field, Layer};
use crate::lower::Lowered;
use crate::network::MapId;
use crate::offchip::{Block, Homes};
use crate::residence::{Residence, Segment, Store};
use crate::stream::Stream;
use cortado_arch::isa::{Compute, Mode, OnChip, Operation, Transfer};
use cortado_arch::Architecture;
use std::ops::Range;

/// Everything the mapper has fixed before it decides what stays on chip.
pub(crate) struct Plan<'a> {
    pub lowered: &'a Lowered,
    pub arch: &'a Architecture,
    pub weights: &'a Store,
    pub parameters: &'a Store,
    /// Where each map is.
    pub homes: &'a Homes,
    pub input: MapId,
    /// Maps to store; those that stay in external memory among them.
    pub stored: &'a [bool],
    /// Layers are not cut to hide stores.
    pub observe: bool,
}

/// Part of external memory that a transfer's byte address counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Region {
    Weights,
    Parameters,
    Map(MapId),
    /// Bytes for words whose contents do not matter.
    Filler,
}

/// One COMPUTE with all its addresses.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// Index into the layers.
    pub layer: usize,
    pub mode: Mode,
    pub compute: Compute,
    pub macs: u64,
    /// STOREs that must stand before it: they read what it overwrites.
    pub stores_before: usize,
}

/// One LOAD of a run.
#[derive(Debug, Clone)]
pub(crate) struct Fetch {
    pub memory: OnChip,
    pub transfer: Transfer,
    pub region: Region,
    /// The first part that reads it.
    pub consumer: usize,
    /// The first part it may stand before: all readers of what it overwrites come earlier.
    pub earliest: usize,
    /// STOREs that must stand before it: they read what it overwrites, or write what it reads.
    pub stores_before: usize,
}

/// One STORE of a run.
#[derive(Debug, Clone)]
pub(crate) struct WriteBack {
    pub transfer: Transfer,
    pub map: MapId,
    /// The part that completes what it reads.
    pub after: usize,
}

/// The parts of a run in order, its LOADs in the order of their need, its STOREs in the order of theirs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parts {
    pub parts: Vec<Part>,
    pub fetches: Vec<Fetch>,
    pub stores: Vec<WriteBack>,
    /// What each part touches.
    accesses: Vec<Access>,
}

impl Parts {
    /// STOREs up to the last that reads one of `words`.
    fn stores_of(&self, words: &[Span]) -> usize {
        let read = |s: &WriteBack| {
            let span = access::transfer(OnChip::Activation, &s.transfer);
            words.iter().any(|w| w.meets(&span))
        };
        self.stores.iter().rposition(read).map_or(0, |last| last + 1)
    }

    /// The LOAD of words `from` of `map` to `address`, for the next part.
    fn bring(&mut self, map: MapId, from: &Range<usize>, address: usize, word_bytes: usize) {
        if from.is_empty() {
            return;
        }
        let transfer = Transfer {
            memory: 0,
            word_address: field(address),
            words: field(from.len()),
            byte_address: field(from.start * word_bytes),
        };
        let target = Access { writes: vec![access::transfer(OnChip::Activation, &transfer)], ..Access::default() };
        let earliest = self.accesses.iter().rposition(|a| a.conflicts(&target)).map_or(0, |last| last + 1);
        let (start, end) = (from.start * word_bytes, from.end * word_bytes);
        let makes = |s: &WriteBack| {
            let at = s.transfer.byte_address as usize;
            s.map == map && at < end && start < at + s.transfer.words as usize * word_bytes
        };
        let made = self.stores.iter().rposition(makes).map_or(0, |last| last + 1);
        self.fetches.push(Fetch {
            memory: OnChip::Activation,
            transfer,
            region: Region::Map(map),
            consumer: self.parts.len(),
            earliest,
            stores_before: made.max(self.stores_of(&target.writes)),
        });
    }

    /// The STORE of activation words from `address` to words `to` of `map`, after the last part.
    fn take(&mut self, map: MapId, to: &Range<usize>, address: usize, word_bytes: usize) {
        if to.is_empty() {
            return;
        }
        let transfer = Transfer {
            memory: 0,
            word_address: field(address),
            words: field(to.len()),
            byte_address: field(to.start * word_bytes),
        };
        self.stores.push(WriteBack { transfer, map, after: self.parts.len().saturating_sub(1) });
    }

    fn push(&mut self, mut part: Part, arch: &Architecture) {
        let access = Access::of(&Operation::Compute(part.mode, part.compute), arch);
        part.stores_before = self.stores_of(&access.writes);
        self.accesses.push(access);
        self.parts.push(part);
    }
}

/// The activation word that each of a layer's maps would begin at, modulo 2^16, were all of it there.
#[derive(Debug, Clone, Copy)]
struct Bases {
    input: u32,
    residual: u32,
    output: u32,
}

/// Makes the parts of one layer after the other.
struct Cutter<'a> {
    plan: &'a Plan<'a>,
    streams: [Stream<'a>; 2],
    /// Where the next block of a band goes.
    next: usize,
    input_loaded: bool,
    made: Parts,
}

/// Cuts the layers for the given residence of both memories.
pub(crate) fn cut(plan: &Plan, weights: &Residence, parameters: &Residence) -> Parts {
    let streams = [
        Stream::new(plan.weights, weights, OnChip::Weight, Region::Weights),
        Stream::new(plan.parameters, parameters, OnChip::Parameter, Region::Parameters),
    ];
    let mut cutter = Cutter { plan, streams, next: 0, input_loaded: false, made: Parts::default() };
    for index in 0..plan.lowered.layers.len() {
        cutter.layer(index);
    }
    let mut made = cutter.made;
    made.fetches.sort_by_key(|fetch| fetch.consumer);
    made
}

impl Cutter<'_> {
    fn layer(&mut self, index: usize) {
        let plan = self.plan;
        let layer = &plan.lowered.layers[index];
        let height = layer.compute.output_height as usize;
        let groups = layer.compute.output_groups as usize;
        let segments = [0, 1].map(|s| self.streams[s].segments(index, groups));
        let split = output_split(plan, index, layer);
        let flat = layer.compute.output_width * layer.compute.output_height == 1;
        let cuts = cut_points(&segments, groups, split.filter(|_| flat).into_iter().chain(layer.borders()));
        let reads_input = !self.input_loaded
            && !plan.homes.external[plan.input]
            && (layer.input == plan.input || layer.residual == Some(plan.input));
        let rows = match (&plan.homes.bands[index], split) {
            (Some(bands), _) => bands.rows.clone(),
            _ if cuts.len() > 1 => vec![(0, height)],
            _ if reads_input && layer.input == plan.input => bands::of_input(plan, layer),
            (None, Some(first)) => vec![(0, first), (first, height - first)],
            (None, None) => vec![(0, height)],
        };
        let start = self.made.parts.len();
        for &(first, count) in &rows {
            self.band(index, &layer.band(first, count), &cuts, &segments);
        }
        if reads_input {
            self.input_loaded = true;
            load_input(plan, &mut self.made, start);
        }
        self.store_whole(index, start, split);
    }

    /// The parts of a band, one for each of `cuts`, between its LOADs and its STORE.
    fn band(&mut self, index: usize, band: &Layer, cuts: &[(usize, usize)], segments: &[Vec<Segment>; 2]) {
        let plan = self.plan;
        let (bases, block, at) = self.place(index, band);
        for &(first, count) in cuts {
            let whole = cuts.len() == 1 && band.first_blocks.is_empty();
            let mut part = if whole { band.clone() } else { band.groups(first, count) };
            let reader = self.made.parts.len();
            let [weight_address, parameter_address] = [0, 1].map(|s| {
                let Some(&segment) = segments[s].iter().rev().find(|segment| segment.first <= first) else {
                    return 0;
                };
                let (address, fetch) = self.streams[s].serve(index, segment, first, reader);
                self.made.fetches.extend(fetch);
                address
            });
            (part.compute.weight_address, part.compute.parameter_address) = (weight_address, parameter_address);
            self.made.push(addressed(index, part, bases), plan.arch);
        }
        let output = at + block.words() - block.output.len();
        self.made.take(band.output, &block.output, output, plan.arch.activation_word_bytes());
    }

    /// Where a band finds its maps; brings what is not there. Answers its block and the block's first word.
    fn place(&mut self, index: usize, band: &Layer) -> (Bases, Block, usize) {
        let Plan { homes, arch, .. } = self.plan;
        let block = Block::of(band, &homes.external, self.plan.lowered, arch);
        if let Some(bands) = &homes.bands[index] {
            let window = &bands.window;
            if !window.contains(&self.next) || self.next + block.words() > window.end {
                self.next = window.start;
            }
        }
        let at = self.next;
        self.next += block.words();
        let (residual, output) = (at + block.input.len(), at + block.input.len() + block.residual.len());
        let word_bytes = arch.activation_word_bytes();
        self.made.bring(band.input, &block.input, at, word_bytes);
        if let Some(map) = band.residual {
            self.made.bring(map, &block.residual, residual, word_bytes);
        }
        let base = |map: MapId, words: &Range<usize>, at: usize| match homes.external[map] {
            true => field(at).wrapping_sub(field(words.start)),
            false => field(homes.addresses[map]),
        };
        let bases = Bases {
            input: base(band.input, &block.input, at),
            residual: band.residual.map_or(0, |map| base(map, &block.residual, residual)),
            output: base(band.output, &block.output, output),
        };
        (bases, block, at)
    }

    /// The STOREs of a map on chip that `index` completes, whose parts are those from `start` on.
    fn store_whole(&mut self, index: usize, start: usize, split: Option<usize>) {
        let plan = self.plan;
        let map = plan.lowered.layers[index].output;
        let later = plan.lowered.layers[index + 1..].iter().any(|layer| layer.output == map);
        if later || !plan.stored[map] || plan.homes.external[map] {
            return;
        }
        let layout = &plan.lowered.layouts[map];
        let (address, total) = (plan.homes.addresses[map], layout.words());
        let early = split.and_then(|first| early_store(plan, &self.made.parts[start..], first));
        let cut = early.map_or(0, |(_, words)| words);
        if let Some((after, words)) = early {
            self.made.take(map, &(0..words), address, layout.word_bytes);
            if let Some(store) = self.made.stores.last_mut() {
                store.after = start + after;
            }
        }
        self.made.take(map, &(cut..total), address + cut, layout.word_bytes);
    }
}

/// Where to cut the last layer, in groups when it makes one pixel and in rows otherwise.
fn output_split(plan: &Plan, index: usize, layer: &Layer) -> Option<usize> {
    let layers = &plan.lowered.layers;
    let alone = layers.iter().filter(|other| other.output == layer.output).count() == 1;
    if plan.homes.bands[index].is_some() {
        return None;
    }
    if plan.observe || !plan.stored[layer.output] || !alone || index + 1 != layers.len() || layer.input == plan.input {
        return None;
    }
    let c = &layer.compute;
    let flat = c.output_width * c.output_height == 1;
    let (extent, words) =
        if flat { (c.output_groups, 1) } else { (c.output_height, c.output_width * c.output_pixel_words) };
    // The second STORE begins with a beat.
    let whole = |first: &usize| (first * words as usize) % plan.arch.transfer_words() == 0;
    bands::of_output(plan, layer, extent as usize).filter(whole)
}

/// The first of `parts` that completes the words before the cut at `first`, and their number.
fn early_store(plan: &Plan, parts: &[Part], first: usize) -> Option<(usize, usize)> {
    let c = &parts.first()?.compute;
    let base = plan.homes.addresses[plan.lowered.layers[parts[0].layer].output];
    let flat = c.output_width * plan.lowered.layers[parts[0].layer].compute.output_height == 1;
    let words = if flat { first } else { first * (c.output_width * c.output_pixel_words) as usize };
    let begins = |part: &Part| part.compute.output_address as usize == base + words;
    let next = parts.iter().position(begins)?;
    next.checked_sub(1).map(|last| (last, words))
}

/// The group ranges (first, count) between the segment borders of both memories and `others`.
fn cut_points(segments: &[Vec<Segment>; 2], groups: usize, others: impl Iterator<Item = usize>) -> Vec<(usize, usize)> {
    let mut firsts: Vec<usize> = segments.iter().flatten().map(|s| s.first).chain(others).collect();
    firsts.sort_unstable();
    firsts.dedup();
    let ends = firsts.iter().skip(1).copied().chain([groups]);
    firsts.iter().zip(ends).map(|(&first, end)| (first, end - first)).collect()
}

fn addressed(index: usize, layer: Layer, bases: Bases) -> Part {
    let mut compute = layer.compute;
    let at = |base: u32, offset: usize| base.wrapping_add(field(offset)) & 0xffff;
    let before = match layer.mode {
        Mode::Patch => compute.pad_top * compute.row_words,
        _ => compute.pad_top * compute.row_words + compute.pad_left * compute.pixel_words,
    };
    compute.input_address = at(bases.input, layer.input_offset).wrapping_sub(before) & 0xffff;
    compute.output_address = at(bases.output, layer.output_offset);
    compute.residual_address = layer.residual.map_or(0, |_| at(bases.residual, layer.output_offset));
    Part { layer: index, mode: layer.mode, compute, macs: layer.macs, stores_before: 0 }
}

/// Words `from..to` of the input map.
pub(crate) fn input_transfer(plan: &Plan, from: usize, to: usize) -> Transfer {
    let layout = &plan.lowered.layouts[plan.input];
    Transfer {
        memory: 0,
        word_address: field(plan.homes.addresses[plan.input] + from),
        words: field(to - from),
        byte_address: field(from * layout.word_bytes),
    }
}

/// LOADs of the input, one for each part from `start` on that reads more of it than those before.
fn load_input(plan: &Plan, made: &mut Parts, start: usize) {
    let total = plan.lowered.layouts[plan.input].words();
    let base = plan.homes.addresses[plan.input];
    let mut loaded = 0;
    let end = made.parts.len();
    for index in start..end {
        let part = &made.parts[index];
        let reach = access::input(part.mode, &part.compute, plan.arch).map_or(0, |s| s.end as usize - base);
        let to = if index + 1 == end { total } else { reach.min(total) };
        let to = to.next_multiple_of(plan.arch.transfer_words());
        if to > loaded {
            let transfer = input_transfer(plan, loaded, to);
            made.fetches.push(Fetch {
                memory: OnChip::Activation,
                transfer,
                region: Region::Map(plan.input),
                consumer: index,
                earliest: 0,
                stores_before: 0,
            });
            loaded = to;
        }
    }
}
