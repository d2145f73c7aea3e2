//! A sweep of 2,000 random layers: golden == simulator == Verilog, element by element.
//!
//! Layer `n` of the sweep is the same on every machine. A run takes one slice of [`SLICES`]: that named by
//! `CORTADO_SWEEP`, `0` by default; `CORTADO_SWEEP=all` takes them all. CI turns through the slices with its commits.

mod engine_support;
#[allow(dead_code)]
mod map_support;
mod sweep_support;

use cortado_arch::preset::by_name;
use cortado_arch::{Architecture, ExternalMemory};
use cortado_cosim::engine::{Begin, Jitter};
use cortado_cosim::{EngineHarness, RunOptions};
use cortado_graph::ir::{DataType, Graph};
use cortado_iss::Machine;
use cortado_map::{compile, CompileOptions};
use cortado_tests::memory_model;
use map_support::{data_type, int16, Random};
use std::ops::Range;
use sweep_support::layer;

/// Layers of the whole sweep, and slices it is cut into.
const LAYERS: u64 = 2000;
const SLICES: u64 = 20;
/// Engines that the layers go round, each built once.
const PRESETS: [&str; 4] = ["tiny-2x2", "ulx3s-25f-8x2", "icebreaker-4x4", "ulx3s-85f-16x8"];
/// The engine that they go round at int16 too.
const INT16: &str = "ulx3s-25f-8x2";
/// Of a hundred layers, how many an engine may have no room or no unit for.
const MOST_REFUSED: usize = 5;

/// The layers of the slice that `choice` names.
fn slice(choice: &str) -> Range<u64> {
    if choice == "all" {
        return 0..LAYERS;
    }
    let slice: u64 = choice.parse().unwrap_or_else(|_| panic!("CORTADO_SWEEP={choice}: 0 to {} or all", SLICES - 1));
    assert!(slice < SLICES, "CORTADO_SWEEP={slice}: 0 to {} or all", SLICES - 1);
    let each = LAYERS / SLICES;
    slice * each..(slice + 1) * each
}

fn options(arch: &Architecture, program: u32, begin: Begin, seed: u64) -> RunOptions {
    let mut options = RunOptions::new(5_000_000);
    options.program_address = program;
    options.begin = begin;
    options.seed = seed;
    options.memory = memory_model(&arch.external, if seed % 2 == 1 { Jitter::heavy() } else { Jitter::default() });
    options
}

/// Runs one layer everywhere and compares; answers why it was refused, if it was.
fn agree(harness: &mut EngineHarness, graph: &Graph, arch: &Architecture, seed: u64) -> Result<(), String> {
    let what = format!("layer {seed} on {}: {}", arch.name, graph.name);
    let compiled = compile(graph, arch, &CompileOptions::default()).map_err(|error| format!("{what}: {error}"))?;
    let input = Random::new(seed).values(graph.data_type, compiled.input.layout.elements());
    let expected = cortado_golden::run(graph, &input).unwrap_or_else(|e| panic!("{what}: golden: {e}"));
    let mut memory = vec![0; arch.external.bytes as usize];
    memory[..compiled.image.len()].copy_from_slice(&compiled.image);
    let packed = compiled.input.pack_input(&input).expect("the tensor's own size");
    memory[compiled.input.range()].copy_from_slice(&packed);
    let mut machine = Machine::new(arch);
    machine.external.clone_from(&memory);
    for (program, begin) in [(compiled.load_program, Begin::PowerOn), (compiled.run_program, Begin::Continue)] {
        machine.run(program).unwrap_or_else(|e| panic!("{what}: simulator: {e}"));
        let report = harness.run(&mut memory, &options(arch, program, begin, seed));
        let report = report.unwrap_or_else(|e| panic!("{what}: Verilog: {e}"));
        assert!(report.good(), "{what}: Verilog: {:?}", report.end);
    }
    for place in &compiled.tensors {
        let wanted = &expected[place.tensor];
        for (engine, memory) in [("simulator", &machine.external), ("Verilog", &memory)] {
            let got = place.unpack(&memory[place.range()]).expect("the layout's own size");
            assert_eq!(got.len(), wanted.len(), "{what}: tensor {}", place.name);
            if let Some(at) = got.iter().zip(wanted).position(|(a, b)| a != b) {
                panic!(
                    "{what}: tensor {}, element {at} of {:?}: {engine} {}, golden {}",
                    place.name, place.shape, got[at], wanted[at]
                );
            }
        }
    }
    Ok(())
}

#[test]
fn random_layers_are_the_same_in_golden_simulator_and_verilog() {
    let choice = std::env::var("CORTADO_SWEEP").unwrap_or_else(|_| "0".to_owned());
    let layers = slice(&choice);
    println!("CORTADO_SWEEP={choice}: layers {layers:?} of {LAYERS}");
    let mut engines = Vec::new();
    let preset = |name: &str| by_name(name).expect("a built-in preset");
    for preset in PRESETS.map(preset).into_iter().chain([int16(&preset(INT16))]) {
        let external = ExternalMemory { bytes: preset.external.bytes.min(1 << 20), ..preset.external };
        let arch = Architecture { external, ..preset };
        let Some(harness) = engine_support::harness(&arch) else { return };
        engines.push((arch, harness, Vec::new()));
    }
    for seed in layers.clone() {
        let turn = (seed % engines.len() as u64) as usize;
        let (arch, harness, refused) = &mut engines[turn];
        if let Err(reason) = agree(harness, &layer(seed, data_type(arch), arch.residual_unit), arch, seed) {
            refused.push(reason);
        }
    }
    for (arch, _, refused) in engines {
        println!("{}: {} refused {refused:#?}", arch.name, refused.len());
        let most = MOST_REFUSED * layers.clone().count() / 100;
        assert!(refused.len() <= most, "{}: {refused:#?}", arch.name);
    }
}

#[test]
fn the_slices_are_the_sweep() {
    let all: Vec<u64> = (0..SLICES).flat_map(|one| slice(&one.to_string())).collect();
    assert_eq!(all, slice("all").collect::<Vec<_>>());
    let kinds = ["conv", "depthwise", "dense", "max pool", "mean pool", "add"];
    let names: Vec<String> = slice("all").map(|seed| layer(seed, DataType::Int8, true).name).collect();
    for kind in kinds {
        let count = names.iter().filter(|name| name.starts_with(kind)).count();
        assert!(count > 100, "{count} of {kind}");
    }
    for trait_of in ["groups 2", "groups 3", "dilation (2, 1)", "stride (4, "] {
        assert!(names.iter().any(|name| name.contains(trait_of)), "no {trait_of}");
    }
}
