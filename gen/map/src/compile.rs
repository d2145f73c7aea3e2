//! The mapper's pipeline, in the order a network goes through it.

use crate::build::build;
use crate::compiled::{Compiled, Estimate, InstructionNote};
use crate::cost::steps;
use crate::error::MapErrors;
use crate::fuse::{check_adds, fuse};
use crate::image::External;
use crate::input_format;
use crate::layout::{Format, TensorPlace};
use crate::listing::listing;
use crate::lower::lower;
use crate::network::{MapId, Network};
use crate::offchip::settle;
use crate::parts::{Plan, Region};
use crate::program::{cycles, duration, load_program, run_program, Item};
use crate::residence::Store;
use crate::search::choose;
use cortado_arch::isa::{OnChip, Operation, INSTRUCTION_BYTES};
use cortado_arch::Architecture;
use cortado_graph::ir::{Graph, TensorId};

/// What the program is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CompileOptions {
    /// Store every tensor and fuse nothing, so that each tensor can be compared; otherwise the
    /// fastest program.
    pub observe: bool,
}

/// Maps `graph` onto `arch`.
///
/// # Errors
/// Every reason that can be told at once, each with the node it concerns.
pub fn compile(graph: &Graph, arch: &Architecture, options: &CompileOptions) -> Result<Compiled, MapErrors> {
    check_type(graph, arch)?;
    // The engine's shape comes first: build needs its word size to see which reshapes are free.
    let mut network = build(graph, arch.tm)?;
    check_adds(&network, arch)?;
    if !options.observe {
        fuse(&mut network);
    }
    let upright = variant(graph, &network, arch, options);
    // A window slides along rows, so the longer side should be the row.
    let oblong = network.maps.iter().any(|map| map.shape.height != map.shape.width);
    if !oblong || !network.can_transpose() {
        return upright;
    }
    match (upright, variant(graph, &network.transposed(), arch, options)) {
        (Ok(a), Ok(b)) => Ok(if b.estimate.cycles < a.estimate.cycles { b } else { a }),
        (Err(e), Err(_)) => Err(e),
        (a, b) => a.or(b),
    }
}

/// # Errors
/// When the network is of another data type than the engine.
fn check_type(graph: &Graph, arch: &Architecture) -> Result<(), MapErrors> {
    let (network, engine) = (graph.data_type.name(), arch.data_type.name());
    if network == engine {
        return Ok(());
    }
    let reason = format!(
        "the network is of {network}, {} of {engine}: choose a preset of {network}, or quantise to {engine}",
        arch.name
    );
    Err(MapErrors::one(&graph.name, reason))
}

/// Maps one orientation of the network, with its input in the best format there is room for; when there is
/// room for none on chip, the one that ends soonest.
fn variant(
    graph: &Graph,
    network: &Network,
    arch: &Architecture,
    options: &CompileOptions,
) -> Result<Compiled, MapErrors> {
    let mut best: Result<Compiled, MapErrors> = Err(MapErrors(Vec::new()));
    for format in input_format::candidates(network, arch) {
        let (result, on_chip) = match with_input(graph, network, format, arch, options) {
            Ok((compiled, on_chip)) => (Ok(compiled), on_chip),
            Err(e) => (Err(e), false),
        };
        best = match (best, result) {
            (Ok(a), Ok(b)) => Ok(if b.estimate.cycles < a.estimate.cycles { b } else { a }),
            (Err(_), b) => b,
            (a, Err(_)) => a,
        };
        if on_chip {
            break;
        }
    }
    best
}

/// The program, and whether every map stays on chip.
fn with_input(
    graph: &Graph,
    network: &Network,
    format: Format,
    arch: &Architecture,
    options: &CompileOptions,
) -> Result<(Compiled, bool), MapErrors> {
    let mut lowered = lower(network, format, arch)?;
    let mut blocks = Vec::new();
    for layer in &mut lowered.layers {
        blocks.push((std::mem::take(&mut layer.weights), std::mem::take(&mut layer.parameters)));
    }
    let (weights, parameters): (Vec<_>, Vec<_>) = blocks.into_iter().unzip();
    let weights = Store::new(weights.into_iter(), arch.weight_word_bytes());
    let parameters = Store::new(parameters.into_iter(), arch.parameter_word_bytes());
    let homes = settle(network, &lowered, arch)?;
    let stored = stored(network, &homes.external, options);
    let plan = Plan {
        lowered: &lowered,
        arch,
        weights: &weights,
        parameters: &parameters,
        homes: &homes,
        input: network.input,
        stored: &stored,
        observe: options.observe,
    };
    let (stay, held) = choose(&plan)?;
    let run = run_program(&plan, &stay, &held).map_err(|reason| MapErrors::one(&graph.name, reason))?;
    let load = load_program(&plan, &stay, &held);
    let external = External::new(&plan, load.len(), run.len(), &graph.name)?;
    let image = external.image(&plan, &load, &run)?;
    let instructions = notes(graph, network, &plan, &external, &run);
    let words = [homes.words, stay.words(&weights), held.words(&parameters)];
    let places = |maps: &dyn Fn(MapId) -> bool| -> Vec<TensorPlace> {
        let chosen = (0..network.maps.len()).filter(|&map| stored[map] && maps(map));
        chosen
            .flat_map(|map| network.maps[map].tensors.iter().map(move |&t| (map, t)))
            .filter_map(|(map, tensor)| place(graph, &plan, &external, map, tensor))
            .collect()
    };
    let input_tensor = graph.inputs.first().copied().unwrap_or(0);
    let input = place(graph, &plan, &external, network.input, input_tensor)
        .ok_or_else(|| MapErrors::one(&graph.name, "has no input"))?;
    let mut compiled = Compiled {
        image,
        load_program: external.load_program,
        run_program: external.run_program,
        input,
        outputs: places(&|map| network.outputs.contains(&map)),
        tensors: places(&|_| true),
        estimate: estimate(&run, &instructions, arch, words),
        instructions,
        host_nodes: network.host.clone(),
        transposed: network.transposed,
        listing: String::new(),
    };
    compiled.listing = listing(&compiled, graph, arch);
    Ok((compiled, !homes.external.contains(&true)))
}

fn stored(network: &Network, external: &[bool], options: &CompileOptions) -> Vec<bool> {
    let made = |map: MapId| network.operations.iter().any(|op| op.output == map);
    let wanted = |map: MapId| options.observe || external[map] || network.outputs.contains(&map);
    (0..network.maps.len()).map(|map| made(map) && wanted(map)).collect()
}

fn place(graph: &Graph, plan: &Plan, external: &External, map: MapId, tensor: TensorId) -> Option<TensorPlace> {
    let described = graph.tensors.get(tensor)?;
    Some(TensorPlace {
        tensor,
        name: described.name.clone(),
        shape: described.shape.clone(),
        byte_address: external.maps[map]?,
        layout: plan.lowered.layouts[map],
    })
}

fn notes(graph: &Graph, network: &Network, plan: &Plan, external: &External, run: &[Item]) -> Vec<InstructionNote> {
    run.iter()
        .map(|item| {
            let instruction = external.resolve(item);
            let layer = item.layer.map(|l| &plan.lowered.layers[l]);
            let map = match (layer, item.region) {
                (Some(layer), _) => Some(layer.output),
                (None, Some(Region::Map(map))) => Some(map),
                _ => None,
            };
            InstructionNote {
                nodes: layer.map_or_else(Vec::new, |l| l.nodes.iter().map(|&n| graph.nodes[n].name.clone()).collect()),
                tensor: map.map(|m| network.maps[m].name.clone()),
                macs: item.macs,
                ideal_cycles: item.macs.div_ceil(plan.arch.macs() as u64),
                steps: match &instruction.operation {
                    Operation::Compute(mode, c) => steps(*mode, c, plan.arch),
                    _ => 0,
                },
                cycles: cycles(&instruction, plan.arch),
                instruction,
            }
        })
        .collect()
}

fn estimate(run: &[Item], notes: &[InstructionNote], arch: &Architecture, words: [usize; 3]) -> Estimate {
    let [activation_words, weight_words, parameter_words] = words;
    let macs: u64 = notes.iter().map(|n| n.macs).sum();
    let ideal_cycles = macs.div_ceil(arch.macs() as u64);
    let steps: u64 = notes.iter().map(|n| n.steps).sum();
    let cycles = duration(run, arch);
    let ratio = |of: u64| {
        if of == 0 {
            0.0
        } else {
            ideal_cycles as f64 / of as f64
        }
    };
    let bytes = |chosen: &dyn Fn(&Operation) -> Option<(OnChip, u32)>| -> u64 {
        let moved = run.iter().filter_map(|item| chosen(&item.instruction.operation));
        moved.map(|(memory, words)| u64::from(words) * arch.on_chip(memory).1 as u64).sum()
    };
    let loaded = bytes(&|op| match op {
        Operation::Load(memory, t) => Some((*memory, t.words)),
        _ => None,
    });
    Estimate {
        macs,
        ideal_cycles,
        steps,
        cycles,
        utilisation_bound: ratio(steps),
        utilisation: ratio(cycles),
        activation_words,
        weight_words,
        parameter_words,
        bytes_loaded: loaded + (run.len() * INSTRUCTION_BYTES) as u64,
        bytes_stored: bytes(&|op| match op {
            Operation::Store(t) => Some((OnChip::Activation, t.words)),
            _ => None,
        }),
        bytes_streamed: bytes(&|op| match op {
            Operation::Load(memory, t) if *memory != OnChip::Activation => Some((*memory, t.words)),
            _ => None,
        }),
    }
}
