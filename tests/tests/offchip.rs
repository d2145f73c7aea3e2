//! Networks whose maps do not fit activation memory: layers work on bands of rows, and golden, the simulator and
//! the emitted Verilog agree, tensor by tensor and cycle by cycle.

mod data_support;
mod engine_support;
mod map_support;

use cortado_arch::isa::{OnChip, Operation};
use cortado_arch::preset::by_name;
use cortado_arch::Architecture;
use cortado_cosim::engine::{Begin, Jitter};
use cortado_cosim::RunOptions;
use cortado_graph::ir::{DataType, Graph};
use cortado_iss::Machine;
use cortado_map::{compile, CompileOptions, Compiled};
use cortado_tests::memory_model;
use map_support::maker::Maker;
use map_support::{check, data_type, Random};

/// Share of the measured cycles, in hundredths, by which a prediction may be off, and cycles it may be in any case.
const TOLERANCE_PERCENT: u64 = 2;
const SLACK_CYCLES: u64 = 8;

/// `preset` with `words` of activation memory, and of weight memory where `weights` says so.
fn scarce(preset: &str, words: usize, weights: Option<usize>) -> Architecture {
    let arch = by_name(preset).expect("a built-in preset");
    let weight_words = weights.unwrap_or(arch.weight_words);
    Architecture { name: format!("scarce {preset}"), activation_words: words, weight_words, ..arch }
}

/// Whether a run brings back a map that it stored.
fn works_in_bands(compiled: &Compiled) -> bool {
    let made = |byte: u32| compiled.tensors.iter().any(|t| t.range().contains(&(byte as usize)));
    compiled.instructions.iter().any(
        |note| matches!(note.instruction.operation, Operation::Load(OnChip::Activation, t) if made(t.byte_address)),
    )
}

/// Golden and simulator on the networks of `seeds`; answers how many programs work in bands, and how many
/// are refused.
fn agree(arch: &Architecture, seeds: std::ops::Range<u64>) -> (usize, usize) {
    let (mut in_bands, mut refused) = (0, 0);
    for seed in seeds.clone() {
        let graph = Maker::new(data_type(arch), seed).network(arch.residual_unit);
        for observe in [true, false] {
            match compile(&graph, arch, &CompileOptions { observe }) {
                Ok(_) => in_bands += usize::from(works_in_bands(&check(&graph, arch, observe, seed).0)),
                Err(e) => {
                    println!("{}, seed {seed}: {e}", arch.name);
                    assert!(e.to_string().contains("a row of its output"), "{e}");
                    refused += 1;
                }
            }
        }
    }
    println!("{}, seeds {seeds:?}: {in_bands} programs in bands, {refused} refused", arch.name);
    (in_bands, refused)
}

#[test]
fn random_networks_agree_where_maps_stay_in_external_memory() {
    let presets = [
        ("tiny-2x2", 120, None, 2000, 12),
        ("icebreaker-4x4", 70, Some(320), 2100, 12),
        ("ulx3s-25f-8x2", 48, Some(320), 2200, 30),
        ("ulx3s-85f-16x8", 64, None, 2300, 12),
    ];
    for (preset, words, weights, first, most_refused) in presets {
        let (in_bands, refused) = agree(&scarce(preset, words, weights), first..first + 60);
        assert!(in_bands > 15, "{preset}: only {in_bands} programs work in bands");
        assert!(refused <= most_refused, "{preset}: {refused} refused");
    }
}

/// Engines whose beats hold several activation words: two, four, and two with a single port.
fn wide() -> [Architecture; 3] {
    let preset = |name: &str| by_name(name).expect("a built-in preset");
    let (tiny, ice) = (preset("tiny-2x2"), preset("icebreaker-4x4"));
    [
        Architecture { name: "wide 2x2".into(), port_bytes: 4, activation_words: 120, ..tiny.clone() },
        Architecture {
            name: "wide 4x4".into(),
            tm: 4,
            tn: 4,
            requantise_lanes: 2,
            port_bytes: 16,
            window_taps: 12,
            activation_words: 100,
            weight_words: 320,
            ..tiny
        },
        Architecture { name: "wide icebreaker".into(), port_bytes: 8, activation_words: 100, ..ice },
    ]
}

#[test]
fn random_networks_agree_where_a_beat_holds_several_words() {
    for (arch, first) in wide().iter().zip([3000, 3100, 3200]) {
        agree(arch, first..first + 40);
        let roomy = Architecture { name: format!("roomy {}", arch.name), activation_words: 4096, ..arch.clone() };
        let (_, refused) = agree(&roomy, first + 50..first + 90);
        assert_eq!(refused, 0, "{}", roomy.name);
    }
}

#[test]
fn beats_of_several_words_agree_in_verilog() {
    for (arch, first) in wide().iter().zip([3300, 3400, 3500]) {
        let Some(mut harness) = engine_support::harness(arch) else { return };
        for seed in first..first + 25 {
            let graph = Maker::new(DataType::Int8, seed).network(arch.residual_unit);
            verilog_agrees(&mut harness, &graph, arch, seed);
        }
    }
}

#[test]
fn resnet8_and_vww_run_in_a_sixth_of_the_memory() {
    for file in ["ic_resnet8_int8.tflite", "vww_mobilenetv1_int8.tflite"] {
        let Some(graph) = data_support::model(file) else { return };
        let arch = scarce("ulx3s-85f-16x8", 1024, None);
        let (compiled, report) = check(&graph, &arch, false, 5);
        assert!(works_in_bands(&compiled), "{}", compiled.listing);
        println!("{file}: {} cycles, {} estimated", report.cycles, compiled.estimate.cycles);
    }
}

/// Runs `graph` in Verilog, calm and with stalls; in calm also compares the cycles.
fn verilog_agrees(harness: &mut cortado_cosim::EngineHarness, graph: &Graph, arch: &Architecture, seed: u64) -> bool {
    let Ok(compiled) = compile(graph, arch, &CompileOptions::default()) else { return false };
    let what = format!("{} on {}, seed {seed}", graph.name, arch.name);
    let input = Random::new(seed).values(graph.data_type, compiled.input.layout.elements());
    let expected = cortado_golden::run(graph, &input).unwrap_or_else(|e| panic!("{what}: golden: {e}"));
    let mut machine = Machine::new(arch);
    machine.external[..compiled.image.len()].copy_from_slice(&compiled.image);
    machine.external[compiled.input.range()].copy_from_slice(&compiled.input.pack_input(&input).expect("its size"));
    for stalls in [false, true] {
        let mut bytes = machine.external.clone();
        let mut options = RunOptions::new(5_000_000);
        options.seed = seed;
        options.memory = memory_model(&arch.external, if stalls { Jitter::heavy() } else { Jitter::default() });
        let mut cycles = 0;
        for (program, begin) in [(compiled.load_program, Begin::PowerOn), (compiled.run_program, Begin::Continue)] {
            (options.program_address, options.begin) = (program, begin);
            let report = harness.run(&mut bytes, &options).unwrap_or_else(|e| panic!("{what}: {e}"));
            assert!(report.good(), "{what}, stalls {stalls}: {:?}", report.end);
            cycles = report.cycles;
        }
        for place in &compiled.tensors {
            let got = place.unpack(&bytes[place.range()]).expect("the layout's own size");
            assert!(got == expected[place.tensor], "{what}, stalls {stalls}: tensor {} differs", place.name);
        }
        if !stalls {
            let mut machine = Machine::new(arch);
            machine.external[..compiled.image.len()].copy_from_slice(&compiled.image);
            machine.run(compiled.load_program).unwrap_or_else(|e| panic!("{what}: {e}"));
            let predicted = machine.run(compiled.run_program).unwrap_or_else(|e| panic!("{what}: {e}")).cycles;
            let off = cycles.abs_diff(predicted);
            let near = off * 100 <= cycles * TOLERANCE_PERCENT || off <= SLACK_CYCLES;
            assert!(near, "{what}: {cycles} cycles, {predicted} predicted\n{}", compiled.listing);
        }
    }
    works_in_bands(&compiled)
}

#[test]
fn maps_in_external_memory_agree_in_verilog() {
    for (preset, words, weights, seeds) in
        [("tiny-2x2", 120, None, 2400..2440), ("ulx3s-25f-8x2", 48, Some(320), 2500..2530)]
    {
        let arch = scarce(preset, words, weights);
        let Some(mut harness) = engine_support::harness(&arch) else { return };
        let graphs = seeds.map(|seed| (seed, Maker::new(data_type(&arch), seed).network(arch.residual_unit)));
        let in_bands = graphs.filter(|(seed, graph)| verilog_agrees(&mut harness, graph, &arch, *seed)).count();
        println!("{preset}: {in_bands} networks in bands");
        assert!(in_bands > 5, "{preset}: only {in_bands} networks work in bands");
    }
}
