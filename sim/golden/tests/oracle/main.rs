//! The golden model against TensorFlow Lite's reference kernels: every tensor of the four MLPerf
//! Tiny int8 networks, bit for bit. The vectors are recorded by `tests/oracle/run.sh`.

mod vectors;

use cortado_graph::tflite::import;
use std::path::{Path, PathBuf};
use vectors::{blocks, fnv1a64, lcg, Case, More, Recorded, Vectors};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn data() -> PathBuf {
    std::env::var_os("CORTADO_DATA").map_or_else(|| workspace().join("../shared/data"), PathBuf::from)
}

/// The bytes of a data file; `None`, said plainly, when it is absent (a failure when `CI=true`).
fn read(path: &str) -> Option<Vec<u8>> {
    match std::fs::read(data().join(path)) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            let skipped = format!("skipped: {path}: {error}; set CORTADO_DATA to the data folder");
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{skipped}");
            println!("{skipped}");
            None
        }
    }
}

/// Where `got` leaves the record, as exactly as the record allows; `None` when it does not.
fn difference(got: &[i16], recorded: &Recorded) -> Option<String> {
    let bytes: Vec<u8> = got.iter().map(|&value| value as u8).collect();
    if format!("{:016x}", fnv1a64(&bytes)) == recorded.fnv1a64 {
        return None;
    }
    let first = got.iter().zip(&recorded.first).position(|(a, b)| a != b);
    if let Some(at) = first {
        return Some(format!("element {at} is {}, recorded {}", got[at], recorded.first[at]));
    }
    let (size, sums) = blocks(&bytes);
    let recorded_sums = recorded.blocks.as_bytes().chunks(4);
    let block = sums.iter().zip(recorded_sums).position(|(a, b)| a.as_bytes() != b)?;
    Some(format!("the first difference lies in elements {}..{}", block * size, ((block + 1) * size).min(got.len())))
}

/// Runs every recorded case of `model`, which has `operators` of them, and compares every tensor.
fn check(model: &str, operators: usize) {
    let path = workspace().join(format!("tests/oracle/vectors/{model}.json"));
    let text = std::fs::read_to_string(&path).expect("the vectors are committed");
    let vectors: Vectors = serde_json::from_str(&text).expect("the vectors are JSON");
    let Some(bytes) = read(&format!("mlperf_tiny/{}", vectors.model)) else {
        return;
    };
    let graph = import(model, &bytes).unwrap_or_else(|errors| panic!("{errors}"));
    let mut compared = 0;
    let mut mismatches = Vec::new();
    for (number, case) in vectors.cases.iter().enumerate() {
        let Case { input, tensors, output } = case;
        let tensor = &graph.tensors[graph.inputs[0]];
        let Some(given) = input.bytes(tensor, read) else {
            continue;
        };
        let got = cortado_golden::run(&graph, &given).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((graph.nodes.len(), tensors.len()), (operators, operators));
        for (node, recorded) in graph.nodes.iter().zip(tensors) {
            assert_eq!(graph.tensors[node.output].shape, recorded.shape);
            compared += 1;
            if let Some(what) = difference(&got[node.output], recorded) {
                mismatches.push(format!(
                    "{model} input {number} ({input:?}): operator {} {} ({}), tensor {:?} [{}]: {what}",
                    recorded.operator, recorded.kind, node.name, recorded.tensor, recorded.source
                ));
            }
        }
        assert_eq!(&got[graph.outputs[0]], output, "{model} input {number}");
    }
    let size = graph.tensors[graph.inputs[0]].shape.iter().product();
    for More { seed, output } in &vectors.more {
        let given: Vec<i16> = lcg(*seed, size).into_iter().map(|b| i16::from(b as i8)).collect();
        let got = cortado_golden::run(&graph, &given).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(&got[graph.outputs[0]], output, "{model} lcg seed {seed}");
    }
    println!(
        "{model}: {compared} tensors of {} inputs compared, and the outputs of {} more",
        vectors.cases.len(),
        vectors.more.len()
    );
    assert!(compared >= 2 * operators, "{model}: {compared} tensors");
    assert!(mismatches.is_empty(), "{} of {compared} tensors differ\n{}", mismatches.len(), mismatches.join("\n"));
}

#[test]
fn resnet8_equals_the_reference_on_every_tensor() {
    check("ic_resnet8_int8", 16);
}

#[test]
fn dscnn_equals_the_reference_on_every_tensor() {
    check("kws_dscnn_int8", 13);
}

#[test]
fn mobilenet_equals_the_reference_on_every_tensor() {
    check("vww_mobilenetv1_int8", 31);
}

#[test]
fn autoencoder_equals_the_reference_on_every_tensor() {
    check("ad_autoencoder_int8", 10);
}

#[test]
fn a_difference_is_found_and_placed() {
    let values: Vec<i16> = (0..100).collect();
    let bytes: Vec<u8> = (0..100).collect();
    let recorded = Recorded {
        operator: 0,
        kind: "ADD".to_string(),
        tensor: "sum".to_string(),
        source: "tflite".to_string(),
        shape: vec![100],
        fnv1a64: format!("{:016x}", fnv1a64(&bytes)),
        blocks: blocks(&bytes).1.concat(),
        first: values[..16].to_vec(),
    };
    assert_eq!(difference(&values, &recorded), None);
    let mut early = values.clone();
    early[3] = -1;
    let said = difference(&early, &recorded);
    assert_eq!(said.as_deref(), Some("element 3 is -1, recorded 3"));
    let mut late = values;
    late[50] = -1;
    let said = difference(&late, &recorded);
    // 100 bytes in blocks of ceil(100 / 32) = 4.
    let expected = "the first difference lies in elements 48..52";
    assert_eq!(said.as_deref(), Some(expected));
}
