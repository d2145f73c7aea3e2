//! Whole networks on the emitted engine: every stored tensor equals golden's.

use crate::map_support::Random;
use cortado_arch::Architecture;
use cortado_cosim::engine::{Begin, Jitter};
use cortado_cosim::{EngineHarness, RunOptions, RunReport};
use cortado_graph::ir::Graph;
use cortado_iss::Machine;
use cortado_map::{compile, CompileOptions, Compiled};
use cortado_tests::memory_model;

/// A run of the program at `program`.
fn options(arch: &Architecture, program: u32, begin: Begin, stalls: bool) -> RunOptions {
    let mut options = RunOptions::new(20_000_000);
    options.program_address = program;
    options.begin = begin;
    options.memory = memory_model(&arch.external, if stalls { Jitter::heavy() } else { Jitter::default() });
    options
}

/// Loads the weights once, runs two inputs, and compares each stored tensor. Returns the last run.
pub fn runs_agree(
    harness: &mut EngineHarness,
    graph: &Graph,
    arch: &Architecture,
    observe: bool,
    stalls: bool,
) -> (Compiled, RunReport, cortado_iss::RunReport) {
    let what = format!("{} on {}, observe {observe}, stalls {stalls}", graph.name, arch.name);
    let compiled = compile(graph, arch, &CompileOptions { observe }).unwrap_or_else(|e| panic!("{what}: {e}"));
    let mut memory = vec![0; arch.external.bytes as usize];
    memory[..compiled.image.len()].copy_from_slice(&compiled.image);
    let mut machine = Machine::new(arch);
    machine.external.clone_from(&memory);
    machine.run(compiled.load_program).unwrap_or_else(|e| panic!("{what}: {e}"));
    let loaded = harness
        .run(&mut memory, &options(arch, compiled.load_program, Begin::PowerOn, stalls))
        .unwrap_or_else(|e| panic!("{what}: load: {e}"));
    assert!(loaded.good(), "{what}: load: {:?}", loaded.end);
    let mut random = Random::new(7);
    let mut last = None;
    for run in 0..2 {
        let input = random.values(graph.data_type, compiled.input.layout.elements());
        let expected = cortado_golden::run(graph, &input).unwrap_or_else(|e| panic!("{what}: golden: {e}"));
        let packed = compiled.input.pack_input(&input).expect("the tensor's own size");
        memory[compiled.input.range()].copy_from_slice(&packed);
        machine.external[compiled.input.range()].copy_from_slice(&packed);
        let predicted = machine.run(compiled.run_program).unwrap_or_else(|e| panic!("{what}: iss: {e}"));
        let report = harness
            .run(&mut memory, &options(arch, compiled.run_program, Begin::Continue, stalls))
            .unwrap_or_else(|e| panic!("{what}: run {run}: {e}"));
        assert!(report.good(), "{what}: run {run}: {:?}", report.end);
        for place in &compiled.tensors {
            let got = place.unpack(&memory[place.range()]).expect("the layout's own size");
            let wanted = &expected[place.tensor];
            assert_eq!(got.len(), wanted.len(), "{what}: tensor {}", place.name);
            if let Some(at) = got.iter().zip(wanted).position(|(a, b)| a != b) {
                panic!(
                    "{what}, run {run}: tensor {} differs from element {at}: {} instead of {}",
                    place.name, got[at], wanted[at]
                );
            }
        }
        last = Some((report, predicted));
    }
    let (report, predicted) = last.expect("two runs");
    (compiled, report, predicted)
}
