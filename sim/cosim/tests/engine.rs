//! An engine beside its memory: contents, report, faults.

mod common;

use common::copier::{copied, copier, image, pitch};
use common::runs::{engine, run, with, END};
use common::{options, verilator};
use cortado_cosim::engine::{FaultKind, Jitter};
use cortado_cosim::{EngineHarness, MemoryModel};

#[test]
fn every_port_width_moves_its_bytes() {
    let Some(tool) = verilator("port widths of an engine") else {
        return;
    };
    for bytes in [2, 8, 64] {
        let mut engine = EngineHarness::build(&tool, "copier", &copier(bytes), &options()).unwrap();
        let program = [[0x1000, 0x8000, 3, 7], [0x8000 + bytes, 0x4000, 5, 1], END];
        for jitter in [Jitter::default(), Jitter::heavy()] {
            let mut memory = image(bytes, &program);
            let run = with(MemoryModel { jitter, ..MemoryModel::default() });
            let report = engine.run(&mut memory, &run).unwrap();
            assert!(report.good() && memory == copied(bytes, &program), "{bytes} bytes: {report:?}");
            let moved = u64::from(bytes) * 26;
            assert_eq!((report.bytes_written, report.bytes_read), (moved, moved + 3 * u64::from(pitch(bytes))));
        }
    }
}

#[test]
fn the_report_counts_what_happened() {
    let Some(mut engine) = engine("report") else {
        return;
    };
    let report =
        run(&mut engine, &[[0x1000, 0x8000, 2, 10], [0x2000, 0x9000, 1, 5], END], &with(MemoryModel::default()));
    assert_eq!(report.active_cycles, 25);
    assert_eq!((report.bytes_written, report.bytes_read), (100, 100 + 48));
    assert_eq!((report.read_command.transfers, report.write_command.transfers), (3 + 3, 3));
    assert_eq!((report.read_data.transfers, report.write_data.transfers), (25 + 12, 25));
    let retired: Vec<_> =
        report.retired.iter().map(|r| (r.index, r.active_cycles, r.bytes_read, r.bytes_written)).collect();
    assert_eq!(retired, [(0, 20, 96, 80), (1, 25, 132, 100)]);
    assert!(report.retired[0].cycle < report.retired[1].cycle && report.retired[1].cycle < report.cycles);
    assert_eq!(report.read_data.busy(), report.read_data.transfers + report.read_data.stalled);
    assert_eq!(report.race_count, 0);
}

#[test]
fn what_no_memory_can_serve_is_a_fault_with_its_address() {
    let Some(mut engine) = engine("faults") else {
        return;
    };
    for (instruction, kind, channel, address) in [
        ([0x1002, 0x8000, 1, 4], FaultKind::Misaligned, "read", 0x1002),
        ([0x1000, 0x8001, 1, 4], FaultKind::Misaligned, "write", 0x8001),
        ([0xfffc, 0x8000, 1, 2], FaultKind::OutOfRange, "read", 0xfffc),
        ([0x1000, 0xffff_fffc, 1, 0xffff], FaultKind::OutOfRange, "write", 0xffff_fffc),
        ([0x1000, 0x1_0000, 1, 1], FaultKind::OutOfRange, "write", 0x1_0000),
        ([0x1000, 0x8000, 1, 0], FaultKind::NoBeats, "write", 0x8000),
    ] {
        let mut memory = image(4, &[instruction, END]);
        let report = engine.run(&mut memory, &with(MemoryModel::default())).unwrap();
        let fault = report.fault().unwrap_or_else(|| panic!("{instruction:x?}: {report:?}"));
        assert_eq!((fault.kind, fault.channel, fault.address), (kind, channel, address), "{fault}");
        assert_eq!(fault.cycle, report.cycles - 1);
        assert!(fault.to_string().contains(&format!("{address:#010x}")), "{fault}");
    }
    let report = engine.run(&mut [], &with(MemoryModel::default())).unwrap();
    assert_eq!(report.fault().map(|fault| fault.kind), Some(FaultKind::OutOfRange));
}

#[test]
fn a_command_that_does_not_wait_is_a_fault() {
    let Some(tool) = verilator("held commands") else {
        return;
    };
    let stalling =
        with(MemoryModel { jitter: Jitter { command_stall: 250, ..Jitter::default() }, ..MemoryModel::default() });
    for (broken, kind) in [
        (copier(4).replace("state == ASK |", "(state == ASK & flip) |"), FaultKind::CommandDropped),
        (copier(4).replace("copying ? source : counter;", "counter + {30'd0, flip, 1'b0};"), FaultKind::CommandChanged),
    ] {
        let broken =
            broken.replace("reg [2:0] state;", "reg [2:0] state; reg flip; always @(posedge clock) flip <= ~flip;");
        let mut engine = EngineHarness::build(&tool, "copier", &broken, &options()).unwrap();
        let report = engine.run(&mut image(4, &[END]), &stalling).unwrap();
        assert_eq!(report.fault().map(|fault| fault.kind), Some(kind), "{report:?}");
    }
}

#[test]
fn a_read_of_bytes_still_being_written_is_reported() {
    let Some(mut engine) = engine("races") else {
        return;
    };
    let report = engine.run(&mut image(4, &[[0x1000, 0x1020, 2, 16], END]), &with(MemoryModel::default())).unwrap();
    assert!(report.good() && report.race_count > 0, "{report:?}");
    assert!(report.races.iter().all(|race| race.read.start < race.write.end && race.write.start < race.read.end));
}

#[test]
fn an_error_code_is_handed_on() {
    let Some(mut engine) = engine("error code") else {
        return;
    };
    let report = engine.run(&mut image(4, &[[0, 0, 0, 0x2a]]), &with(MemoryModel::default())).unwrap();
    assert_eq!((report.error_code(), report.good()), (Some(0x2a), false));
}
