//! Damaged networks that the importer still takes: they run or are refused, and never panic.

use cortado_graph::tflite::import;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn network(name: &str) -> Option<Vec<u8>> {
    let data = std::env::var_os("CORTADO_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    match std::fs::read(data.join(format!("mlperf_tiny/{name}.tflite"))) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            let skipped = format!("skipped: {name}: {error}; set CORTADO_DATA to the data folder");
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{skipped}");
            println!("{skipped}");
            None
        }
    }
}

/// Longer where a machine has the time.
fn budget() -> Duration {
    let ci = std::env::var("CI").as_deref() == Ok("true");
    Duration::from_secs(if ci { 15 } else { 4 })
}

#[test]
fn damaged_networks_that_import_run_or_are_refused() {
    const SEED: u32 = 20_461;
    /// Damage may turn a small map into a huge one, which is legal and slow.
    const MOST_MACS: u64 = 20_000_000;
    println!("seed {SEED}");
    let Some(sound) = network("kws_dscnn_int8") else {
        return;
    };
    let mut state = SEED;
    let mut random = |bound: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((u64::from(state >> 4) * bound as u64) >> 28) as usize
    };
    let (start, mut imported, mut ran) = (Instant::now(), 0, 0);
    while start.elapsed() < budget() {
        let mut bytes = sound.clone();
        for _ in 0..4 {
            let at = random(bytes.len());
            bytes[at] ^= 1 << random(8);
        }
        let Ok(graph) = import("damaged", &bytes) else {
            continue;
        };
        imported += 1;
        let macs = graph.nodes.iter().map(|node| node.macs(&graph));
        let [input] = graph.inputs[..] else { continue };
        if macs.fold(0, u64::saturating_add) > MOST_MACS {
            continue;
        }
        let size = graph.tensors[input].shape.iter().product();
        if let Ok(tensors) = cortado_golden::run(&graph, &vec![42; size]) {
            ran += 1;
            assert_eq!(tensors.len(), graph.tensors.len());
        }
    }
    println!("{imported} imported, {ran} of them ran");
    assert!(ran > 0);
}
