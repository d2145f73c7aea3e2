//! Weights or parameters on their way through the ring of their memory, while parts are made.

use crate::layer::field;
use crate::parts::{Fetch, Region};
use crate::residence::{Residence, Segment, Store};
use cortado_arch::isa::{OnChip, Transfer};

/// A streamed segment in the ring.
struct Held {
    start: usize,
    end: usize,
    block: usize,
    /// First group.
    first: usize,
    /// The last part that reads it, so far.
    reader: usize,
}

/// One memory's words: where each layer's lie, and what the ring holds.
pub(crate) struct Stream<'a> {
    store: &'a Store,
    residence: &'a Residence,
    addresses: Vec<usize>,
    offsets: Vec<usize>,
    memory: OnChip,
    region: Region,
    next: usize,
    held: Vec<Held>,
}

impl<'a> Stream<'a> {
    pub fn new(store: &'a Store, residence: &'a Residence, memory: OnChip, region: Region) -> Self {
        let (addresses, offsets) = (residence.addresses(store), store.offsets());
        Self { store, residence, addresses, offsets, memory, region, next: 0, held: Vec::new() }
    }

    /// The segments of a layer of `groups` groups.
    pub fn segments(&self, layer: usize, groups: usize) -> Vec<Segment> {
        self.residence.segments(self.store, self.store.of_layer[layer], groups)
    }

    /// The word of `group` of a layer, of which `segment` holds it, for part `reader`; and the LOAD that
    /// brings the segment, unless it is there.
    pub fn serve(&mut self, layer: usize, segment: Segment, group: usize, reader: usize) -> (u32, Option<Fetch>) {
        let block = self.store.of_layer[layer];
        let group_words = self.store.blocks[block].group_words;
        let within = (group - segment.first) * group_words;
        if segment.resident {
            return (field(self.addresses[block] + within), None);
        }
        if let Some(held) = self.held.iter_mut().find(|h| h.block == block && h.first == segment.first) {
            held.reader = reader;
            return (field(held.start + within), None);
        }
        let words = segment.groups * group_words;
        if self.next + words > self.residence.ring {
            self.next = 0;
        }
        let (start, end) = (self.next, self.next + words);
        self.next = end;
        let gone = |h: &Held| h.start < end && start < h.end;
        let earliest = self.held.iter().filter(|h| gone(h)).map(|h| h.reader + 1).max().unwrap_or(0);
        self.held.retain(|h| !gone(h));
        self.held.push(Held { start, end, block, first: segment.first, reader });
        let byte = self.offsets[block] + segment.first * group_words * self.store.word_bytes;
        let transfer =
            Transfer { memory: 0, word_address: field(start), words: field(words), byte_address: field(byte) };
        let fetch =
            Fetch { memory: self.memory, transfer, region: self.region, consumer: reader, earliest, stores_before: 0 };
        (field(start + within), Some(fetch))
    }
}
