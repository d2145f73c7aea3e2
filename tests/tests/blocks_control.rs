//! Control blocks as emitted: the instruction register against the encoding, the life of a COMPUTE.

mod blocks_support;

use blocks_support::{random::Random, waveform::Waveform, Dut};
use cortado_arch::isa::{Compute, CopyBeats, Header, Transfer, INSTRUCTION_BYTES};
use cortado_hw::control::compute_control::ComputeControl;
use cortado_hw::control::instruction_register::InstructionRegister;

#[test]
fn the_instruction_register_shows_every_field_whatever_the_port_is_wide() {
    let seed = 91;
    let mut random = Random(seed);
    for port_bytes in [1, 2, 4, 16, 64] {
        let Some(mut dut) = dut!(InstructionRegister::new(port_bytes), seed) else { return };
        dut.set("copy", false);
        dut.set("copy_at", 0u64);
        for number in 0..200 {
            let bytes = random.bytes(INSTRUCTION_BYTES);
            for (beat_at, beat) in bytes.chunks(port_bytes).enumerate() {
                dut.set("beat_at", beat_at as u64);
                while random.chance(30) {
                    dut.set("beat_valid", false);
                    dut.set_bytes("beat", &random.bytes(port_bytes));
                    dut.tick();
                }
                dut.set("beat_valid", true);
                dut.set_bytes("beat", beat);
                dut.tick();
            }
            dut.set("beat_valid", false);
            dut.set_bytes("beat", &random.bytes(port_bytes));
            for copy_at in 0..INSTRUCTION_BYTES / port_bytes {
                dut.set("copy_at", copy_at as u64);
                while random.chance(30) {
                    dut.set("copy", false);
                    dut.tick();
                }
                dut.set("copy", true);
                dut.tick();
            }
            dut.set("copy", false);
            dut.set("copy_at", 0u64);
            dut.settle();
            let bit = |at: usize| u64::from(bytes[at / 8] >> (at % 8) & 1);
            for field in Header::fields().into_iter().chain(Transfer::fields()) {
                let wanted = (0..field.width).map(|i| bit(field.offset + i) << i).sum::<u64>();
                let at = format!("port of {port_bytes} bytes, instruction {number}");
                assert_eq!(dut.get(field.name), wanted, "{at}: {}", field.name);
            }
            let words = dut.words("compute");
            for field in Compute::fields() {
                for i in field.offset..field.offset + field.width {
                    let at = i - Compute::fields()[0].offset;
                    let got = u64::from(words[at / 32] >> (at % 32) & 1);
                    assert_eq!(got, bit(i), "port of {port_bytes} bytes, bit {i} of {}", field.name);
                }
            }
        }
    }
}

fn calm(dut: &mut Dut) {
    for port in ["offered", "waits", "transfer_retired", "busy", "result_issued", "result_written"] {
        dut.set(port, false);
    }
    dut.set("offered_index", 0u64);
    dut.set("reset", true);
    dut.tick();
    dut.set("reset", false);
}

/// The COMPUTE that runs, as the test drives it.
#[derive(Default)]
struct Running {
    index: u64,
    results: usize,
    issued: usize,
    written: usize,
    /// Cycles since its launch.
    age: usize,
}

#[test]
fn computes_are_copied_launched_and_retired_in_order_and_never_overwritten_too_early() {
    let seed = 92;
    let mut random = Random(seed);
    for port_bytes in [1, 2, 4, 16, 32, 64] {
        let Some(mut dut) = dut!(ComputeControl::new(port_bytes), seed) else { return };
        calm(&mut dut);
        let beats = CopyBeats::of(port_bytes);
        let (mut offered, mut pause, mut pending) = (0u64, 3, false);
        // Beats that are copied, of which COMPUTE; COMPUTEs launched and retired.
        let (mut copied, mut copying, mut launched, mut retired) = (0, 0u64, 0u64, 0u64);
        let mut running: Option<Running> = None;
        for cycle in 0..30_000 {
            let at = format!("port of {port_bytes} bytes, cycle {cycle}");
            let offer = pause == 0;
            dut.set("offered", offer);
            dut.set("offered_index", offered & 0xffff);
            // A wait is there from an offer's first cycle on, and ends with the transfer.
            let transfer_retired = pending && random.chance(10);
            pending &= !transfer_retired;
            dut.set("waits", offer && pending);
            dut.set("transfer_retired", transfer_retired);
            let (mut issue, mut write, mut busy) = (false, false, false);
            if let Some(run) = &running {
                // A sequencer is busy up to and with the cycle of its last issue; totals take a while.
                busy = run.issued < run.results;
                issue = busy && run.age > 1 && random.chance(50);
                write = run.written < run.issued && run.age > 9 && random.chance(30);
            }
            dut.set("busy", busy);
            dut.set("result_issued", issue);
            dut.set("result_written", write);
            dut.settle();
            let (copy, taken) = (dut.is("copy"), dut.is("taken"));
            assert!(!copy || offer || copied > beats.issue, "{at}: copies what is not offered");
            assert_eq!(dut.get("copy_at"), copied as u64, "{at}: copy_at");
            if let (true, Some(run)) = (copy, &running) {
                let fresh = launched > copying;
                assert!(fresh || !busy, "{at}: a field is overwritten that a sequencer reads");
                let done = run.written == run.results;
                assert!(fresh || copied < beats.issue || done, "{at}: a field is overwritten that a result needs");
                assert!(!fresh || run.age < 8, "{at}: beat {copied} comes after a result may need it");
            }
            if dut.is("launch") {
                assert!(running.is_none(), "{at}: COMPUTEs overlap");
                assert_eq!(launched, retired, "{at}: launched too often");
                assert!(copying > launched || copied >= beats.launch, "{at}: launched with {copied} beats");
                running = Some(Running { index: launched, results: 1 + random.below(8), ..Running::default() });
                launched += 1;
            } else if let Some(run) = &mut running {
                run.age += 1;
                if dut.is("retire") {
                    assert_eq!((run.issued, run.written), (run.results, run.results), "{at}: retired early");
                    assert_eq!(dut.get("index"), run.index & 0xffff, "{at}: index");
                    retired += 1;
                    running = None;
                } else {
                    run.issued += usize::from(issue);
                    run.written += usize::from(write);
                }
            }
            assert!(!dut.is("free") || (running.is_none() && launched == offered), "{at}: free with a COMPUTE at hand");
            assert_eq!(taken, copy && copied == beats.issue, "{at}: taken");
            copied += usize::from(copy);
            if copied == beats.all {
                (copied, copying) = (0, copying + 1);
            }
            if taken {
                // The next instruction takes a cycle a beat, and some to ask for it.
                (offered, pause) = (offered + 1, 3 + beats.all + random.below(30));
                pending |= random.chance(40);
            } else {
                pause -= usize::from(pause > 0);
            }
            dut.tick();
        }
        assert!(retired > 200, "port of {port_bytes} bytes: {retired} COMPUTEs in 30000 cycles");
    }
}

#[test]
fn the_page_shows_a_compute_of_two_results_and_the_copy_of_the_next() {
    let Some(mut dut) = dut!(ComputeControl::new(16), 93) else { return };
    calm(&mut dut);
    let mut waves = Waveform::new(&[
        ("offered", None),
        ("waits", None),
        ("copy", None),
        ("taken", None),
        ("launch", None),
        ("busy", None),
        ("result_issued", None),
        ("result_written", None),
        ("retire", None),
    ]);
    for cycle in 0..24 {
        dut.set("offered", (1..4).contains(&cycle) || (9..19).contains(&cycle));
        dut.set("waits", (1..4).contains(&cycle));
        dut.set("transfer_retired", cycle == 4);
        dut.set("busy", (8..12).contains(&cycle));
        dut.set("result_issued", cycle == 10 || cycle == 11);
        dut.set("result_written", cycle == 15 || cycle == 16);
        dut.settle();
        waves.sample(&dut);
        dut.tick();
    }
    waves.expect("control.md", "compute");
}
