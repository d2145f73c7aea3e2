//! Normalisations, scales and late biases folded into the layers before them.

use super::ir::{Affine, Constant, Convolution, FloatGraph, FullyConnected, Node, Op};

/// The graph with every [`Op::Affine`] folded into the convolution or fully connected layer that
/// alone feeds it. One that follows anything else stays. Tensors keep their ids; those in between
/// are no longer produced.
pub fn fold(graph: &FloatGraph) -> FloatGraph {
    let mut folded = graph.clone();
    folded.nodes.clear();
    let readers = |tensor| {
        graph.nodes.iter().flat_map(|node| &node.inputs).chain(&graph.outputs).filter(|&&id| id == tensor).count()
    };
    for node in &graph.nodes {
        let producer = folded.nodes.iter_mut().find(|before| before.output == node.inputs[0]);
        let taken = match (&node.op, producer) {
            (Op::Affine(affine), Some(before)) if readers(node.inputs[0]) == 1 => absorb(before, affine),
            _ => None,
        };
        match taken {
            Some(before) => before.output = node.output,
            None => folded.nodes.push(node.clone()),
        }
    }
    folded
}

/// `scale * (w x + b) + shift = (scale w) x + (scale b + shift)`; `None` when the layer cannot take it.
fn absorb<'a>(before: &'a mut Node, affine: &Affine) -> Option<&'a mut Node> {
    let (weights, bias) = match &mut before.op {
        Op::Convolution(Convolution { weights, bias, .. }) | Op::FullyConnected(FullyConnected { weights, bias }) => {
            (weights, bias)
        }
        _ => return None,
    };
    let (scale, shift) = affine.values.as_ref()?;
    let values = weights.values.as_mut()?;
    let old = match bias {
        Some(bias) => bias.values.clone()?,
        None => vec![0.0; shift.len()],
    };
    let fan_in = values.len() / scale.len();
    for (row, scale) in values.chunks_exact_mut(fan_in).zip(scale) {
        row.iter_mut().for_each(|weight| *weight *= scale);
    }
    let moved = old.iter().zip(scale.iter().zip(shift)).map(|(old, (scale, shift))| old * scale + shift).collect();
    *bias = Some(Constant { shape: vec![shift.len()], values: Some(moved) });
    Some(before)
}
