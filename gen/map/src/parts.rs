//! Layers cut into COMPUTEs, and the LOADs that feed them.

use crate::access;
use crate::bands;
use crate::layer::{field, Layer};
use crate::lower::Lowered;
use crate::network::MapId;
use crate::residence::{Residence, Segment, Store};
use cortado_arch::isa::{Compute, Mode, OnChip, Transfer};
use cortado_arch::Architecture;

/// Everything the mapper has fixed before it decides what stays on chip.
pub(crate) struct Plan<'a> {
    pub lowered: &'a Lowered,
    pub arch: &'a Architecture,
    pub weights: &'a Store,
    pub parameters: &'a Store,
    /// First activation word of each map.
    pub addresses: &'a [usize],
    pub input: MapId,
    /// Maps to store.
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
}

/// The parts of a run in order, and its LOADs in the order of their need.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parts {
    pub parts: Vec<Part>,
    pub fetches: Vec<Fetch>,
    /// The part after which the first words of the last layer's output can be stored, and how many.
    pub early_store: Option<(usize, usize)>,
}

/// A memory's streaming state while parts are made.
struct Stream<'a> {
    store: &'a Store,
    residence: &'a Residence,
    addresses: Vec<usize>,
    offsets: Vec<usize>,
    memory: OnChip,
    region: Region,
    next: usize,
    /// What lies in the ring: words and the last part that reads them.
    held: Vec<(usize, usize, usize)>,
}

/// A segment of a layer and the word its first group lies at.
#[derive(Clone, Copy)]
struct Located {
    segment: Segment,
    address: usize,
}

impl<'a> Stream<'a> {
    fn new(store: &'a Store, residence: &'a Residence, memory: OnChip, region: Region) -> Self {
        let (addresses, offsets) = (residence.addresses(store), store.offsets());
        Self { store, residence, addresses, offsets, memory, region, next: 0, held: Vec::new() }
    }

    fn block(&self, layer: usize) -> usize {
        self.store.of_layer[layer]
    }

    fn group_words(&self, layer: usize) -> usize {
        self.store.blocks[self.block(layer)].group_words
    }

    fn locate(&mut self, layer: usize, groups: usize) -> Vec<Located> {
        let block = self.block(layer);
        let segments = self.residence.segments(self.store, block, groups);
        let words = self.group_words(layer);
        let place = |segment: Segment| {
            if segment.resident {
                return Located { segment, address: self.addresses[block] };
            }
            let size = segment.groups * words;
            if self.next + size > self.residence.ring {
                self.next = 0;
            }
            let address = self.next;
            self.next += size;
            Located { segment, address }
        };
        segments.into_iter().map(place).collect()
    }

    /// The LOAD of a streamed segment read by parts `first..=last`.
    fn fetch(&mut self, layer: usize, located: &Located, first: usize, last: usize) -> Option<Fetch> {
        let Located { segment, address } = *located;
        if segment.resident {
            return None;
        }
        let group_words = self.group_words(layer);
        let words = segment.groups * group_words;
        let end = address + words;
        let (gone, kept): (Vec<_>, Vec<_>) = self.held.iter().partition(|(a, b, _)| *a < end && address < *b);
        let earliest = gone.iter().map(|(_, _, reader)| reader + 1).max().unwrap_or(0);
        self.held = kept;
        self.held.push((address, end, last));
        let byte = self.offsets[self.block(layer)] + segment.first * group_words * self.store.word_bytes;
        let transfer =
            Transfer { memory: 0, word_address: field(address), words: field(words), byte_address: field(byte) };
        Some(Fetch { memory: self.memory, transfer, region: self.region, consumer: first, earliest })
    }
}

/// Cuts the layers for the given residence of both memories.
pub(crate) fn cut(plan: &Plan, weights: &Residence, parameters: &Residence) -> Parts {
    let mut streams = [
        Stream::new(plan.weights, weights, OnChip::Weight, Region::Weights),
        Stream::new(plan.parameters, parameters, OnChip::Parameter, Region::Parameters),
    ];
    let mut made = Parts::default();
    let mut input_loaded = false;
    for (index, layer) in plan.lowered.layers.iter().enumerate() {
        let groups = layer.compute.output_groups as usize;
        let located = [streams[0].locate(index, groups), streams[1].locate(index, groups)];
        let split = output_split(plan, index, layer);
        let flat = layer.compute.output_width * layer.compute.output_height == 1;
        let cuts = cut_points(&located, groups, split.filter(|_| flat));
        let start = made.parts.len();
        let reads_input = !input_loaded && (layer.input == plan.input || layer.residual == Some(plan.input));
        let rows = match split {
            _ if cuts.len() > 1 => Vec::new(),
            _ if reads_input && layer.input == plan.input => bands::of_input(plan, layer),
            Some(first) => vec![(0, first), (first, layer.compute.output_height as usize - first)],
            None => Vec::new(),
        };
        for &(first, count) in &cuts {
            let within = |list: &[Located]| list.iter().rev().find(|l| l.segment.first <= first).copied();
            let (Some(weight), Some(parameter)) = (within(&located[0]), within(&located[1])) else {
                continue;
            };
            let mut part = if cuts.len() == 1 { layer.clone() } else { layer.groups(first, count) };
            part.compute.weight_address =
                field(weight.address + (first - weight.segment.first) * streams[0].group_words(index));
            part.compute.parameter_address =
                field(parameter.address + (first - parameter.segment.first) * streams[1].group_words(index));
            if rows.is_empty() {
                made.parts.push(addressed(plan, index, part));
            } else {
                made.parts.extend(rows.iter().map(|&(row, n)| addressed(plan, index, part.band(row, n))));
            }
        }
        let end = made.parts.len();
        let whole = cuts.len() == 1;
        made.early_store =
            split.and_then(|first| early_store(plan, &made.parts[start..], first).map(|(i, n)| (start + i, n)));
        for (stream, list) in streams.iter_mut().zip(&located) {
            for item in list {
                let holds = |cut: &(usize, usize)| {
                    (item.segment.first..item.segment.first + item.segment.groups).contains(&cut.0)
                };
                let from = cuts.iter().position(holds).unwrap_or(0);
                let to = cuts.iter().rposition(holds).unwrap_or(0);
                let (first, last) = if whole { (start, end - 1) } else { (start + from, start + to) };
                made.fetches.extend(stream.fetch(index, item, first, last));
            }
        }
        if reads_input {
            input_loaded = true;
            load_input(plan, &mut made, start);
        }
    }
    made.fetches.sort_by_key(|fetch| fetch.consumer);
    made
}

/// Where to cut the last layer, in groups when it makes one pixel and in rows otherwise.
fn output_split(plan: &Plan, index: usize, layer: &Layer) -> Option<usize> {
    let layers = &plan.lowered.layers;
    let alone = layers.iter().filter(|other| other.output == layer.output).count() == 1;
    if plan.observe || !plan.stored[layer.output] || !alone || index + 1 != layers.len() || layer.input == plan.input {
        return None;
    }
    let c = &layer.compute;
    let extent = if c.output_width * c.output_height == 1 { c.output_groups } else { c.output_height };
    bands::of_output(plan, layer, extent as usize)
}

/// The first of `parts` that completes the words before the cut at `first`, and their number.
fn early_store(plan: &Plan, parts: &[Part], first: usize) -> Option<(usize, usize)> {
    let c = &parts.first()?.compute;
    let base = plan.addresses[plan.lowered.layers[parts[0].layer].output];
    let flat = c.output_width * plan.lowered.layers[parts[0].layer].compute.output_height == 1;
    let words = if flat { first } else { first * (c.output_width * c.output_pixel_words) as usize };
    let begins = |part: &Part| part.compute.output_address as usize == base + words;
    let next = parts.iter().position(begins)?;
    next.checked_sub(1).map(|last| (last, words))
}

/// The group ranges (first, count) between the segment borders of both memories.
fn cut_points(located: &[Vec<Located>; 2], groups: usize, split: Option<usize>) -> Vec<(usize, usize)> {
    let mut firsts: Vec<usize> = located.iter().flatten().map(|l| l.segment.first).chain(split).collect();
    firsts.sort_unstable();
    firsts.dedup();
    let ends = firsts.iter().skip(1).copied().chain([groups]);
    firsts.iter().zip(ends).map(|(&first, end)| (first, end - first)).collect()
}

fn addressed(plan: &Plan, index: usize, layer: Layer) -> Part {
    let mut compute = layer.compute;
    let base = field(plan.addresses[layer.input] + layer.input_offset);
    let before = match layer.mode {
        Mode::Patch => compute.pad_top * compute.row_words,
        _ => compute.pad_top * compute.row_words + compute.pad_left * compute.pixel_words,
    };
    compute.input_address = base.wrapping_sub(before) & 0xffff;
    compute.output_address = field(plan.addresses[layer.output] + layer.output_offset);
    compute.residual_address = layer.residual.map_or(0, |map| field(plan.addresses[map] + layer.output_offset));
    Part { layer: index, mode: layer.mode, compute, macs: layer.macs }
}

/// Words `from..to` of the input map.
pub(crate) fn input_transfer(plan: &Plan, from: usize, to: usize) -> Transfer {
    let layout = &plan.lowered.layouts[plan.input];
    Transfer {
        memory: 0,
        word_address: field(plan.addresses[plan.input] + from),
        words: field(to - from),
        byte_address: field(from * layout.word_bytes),
    }
}

/// LOADs of the input, one for each part from `start` on that reads more of it than those before.
fn load_input(plan: &Plan, made: &mut Parts, start: usize) {
    let total = plan.lowered.layouts[plan.input].words();
    let base = plan.addresses[plan.input];
    let mut loaded = 0;
    let end = made.parts.len();
    for index in start..end {
        let part = &made.parts[index];
        let reach = access::input(part.mode, &part.compute, plan.arch).map_or(0, |s| s.end as usize - base);
        let to = if index + 1 == end { total } else { reach.min(total) };
        if to > loaded {
            let transfer = input_transfer(plan, loaded, to);
            made.fetches.push(Fetch {
                memory: OnChip::Activation,
                transfer,
                region: Region::Map(plan.input),
                consumer: index,
                earliest: 0,
            });
            loaded = to;
        }
    }
}
