//! The stream cells as emitted: order, loss, duplication and the contract under random stalls.

mod blocks_support;

use std::collections::VecDeque;

use blocks_support::{random::Random, waveform::Waveform, Dut};
use cortado_hw::cells::stream::{Byte, Fifo, SpillRegister};
use cortado_hw::config::ComputeFields;

/// A stream cell and what it promises beyond the contract.
struct Cell {
    name: String,
    dut: Dut,
    /// Words it takes while nothing leaves.
    capacity: usize,
}

/// Both cells, in several sizes of four bytes a word.
fn cells(seed: u64) -> Vec<Cell> {
    let mut cells = Vec::new();
    let spill = dut!(SpillRegister::<Byte>::new(4).expect("a size that can be"), seed);
    cells.extend(spill.map(|dut| Cell { name: "spill register".into(), dut, capacity: 2 }));
    for depth in [2, 4, 16, 64] {
        let fifo = dut!(Fifo::<Byte>::new(depth, 4).expect("a size that can be"), seed);
        let name = format!("queue of {depth}");
        cells.extend(fifo.map(|dut| Cell { name, dut, capacity: depth }));
    }
    cells
}

impl Cell {
    fn reset(&mut self) {
        self.dut.set("in_valid", false);
        self.dut.set("in_data", 0u64);
        self.dut.set("out_ready", false);
        self.dut.set("reset", true);
        self.dut.tick();
        self.dut.set("reset", false);
    }
}

#[test]
fn words_come_out_once_and_in_order_whatever_stalls() {
    let seed = 11;
    let mut random = Random(seed);
    for mut cell in cells(seed) {
        cell.reset();
        for (offers, takes) in [(100, 100), (50, 50), (90, 20), (20, 90), (100, 30), (30, 100)] {
            transfer(&mut cell, &mut random, 4000, offers, takes);
        }
    }
}

/// Moves words for a number of cycles, offering and taking in so many percent of them, then drains.
fn transfer(cell: &mut Cell, random: &mut Random, cycles: usize, offers: usize, takes: usize) {
    let Cell { name, dut, capacity } = cell;
    let mut inside: VecDeque<u64> = VecDeque::new();
    let mut offered: Option<u64> = None;
    let mut shown: Option<u64> = None;
    let mut moved = 0;
    for cycle in 0..cycles + 2 * *capacity {
        let drains = cycle >= cycles;
        if offered.is_none() && !drains && random.chance(offers) {
            offered = Some(random.next() & 0xffff_ffff);
        }
        let ready = drains || random.chance(takes);
        dut.set("in_valid", offered.is_some());
        dut.set("in_data", offered.unwrap_or(random.next() & 0xffff_ffff));
        dut.set("out_ready", ready);
        dut.settle();
        let at = format!("{name}, {offers}/{takes} %, cycle {cycle}");
        let (valid, data) = (dut.is("out_valid"), dut.get("out_data"));
        if let Some(before) = shown {
            assert!(valid && data == before, "{at}: an offered word was withdrawn or changed");
        }
        assert_eq!(valid, !inside.is_empty(), "{at}: out_valid with {} words inside", inside.len());
        if valid {
            assert_eq!(Some(&data), inside.front(), "{at}: out of order");
        }
        assert_eq!(dut.is("in_ready"), inside.len() < *capacity, "{at}: in_ready");
        shown = if valid && !ready { Some(data) } else { None };
        if valid && ready {
            inside.pop_front();
            moved += 1;
        }
        if dut.is("in_ready") {
            inside.extend(offered.take());
        }
        dut.tick();
    }
    assert!(inside.is_empty() && offered.is_none(), "{name}: words were left behind");
    assert!(moved > cycles * offers.min(takes) / 200, "{name}: only {moved} words in {cycles} cycles");
}

#[test]
fn a_word_moves_every_cycle_when_nothing_stalls() {
    for mut cell in cells(12) {
        cell.reset();
        cell.dut.set("in_valid", true);
        cell.dut.set("out_ready", true);
        for cycle in 0..200u64 {
            cell.dut.set("in_data", cycle);
            cell.dut.settle();
            assert!(cell.dut.is("in_ready"), "{}, cycle {cycle}", cell.name);
            if cycle > 0 {
                assert!(cell.dut.is("out_valid"), "{}, cycle {cycle}", cell.name);
                assert_eq!(cell.dut.get("out_data"), cycle - 1, "{}: latency", cell.name);
            }
            cell.dut.tick();
        }
    }
}

#[test]
fn no_path_runs_through_within_a_cycle() {
    let seed = 13;
    let mut random = Random(seed);
    for mut cell in cells(seed) {
        cell.reset();
        for cycle in 0..500 {
            let mut seen = Vec::new();
            for inputs in 0..4u64 {
                cell.dut.set("in_valid", inputs & 1);
                cell.dut.set("out_ready", inputs >> 1);
                cell.dut.set("in_data", random.next() & 0xffff_ffff);
                cell.dut.settle();
                let valid = cell.dut.is("out_valid");
                // What stands on the data while nothing is offered may be anything.
                let data = if valid { cell.dut.get("out_data") } else { 0 };
                seen.push((cell.dut.is("in_ready"), valid, data));
            }
            seen.dedup();
            assert_eq!(seen.len(), 1, "{}, cycle {cycle}: {seen:?}", cell.name);
            cell.dut.set("in_valid", random.chance(60));
            cell.dut.set("out_ready", random.chance(40));
            cell.dut.tick();
        }
    }
}

#[test]
fn reset_forgets_what_is_inside() {
    for mut cell in cells(14) {
        cell.reset();
        cell.dut.set("in_valid", true);
        for _ in 0..cell.capacity {
            cell.dut.tick();
        }
        cell.dut.settle();
        assert!(cell.dut.is("out_valid") && !cell.dut.is("in_ready"), "{}", cell.name);
        cell.reset();
        cell.dut.settle();
        assert!(!cell.dut.is("out_valid") && cell.dut.is("in_ready"), "{}", cell.name);
    }
}

#[test]
fn a_struct_travels_whole() {
    let Some(mut dut) = dut!(Fifo::<ComputeFields>::new(2, 1).expect("a size that can be"), 15) else {
        return;
    };
    let layer = cortado_arch::isa::Compute {
        mode: 2,
        row_words: 0xbeef,
        sum_q: 0x7123_4567,
        sum_shift: 21,
        ..Default::default()
    };
    dut.set("reset", true);
    dut.tick();
    dut.set("reset", false);
    dut.set("in_valid", true);
    dut.set_layer("in_data", &layer);
    dut.tick();
    dut.settle();
    assert!(dut.is("out_valid"));
    assert_eq!(dut.words("out_data"), dut.words("in_data"));
}

#[test]
fn the_page_shows_a_stall() {
    let Some(mut cell) = cells(16).into_iter().next() else {
        return;
    };
    let mut waves = Waveform::new(&[
        ("in_valid", None),
        ("in_ready", None),
        ("in_data", Some("in_valid")),
        ("out_valid", None),
        ("out_ready", None),
        ("out_data", Some("out_valid")),
    ]);
    cell.reset();
    let mut word = 0xa0u64;
    for cycle in 0..10 {
        cell.dut.set("in_valid", word < 0xa6);
        cell.dut.set("in_data", word);
        cell.dut.set("out_ready", !(2..5).contains(&cycle));
        cell.dut.settle();
        waves.sample(&cell.dut);
        if cell.dut.is("in_ready") && word < 0xa6 {
            word += 1;
        }
        cell.dut.tick();
    }
    waves.expect("cells.md", "spill_register");
}
