//! Limits, observers, options and traces of a run.

mod common;

use std::ops::ControlFlow;
use std::path::Path;

use common::copier::{copier, image};
use common::runs::{engine, run, with, END};
use common::{options, verilator};
use cortado_cosim::engine::{Begin, End, Jitter, TraceRequest};
use cortado_cosim::{BuildError, BuildOptions, EngineHarness, InitialValues, MemoryModel, RunError, RunOptions};

#[test]
fn too_few_cycles_name_the_last_instruction() {
    let Some(mut engine) = engine("max_cycles") else {
        return;
    };
    let program = [[0x1000, 0x8000, 1, 10], [0x1000, 0x8000, 50, 100], END];
    let mut limited = |max_cycles| engine.run(&mut image(4, &program), &RunOptions::new(max_cycles)).unwrap_err();
    let error = limited(200);
    let RunError::OutOfCycles { report } = &error else { panic!("{error}") };
    assert_eq!((report.cycles, report.retired.len()), (200, 1));
    assert!(error.to_string().contains("last finished instruction is 0 in cycle"), "{error}");
    assert!(limited(5).to_string().contains("no instruction had finished"));
}

#[test]
fn a_run_can_be_watched_ended_and_continued() {
    let Some(mut engine) = engine("observer") else {
        return;
    };
    let program = [[0x1000, 0x8000, 60_000, 4], END];
    let mut seen = Vec::new();
    let ended = engine.run_observed(&mut vec![0; 1 << 20], &RunOptions::new(1), &mut |_| ControlFlow::Break(()));
    assert!(matches!(ended, Err(RunError::OutOfCycles { .. })), "{ended:?}");
    let mut memory = image(4, &program);
    memory.resize(1 << 20, 0);
    let ended = engine.run_observed(&mut memory, &RunOptions::new(1 << 40), &mut |cycles| {
        seen.push(cycles);
        if seen.len() == 2 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert_eq!((ended, seen), (Err(RunError::Interrupted { cycles: 1 << 17 }), vec![1 << 16, 1 << 17]));

    let short = [[0x1000, 0x8000, 1, 3], END];
    let first = run(&mut engine, &short, &RunOptions::new(1000));
    let second = run(&mut engine, &short, &RunOptions { begin: Begin::Continue, ..RunOptions::new(1000) });
    assert_eq!(first, second);
}

#[test]
fn options_out_of_bounds_are_refused() {
    let Some(mut engine) = engine("run options") else {
        return;
    };
    let usual = MemoryModel::default;
    for (options, word) in [
        (RunOptions::new(0), "max_cycles"),
        (with(MemoryModel { latency: 0, ..usual() }), "latency"),
        (with(MemoryModel { latency: u32::MAX, ..usual() }), "latency"),
        (with(MemoryModel { burst_cycles: u32::MAX, ..usual() }), "burst_cycles"),
        (with(MemoryModel { bandwidth: (0, 1), ..usual() }), "numerator"),
        (with(MemoryModel { bandwidth: (1, 0), ..usual() }), "denominator"),
        (with(MemoryModel { max_outstanding: 0, ..usual() }), "max_outstanding"),
        (with(MemoryModel { max_outstanding: u32::MAX, ..usual() }), "max_outstanding"),
    ] {
        let error = engine.run(&mut image(4, &[END]), &options).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn a_window_around_an_instruction_is_traced_and_the_run_repeats() {
    let Some(mut engine) = engine("trace window") else {
        return;
    };
    let program = [[0x1000, 0x8000, 1, 40], [0x2000, 0x9000, 1, 3], [0x3000, 0xa000, 1, 40], END];
    let options = with(MemoryModel { jitter: Jitter::heavy(), ..MemoryModel::default() });
    let report = run(&mut engine, &program, &options);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("window.vcd");
    let window = report.window_of(1, 2).unwrap();
    let traced = engine.trace_instruction(&mut image(4, &program), &options, &report, 1, 2, &path).unwrap();
    assert_eq!((traced.end, traced.cycles, &traced.retired[..]), (End::TraceEnd, window.end, &report.retired[..2]));
    let text = std::fs::read_to_string(&path).unwrap();
    let times: Vec<u64> = text.lines().filter_map(|line| line.strip_prefix('#')?.parse().ok()).collect();
    assert_eq!((times.first(), times.last()), (Some(&(window.start * 10)), Some(&(window.end * 10 - 5))));

    let trace = Some(TraceRequest { path, window: None, stop_after: false });
    let mut memory = image(4, &program);
    assert_eq!(engine.run(&mut memory, &RunOptions { trace, ..options.clone() }).unwrap(), report);
    assert!(matches!(
        engine.trace_instruction(&mut memory, &options, &report, 9, 0, Path::new("x.vcd")),
        Err(RunError::NotRetired { nth: 9, retired: 3 })
    ));
}

#[test]
fn random_initial_values_change_nothing_in_a_reset_engine() {
    let Some(tool) = verilator("random initial values of an engine") else {
        return;
    };
    let random = BuildOptions { initial: InitialValues::Random, ..options() };
    let mut engine = EngineHarness::build(&tool, "copier", &copier(4), &random).unwrap();
    let program = [[0x1000, 0x8000, 2, 10], END];
    let reports: Vec<_> =
        (0..4).map(|seed| run(&mut engine, &program, &RunOptions { seed, ..RunOptions::new(1000) })).collect();
    assert!(reports.iter().all(|report| *report == reports[0]));
}

#[test]
fn a_top_that_is_no_engine_is_refused_before_anything_is_built() {
    let Some(tool) = verilator("engine ports") else {
        return;
    };
    let text = copier(4).replace("output wire busy, ", "").replace("assign busy", "wire busy; assign busy");
    let error = EngineHarness::build(&tool, "copier", &text, &options()).err().unwrap();
    assert!(matches!(&error, BuildError::Contract(faults) if faults.len() == 1), "{error}");
    assert!(error.to_string().contains("busy"));
}
