//! Programs without meaning are refused in pinned words; lenient mode lets pass what only luck decides.

mod support;

use cortado_arch::isa::*;
use cortado_arch::{preset, Architecture};
use cortado_iss::{Kind, Machine, MOST_INSTRUCTIONS};
use support::{at, encode, load, store, Built, Layer};

fn built(mode: Mode, residual: bool) -> Built {
    let layer = Layer {
        mode,
        height: 4,
        width: 4,
        channels: 3,
        out_channels: 5,
        kernel: (3, 3),
        stride: (1, 1),
        pad: (1, 1),
        pad_after: (1, 1),
        pool: false,
        residual,
        scale_residual: false,
        seed: 11,
    };
    layer.build("ulx3s-25f-8x2").expect("it fits")
}

/// The words with which a convolution is refused whose COMPUTE (or its waits) `edit` has changed.
fn refused(mode: Mode, edit: impl FnOnce(&mut Compute)) -> String {
    let mut built = built(mode, false);
    let mut compute = built.compute;
    edit(&mut compute);
    built.replace(4, &at(4, 0, Operation::Compute(mode, compute)));
    built.machine.run(0).expect_err("refused").to_string()
}

/// The words with which a convolution with a residual is refused when instruction `index` is another.
fn refused_with(index: usize, instruction: Instruction) -> String {
    let mut built = built(Mode::Convolution, true);
    built.replace(index, &instruction);
    built.machine.run(0).expect_err("refused").to_string()
}

#[test]
fn computes_with_impossible_fields_are_refused() {
    let cases = [
        (refused(Mode::Convolution, |c| c.last_substeps = 5), "instruction 4: last_substeps = 5: a word has 4 substeps"),
        (refused(Mode::Convolution, |c| c.input_blocks = 0), "instruction 4: input_blocks = 0: must be at least 1"),
        (refused(Mode::Channelwise, |c| c.output_groups = 0), "instruction 4: output_groups = 0: must be at least 1"),
        (refused(Mode::Depthwise, |c| c.window_steps = 4), "instruction 4: window_steps = 4: 9 taps take 5 steps of 2"),
        (refused(Mode::Depthwise, |c| c.kernel_height = 4), "instruction 4: kernel_height = 4: the window would hold 12 taps of at most 10"),
        (refused(Mode::Patch, |c| c.run_bytes = 14), "instruction 4: kernel_height = 3: the window would hold 42 bytes of at most 40"),
        (refused(Mode::Patch, |c| c.run_bytes = 0), "instruction 4: run_bytes = 0: must be at least 1"),
        (
            refused(Mode::Convolution, |c| c.output_address = 6140),
            "instruction 4, output row 1 column 0 group 0: output_address leads to activation word 6144; there are 6144",
        ),
        (refused(Mode::Channelwise, |c| c.input_blocks = 2), "instruction 4: input_blocks = 2: must be 1 in Channelwise mode"),
        (refused(Mode::Depthwise, |c| c.shared_columns = 2), "instruction 4: shared_columns = 2: a window shares at most 1 columns of padding with the row before"),
        (refused(Mode::Depthwise, |c| c.shared_words = 2), "instruction 4: shared_words = 2: must be shared_columns * pixel_words = 1"),
        (refused(Mode::Patch, |c| c.step_y_words = 1), "instruction 4: step_y_words = 1: must be stride_y * row_words = 2"),
        (
            refused(Mode::Convolution, |c| c.parameter_address = 512),
            "instruction 4, output row 0 column 0 group 0: parameter_address leads to parameter word 512; there are 512",
        ),
        (
            refused(Mode::Convolution, |c| c.input_address = 1000),
            "instruction 4, output row 0 column 0 group 0: input_address leads to activation word 1005, which nothing has written",
        ),
        (
            refused(Mode::Convolution, |c| c.weight_address += 1),
            "instruction 4, output row 0 column 0 group 0: weight_address leads to weight word 20, which nothing has written",
        ),
        (
            refused(Mode::Convolution, |c| c.output_address = 4),
            "instruction 4, output row 0 column 1 group 0: input_address leads to activation word 4, which this instruction has itself written",
        ),
    ];
    for (words, expected) in cases {
        assert_eq!(words, expected);
    }
}

#[test]
fn a_residual_is_refused_where_no_unit_adds_it() {
    let built = built(Mode::Convolution, true);
    let a = preset::by_name("ulx3s-25f-8x2").expect("an embedded preset");
    let mut machine = Machine::new(&Architecture { residual_unit: false, ..a });
    machine.external.clone_from(&built.machine.external);
    assert_eq!(
        machine.run(0).expect_err("refused").to_string(),
        "instruction 4: residual = 1: ulx3s-25f-8x2 has no unit that adds residuals; a preset with residual_unit = 1 does"
    );
}

#[test]
fn transfers_with_impossible_fields_are_refused() {
    let cases = [
        (load(OnChip::Weight, 0, 0, 0), "instruction 0: words = 0: must be at least 1"),
        (load(OnChip::Weight, 0, 1, 3), "instruction 0: byte_address = 3: must be a multiple of the port's 2 bytes"),
        (load(OnChip::Weight, 2048, 1, 0), "instruction 0: word_address leads to weight word 2048; there are 2048"),
        (load(OnChip::Parameter, 511, 2, 0), "instruction 0: word_address leads to parameter word 512; there are 512"),
        (store(9, 1, 0), "instruction 0: word_address leads to activation word 9, which nothing has written"),
    ];
    for (operation, expected) in cases {
        assert_eq!(refused_with(0, at(0, 0, operation)), expected);
    }
    let end = built(Mode::Convolution, true).machine.external.len();
    let words = refused_with(0, at(0, 0, load(OnChip::Weight, 0, 1, end as u32 - 2)));
    assert_eq!(
        words,
        format!("instruction 0: byte_address leads to external bytes {} to {}; there are {end}", end - 2, end + 14)
    );
}

#[test]
fn missing_waits_are_races() {
    let compute = built(Mode::Convolution, true).compute;
    assert_eq!(
        refused_with(4, at(3, 0, Operation::Compute(Mode::Convolution, compute))),
        "instruction 4, output row 0 column 0 group 0: residual_address leads to activation word 24, which instruction 3 \
         may still be using; wait_dma = 4 would wait for it"
    );
    assert_eq!(
        refused_with(5, at(0, 0, store(compute.output_address, 1, 0))),
        "instruction 5: word_address leads to activation word 47, which instruction 4 may still be using; wait_compute = 1 \
         would wait for it"
    );
    assert_eq!(
        refused_with(5, at(0, 0, load(OnChip::Parameter, compute.parameter_address, 1, 0))),
        "instruction 5: word_address leads to parameter word 4, which instruction 4 may still be using; wait_compute = 1 \
         would wait for it"
    );
}

#[test]
fn a_wait_that_never_ends_is_refused() {
    let cases = [(1, 0, "wait_dma = 1: only 0"), (0, 1, "wait_compute = 1: only 0")];
    for (dma, compute, words) in cases {
        let expected = format!("instruction 0: {words} such instructions come before it, so it would wait for ever");
        assert_eq!(refused_with(0, at(dma, compute, Operation::End)), expected);
    }
}

#[test]
fn weights_on_bytes_that_are_not_defined_are_refused() {
    for (mode, word, byte) in [(Mode::Channelwise, 2, 1), (Mode::Depthwise, 6, 1), (Mode::Patch, 15, 1)] {
        let mut built = built(mode, false);
        // The second LOAD brings the weights; its byte address is its last field.
        let mut bytes = [0; INSTRUCTION_BYTES];
        bytes.copy_from_slice(&built.machine.external[INSTRUCTION_BYTES..2 * INSTRUCTION_BYTES]);
        let first = get(&bytes, &Transfer::fields()[3]) as usize;
        built.machine.external[first + (word - 2) * 16 + byte] = 1;
        let words = built.machine.run(0).expect_err("refused").to_string();
        let expected = format!(
            "instruction 4, output row 0 column 0 group 0: weight_address leads to weight word {word}, whose byte {byte} must be \
             zero: it multiplies bytes that are not defined"
        );
        if mode == Mode::Patch {
            // 27 bytes: the 14th step has one byte beyond the patch.
            assert!(words.contains("whose byte 1 must be zero"), "{words}");
        } else {
            assert_eq!(words, expected);
        }
        built.machine.set_strict(false);
        built.machine.run(0).expect("lenient");
        assert_eq!(built.output(), built.expected);
    }
}

#[test]
fn a_maximum_of_wide_sums_is_refused() {
    let words = refused(Mode::Convolution, |c| c.maximum = 1);
    let bound = "step sums from -256 to 255 are compared";
    assert_eq!(
        words,
        format!("instruction 4, output row 0 column 0 group 0: lane 4 would take the maximum of 5544; {bound}")
    );
}

#[test]
fn an_accumulator_beyond_28_bits_is_refused_by_lane_and_wraps_in_lenient_mode() {
    // One weight word held for 15 x 15 x 90 blocks x 4 substeps of 2 lanes: 162000 products of 2^14.
    let mut built = built(Mode::Convolution, false);
    let c = Compute {
        weight_hold: 1,
        input_blocks: 90,
        last_substeps: 4,
        kernel_width: 15,
        kernel_height: 15,
        output_width: 1,
        output_height: 1,
        output_groups: 1,
        pad_top: 0,
        pad_left: 0,
        input_width: 15,
        input_height: 15,
        pixel_words: 0,
        row_words: 0,
        input_address: 0,
        ..built.compute
    };
    built.machine.external = vec![0x80; 8192];
    let parameter = Parameter { bias: 0, q: 1 << 30, shift: 20 }.encode().unwrap().repeat(8);
    built.machine.external[4096..4160].copy_from_slice(&parameter);
    let program = encode(&[
        at(0, 0, load(OnChip::Activation, 0, 90, 2048)),
        at(0, 0, load(OnChip::Weight, c.weight_address, 1, 2048)),
        at(0, 0, load(OnChip::Parameter, c.parameter_address, 4, 4096)),
        at(3, 0, Operation::Compute(Mode::Convolution, c)),
        at(0, 0, Operation::End),
    ]);
    built.machine.external[..program.len()].copy_from_slice(&program);
    let sum = 162_000i64 << 14;
    assert_eq!(
        built.machine.run(0).expect_err("refused").to_string(),
        format!("instruction 3, output row 0 column 0 group 0: the accumulator of lane 0 would hold {sum}, beyond its 28 bits")
    );
    built.machine.set_strict(false);
    built.machine.run(0).expect("lenient");
    let wrapped = ((sum + (1 << 27)).rem_euclid(1 << 28) - (1 << 27)) / 2;
    let expected = (wrapped as f64 / (1 << 20) as f64).round() as i64 + i64::from(c.zero_point);
    let expected = expected.clamp(c.minimum.into(), c.maximum_value.into()) as i8;
    let word = c.output_address as usize * 8;
    assert_eq!(built.machine.on_chip(OnChip::Activation)[word] as i8, expected);
}

#[test]
fn lenient_mode_reads_zeros_where_nothing_was_written() {
    let mut built = built(Mode::Convolution, false);
    built.machine.set_strict(false);
    built.replace(0, &at(0, 0, load(OnChip::Activation, 6000, 1, 0)));
    built.machine.run(0).expect("lenient");
}

#[test]
fn an_instruction_that_names_nothing_ends_the_run_with_error_1() {
    let mut built = built(Mode::Convolution, false);
    built.machine.external[5 * INSTRUCTION_BYTES] = 9;
    let report = built.machine.run(0).expect("a run");
    assert_eq!(report.error, error_code::INSTRUCTION);
    assert_eq!(report.instructions.last().map(|i| (i.index, i.kind)), Some((5, Kind::Malformed)));
    assert!(report.cycles > report.instructions[4].retire);
}

#[test]
fn programs_outside_memory_or_without_end_are_refused() {
    let mut machine = built(Mode::Convolution, false).machine;
    machine.external = vec![0; 64];
    assert_eq!(machine.run(0).map(|r| r.error), Ok(0));
    for address in [1, 2, u32::MAX] {
        assert_eq!(
            machine.run(address).expect_err("refused").to_string(),
            format!("instruction 0: its 64 bytes at {address:#x} must lie in the 64 bytes of external memory, on a multiple of 2")
        );
    }
    machine.external = encode(&vec![at(0, 0, load(OnChip::Parameter, 0, 1, 0)); MOST_INSTRUCTIONS + 1]);
    assert_eq!(
        machine.run(0).expect_err("refused").to_string(),
        "instruction 65536: no END before it; a program has at most 65536 instructions"
    );
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_machine_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400), opcode in 0u8..4, strict: bool) {
        let mut machine = Machine::new(&cortado_arch::preset::by_name("tiny-2x2").unwrap());
        machine.external = bytes;
        if let Some(first) = machine.external.first_mut() {
            *first = *first & 0xf0 | opcode;
        }
        machine.set_strict(strict);
        let _ = machine.run(0);
    }
}
