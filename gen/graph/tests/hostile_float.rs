//! Damaged Caffe and ONNX files: an answer, never a panic, in memory of the file's own order; nor does the quantiser
//! panic on what is left of them.

mod common;
#[path = "common/damage.rs"]
mod damage;

use common::data;
use cortado_graph::calibrate::{quantise, Ranges};
use cortado_graph::float::{fold, FloatGraph};
use cortado_graph::ir::DataType;
use cortado_graph::{caffe, onnx};
use damage::{budget, mutate, peak, Random};
use std::time::Instant;

/// Bytes a file of `size` may take while it is read: names and shapes of a few bytes in the file are
/// tables of nodes and tensors in memory.
fn allowance(size: usize) -> usize {
    128 * size + (1 << 20)
}

/// What is damaged: the one file of an ONNX network, or one of Caffe's two.
enum Target {
    Onnx(Vec<u8>),
    Definition(Vec<u8>, Option<Vec<u8>>),
    Trained(Vec<u8>, Vec<u8>),
}

impl Target {
    fn read(&self, random: &mut Random) -> (usize, usize) {
        let (Target::Onnx(file) | Target::Definition(file, _) | Target::Trained(_, file)) = self;
        let mut bytes = file.clone();
        for _ in 0..=random.below(3) {
            if bytes.len() > 8 {
                mutate(&mut bytes, random);
            }
        }
        let mut size = bytes.len();
        let mut graph = None;
        let used = peak(|| match self {
            Target::Onnx(_) => {
                graph = onnx::import("fuzz", &bytes).ok();
                onnx::inspect("fuzz", &bytes).iter().for_each(|read| assert_eq!(read.importable, graph.is_some()));
            }
            Target::Definition(_, trained) => {
                size += trained.as_ref().map_or(0, Vec::len);
                graph = caffe::import("fuzz", &bytes, trained.as_deref()).ok();
                let inspected = caffe::inspect("fuzz", &bytes, trained.as_deref());
                inspected.iter().for_each(|read| assert_eq!(read.importable, graph.is_some()));
            }
            Target::Trained(definition, _) => {
                size += definition.len();
                graph = caffe::import("fuzz", definition, Some(&bytes)).ok();
                let inspected = caffe::inspect("fuzz", definition, Some(&bytes));
                inspected.iter().for_each(|read| assert_eq!(read.importable, graph.is_some()));
            }
        });
        graph.iter().for_each(quantise_it);
        (used, size)
    }
}

/// What imports is quantised or refused, whatever its numbers.
fn quantise_it(graph: &FloatGraph) {
    const MOST_PARAMETERS: u64 = 1 << 20;
    if graph.nodes.iter().map(|node| node.parameters()).sum::<u64>() > MOST_PARAMETERS {
        return;
    }
    let graph = fold(graph);
    for data_type in [DataType::Int8, DataType::Int16] {
        // Nothing was observed, which is one fault; the walk goes through all layers for the others.
        let refused = quantise(&graph, &Ranges::new(&graph), data_type).expect_err("without calibration");
        assert!(!refused.to_string().is_empty());
    }
}

fn targets() -> Vec<Target> {
    let mut targets = Vec::new();
    for name in ["mnist8_model", "mnist8_qdq_pc", "mnist8_qop_pc", "light_bvlc_alexnet", "light_squeezenet"] {
        targets.extend(data(&format!("onnx/{name}.onnx")).map(Target::Onnx));
    }
    for name in ["bvlc_alexnet_deploy", "cifar10_full"] {
        targets.extend(data(&format!("caffe/{name}.prototxt")).map(|definition| Target::Definition(definition, None)));
    }
    if let (Some(definition), Some(trained)) = (data("caffe/lenet.prototxt"), data("caffe/lenet_iter_10000.caffemodel"))
    {
        targets.push(Target::Definition(definition.clone(), Some(trained.clone())));
        targets.push(Target::Trained(definition, trained));
    }
    targets
}

/// One test, so that nothing else allocates while memory is measured.
#[test]
fn damaged_files_give_answers_in_bounded_memory() {
    const SEED: u64 = 0x0ca_ffe;
    println!("seed {SEED:#x}");
    let mut random = Random(SEED);
    let targets = targets();
    let (start, mut rounds) = (Instant::now(), 0);
    while start.elapsed() < budget() && !targets.is_empty() {
        for (index, target) in targets.iter().enumerate() {
            let (used, size) = target.read(&mut random);
            assert!(used <= allowance(size), "seed {SEED:#x} round {rounds} target {index}: {used} bytes for {size}");
        }
        rounds += 1;
    }
    println!("{rounds} rounds over {} files", targets.len());
}
