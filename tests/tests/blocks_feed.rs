//! The feed's blocks as emitted: patch buffer, word select, pacer.

mod blocks_support;

use cortado_arch::DataType;
use std::collections::VecDeque;

use blocks_support::{random::Random, waveform::Waveform, Dut};
use cortado_hw::feed::pacer::Pacer;
use cortado_hw::feed::patch_buffer::PatchBuffer;
use cortado_hw::feed::word_select::WordSelect;

/// A word on its way into the patch buffer.
#[derive(Clone)]
struct Word {
    bytes: Vec<u8>,
    rotation: u8,
    low: usize,
    high: usize,
    end: bool,
}

/// A patch of `bytes` bytes: its words, and what the buffer must make of them.
fn patch(random: &mut Random, tm: usize, bytes: usize, pad_value: u8) -> (VecDeque<Word>, Vec<u8>) {
    let mut wanted = vec![pad_value; bytes];
    let count = 1 + random.below(bytes.div_ceil(tm) + 1);
    let words = (0..count)
        .map(|at| {
            let low = random.below(bytes);
            let high = (low + random.below(tm + 1)).min(bytes);
            let word = Word { bytes: random.bytes(tm), rotation: random.byte(), low, high, end: at + 1 == count };
            for (place, byte) in wanted.iter_mut().enumerate().take(high).skip(low) {
                // Byte i of the word belongs to patch byte i + rotation, modulo Tm.
                *byte = word.bytes[(place + 256 * tm - usize::from(word.rotation)) % tm];
            }
            word
        })
        .collect();
    (words, wanted)
}

fn offer(dut: &mut Dut, random: &mut Random, word: Option<&Word>, tm: usize) {
    dut.set("valid", word.is_some());
    let nothing = Word { bytes: random.bytes(tm), rotation: random.byte(), low: 0, high: 255, end: random.chance(50) };
    let word = word.unwrap_or(&nothing);
    dut.set_bytes("word", &word.bytes);
    dut.set("rotation", word.rotation);
    dut.set("low", word.low as u64);
    dut.set("high", word.high as u64);
    dut.set("end_of_patch", word.end);
}

/// Where the patches are, as the buffer's contract tells it.
struct Stages {
    /// Patches ended and not yet in reserve, with the first cycle in which they may move.
    gathered: VecDeque<(usize, Vec<u8>)>,
    /// Whole patches, the first to be taken first.
    reserves: Vec<Option<Vec<u8>>>,
    at_hand: Option<Vec<u8>>,
}

impl Stages {
    fn new(reserves: usize) -> Self {
        Self { gathered: VecDeque::new(), reserves: vec![None; reserves], at_hand: None }
    }

    /// One cycle: every patch goes a stage on where there is room.
    fn advance(&mut self, cycle: usize, take: bool) {
        if take {
            self.at_hand = self.reserves[0].take();
        }
        for i in 1..self.reserves.len() {
            if self.reserves[i - 1].is_none() {
                self.reserves[i - 1] = self.reserves[i].take();
            }
        }
        let moves = self.gathered.front().is_some_and(|(from, _)| *from <= cycle);
        if let (Some(last @ None), true) = (self.reserves.last_mut(), moves) {
            *last = self.gathered.pop_front().map(|(_, patch)| patch);
        }
    }

    /// Whether a patch whose first word comes in this cycle, after [`Stages::advance`], finds the
    /// gathering stage free: its word is written a cycle later.
    fn may_begin(&self) -> bool {
        self.gathered.is_empty() || self.reserves.iter().any(Option::is_none)
    }
}

#[test]
fn the_patch_buffer_keeps_every_patch_whole_and_in_order() {
    let seed = 61;
    let mut random = Random(seed);
    for (tm, tn, bytes, reserves) in
        [(2, 2, 6, 1), (4, 4, 36, 1), (8, 2, 30, 2), (16, 4, 100, 3), (32, 32, 160, 2), (32, 32, 384, 2)]
    {
        let Some(mut dut) = dut!(PatchBuffer::new(DataType::Int8, tm, tn, bytes, reserves), seed) else { return };
        let pad_value = random.byte();
        dut.set("pad_value", pad_value);
        let (mut words, mut wanted) = patch(&mut random, tm, bytes, pad_value);
        let mut stages = Stages::new(reserves);
        let mut lanes: Option<Vec<u8>> = None;
        let mut taken = 0;
        for cycle in 0..8000 {
            let eager = cycle % 2000 < 1000;
            let at = format!("Tm {tm}, Tn {tn}, {bytes} bytes, {reserves} reserves, cycle {cycle}");
            let full = stages.reserves[0].is_some();
            let take = full && random.chance(if eager { 90 } else { 15 });
            let substep = random.below(bytes / tn);
            let now = stages.at_hand.clone();
            stages.advance(cycle, take);
            let offers = stages.may_begin() && random.chance(if eager { 95 } else { 50 });
            let word = offers.then(|| words.pop_front()).flatten();
            offer(&mut dut, &mut random, word.as_ref(), tm);
            dut.set("take", take);
            dut.set("substep", substep as u64);
            dut.settle();
            assert_eq!(dut.is("full"), full, "{at}");
            if let Some(lanes) = &lanes {
                assert_eq!(&dut.bytes("lanes", tn), lanes, "{at}, patch {taken}");
            }
            lanes = now.map(|patch| patch[tn * substep..tn * (substep + 1)].to_vec());
            taken += usize::from(take);
            if word.is_some_and(|word| word.end) {
                let (next_words, next_wanted) = patch(&mut random, tm, bytes, pad_value);
                words = next_words;
                let ended = std::mem::replace(&mut wanted, next_wanted);
                stages.gathered.push_back((cycle + 2, ended));
            }
            dut.tick();
        }
        assert!(taken > 300, "Tm {tm}: {taken} patches in 8000 cycles");
    }
}

#[test]
fn word_select_pads_holds_and_picks() {
    let seed = 62;
    let mut random = Random(seed);
    let sizes = [(1, 1, true), (2, 2, true), (4, 2, true), (8, 1, false), (16, 16, false), (32, 4, true)];
    for (tm, tn, has_patches) in sizes {
        let Some(mut dut) = dut!(WordSelect::new(DataType::Int8, tm, tn, has_patches), seed) else { return };
        let mut held: Option<Vec<u8>> = None;
        let mut shared: Option<Vec<u8>> = None;
        for cycle in 0..5000 {
            let (word, patch_lanes, pad_value) = (random.bytes(tm), random.bytes(tn), random.byte());
            // A word of a single step comes for each of them.
            let word_valid = tm == tn || held.is_none() || random.chance(40);
            let (pad, patch) = (random.chance(30), has_patches && random.chance(20));
            let substep = random.below(tm / tn);
            dut.set_bytes("word", &word);
            if has_patches {
                dut.set_bytes("patch_lanes", &patch_lanes);
                dut.set("patch", patch);
            }
            dut.set("pad_value", pad_value);
            dut.set("word_valid", word_valid);
            dut.set("pad", pad);
            dut.set("substep", substep as u64);
            dut.settle();
            let at = format!("Tm {tm}, Tn {tn}, cycle {cycle}");
            let padded = if pad { vec![pad_value; tm] } else { word };
            assert_eq!(dut.bytes("elements", tm), padded, "{at}: elements");
            if let Some(shared) = &shared {
                assert_eq!(&dut.bytes("shared", tn), shared, "{at}: shared");
            }
            if word_valid {
                held = Some(padded);
            }
            let source = held.iter().flatten().copied();
            let bytes = source.skip(tn * substep).take(tn).collect();
            shared = Some(if patch { patch_lanes } else { bytes });
            dut.tick();
        }
    }
}

#[test]
fn the_pacer_opens_exactly_an_interval_after_an_issue() {
    let seed = 63;
    let mut random = Random(seed);
    for (plain, residual) in [(1, 10), (2, 16), (4, 28), (16, 100), (64, 256), (256, 1540)] {
        let Some(mut dut) = dut!(Pacer::new(plain, residual), seed) else { return };
        let mut open_from = 0;
        for cycle in 0..6000 {
            let (with_residual, wants) = (random.chance(30), random.chance(60));
            let open = cycle >= open_from;
            dut.set("residual", with_residual);
            dut.set("issued", open && wants);
            dut.settle();
            assert_eq!(dut.is("open"), open, "intervals {plain} and {residual}, cycle {cycle}");
            if open && wants {
                open_from = cycle + if with_residual { residual } else { plain };
            }
            dut.tick();
        }
    }
}

#[test]
fn the_page_shows_two_patches() {
    let Some(mut dut) = dut!(PatchBuffer::new(DataType::Int8, 4, 2, 6, 1), 64) else { return };
    let mut waves = Waveform::new(&[
        ("valid", None),
        ("word", Some("valid")),
        ("rotation", Some("valid")),
        ("low", Some("valid")),
        ("high", Some("valid")),
        ("end_of_patch", None),
        ("full", None),
        ("take", None),
        ("substep", Some("")),
        ("lanes", Some("")),
    ]);
    // Patch bytes 0 to 3 are word bytes 1, 2, 3 and byte 0 of the next word; 4 and 5 stay padding.
    let word = |bytes: [u8; 4], low, high, end| Word { bytes: bytes.into(), rotation: 3, low, high, end };
    let first = [word([0x90, 0xa0, 0xa1, 0xa2], 0, 3, false), word([0xa3, 0x90, 0x90, 0x90], 3, 4, true)];
    let second = [word([0x90, 0xb0, 0xb1, 0xb2], 0, 3, false), word([0xb3, 0xb4, 0x90, 0x90], 3, 5, true)];
    let mut words: VecDeque<Word> = first.into_iter().chain(second).collect();
    let idle = Word { bytes: vec![0; 4], rotation: 0, low: 0, high: 0, end: false };
    dut.set("pad_value", 0xeeu64);
    // The steps' first patch is whatever the registers held: let a patch of padding pass first.
    for cycle in 0..8 {
        offer(&mut dut, &mut Random(0), Some(&Word { end: cycle == 0, ..idle.clone() }), 4);
        dut.set("valid", cycle == 0);
        dut.set("take", cycle == 5);
        dut.set("substep", 0u64);
        dut.tick();
    }
    let mut step = None;
    for _ in 0..14 {
        let word = words.pop_front();
        offer(&mut dut, &mut Random(0), Some(word.as_ref().unwrap_or(&idle)), 4);
        dut.set("valid", word.is_some());
        dut.set("substep", step.unwrap_or(0u64));
        dut.settle();
        let take = dut.is("full") && step.is_none_or(|step| step == 2);
        dut.set("take", take);
        dut.settle();
        waves.sample(&dut);
        step = match step {
            _ if take => Some(0),
            Some(step) if step < 2 => Some(step + 1),
            _ => None,
        };
        dut.tick();
    }
    waves.expect("feed.md", "patch_buffer");
}
