//! Damaged files, and the memory that reading them takes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// Counts live bytes and their peak.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: both calls go to the system's allocator unchanged; only counters are kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(live, Relaxed);
        System.alloc(layout)
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        System.dealloc(pointer, layout);
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The peak of memory while `work` runs, beyond what was live before.
pub fn peak(work: impl FnOnce()) -> usize {
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    work();
    PEAK.load(Relaxed) - before
}

/// The xorshift64* generator.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// Damages `bytes` in one of the ways files get damaged, or attackers damage them.
pub fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    // Tables stand at both ends of a file, constants in between: damage the ends more often.
    let place = |random: &mut Random, len: usize| match random.below(3) {
        0 => random.below(len),
        1 => random.below(len.min(1024)),
        _ => len - 1 - random.below(len.min(8192)),
    };
    let word = |random: &mut Random, len: usize| place(random, len).min(len.saturating_sub(4));
    match random.below(5) {
        0 => bytes.truncate(random.below(bytes.len())),
        1 => {
            let (a, b) = (word(random, bytes.len()), word(random, bytes.len()));
            for offset in 0..4 {
                bytes.swap(a + offset, b + offset);
            }
        }
        2 => {
            let extremes = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x7fc0_0000u32];
            let value = extremes[random.below(extremes.len())];
            let at = word(random, bytes.len());
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        _ => {
            for _ in 0..=random.below(8) {
                let at = place(random, bytes.len());
                bytes[at] ^= 1 << random.below(8);
            }
        }
    }
}

/// Longer where a machine has the time.
pub fn budget() -> Duration {
    let ci = std::env::var("CI").as_deref() == Ok("true");
    Duration::from_secs(if ci { 45 } else { 4 })
}
