//! The laws of the memory: latency, bandwidth, bursts, jitter; and what the harness costs.

mod common;

use common::copier::{copier, image};
use common::runs::{engine, run, with, END};
use common::{options, verilator};
use cortado_cosim::engine::Jitter;
use cortado_cosim::{harness_ratio, EngineHarness, MemoryModel, RunOptions, RunReport};

/// Cycles of copying `bursts` of `beats` beats, without those of a program that copies one beat.
fn cycles(engine: &mut EngineHarness, bursts: u32, beats: u32, memory: &MemoryModel) -> f64 {
    let mut time =
        |bursts, beats| run(engine, &[[0x1000, 0x8000, bursts, beats], END], &with(memory.clone())).cycles as f64;
    time(bursts, beats) - time(1, 1)
}

#[test]
fn latency_adds_once_for_each_dependent_read() {
    let Some(mut engine) = engine("latency") else {
        return;
    };
    let mut time = |latency| {
        run(&mut engine, &[[0x1000, 0x8000, 4, 16], END], &with(MemoryModel { latency, ..MemoryModel::default() }))
            .cycles
    };
    let one = time(1);
    // Two instruction fetches and the first of four overlapping bursts wait for the memory.
    for latency in [2, 10, 100] {
        assert_eq!(time(latency) - one, 3 * u64::from(latency - 1), "latency {latency}");
    }
}

#[test]
fn bandwidth_is_held_to_the_rational_that_was_asked() {
    let Some(mut engine) = engine("bandwidth") else {
        return;
    };
    for (bandwidth, shared, per_beat) in [
        ((4, 1), false, 1.0),
        ((64, 1), false, 1.0),
        ((2, 1), false, 2.0),
        ((3, 1), false, 4.0 / 3.0),
        ((5, 7), false, 5.6),
        ((4, 1), true, 2.0),
        ((3, 1), true, 8.0 / 3.0),
        ((8, 1), true, 1.0),
    ] {
        let model = MemoryModel { bandwidth, shared_bandwidth: shared, ..MemoryModel::default() };
        let measured = cycles(&mut engine, 20, 100, &model) / 1999.0;
        assert!((measured / per_beat - 1.0).abs() < 0.01, "{bandwidth:?} shared {shared}: {measured} cycles a beat");
    }
}

#[test]
fn every_burst_takes_its_own_cycles_beside_its_beats() {
    let Some(mut engine) = engine("burst cycles") else {
        return;
    };
    for (burst_cycles, beats) in [(0, 1), (7, 1), (40, 1), (7, 16), (40, 64)] {
        let model = MemoryModel { burst_cycles, ..MemoryModel::default() };
        let measured = cycles(&mut engine, 100, beats, &model) / 99.0;
        let wanted = f64::from(burst_cycles + beats);
        assert!((measured / wanted - 1.0).abs() < 0.05, "{beats} beats: {measured} cycles a burst, not {wanted}");
    }
}

#[test]
fn outstanding_bursts_bound_what_overlaps() {
    let Some(mut engine) = engine("outstanding bursts") else {
        return;
    };
    for max_outstanding in [1, 2, 5] {
        let model = MemoryModel { latency: 50, max_outstanding, ..MemoryModel::default() };
        let measured = cycles(&mut engine, 100, 1, &model) / 99.0;
        // A place is free in the cycle after its beat, so a burst holds it for the latency and one cycle.
        let wanted = 51.0 / f64::from(max_outstanding);
        assert!((measured / wanted - 1.0).abs() < 0.05, "{max_outstanding}: {measured} cycles a burst, not {wanted}");
    }
}

#[test]
fn jitter_slows_by_its_probability_and_follows_the_seed() {
    let Some(mut engine) = engine("jitter") else {
        return;
    };
    let program = [[0x1000, 0x8000, 10, 200], END];
    let gaps = MemoryModel { jitter: Jitter { read_gap: 128, ..Jitter::default() }, ..MemoryModel::default() };
    let measured = cycles(&mut engine, 10, 200, &gaps) / 1999.0;
    assert!((measured - 2.0).abs() < 0.15, "half the beats late by a half each: {measured}");
    let stalls = MemoryModel { jitter: Jitter { write_stall: 64, ..Jitter::default() }, ..MemoryModel::default() };
    let measured = cycles(&mut engine, 10, 200, &stalls) / 1999.0;
    assert!((measured - 4.0 / 3.0).abs() < 0.1, "a quarter of the cycles stalled: {measured}");

    let heavy = MemoryModel { jitter: Jitter::heavy(), latency: 9, bandwidth: (7, 2), ..MemoryModel::default() };
    let reports: Vec<RunReport> =
        (0..6).map(|seed| run(&mut engine, &program, &RunOptions { seed: seed / 2, ..with(heavy.clone()) })).collect();
    assert!(reports.chunks(2).all(|pair| pair[0] == pair[1]));
    assert!(reports[0] != reports[2] && reports[2] != reports[4]);
}

#[test]
fn the_harness_is_compared_with_a_plain_loop() {
    let Some(tool) = verilator("harness ratio") else {
        return;
    };
    let memory = image(4, &[[0x1000, 0x8000, 10, 500], END]);
    let ratio = harness_ratio(&tool, "copier", &copier(4), &options(), &memory, &RunOptions::new(100_000), 3).unwrap();
    eprintln!("{ratio:?}, ratio {:.2} on a design of next to no logic", ratio.ratio());
    assert!(ratio.ratio() > 0.05 && ratio.ratio() < 20.0, "{ratio:?}");
    let bad = image(4, &[[1, 1, 1, 1]]);
    assert!(harness_ratio(&tool, "copier", &copier(4), &options(), &bad, &RunOptions::new(100_000), 1).is_err());
}
