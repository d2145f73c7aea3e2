//! Damaged files: an answer, never a panic, in memory of the file's own order.

mod common;

use common::{model, network, NETWORKS};
use cortado_graph::tflite::{import, inspect};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

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

/// Bytes a file of `size` may take while it is read: a multiple of itself, plus the fixed part of
/// the largest legal tables.
fn allowance(size: usize) -> usize {
    64 * size + (1 << 20)
}

/// Reads `bytes` both ways; the peak of memory beyond what was live before.
fn read(bytes: &[u8]) -> usize {
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    let imported = import("fuzz", bytes);
    let inspected = inspect("fuzz", bytes);
    if let Ok(inspection) = &inspected {
        assert_eq!(inspection.importable, imported.is_ok());
    }
    if let Err(errors) = &imported {
        assert!(!errors.errors.is_empty() && !errors.to_string().is_empty());
    }
    PEAK.load(Relaxed) - before
}

/// The xorshift64* generator.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// Damages `bytes` in one of the ways files get damaged, or attackers damage them.
fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
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
fn budget() -> Duration {
    let ci = std::env::var("CI").as_deref() == Ok("true");
    Duration::from_secs(if ci { 45 } else { 4 })
}

/// One test, so that nothing else allocates while memory is measured.
#[test]
fn damaged_files_give_answers_in_bounded_memory() {
    const SEED: u64 = 0x00c0_ffee;
    println!("seed {SEED:#x}");
    let mut random = Random(SEED);
    let mut files = vec![model::sound().bytes()];
    files.extend(NETWORKS.iter().filter_map(|name| network(name)));

    shared_tables_do_not_expand();
    every_truncation_of_the_small_model_is_refused(&files[0]);
    let (start, mut rounds) = (Instant::now(), 0);
    while start.elapsed() < budget() {
        for file in &files {
            let mut bytes = file.clone();
            for _ in 0..=random.below(3) {
                if bytes.len() > 8 {
                    mutate(&mut bytes, &mut random);
                }
            }
            let peak = read(&bytes);
            assert!(
                peak <= allowance(bytes.len()),
                "seed {SEED:#x} round {rounds}: {peak} bytes for a file of {}",
                bytes.len()
            );
        }
        rounds += 1;
    }
    println!("{rounds} rounds over {} files", files.len());
}

fn every_truncation_of_the_small_model_is_refused(bytes: &[u8]) {
    for len in 0..bytes.len() {
        let imported = import("cut", &bytes[..len]);
        // The last bytes belong to the last buffer, so no cut leaves a whole file.
        assert!(imported.is_err(), "cut to {len} bytes");
    }
}

/// Many operators over the same large constant: legal to write, and the way a small file could
/// ask for unbounded memory.
fn shared_tables_do_not_expand() {
    const OPERATORS: i32 = 200;
    const FEATURES: i32 = 20_000;
    let mut bomb = model::sound();
    bomb.tensors[model::tensor::INPUT].shape = vec![1, 3];
    let weights = &mut bomb.tensors[model::tensor::DENSE_WEIGHTS];
    weights.shape = vec![FEATURES, 3];
    weights.data = vec![1; 3 * FEATURES as usize];
    let mut logits = bomb.tensors[model::tensor::LOGITS].clone();
    logits.shape = vec![1, FEATURES];
    let (first, dense) = (bomb.tensors.len() as i32, &bomb.operators[model::op::DENSE]);
    let shared = |index| {
        let mut op = dense.clone();
        op.inputs = vec![0, model::tensor::DENSE_WEIGHTS as i32, -1];
        op.outputs = vec![first + index];
        op
    };
    bomb.operators = (0..OPERATORS).map(shared).collect();
    bomb.outputs = vec![first];
    bomb.tensors.extend(vec![logits; OPERATORS as usize]);
    let bytes = bomb.bytes();
    let peak = read(&bytes);
    assert!(peak <= allowance(bytes.len()), "{peak} for {}", bytes.len());
    let said = import("bomb", &bytes).expect_err("refused").to_string();
    let expected = format!(
        "bomb: operator 14 (FULLY_CONNECTED): E-TFLITE-SIZE: the model expands to more than 8 times \
         the file's {} bytes; operators may not share their constants to this degree: convert the \
         model again",
        bytes.len()
    );
    assert_eq!(said, expected);
}
