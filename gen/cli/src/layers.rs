//! Where the cycles of a run went: one figure a layer.

use cortado_arch::isa::{OnChip, Operation};
use cortado_map::Compiled;
use serde::Serialize;

/// One layer's share of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Layer {
    /// Names of the nodes it does, joined by ` + `.
    pub name: String,
    /// Multiply-accumulates that count as work.
    pub macs: u64,
    /// Cycles from the end of the layer before, or from the arrival of the network's input, to its own end.
    pub cycles: u64,
}

/// A run's cycles: all that were, and to what they are due.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Breakdown {
    /// The layers, in the order they began.
    pub layers: Vec<Layer>,
    /// Cycles in which nothing but the arrival of the network's input was waited for.
    pub input_cycles: u64,
    /// Cycles after the last layer: the results on their way out.
    pub output_cycles: u64,
}

/// Useful multiply-accumulates per multiplier and cycle.
pub fn utilisation(macs: u64, cycles: u64, mac_units: usize) -> f64 {
    match cycles {
        0 => 0.0,
        cycles => macs as f64 / (cycles as f64 * mac_units as f64),
    }
}

/// Distributes the cycles of a run of `compiled` over its layers. `retired` is the program index and cycle of each
/// retirement in the order of cycles; layers, input and output add up to `cycles`.
pub fn breakdown(compiled: &Compiled, retired: &[(usize, u64)], cycles: u64) -> Breakdown {
    let mut layers: Vec<(&[String], Layer)> = Vec::new();
    let (mut input_cycles, mut last) = (0, 0u64);
    let inputs = input_loads(compiled);
    for &(index, cycle) in retired {
        let Some(note) = compiled.instructions.get(index) else { continue };
        if !matches!(note.instruction.operation, Operation::Compute(..)) {
            continue;
        }
        let waited_for = inputs.iter().take_while(|load| load.ordinal < usize::from(note.instruction.wait_dma));
        let arrivals = waited_for.filter_map(|load| retired.iter().find(|one| one.0 == load.index));
        let arrival = arrivals.map(|one| one.1).max().unwrap_or(0);
        let start = last.max(arrival.min(cycle));
        input_cycles += start - last;
        let spent = cycle.saturating_sub(start);
        match layers.iter_mut().find(|(nodes, _)| *nodes == note.nodes.as_slice()) {
            Some((_, layer)) => {
                layer.cycles += spent;
                layer.macs += note.macs;
            }
            None => {
                let layer = Layer { name: note.nodes.join(" + "), macs: note.macs, cycles: spent };
                layers.push((&note.nodes, layer));
            }
        }
        last = last.max(cycle);
    }
    Breakdown {
        layers: layers.into_iter().map(|(_, layer)| layer).collect(),
        input_cycles,
        output_cycles: cycles.saturating_sub(last),
    }
}

/// A LOAD of the network's input.
struct InputLoad {
    /// Index in the program.
    index: usize,
    /// Transfers before it.
    ordinal: usize,
}

fn input_loads(compiled: &Compiled) -> Vec<InputLoad> {
    let operations = compiled.instructions.iter().map(|note| &note.instruction.operation).enumerate();
    let transfers = operations.filter(|(_, operation)| matches!(operation, Operation::Load(..) | Operation::Store(_)));
    let numbered = transfers.enumerate();
    let input = |index: usize| compiled.instructions[index].tensor.as_ref() == Some(&compiled.input.name);
    numbered
        .filter(|(_, (index, operation))| matches!(operation, Operation::Load(OnChip::Activation, _)) && input(*index))
        .map(|(ordinal, (index, _))| InputLoad { index, ordinal })
        .collect()
}
