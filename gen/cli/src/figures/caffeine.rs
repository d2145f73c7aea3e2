//! Caffeine's own case: VGG16 with random weights on 1,024 multipliers behind a 64-byte port, cycle by cycle.

use super::measure::{infer_on, Inference, Measured};
use super::SEED;
use crate::failure::Failure;
use crate::preset;
use cortado_graph::ir::{DataType, Graph, Op};
use cortado_graph::synthetic::synthetic;
use std::sync::OnceLock;

/// The engine.
const PRESET: &str = "datacentre-32x32";

const VGG16: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/definitions/vgg16.prototxt"));

/// VGG16 of random weights, whole.
fn vgg16() -> Result<Graph, Failure> {
    let definition = cortado_graph::caffe::import("vgg16", VGG16, None).map_err(Failure::refused)?;
    synthetic(&definition, DataType::Int8, SEED).map_err(Failure::refused)
}

/// The layers before the first fully connected one.
fn convolutions(mut graph: Graph) -> Graph {
    let dense = |node: &cortado_graph::ir::Node| matches!(node.op, Op::FullyConnected(_) | Op::Reshape);
    let kept = graph.nodes.iter().position(dense).unwrap_or(graph.nodes.len());
    graph.nodes.truncate(kept);
    graph.outputs = graph.nodes.last().map(|node| node.output).into_iter().collect();
    let tensors = graph.outputs.iter().max().map_or(0, |last| last + 1);
    graph.tensors.truncate(tensors);
    graph
}

/// The convolutions and pools of an image, run once however many figures ask.
fn convolved() -> Result<&'static Inference, Failure> {
    static RUN: OnceLock<Inference> = OnceLock::new();
    if let Some(found) = RUN.get() {
        return Ok(found);
    }
    let graph = convolutions(vgg16()?);
    let run = infer_on(&graph, preset::load(PRESET)?, 1)?;
    Ok(RUN.get_or_init(|| run))
}

/// All convolutions and pools of an image, from the arrival of its first row to the last result in memory.
///
/// # Errors
/// Verilator is missing, or a tensor is not golden's.
pub fn convolution() -> Result<Measured, Failure> {
    Ok(convolved()?.clone().utilisation())
}

/// The best of its layers.
///
/// # Errors
/// As [`convolution`].
pub fn best_layer() -> Result<Measured, Failure> {
    Ok(convolved()?.clone().best_layer())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vgg16_has_the_work_of_its_definition() {
        let graph = convolutions(vgg16().expect("the definition is in the repository"));
        assert!(cortado_graph::passes::validate(&graph).is_ok());
        let macs: u64 = graph.nodes.iter().map(|node| node.macs(&graph)).sum();
        assert_eq!(macs, 15_346_630_656);
    }
}
