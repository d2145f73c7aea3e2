//! The rules of "Cycles" in `docs/machine.md`, each in a case small enough to count by hand.

mod support;

use cortado_arch::isa::*;
use cortado_arch::{preset, Architecture};
use cortado_iss::{issue, Issue, Kind, Machine, Timing};
use support::{at, encode, load, store, Layer};

fn arch(name: &str) -> Architecture {
    preset::by_name(name).expect("an embedded preset")
}

fn layer(mode: Mode, size: usize, channels: usize, out_channels: usize, residual: bool) -> Layer {
    Layer {
        mode,
        height: size,
        width: size,
        channels,
        out_channels,
        kernel: (3, 3),
        stride: (1, 1),
        pad: (1, 1),
        pad_after: (1, 1),
        pool: false,
        residual,
        scale_residual: false,
        seed: 5,
    }
}

fn issue_of(name: &str, layer: &Layer) -> Issue {
    issue_on(&arch(name), layer)
}

fn issue_on(a: &Architecture, layer: &Layer) -> Issue {
    let compute = layer.build_on(a).expect("it fits").compute;
    issue(a, layer.mode, &compute)
}

/// Tm = Tn = 4, a single port, patches, a requantised channel a cycle.
fn single_port() -> Architecture {
    Architecture { patch_bytes: 28, requantise_lanes: 1, requantise_cycles: 1, ..arch("icebreaker-4x4") }
}

#[test]
fn a_convolution_issues_a_step_a_cycle() {
    // 9 positions x 2 substeps x 64 outputs; a read at each first substep.
    let expected = Issue { cycles: 18 * 64, steps: 18 * 64, reads: 9 * 64, writes: 64 };
    assert_eq!(issue_of("ulx3s-85f-16x8", &layer(Mode::Convolution, 8, 16, 16, false)), expected);
    // With a residual its reads hide in the second substeps.
    let expected = Issue { reads: 10 * 64, ..expected };
    assert_eq!(issue_of("ulx3s-85f-16x8", &layer(Mode::Convolution, 8, 16, 16, true)), expected);
}

#[test]
fn outputs_of_few_steps_wait_for_the_post_processor() {
    // 1 x 1 kernel on 4 of 8 channels: 2 steps; 4 chunks a pass.
    let mut small = layer(Mode::Convolution, 4, 4, 8, false);
    (small.kernel, small.pad, small.pad_after) = ((1, 1), (0, 0), (0, 0));
    assert_eq!(issue_of("ulx3s-25f-8x2", &small).cycles, 2 + 15 * 4);
    small.residual = true;
    let interval = arch("ulx3s-25f-8x2").vector_interval(true) as u64;
    assert_eq!(issue_of("ulx3s-25f-8x2", &small).cycles, 2 + 15 * interval);
    // Four channels on a requantiser that takes four cycles for each.
    let folded = layer(Mode::Convolution, 4, 4, 4, false);
    assert_eq!(issue_of("hx8k-4x4", &folded).cycles, 9 + 15 * 16);
}

#[test]
fn reads_that_find_no_free_cycle_take_one() {
    // Tm = Tn: every step reads. 9 steps and the residual; with a single port the result too.
    assert_eq!(issue_of("tiny-2x2", &layer(Mode::Convolution, 4, 2, 2, false)).cycles, 9 * 16);
    // 4 channels: 18 steps, more than the post-processor takes; the residuals of the last two outputs are
    // read when no step is left.
    assert!(arch("tiny-2x2").vector_interval(true) < 18);
    assert_eq!(issue_of("tiny-2x2", &layer(Mode::Convolution, 4, 4, 2, true)).cycles, 18 * 16 + 14);
    assert_eq!(issue_on(&single_port(), &layer(Mode::Convolution, 4, 4, 4, false)).cycles, 9 * 16 + 12);
}

#[test]
fn a_depthwise_layer_reads_each_column_of_a_row_once_and_shares_the_padding() {
    // 8 outputs a row: 10 columns of 3 words, one column of padding shared from the second row on.
    // 2 steps a window hide in the reads of the next but for the second of the last.
    let reads = 2 * (30 + 7 * 27);
    let expected = Issue { cycles: reads + 1, steps: 2 * 2 * 64, reads, writes: 2 * 64 };
    assert_eq!(issue_of("ulx3s-85f-16x8", &layer(Mode::Depthwise, 8, 32, 0, false)), expected);
}

#[test]
fn a_depthwise_layer_with_long_windows_is_bound_by_its_steps() {
    // Tn = 2: 5 steps a window against 3 reads a column. Row starts are covered from the second row on:
    // 2 columns of 3 words before the first window, 1 column more than the window's own after that.
    let first_row = 9 + 4 * 5;
    let other_row = 6 + 4 * 5 - 5;
    let rows = 4;
    let issue = issue_of("ulx3s-25f-8x2", &layer(Mode::Depthwise, 4, 8, 0, false));
    assert_eq!(issue.steps, 16 * 5);
    assert!(issue.cycles >= 16 * 5 + 9 && issue.cycles <= first_row + (rows - 1) * (other_row + 5), "{}", issue.cycles);
}

#[test]
fn a_patch_layer_gathers_while_the_array_works() {
    // 27 bytes in 4 steps of 8, 2 groups: 8 cycles a patch; its 3 to 6 reads hide but for the first.
    let issue = issue_of("ulx3s-85f-16x8", &layer(Mode::Patch, 8, 3, 32, false));
    assert_eq!(issue.steps, 64 * 8);
    // The first patch: two runs of one word and one outside the map; the way to the steps.
    let a = arch("ulx3s-85f-16x8");
    let way = Timing::of(&a).gather + a.patch_reserves() as u64;
    assert_eq!(issue.cycles, 3 + way + 64 * 8);
    // Tn = 4, one group, single port: 7 steps, 9 bytes over 3 or 4 words of 4, three rows.
    let issue = issue_on(&single_port(), &layer(Mode::Patch, 8, 3, 4, false));
    assert!(issue.cycles > issue.steps && issue.cycles <= issue.reads + 64, "{issue:?}");
}

/// A machine and the report of a program of transfers that are right by themselves.
fn run(name: &str, program: &[Instruction]) -> cortado_iss::RunReport {
    let mut machine = Machine::new(&arch(name));
    machine.set_strict(false);
    let bytes = encode(program);
    machine.external[..bytes.len()].copy_from_slice(&bytes);
    machine.run(0).expect("a run")
}

#[test]
fn a_load_goes_behind_a_fetch_and_keeps_a_burst_on_the_way() {
    let end = at(0, 0, Operation::End);
    let cycles = |words| {
        let report = run("ulx3s-85f-16x8", &[at(0, 0, load(OnChip::Weight, 0, words, 0)), end]);
        let i = report.instructions[0];
        assert_eq!(i.kind, Kind::Load(OnChip::Weight));
        i.retire - i.start
    };
    let a = arch("ulx3s-85f-16x8");
    let latency = u64::from(a.external.latency_cycles);
    let fetch = (INSTRUCTION_BYTES / a.port_bytes) as u64;
    let burst = a.burst_beats as u64;
    let words = (a.burst_beats * a.port_bytes / a.weight_word_bytes()) as u32;
    // END is fetched first: asked for in the cycle after the start, commanded in the next, there after
    // the latency. The burst is asked for while that is on the way, so its beats follow at once; the
    // cycle to retire is the one in which the start was counted.
    assert_eq!(cycles(words), 2 + latency + fetch + burst);
    // All later bursts hide their latency behind the one before.
    assert_eq!(cycles(21 * words) - cycles(words), 20 * burst);
}

#[test]
fn a_compute_costs_its_issue_and_the_depth_of_the_pipeline() {
    for (a, mode, lead) in [
        (arch("ulx3s-85f-16x8"), Mode::Convolution, 3),
        (arch("tiny-2x2"), Mode::Channelwise, 3),
        (arch("ulx3s-25f-8x2"), Mode::Depthwise, 3),
        (single_port(), Mode::Patch, 6),
        (arch("icebreaker-4x4"), Mode::Convolution, 3),
    ] {
        let mut built = layer(mode, 8, 3, 4, false).build_on(&a).expect("it fits");
        let compute = built.machine.run(0).expect("a run").instructions[4];
        assert_eq!(
            compute.retire - compute.start,
            lead + compute.issue_cycles - 1 + Timing::of(&a).drain(&a, mode),
            "{}, {mode:?}",
            a.name
        );
    }
}

#[test]
fn a_slower_memory_stretches_every_beat() {
    let mut a = arch("tiny-2x2");
    (a.external.bandwidth_bytes, a.external.bandwidth_cycles) = (1, 2);
    let mut machine = Machine::new(&a);
    let bytes = encode(&[at(0, 0, load(OnChip::Weight, 0, 32, 0)), at(0, 0, Operation::End)]);
    machine.external[..bytes.len()].copy_from_slice(&bytes);
    let i = machine.run(0).expect("a run").instructions[0];
    assert!(i.retire - i.start >= 64 * 4 + 20, "{i:?}");
}

#[test]
fn waits_order_the_units_and_nothing_else_does() {
    let mut built = layer(Mode::Convolution, 8, 16, 16, false).build("ulx3s-85f-16x8").unwrap();
    let compute = at(4, 0, Operation::Compute(Mode::Convolution, built.compute));
    let elsewhere = load(OnChip::Weight, 1000, 8, 0);
    let spans = |built: &mut support::Built| {
        let report = built.machine.run(0).expect("a run");
        report.instructions.iter().map(|i| (i.start, i.retire)).collect::<Vec<_>>()
    };
    built.replace(4, &compute);
    built.replace(5, &at(0, 0, elsewhere));
    let beside = spans(&mut built);
    assert!(beside[4].0 >= beside[3].1, "the COMPUTE waits for its LOADs: {beside:?}");
    assert!(beside[5].1 < beside[4].1, "the LOAD overlaps the COMPUTE: {beside:?}");
    built.replace(5, &at(0, 1, elsewhere));
    let behind = spans(&mut built);
    assert!(behind[5].0 >= behind[4].1, "the LOAD waits: {behind:?}");
    assert_eq!(behind[4], beside[4]);
    assert!(behind[6].1 >= behind[5].1, "END retires last: {behind:?}");
}

#[test]
fn a_store_yields_to_a_compute_that_reads_every_cycle() {
    // Tm = Tn: the COMPUTE leaves the STORE no read before it is done.
    let mut built = layer(Mode::Convolution, 12, 2, 2, false).build("tiny-2x2").unwrap();
    let input = built.compute.input_address.wrapping_add(built.compute.row_words + 1) & 0xffff;
    built.replace(5, &at(0, 0, store(input, 4, 0x400)));
    let report = built.machine.run(0).expect("a run");
    let (compute, stored) = (report.instructions[4], report.instructions[5]);
    assert!(stored.start < compute.start + compute.issue_cycles, "{report:?}");
    assert!(stored.retire >= compute.start + compute.issue_cycles, "{report:?}");
    // Tm = 4 Tn: it leaves three of four.
    let mut built = layer(Mode::Convolution, 12, 8, 8, false).build("ulx3s-25f-8x2").unwrap();
    built.replace(5, &at(0, 0, store(3, 4, 0)));
    let report = built.machine.run(0).expect("a run");
    assert!(report.instructions[5].retire < report.instructions[4].retire, "{report:?}");
}

#[test]
fn the_prediction_does_not_depend_on_data() {
    let report = |seed| {
        let mut l = layer(Mode::Depthwise, 6, 20, 0, true);
        l.seed = seed;
        l.build("ulx3s-85f-max").unwrap().machine.run(0).expect("a run")
    };
    assert_eq!(report(1), report(2));
}
