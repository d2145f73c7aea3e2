//! The blocks of a STORE as emitted: beats made of several words.

mod blocks_support;

use std::collections::VecDeque;

use blocks_support::random::Random;
use cortado_hw::control::beat_assembler::BeatAssembler;

#[test]
fn beats_hold_their_pieces_in_order_whatever_stalls() {
    let seed = 93;
    let mut random = Random(seed);
    for (beat, piece) in [(4, 2), (8, 2), (16, 1), (64, 32)] {
        let Some(mut dut) = dut!(BeatAssembler::new(beat, piece), seed) else { return };
        dut.set("clear", true);
        dut.tick();
        let mut offered: Option<Vec<u8>> = None;
        let mut shown: Option<Vec<u8>> = None;
        let mut inside: VecDeque<u8> = VecDeque::new();
        let mut beats = 0;
        for cycle in 0..20_000 {
            let at = format!("beats of {beat} bytes in pieces of {piece}, cycle {cycle}");
            let clear = random.chance(1) && shown.is_none();
            let offer = offered.take().or_else(|| random.chance(60).then(|| random.bytes(piece)));
            dut.set("clear", clear);
            dut.set("in_valid", offer.is_some());
            dut.set_bytes("in_data", &offer.clone().unwrap_or_else(|| random.bytes(piece)));
            let ready = random.chance(60);
            dut.set("out_ready", ready);
            dut.settle();
            let valid = dut.is("out_valid");
            assert_eq!(valid, offer.is_some() && inside.len() + piece == beat, "{at}: out_valid");
            assert_eq!(dut.is("moved"), valid && ready, "{at}: moved");
            let data = dut.bytes("out_data", beat);
            if let Some(before) = shown.take() {
                assert!(valid && data == before, "{at}: an offered beat was withdrawn or changed");
            }
            let taken = offer.is_some() && dut.is("in_ready");
            assert_eq!(taken, offer.is_some() && (!valid || ready), "{at}: in_ready");
            dut.tick();
            if taken {
                inside.extend(offer.iter().flatten());
            } else {
                offered = offer;
            }
            if valid && ready {
                assert!(inside.drain(..).eq(data.iter().copied()), "{at}: other bytes");
                beats += 1;
            } else if valid && !clear {
                shown = Some(data);
            }
            if clear {
                inside.clear();
                offered = None;
            }
        }
        assert!(beats > 100, "only {beats} beats of {beat} bytes");
    }
}
