//! Caffeine's own cases: VGG16 and AlexNet with random weights on 1,024 multipliers behind a 64-byte port, cycle by cycle.

use super::measure::{infer_on, Inference, Measured};
use crate::failure::Failure;
use crate::layers::utilisation;
use crate::{model, preset};
use cortado_arch::Architecture;
use cortado_graph::ir::{Graph, Node, Op};
use std::sync::OnceLock;

/// The engine.
const PRESET: &str = "datacentre-32x32";

/// Images whose fully connected layers are computed together, as in the paper.
const BATCH: usize = 32;

/// The networks, their weights random.
const VGG16: &str = "@vgg16";
const ALEXNET: &str = "@alexnet";

/// A network, whole.
fn network(name: &str) -> Result<Graph, Failure> {
    model::read(name)?.import()
}

/// The layers before the first fully connected one.
fn convolutions(mut graph: Graph) -> Graph {
    let dense = |node: &Node| matches!(node.op, Op::FullyConnected(_) | Op::Reshape);
    let kept = graph.nodes.iter().position(dense).unwrap_or(graph.nodes.len());
    graph.nodes.truncate(kept);
    graph.outputs = graph.nodes.last().map(|node| node.output).into_iter().collect();
    let tensors = graph.outputs.iter().max().map_or(0, |last| last + 1);
    graph.tensors.truncate(tensors);
    graph
}

/// The fully connected layers, over `batch` vectors.
fn dense(mut graph: Graph, batch: usize) -> Graph {
    graph.nodes.retain(|node| matches!(node.op, Op::FullyConnected(_)));
    let described =
        graph.nodes.iter().flat_map(|node| node.inputs.iter().take(1)).chain(graph.nodes.last().map(|n| &n.output));
    let tensors = described.map(|&tensor| {
        let tensor = graph.tensors[tensor].clone();
        let features = tensor.shape.iter().product();
        cortado_graph::ir::Tensor { shape: vec![batch, features], ..tensor }
    });
    graph.tensors = tensors.collect();
    for (index, node) in graph.nodes.iter_mut().enumerate() {
        (node.inputs, node.output) = (vec![index], index + 1);
    }
    (graph.inputs, graph.outputs) = (vec![0], vec![graph.nodes.len()]);
    graph
}

/// Fewest cycles of fully connected layers: each is bound by the multipliers or by its weights, a byte each, in the
/// longest bursts of the port.
fn roof(graph: &Graph, arch: &Architecture) -> f64 {
    let longest = arch.burst_beats * arch.port_bytes;
    let bytes = arch.external.bytes_per_cycle(longest as f64).min(arch.port_bytes as f64);
    let layer = |node: &Node| match &node.op {
        Op::FullyConnected(dense) => {
            let peak = node.macs(graph) as f64 / arch.macs() as f64;
            peak.max(dense.weights.len() as f64 / bytes)
        }
        _ => 0.0,
    };
    graph.nodes.iter().map(layer).sum()
}

/// Words of weights that the paper's input-major order moves in a burst: a tile of Tm x Tn.
const TILE_WORDS: usize = 1;

/// A run that several figures ask for.
struct Once(OnceLock<Inference>);

impl Once {
    const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// One inference of what `make` makes, the first time.
    fn of(&self, make: impl FnOnce() -> Result<Graph, Failure>) -> Result<&Inference, Failure> {
        if let Some(found) = self.0.get() {
            return Ok(found);
        }
        let run = infer_on(&make()?, preset::load(PRESET)?, 1)?;
        Ok(self.0.get_or_init(|| run))
    }
}

/// The convolutions and pools of an image.
fn convolved() -> Result<&'static Inference, Failure> {
    static RUN: Once = Once::new();
    RUN.of(|| Ok(convolutions(network(VGG16)?)))
}

/// The fully connected layers of a batch.
fn multiplied() -> Result<&'static Inference, Failure> {
    static RUN: Once = Once::new();
    RUN.of(|| Ok(dense(network(VGG16)?, BATCH)))
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

/// All fully connected layers of a batch, against their roof.
///
/// # Errors
/// As [`convolution`].
pub fn fully_connected() -> Result<Measured, Failure> {
    let run = multiplied()?.clone();
    let fewest = roof(&dense(network(VGG16)?, BATCH), run.arch());
    let value = fewest / run.cycles() as f64;
    Ok(Measured { value, ..run.utilisation() })
}

/// A batch whole: its images' convolutions one after the other, then its fully connected layers.
///
/// # Errors
/// As [`convolution`].
pub fn whole() -> Result<Measured, Failure> {
    let (image, batch) = (convolved()?, multiplied()?);
    let total = |of: fn(&Inference) -> u64| BATCH as u64 * of(image) + of(batch);
    let value = utilisation(total(Inference::macs), total(Inference::cycles), image.arch().macs());
    Ok(Measured { value, breakdown: None, ..image.clone().utilisation() })
}

/// VGG16's first fully connected layer over one vector.
fn first_dense() -> Result<Graph, Failure> {
    let mut graph = dense(network(VGG16)?, 1);
    graph.nodes.truncate(1);
    graph.tensors.truncate(2);
    graph.outputs = vec![1];
    Ok(graph)
}

fn streamed() -> Result<&'static Inference, Failure> {
    static RUN: Once = Once::new();
    RUN.of(first_dense)
}

/// VGG16's first fully connected layer at batch 1, against the bandwidth of its weights.
///
/// # Errors
/// As [`convolution`].
pub fn first_of_roof() -> Result<Measured, Failure> {
    let run = streamed()?.clone();
    let value = roof(&first_dense()?, run.arch()) / run.cycles() as f64;
    Ok(Measured { value, ..run.utilisation() })
}

/// How many times the cycles are on an engine that asks for each tile of weights by itself.
///
/// # Errors
/// As [`convolution`].
pub fn mapping_ratio() -> Result<Measured, Failure> {
    let run = streamed()?.clone();
    let arch = preset::load(PRESET)?;
    let burst_beats = TILE_WORDS * arch.weight_word_bytes() / arch.port_bytes;
    let tiled = Architecture { name: format!("{PRESET}, bursts of a tile"), burst_beats, ..arch };
    let value = infer_on(&first_dense()?, tiled, 1)?.cycles() as f64 / run.cycles() as f64;
    Ok(Measured { value, ..run.utilisation() })
}

/// AlexNet's convolutions and pools of an image. Multiplications with the zeros between groups are no work.
///
/// # Errors
/// As [`convolution`].
pub fn alexnet() -> Result<Measured, Failure> {
    let graph = convolutions(network(ALEXNET)?);
    Ok(infer_on(&graph, preset::load(PRESET)?, 1)?.utilisation())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cortado_map::{compile, CompileOptions};

    fn macs(graph: &Graph) -> u64 {
        assert!(cortado_graph::passes::validate(graph).is_ok());
        graph.nodes.iter().map(|node| node.macs(graph)).sum()
    }

    #[test]
    fn vgg16_has_the_work_of_its_definition() {
        let graph = network(VGG16).expect("the definition is in the repository");
        assert_eq!(macs(&convolutions(graph.clone())), 15_346_630_656);
        let batch = dense(graph, BATCH);
        assert_eq!(macs(&batch), BATCH as u64 * (25_088 * 4096 + 4096 * 4096 + 4096 * 1000));
        let arch = preset::load(PRESET).expect("an embedded preset");
        assert!(
            (roof(&batch, &arch) - macs(&batch) as f64 / 1024.0).abs() < 1.0,
            "a batch is bound by the multipliers"
        );
    }

    #[test]
    fn alexnet_s_groups_are_counted_and_mapped_without_the_zeros_between_them() {
        let graph = convolutions(network(ALEXNET).expect("the definition is in the repository"));
        let arch = preset::load(PRESET).expect("an embedded preset");
        let compiled = compile(&graph, &arch, &CompileOptions::default()).expect("it maps");
        assert_eq!(compiled.estimate.macs, 665_784_864);
        let steps = compiled.estimate.steps * arch.macs() as u64;
        assert!(steps < 5 * compiled.estimate.macs / 4, "{steps} multiplications");
    }
}
