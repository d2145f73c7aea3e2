//! Damaged and extreme networks that the importer still takes: they map or are refused, and never panic.

use cortado_arch::preset;
use cortado_graph::ir::{DataType, Graph, Multiplier, Op, Requantise};
use cortado_graph::passes::validate;
use cortado_graph::tflite::import;
use cortado_map::{compile, CompileOptions};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

/// Small networks of each kind of layer: depthwise, residual, fully connected.
const NETWORKS: [&str; 3] = ["kws_dscnn_int8", "ic_resnet8_int8", "ad_autoencoder_int8"];
/// Bytes at a file's ends in which its tables stand.
const TABLES: usize = 8192;

/// The networks whose files are there.
fn files() -> Vec<Vec<u8>> {
    let data = std::env::var_os("CORTADO_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let read = |name: &&str| match std::fs::read(data.join(format!("mlperf_tiny/{name}.tflite"))) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            let skipped = format!("skipped: {name}: {error}; set CORTADO_DATA to the data folder");
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{skipped}");
            println!("{skipped}");
            None
        }
    };
    NETWORKS.iter().filter_map(read).collect()
}

/// Maps `graph` onto the engine `which` counts to, both ways.
fn map(graph: &Graph, which: usize) {
    let engines: Vec<_> =
        preset::builtin().into_iter().filter(|arch| arch.data_type.name() == graph.data_type.name()).collect();
    let arch = &engines[which % engines.len()];
    for observe in [false, true] {
        if let Err(errors) = compile(graph, arch, &CompileOptions { observe }) {
            assert!(!errors.to_string().is_empty());
        }
    }
}

fn factors(op: &mut Op) -> Option<(&mut Requantise, &mut Vec<i16>, &mut Vec<i64>)> {
    match op {
        Op::Conv2d(op) => Some((&mut op.output, &mut op.weights, &mut op.bias)),
        Op::DepthwiseConv2d(op) => Some((&mut op.output, &mut op.weights, &mut op.bias)),
        Op::FullyConnected(op) => Some((&mut op.output, &mut op.weights, &mut op.bias)),
        _ => None,
    }
}

/// A number of a layer put to an end of what it may be.
#[derive(Debug, Clone)]
enum Extreme {
    Factor(Multiplier),
    Weights(i16),
    Bias(i64),
    Bounds(i32, i32),
}

fn extreme() -> impl Strategy<Value = Extreme> {
    let q = prop_oneof![Just(0), Just(1 << 30), Just(i32::MAX), (1i32 << 30)..i32::MAX];
    prop_oneof![
        (q, -31i32..=31).prop_map(|(q, shift)| Extreme::Factor(Multiplier { q, shift })),
        prop_oneof![Just(-128), Just(127), Just(0), -128i16..=127].prop_map(Extreme::Weights),
        prop_oneof![Just(i64::from(i32::MIN)), Just(i64::from(i32::MAX)), -1000i64..1000].prop_map(Extreme::Bias),
        (-128i32..=127, -128i32..=127).prop_map(|(a, b)| Extreme::Bounds(a.min(b), a.max(b))),
    ]
}

fn apply(graph: &mut Graph, layer: usize, extreme: &Extreme) {
    let layers: Vec<usize> = (0..graph.nodes.len()).filter(|&at| factors(&mut graph.nodes[at].op).is_some()).collect();
    let Some((output, weights, bias)) = factors(&mut graph.nodes[layers[layer % layers.len()]].op) else { return };
    match *extreme {
        Extreme::Factor(factor) => output.multipliers.fill(factor),
        Extreme::Weights(value) => weights.fill(value),
        Extreme::Bias(value) => bias.fill(value),
        Extreme::Bounds(min, max) => (output.min, output.max) = (min, max),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn damaged_networks_that_import_map_or_are_refused(
        file in 0usize..NETWORKS.len(),
        which in 0usize..16,
        bits in proptest::collection::vec((any::<bool>(), 0usize..TABLES, 0u8..8), 1..5),
    ) {
        let files = files();
        let Some(bytes) = files.get(file) else { return Ok(()) };
        let mut bytes = bytes.clone();
        for (at_end, place, bit) in bits {
            let at = if at_end { bytes.len() - 1 - place.min(bytes.len() - 1) } else { place.min(bytes.len() - 1) };
            bytes[at] ^= 1 << bit;
        }
        if let Ok(graph) = import("damaged", &bytes) {
            // Damage may turn a small map into a huge one, which is legal and slow.
            if graph.nodes.iter().map(|node| node.macs(&graph)).fold(0, u64::saturating_add) < 50_000_000 {
                map(&graph, which);
            }
        }
    }

    #[test]
    fn networks_of_extreme_numbers_map_or_are_refused(
        file in 0usize..NETWORKS.len(),
        which in 0usize..16,
        extremes in proptest::collection::vec((0usize..32, extreme()), 1..4),
    ) {
        let files = files();
        let Some(bytes) = files.get(file) else { return Ok(()) };
        let mut graph = import("extreme", bytes).expect("a sound file");
        for (layer, extreme) in &extremes {
            apply(&mut graph, *layer, extreme);
        }
        prop_assert_eq!(graph.data_type, DataType::Int8);
        prop_assert!(validate(&graph).is_ok());
        map(&graph, which);
    }
}
