//! Control blocks as emitted: the instruction register against the encoding, the life of a COMPUTE.

mod blocks_support;

use blocks_support::{random::Random, waveform::Waveform, Dut};
use cortado_arch::isa::{Compute, Header, Transfer, INSTRUCTION_BYTES};
use cortado_hw::control::compute_control::ComputeControl;
use cortado_hw::control::instruction_register::InstructionRegister;

#[test]
fn the_instruction_register_shows_every_field_whatever_the_port_is_wide() {
    let seed = 91;
    let mut random = Random(seed);
    for port_bytes in [1, 2, 4, 16, 64] {
        let Some(mut dut) = dut!(InstructionRegister::new(port_bytes), seed) else { return };
        for number in 0..200 {
            let bytes = random.bytes(INSTRUCTION_BYTES);
            for beat in bytes.chunks(port_bytes) {
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
    for port in ["accept", "met", "busy", "result_issued", "result_written"] {
        dut.set(port, false);
    }
    dut.set("next_index", 0u64);
    dut.set_layer("next_layer", &Compute::default());
    dut.set("reset", true);
    dut.tick();
    dut.set("reset", false);
}

#[test]
fn a_compute_starts_once_when_met_and_retires_after_its_last_result() {
    let seed = 92;
    let mut random = Random(seed);
    let Some(mut dut) = dut!(ComputeControl::new(), seed) else { return };
    calm(&mut dut);
    for index in 0..500u64 {
        let layer = Compute { row_words: random.next() as u32 & 0xffff, ..Compute::default() };
        dut.settle();
        assert!(dut.is("free"), "instruction {index}");
        dut.set("accept", true);
        dut.set("next_index", index);
        dut.set_layer("next_layer", &layer);
        let wanted = dut.words("next_layer");
        dut.tick();
        dut.set("accept", false);
        dut.set_layer("next_layer", &Compute::default());
        let met_after = random.below(6);
        let results = 1 + random.below(8);
        let (mut issued, mut written, mut launches, mut retired) = (0, 0, 0, false);
        for cycle in 0..400 {
            let at = format!("instruction {index}, cycle {cycle}");
            dut.set("met", cycle >= met_after);
            let started = launches > 0;
            let issue = started && issued < results && random.chance(50);
            let write = written < issued && random.chance(30);
            // A sequencer is busy up to and with the cycle of its last issue.
            dut.set("busy", started && issued < results);
            dut.set("result_issued", issue);
            dut.set("result_written", write);
            dut.settle();
            assert!(!dut.is("free"), "{at}: free with an instruction at hand");
            assert_eq!(dut.words("layer"), wanted, "{at}: layer");
            assert_eq!(dut.get("index"), index, "{at}: index");
            assert_eq!(dut.is("waiting"), cycle <= met_after, "{at}: waiting");
            launches += usize::from(dut.is("launch"));
            retired = dut.is("retire");
            if retired {
                assert_eq!((launches, issued, written), (1, results, results), "{at}: retired early");
            }
            issued += usize::from(issue);
            written += usize::from(write);
            dut.tick();
            if retired {
                break;
            }
        }
        assert!(retired, "instruction {index} never retired");
    }
}

#[test]
fn the_page_shows_a_compute_of_two_results() {
    let Some(mut dut) = dut!(ComputeControl::new(), 93) else { return };
    calm(&mut dut);
    let mut waves = Waveform::new(&[
        ("accept", None),
        ("free", None),
        ("waiting", None),
        ("met", None),
        ("launch", None),
        ("busy", None),
        ("result_issued", None),
        ("result_written", None),
        ("retire", None),
    ]);
    for cycle in 0..17 {
        dut.set("accept", cycle == 1);
        dut.set("met", cycle >= 4);
        dut.set("busy", (6..10).contains(&cycle));
        dut.set("result_issued", cycle == 8 || cycle == 9);
        dut.set("result_written", cycle == 12 || cycle == 13);
        dut.settle();
        waves.sample(&dut);
        dut.tick();
    }
    waves.expect("control.md", "compute");
}
