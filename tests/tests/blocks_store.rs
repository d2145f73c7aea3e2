//! The blocks of a STORE as emitted: beats made of several words, and the turn a STORE gets.

mod blocks_support;

use std::collections::VecDeque;

use blocks_support::random::Random;
use cortado_hw::control::beat_assembler::BeatAssembler;
use cortado_hw::control::store_turn::StoreTurn;

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

#[test]
fn a_store_gets_its_turn_when_its_patience_ends_and_not_before() {
    let seed = 94;
    let mut random = Random(seed);
    for patience in [1, 2, 7, 64] {
        let Some(mut dut) = dut!(StoreTurn::new(patience), seed) else { return };
        dut.set("wanted", true);
        dut.set("given", false);
        dut.set("reset", true);
        dut.tick();
        dut.set("reset", false);
        let (mut waited, mut turns) = (0, 0);
        for cycle in 0..20_000 {
            let wanted = waited > 0 && random.chance(99) || random.chance(30);
            let given = wanted && random.chance(2);
            dut.set("wanted", wanted);
            dut.set("given", given);
            dut.settle();
            let urgent = dut.is("urgent");
            assert_eq!(urgent, waited >= patience, "patience {patience}, cycle {cycle}: after {waited} cycles");
            turns += usize::from(urgent && given);
            dut.tick();
            waited = if wanted && !given { waited + 1 } else { 0 };
        }
        assert!(turns > 5, "patience {patience}: only {turns} turns");
    }
}
