//! The four MLPerf Tiny networks through the emitted Verilog: every tensor equals golden's.

mod data_support;
mod engine_support;
#[allow(dead_code)]
mod map_support;

use cortado_arch::preset::by_name;
use cortado_arch::{Architecture, ExternalMemory};
use cortado_cosim::engine::{Begin, Jitter};
use cortado_cosim::{EngineHarness, MemoryModel, RunOptions, RunReport};
use cortado_graph::ir::Graph;
use cortado_iss::Machine;
use cortado_map::{compile, CompileOptions, Compiled};
use data_support::model;
use map_support::Random;

fn options(arch: &Architecture, program: u32, begin: Begin, stalls: bool) -> RunOptions {
    let mut options = RunOptions::new(20_000_000);
    options.program_address = program;
    options.begin = begin;
    options.memory = MemoryModel {
        latency: arch.external.latency_cycles,
        bandwidth: (arch.external.bandwidth_bytes, arch.external.bandwidth_cycles),
        jitter: if stalls { Jitter::heavy() } else { Jitter::default() },
        ..MemoryModel::default()
    };
    options
}

/// Loads the weights once, runs two inputs, and compares each stored tensor. Returns the last run.
fn runs_agree(
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
        let input = random.bytes(compiled.input.layout.elements());
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

fn agrees(file: &str, preset: &str) {
    let Some(graph) = model(file) else { return };
    let arch = by_name(preset).expect("a built-in preset");
    let with_bytes = |bytes: u64| Architecture {
        external: ExternalMemory { bytes, ..arch.external },
        address_bits: arch.address_bits.max(bytes.ilog2() as usize),
        ..arch.clone()
    };
    for observe in [true, false] {
        // Storing every tensor takes more external memory than a run needs.
        let arch = with_bytes(arch.external.bytes.clamp(if observe { 1 << 20 } else { 1 }, 4 << 20));
        let Some(mut harness) = engine_support::harness(&arch) else { return };
        for stalls in [true, false] {
            let (compiled, report, predicted) = runs_agree(&mut harness, &graph, &arch, observe, stalls);
            if !stalls && !observe {
                println!(
                    "{file} on {preset}: {} cycles, {} predicted, utilisation {:.4}",
                    report.cycles,
                    predicted.cycles,
                    compiled.estimate.macs as f64 / (report.cycles as f64 * arch.macs() as f64),
                );
            }
        }
    }
}

macro_rules! models {
    ($($name:ident: $file:literal on $preset:literal;)*) => {
        $(#[test]
        fn $name() {
            agrees($file, $preset);
        })*
    };
}

models! {
    resnet8_in_verilog_on_16x8: "ic_resnet8_int8.tflite" on "ulx3s-85f-16x8";
    dscnn_in_verilog_on_16x8: "kws_dscnn_int8.tflite" on "ulx3s-85f-16x8";
    vww_in_verilog_on_16x8: "vww_mobilenetv1_int8.tflite" on "ulx3s-85f-16x8";
    ad_in_verilog_on_16x8: "ad_autoencoder_int8.tflite" on "ulx3s-85f-16x8";
    dscnn_in_verilog_on_icebreaker: "kws_dscnn_int8.tflite" on "icebreaker-4x4";
}
