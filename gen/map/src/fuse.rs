//! Residual adds taken into the layer that makes one of their operands.

use crate::error::{gather, MapErrors};
use crate::network::{Kind, MapId, Network, Operation, Sum};
use cortado_arch::Architecture;

/// Refuses every add, fused or not, where the engine has no unit for it.
///
/// # Errors
/// Each add by its name.
pub(crate) fn check_adds(network: &Network, arch: &Architecture) -> Result<(), MapErrors> {
    let refused = network.operations.iter().filter(|op| op.sum.is_some() && !arch.residual_unit);
    let reason = format!("ADD; {} has no unit that adds residuals: use a preset with residual_unit = 1", arch.name);
    gather(refused.map(|op| Err(MapErrors::one(&op.name, &reason)))).map(|_: Vec<()>| ())
}

/// Fuses every add it can: one operand must have no other reader and come from a convolution.
pub(crate) fn fuse(network: &mut Network) {
    while let Some((maker, add)) = find(network) {
        let taken = network.operations[maker].clone();
        let own = taken.output;
        let target = &mut network.operations[add];
        if let Some(sum) = target.sum {
            let fused = oriented(sum, target.input, own);
            *target = Operation {
                nodes: taken.nodes.iter().chain(&target.nodes).copied().collect(),
                name: format!("{} + {}", taken.name, target.name),
                output: target.output,
                sum: Some(fused),
                ..taken
            };
        }
        network.operations.remove(maker);
    }
}

/// The sum as seen by the maker of `own`; `first` is the add's first operand.
fn oriented(sum: Sum, first: MapId, own: MapId) -> Sum {
    if first == own {
        return sum;
    }
    Sum {
        residual: first,
        own_zero_point: sum.residual_zero_point,
        residual_zero_point: sum.own_zero_point,
        scale_residual: !sum.scale_residual,
        ..sum
    }
}

/// A (maker, add) pair to fuse; of two candidates the maker with more work hides the addition better.
fn find(network: &Network) -> Option<(usize, usize)> {
    network.operations.iter().enumerate().find_map(|(index, add)| {
        let sum = add.sum.filter(|_| matches!(add.kind, Kind::Identity))?;
        if sum.residual == add.input {
            return None;
        }
        let makers = add.reads().filter_map(|map| maker(network, map));
        makers.max_by_key(|&m| (network.operations[m].macs, m)).map(|m| (m, index))
    })
}

fn maker(network: &Network, map: MapId) -> Option<usize> {
    let index = network.operations.iter().position(|op| op.output == map)?;
    let op = &network.operations[index];
    let simple = op.sum.is_none() && matches!(op.kind, Kind::Convolution(_) | Kind::Depthwise(_));
    (simple && network.readers(map) == 1 && !network.outputs.contains(&map)).then_some(index)
}
