//! Damaged files: an answer, never a panic, in memory of the file's own order.

mod common;
#[path = "common/damage.rs"]
mod damage;

use common::{model, network, NETWORKS};
use cortado_graph::tflite::{import, inspect};
use damage::{budget, mutate, peak, Random};
use std::time::Instant;

/// Bytes a file of `size` may take while it is read: a multiple of itself, plus the fixed part of
/// the largest legal tables.
fn allowance(size: usize) -> usize {
    64 * size + (1 << 20)
}

/// Reads `bytes` both ways; the peak of memory beyond what was live before.
fn read(bytes: &[u8]) -> usize {
    peak(|| {
        let imported = import("fuzz", bytes);
        let inspected = inspect("fuzz", bytes);
        if let Ok(inspection) = &inspected {
            assert_eq!(inspection.importable, imported.is_ok());
        }
        if let Err(errors) = &imported {
            assert!(!errors.errors.is_empty() && !errors.to_string().is_empty());
        }
    })
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
