//! Presets and programs of the training engine: what they claim, and refusals in pinned words.

use cortado_arch::preset::trainer::{embedded_trainer, parse_trainer, trainer, trainer_names, trainers};
use cortado_arch::trainer::instruction::{Instruction, Operation};
use cortado_arch::trainer::network::{Layer, Map, Network};
use cortado_arch::trainer::program::{infer, train};

/// A layer over `input`.
fn layer(input: Map, channels: usize, kernel: usize, stride: usize, rectified: bool) -> Layer {
    let size = |size: usize| (size - kernel) / stride + 1;
    let output = Map { height: size(input.height), width: size(input.width), channels };
    Layer { input, output, kernel, stride, rectified }
}

fn dense(input: Map, channels: usize, rectified: bool) -> Layer {
    layer(Map { height: 1, width: 1, channels: input.words() }, channels, 1, 1, rectified)
}

/// The network of the A3C paper.
fn atari() -> Network {
    let first = layer(Map { height: 84, width: 84, channels: 4 }, 16, 8, 4, true);
    let second = layer(first.output, 32, 4, 2, true);
    let third = dense(second.output, 256, true);
    let last = dense(third.output, 7, false);
    Network::new(vec![first, second, third, last])
}

fn decoded(program: &[u8]) -> Vec<Instruction> {
    program.chunks(64).map(|bytes| Instruction::decode(bytes.try_into().unwrap()).unwrap()).collect()
}

fn refusal(base: &str, from: &str, to: &str) -> String {
    let text = embedded_trainer(base).unwrap();
    assert!(text.contains(from), "{from:?} is not in {base}");
    parse_trainer("p.toml", &text.replacen(from, to, 1)).expect_err("a wrong preset").to_string()
}

#[test]
fn every_embedded_preset_parses_under_its_own_name_and_reads_back_from_its_own_text() {
    let all = trainers();
    assert_eq!(all.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), trainer_names().collect::<Vec<_>>());
    for a in all {
        assert_eq!(parse_trainer("again.toml", &a.to_toml()).as_ref(), Ok(&a));
        assert_eq!(trainer(&a.name), Ok(a));
    }
}

#[test]
fn one_fault_is_one_line_in_these_words() {
    let cases = [
        ("groups = 1", "groups = 3",
         "p.toml:11: groups = 3 is wrong because it must be a power of two from 1 to 8 (groups of 16 lanes in a compute unit); nearest 2, 4"),
        ("units_per_pair = 2", "units_per_pair = 3",
         "p.toml:10: units_per_pair = 3 is wrong because it must be a number from 1 to 2 (2: one infers and one trains; 1: one does both); nearest 2"),
        ("factors = \"single\"", "factors = \"double\"",
         "p.toml:12: factors = \"double\" is wrong because there are only \"single\", \"bfloat16\""),
        ("parameter_lines = 256", "parameter_lines = 128",
         "p.toml:16: parameter_lines = 128 is wrong because it must be a power of two from 256 to 32768 (lines of 16 words); nearest 256"),
        ("port_words = 16", "port_words = 32",
         "p.toml:20: port_words = 32 is wrong because it must be a power of two from 1 to 16 (words a beat); nearest 16"),
        ("[units]", "[unit]",
         "p.toml:1: section [units] is missing; it holds pairs, units_per_pair, groups, factors\n\
          p.toml:8: [unit] is unknown in a trainer's preset; did you mean units?"),
    ];
    for (from, to, expected) in cases {
        assert_eq!(refusal("fa3c-tiny", from, to), expected);
    }
}

#[test]
fn the_paper_s_network_lies_in_the_lines_that_its_layout_says() {
    let network = atari();
    assert_eq!(network.parameter_lines() * 16, 680_256);
    assert_eq!(network.map_lines(), 1764 + 400 + 162 + 16);
    assert_eq!(network.output_lines(), 1);
}

#[test]
fn programs_end_and_wait_only_for_what_stands_before_them() {
    let arch = trainer("fa3c-vcu1525").unwrap();
    let network = atari();
    let programs = (1..=5).map(|steps| train(&arch, &network, steps).unwrap());
    for program in programs.chain([infer(&arch, &network, false).unwrap(), infer(&arch, &network, true).unwrap()]) {
        let (mut loads, mut stores, mut computes) = (0, 0, 0);
        let instructions = decoded(&program);
        for instruction in &instructions {
            let waits = instruction.waits;
            assert!(waits.loads <= loads && waits.stores <= stores && waits.computes <= computes, "{instruction:?}");
            match instruction.operation {
                Operation::Load(_) => loads += 1,
                Operation::Store(_) => stores += 1,
                Operation::Compute(_) => computes += 1,
                Operation::Parameters(_) | Operation::End => {}
            }
        }
        assert_eq!(instructions.last().map(|i| i.operation), Some(Operation::End));
    }
}

#[test]
fn a_program_takes_the_passes_that_its_sums_fill() {
    let arch = trainer("fa3c-vcu1525").unwrap();
    let passes = |program: &[u8]| -> Vec<u32> {
        let computes = decoded(program).into_iter().filter_map(|i| match i.operation {
            Operation::Compute(c) => Some(c.passes),
            _ => None,
        });
        computes.collect()
    };
    // 400 and 81 positions, 32 at once; 16 and 1 blocks of outputs, eight at once.
    assert_eq!(passes(&infer(&arch, &atari(), false).unwrap()), [13, 3, 3, 1, 1, 1]);
}

#[test]
fn networks_that_do_not_fit_are_refused_in_these_words() {
    let tiny = trainer("fa3c-tiny").unwrap();
    assert_eq!(
        infer(&tiny, &atari(), false).unwrap_err().to_string(),
        "the network's maps take 2343 lines of 16 words and the preset's map buffer has 512; use smaller maps, fewer \
         steps or a preset with more map_lines"
    );
    let wide = layer(Map { height: 8, width: 8, channels: 16 }, 4, 4, 1, true);
    let network = Network::new(vec![wide, dense(wide.output, 2, false)]);
    assert_eq!(
        infer(&tiny, &network, false).unwrap_err().to_string(),
        "layer 0: 257 parameter vectors are used at every position and the preset's parameter buffer has 256 lines; \
         use a smaller kernel or fewer channels"
    );
    assert_eq!(train(&tiny, &network, 9).unwrap_err().to_string(), "a training of 9 steps; it takes 1 to 8");
    let huge = dense(Map { height: 1, width: 1, channels: 8000 }, 70_000 * 16, false);
    let arch = cortado_arch::trainer::TrainerArchitecture { map_lines: 1 << 20, ..tiny };
    let error = infer(&arch, &Network::new(vec![huge]), false).unwrap_err().to_string();
    assert!(error.starts_with("layer 0: ") && error.contains("does not fit the instruction"), "{error}");
}
