//! The nodes a compiled network leaves to the host, such as the softmax at its end.

use crate::failure::Failure;
use cortado_graph::ir::{Graph, Node, TensorId};
use cortado_map::Compiled;
use std::collections::BTreeMap;

/// Adds to `tensors`, the values an engine stored, those of the host's nodes.
///
/// # Errors
/// A node reads what no one computed, or leaves int32.
fn finish(graph: &Graph, host_nodes: &[usize], tensors: &mut BTreeMap<TensorId, Vec<i16>>) -> Result<(), Failure> {
    for node in host_nodes.iter().filter_map(|&index| graph.nodes.get(index)) {
        let missing = || Failure::Refused(format!("{}: {} reads what no engine stored", graph.name, node.name));
        let [input] = node.inputs[..] else { return Err(missing()) };
        let values = tensors.get(&input).ok_or_else(missing)?;
        let alone = alone(graph, node, input).ok_or_else(missing)?;
        let computed = cortado_golden::run(&alone, values).map_err(Failure::refused)?;
        tensors.insert(node.output, computed.into_iter().nth(1).unwrap_or_default());
    }
    Ok(())
}

/// The graph of one node: tensor 0 is its input, tensor 1 its output.
fn alone(graph: &Graph, node: &Node, input: TensorId) -> Option<Graph> {
    Some(Graph {
        name: graph.name.clone(),
        data_type: graph.data_type,
        tensors: vec![graph.tensors.get(input)?.clone(), graph.tensors.get(node.output)?.clone()],
        nodes: vec![Node { inputs: vec![0], output: 1, ..node.clone() }],
        inputs: vec![0],
        outputs: vec![1],
    })
}

/// The graph's outputs after a run: what the engine stored of them, and what the host computes from that.
///
/// # Errors
/// The memory is smaller than the program's, or as [`finish`].
pub fn outputs(graph: &Graph, compiled: &Compiled, memory: &[u8]) -> Result<BTreeMap<TensorId, Vec<i16>>, Failure> {
    let mut tensors = BTreeMap::new();
    for place in &compiled.outputs {
        let bytes = memory.get(place.range()).unwrap_or(&[]);
        let values = place.unpack(bytes);
        tensors.insert(place.tensor, values.map_err(|error| Failure::Refused(format!("{}: {error}", place.name)))?);
    }
    finish(graph, &compiled.host_nodes, &mut tensors)?;
    Ok(tensors)
}
