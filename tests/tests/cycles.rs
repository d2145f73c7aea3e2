//! The simulator's cycles against the emitted Verilog's: every instruction of random layers and of the
//! four MLPerf Tiny networks, and every run as a whole.

#[path = "../../sim/iss/tests/support/mod.rs"]
mod support;

mod data_support;
mod engine_support;
#[allow(dead_code)]
mod map_support;

use cortado_arch::preset::by_name;
use cortado_arch::{Architecture, ExternalMemory};
use cortado_cosim::engine::{Begin, Jitter};
use cortado_cosim::RunOptions;
use cortado_iss::{Kind, Machine, RunReport};
use cortado_map::{compile, CompileOptions};
use cortado_tests::memory_model;
use support::{Layer, Random};

/// Share of the measured cycles, in hundredths, by which a prediction may be off.
const TOLERANCE_PERCENT: u64 = 2;
/// Cycles by which it may be off in any case, for instructions so short that 2 % is next to nothing. What
/// issues is counted exactly; this leaves room for a pipeline that has become a few stages deeper.
const SLACK_CYCLES: u64 = 4;

/// One row of the comparison.
struct Row {
    name: String,
    measured: u64,
    predicted: u64,
}

impl Row {
    fn agrees(&self) -> bool {
        let off = self.measured.abs_diff(self.predicted);
        off * 100 <= self.measured * TOLERANCE_PERCENT || off <= SLACK_CYCLES
    }
}

/// The cycles that each instruction adds to its unit, from the retirement before it (or the start of
/// the run) to its own, and the run's. Both sides are counted the same way.
fn rows(predicted: &RunReport, measured: &cortado_cosim::RunReport, name: impl Fn(usize) -> String) -> Vec<Row> {
    let mut retired = vec![0; predicted.instructions.len()];
    for one in &measured.retired {
        retired[usize::from(one.index)] = one.cycle;
    }
    let mut last = [(0, 0); 2];
    let mut rows = Vec::new();
    for one in &predicted.instructions {
        let unit = &mut last[usize::from(matches!(one.kind, Kind::Compute(_)))];
        let now = (retired[one.index], one.retire);
        if one.kind != Kind::End {
            let what = format!("{} {:?} {}..{} {}", one.index, one.kind, one.start, one.retire, name(one.index));
            rows.push(Row { name: what, measured: now.0.abs_diff(unit.0), predicted: now.1.abs_diff(unit.1) });
            *unit = now;
        }
    }
    rows.push(Row { name: "the run".into(), measured: measured.cycles, predicted: predicted.cycles });
    rows
}

fn demand_agreement(what: &str, rows: &[Row]) {
    if rows.iter().all(Row::agrees) {
        return;
    }
    let mut table = format!("{what}\n{:>9} {:>9} {:>8}  instruction\n", "Verilog", "iss", "off");
    for row in rows {
        let off = (row.predicted as f64 / row.measured as f64 - 1.0) * 100.0;
        let mark = if row.agrees() { "" } else { "  <-- more than it may be" };
        table += &format!("{:>9} {:>9} {off:>7.2}%  {}{mark}\n", row.measured, row.predicted, row.name);
    }
    panic!("{table}");
}

fn layers_agree(preset: &str, count: usize, seed: u64) {
    layers_agree_on(by_name(preset).expect("an embedded preset"), count, seed);
}

fn layers_agree_on(arch: Architecture, count: usize, seed: u64) {
    let preset = format!("{}, {} cycles, residual {}", arch.name, arch.requantise_cycles, arch.residual_unit);
    let Some(mut harness) = engine_support::harness(&arch) else { return };
    let mut random = Random(seed);
    println!("{preset}: seed {seed}, {count} layers");
    let mut done = 0;
    while done < count {
        let layer = Layer::random(&mut random, 14);
        let room = |b: &support::Built| b.machine.external.len() as u64 <= arch.external.bytes;
        let Some(built) = layer.build_on(&arch).filter(room) else { continue };
        done += 1;
        // Every memory in turn: prompt and slow to answer, as fast as the port and slower, with and without time of its own for a burst.
        let external = ExternalMemory {
            latency_cycles: 1 + (random.next() % 40) as u32,
            bandwidth_bytes: arch.port_bytes as u32,
            bandwidth_cycles: 1 + (random.next() % 2) as u32,
            burst_cycles: (random.next() % 3) as u32 * 15,
            ..arch.external
        };
        let arch = Architecture { external, ..arch.clone() };
        let mut machine = Machine::new(&arch);
        machine.external.clone_from(&built.machine.external);
        let mut bytes = built.machine.external;
        let what = format!("{preset}, {external:?}, {layer:?}");
        let predicted = machine.run(0).unwrap_or_else(|e| panic!("{what}: {e}"));
        let mut options = RunOptions::new(2_000_000);
        options.memory = memory_model(&arch.external, Jitter::default());
        let measured = harness.run(&mut bytes, &options).unwrap_or_else(|e| panic!("{what}: {e}"));
        assert!(measured.good(), "{what}: {:?}", measured.end);
        demand_agreement(&what, &rows(&predicted, &measured, |_| String::new()));
    }
}

#[test]
fn random_layers_take_the_predicted_cycles_on_tiny_2x2() {
    layers_agree("tiny-2x2", 60, 11);
}

#[test]
fn random_layers_take_the_predicted_cycles_on_icebreaker_4x4() {
    layers_agree("icebreaker-4x4", 60, 12);
}

#[test]
fn random_layers_take_the_predicted_cycles_on_hx8k_4x4() {
    layers_agree("hx8k-4x4", 60, 17);
}

#[test]
fn random_layers_take_the_predicted_cycles_on_ulx3s_25f_8x2() {
    layers_agree("ulx3s-25f-8x2", 60, 13);
}

#[test]
fn random_layers_take_the_predicted_cycles_on_ulx3s_85f_16x8() {
    layers_agree("ulx3s-85f-16x8", 100, 14);
}

#[test]
fn random_layers_take_the_predicted_cycles_with_every_post_processor() {
    let tiny = by_name("tiny-2x2").expect("an embedded preset");
    for (requantise_lanes, requantise_cycles, residual_unit) in
        [(1, 4, true), (2, 4, true), (2, 4, false), (1, 1, false)]
    {
        let arch = Architecture { requantise_lanes, requantise_cycles, residual_unit, ..tiny.clone() };
        layers_agree_on(arch, 30, 15);
    }
}

#[test]
fn random_layers_take_the_predicted_cycles_with_a_single_port_and_every_unit() {
    let small = by_name("icebreaker-4x4").expect("an embedded preset");
    for requantise_cycles in [1, 4] {
        let arch =
            Architecture { requantise_cycles, residual_unit: true, window_taps: 12, patch_bytes: 40, ..small.clone() };
        layers_agree_on(arch, 40, 16);
    }
}

/// Runs the program that loads, then the one that infers: both, since the second starts warm.
fn model_agrees(file: &str, preset: &str) {
    let Some(graph) = data_support::model(file) else { return };
    let arch = by_name(preset).expect("an embedded preset");
    let Some(mut harness) = engine_support::harness(&arch) else { return };
    let what = format!("{file} on {preset}");
    let compiled = compile(&graph, &arch, &CompileOptions::default()).unwrap_or_else(|e| panic!("{what}: {e}"));
    let mut machine = Machine::new(&arch);
    machine.external[..compiled.image.len()].copy_from_slice(&compiled.image);
    let mut bytes = machine.external.clone();
    let mut options = RunOptions::new(20_000_000);
    options.memory = memory_model(&arch.external, Jitter::default());
    for (program, begin) in [(compiled.load_program, Begin::PowerOn), (compiled.run_program, Begin::Continue)] {
        let predicted = machine.run(program).unwrap_or_else(|e| panic!("{what}: {e}"));
        (options.program_address, options.begin) = (program, begin);
        let measured = harness.run(&mut bytes, &options).unwrap_or_else(|e| panic!("{what}: {e}"));
        assert!(measured.good(), "{what}: {:?}", measured.end);
        let infers = program == compiled.run_program;
        let layer = |index: usize| match compiled.instructions.get(index).filter(|_| infers) {
            Some(note) => format!("{} (mapper alone: {})", note.nodes.join(", "), note.cycles),
            None => String::new(),
        };
        let mut all = rows(&predicted, &measured, layer);
        if infers {
            all.push(Row {
                name: "the run, by the mapper".into(),
                measured: measured.cycles,
                predicted: compiled.estimate.cycles,
            });
        }
        demand_agreement(&what, &all);
    }
}

macro_rules! models {
    ($($name:ident: $file:literal on $preset:literal;)*) => {
        $(#[test]
        fn $name() {
            model_agrees($file, $preset);
        })*
    };
}

models! {
    resnet8_takes_the_predicted_cycles_on_16x8: "ic_resnet8_int8.tflite" on "ulx3s-85f-16x8";
    dscnn_takes_the_predicted_cycles_on_16x8: "kws_dscnn_int8.tflite" on "ulx3s-85f-16x8";
    vww_takes_the_predicted_cycles_on_16x8: "vww_mobilenetv1_int8.tflite" on "ulx3s-85f-16x8";
    ad_takes_the_predicted_cycles_on_16x8: "ad_autoencoder_int8.tflite" on "ulx3s-85f-16x8";
    dscnn_takes_the_predicted_cycles_on_icebreaker: "kws_dscnn_int8.tflite" on "icebreaker-4x4";
}
