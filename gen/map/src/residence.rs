//! What of a memory stays on chip between runs and what a run streams through a ring.

use crate::layer::Block;

/// Blocks of one memory, each once, and which one each layer reads.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pub blocks: Vec<Block>,
    /// Of each layer.
    pub of_layer: Vec<usize>,
    pub word_bytes: usize,
}

impl Store {
    /// Collects the layers' blocks; words that all groups share are kept once for all layers.
    pub fn new(blocks: impl Iterator<Item = Block>, word_bytes: usize) -> Self {
        let mut store = Self { blocks: Vec::new(), of_layer: Vec::new(), word_bytes };
        for block in blocks {
            let same = store.blocks.iter().position(|b| b.group_words == 0 && *b == block);
            let index = match same {
                Some(index) => index,
                None => {
                    store.blocks.push(block);
                    store.blocks.len() - 1
                }
            };
            store.of_layer.push(index);
        }
        store
    }

    pub fn words(&self, block: usize) -> usize {
        self.blocks[block].bytes.len() / self.word_bytes
    }

    /// Output groups of a block; a shared one counts as a single group.
    pub fn groups(&self, block: usize) -> usize {
        match self.blocks[block].group_words {
            0 => 1,
            words => self.words(block) / words,
        }
    }

    /// Words of all blocks.
    pub fn total(&self) -> usize {
        (0..self.blocks.len()).map(|b| self.words(b)).sum()
    }

    /// First byte of each block when they lie one after the other.
    pub fn offsets(&self) -> Vec<usize> {
        starts(0, self.blocks.iter().map(|b| b.bytes.len()))
    }
}

/// Where things of these sizes begin when they follow each other from `first`.
fn starts(first: usize, sizes: impl Iterator<Item = usize>) -> Vec<usize> {
    let begin = |next: &mut usize, size: usize| {
        let start = *next;
        *next += size;
        Some(start)
    };
    sizes.scan(first, begin).collect()
}

/// How one memory is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Residence {
    /// Words 0 to `ring`: what streams. The resident words follow.
    pub ring: usize,
    /// Groups of each block that stay; the first ones.
    pub groups: Vec<usize>,
}

/// Consecutive groups of a block that lie together on chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    pub first: usize,
    pub groups: usize,
    pub resident: bool,
}

impl Residence {
    /// Everything stays.
    pub fn whole(store: &Store) -> Self {
        Self { ring: 0, groups: (0..store.blocks.len()).map(|b| store.groups(b)).collect() }
    }

    fn resident_words(&self, store: &Store, block: usize) -> usize {
        match store.blocks[block].group_words {
            0 => store.words(block),
            words => words * self.groups[block],
        }
    }

    /// Words used in all.
    pub fn words(&self, store: &Store) -> usize {
        self.ring + (0..store.blocks.len()).map(|b| self.resident_words(store, b)).sum::<usize>()
    }

    /// First word of each block's resident groups.
    pub fn addresses(&self, store: &Store) -> Vec<usize> {
        starts(self.ring, (0..store.blocks.len()).map(|b| self.resident_words(store, b)))
    }

    /// The segments of `block` for a layer of `groups` groups. Streamed ones take half the ring at
    /// most, so that one loads while another is read, or one group when it is larger.
    pub fn segments(&self, store: &Store, block: usize, groups: usize) -> Vec<Segment> {
        let words = store.blocks[block].group_words;
        if words == 0 {
            return vec![Segment { first: 0, groups, resident: true }];
        }
        let stay = self.groups[block].min(groups);
        let mut segments = Vec::new();
        if stay > 0 {
            segments.push(Segment { first: 0, groups: stay, resident: true });
        }
        let most = (self.ring / 2 / words).max(1);
        let mut first = stay;
        while first < groups {
            let groups = most.min(groups - first);
            segments.push(Segment { first, groups, resident: false });
            first += groups;
        }
        segments
    }
}
