//! Control blocks as emitted: the instruction register against the encoding, the life of a COMPUTE,
//! and what the dispatcher refuses.

mod blocks_support;

use blocks_support::{random::Random, waveform::Waveform, Dut};
use cortado_arch::isa::{Compute, CopyBeats, Header, OnChip, Transfer, INSTRUCTION_BYTES};
use cortado_hw::control::compute_control::ComputeControl;
use cortado_hw::control::dispatcher::Dispatcher;
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

/// One instruction, whatever it waits for.
struct Offered {
    opcode: u64,
    memory: u64,
    words: u64,
    wait_dma: u64,
    wait_compute: u64,
}

/// Hands the dispatcher its first instruction, and END behind it where it takes that; the error of the run, or `None`
/// where it does not end.
fn outcome(dut: &mut Dut, first: &Offered) -> Option<u64> {
    for port in ["start", "fetch_done", "transfer_done", "compute_taken", "compute_retire"] {
        dut.set(port, false);
    }
    dut.set("compute_free", true);
    dut.set("reset", true);
    dut.tick();
    dut.set("reset", false);
    dut.set("start", true);
    let end = Offered { opcode: 0, memory: 0, words: 0, wait_dma: 0, wait_compute: 0 };
    let (mut fetched, mut running) = (0, 0u32);
    for _ in 0..60 {
        let shown = if fetched < 3 { first } else { &end };
        dut.set("opcode", shown.opcode);
        dut.set("memory", shown.memory);
        dut.set("words", shown.words);
        dut.set("wait_dma", shown.wait_dma);
        dut.set("wait_compute", shown.wait_compute);
        // Each unit takes four cycles.
        dut.set("transfer_done", running == 1);
        dut.set("compute_retire", running == 1);
        dut.set("compute_free", running == 0);
        dut.settle();
        if dut.is("done") {
            return Some(dut.get("error"));
        }
        let offered = dut.is("compute_offered");
        dut.set("compute_taken", offered);
        dut.set("fetch_done", fetched % 2 == 1);
        dut.settle();
        running = match running {
            0 if dut.is("loading") || dut.is("storing") || offered => 4,
            left => left.saturating_sub(1),
        };
        fetched += usize::from(dut.is("fetch") || fetched % 2 == 1);
        dut.tick();
        dut.set("start", false);
    }
    None
}

#[test]
fn an_instruction_that_would_never_end_ends_the_run_with_error_1() {
    let arch = cortado_arch::preset::by_name("tiny-2x2").expect("a built-in preset");
    let Some(mut dut) = dut!(Dispatcher::new(&arch), 93) else { return };
    let most = [OnChip::Activation, OnChip::Weight, OnChip::Parameter].map(|memory| arch.on_chip(memory).0 as u64);
    for (opcode, memory, words, wait_dma, wait_compute, error) in [
        (0, 0, 0, 0, 0, 0),
        (3, 0, 0, 0, 0, 0),
        (3, 0, 0, 1, 0, 1),
        (3, 0, 0, 0xffff, 0, 1),
        (1, 0, most[0], 0, 0, 0),
        (1, 0, most[0] + 1, 0, 0, 1),
        (1, 1, most[1], 0, 0, 0),
        (1, 1, most[1] + 1, 0, 0, 1),
        (1, 2, most[2], 0, 0, 0),
        (1, 2, most[2] + 1, 0, 0, 1),
        (1, 3, 1, 0, 0, 1),
        (1, 0, 0, 0, 0, 1),
        (1, 0, 1, 0, 1, 1),
        (2, 0, 1, 0, 0, 0),
        (2, 1, 1, 0, 0, 1),
        (2, 0, 1, 0, 1, 1),
        (4, 0, 1, 0, 0, 1),
        (15, 0, 1, 0, 0, 1),
    ] {
        let instruction = Offered { opcode, memory, words, wait_dma, wait_compute };
        let found = outcome(&mut dut, &instruction);
        assert_eq!(
            found,
            Some(error),
            "opcode {opcode}, memory {memory}, {words} words, waits {wait_dma} and {wait_compute}"
        );
    }
}
