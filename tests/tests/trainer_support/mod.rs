//! External memory beside blocks of the training engine, and numbers to fill it with.
#![allow(dead_code)]

use crate::blocks_support::random::Random;
use crate::blocks_support::Dut;
use std::collections::VecDeque;

/// How a memory answers.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Cycles that the port takes for a beat, in one direction or the other.
    pub beat_cycles: i32,
    /// Cycles from a read command to its first beat.
    pub latency: usize,
    /// Percent of cycles in which a command, or a beat, is not taken or offered although it could be.
    pub stalls: usize,
}

/// A memory that never stalls.
pub const SMOOTH: Timing = Timing { beat_cycles: 1, latency: 20, stalls: 0 };

struct Burst {
    client: usize,
    at: usize,
    beats: usize,
    ready_at: u64,
}

/// Words behind a port that moves beats in one direction or the other, seen by `clients` of it: each has its
/// element of the command and valid/ready vectors `read_command_valid` and so on.
pub struct Memory {
    pub words: Vec<u32>,
    beat: usize,
    clients: usize,
    timing: Timing,
    random: Random,
    cycle: u64,
    /// Cycles saved for beats; both directions may take one in the same cycle, which the next cycles pay for.
    credit: i32,
    reads: VecDeque<Burst>,
    writes: VecDeque<Burst>,
    offered: bool,
    read_ready: u64,
    write_ready: u64,
    data_ready: bool,
    pub beats_moved: u64,
}

impl Memory {
    /// Of `words`, for a port of `beat` words.
    pub fn new(words: Vec<u32>, beat: usize, clients: usize, timing: Timing, seed: u64) -> Self {
        Self {
            words,
            beat,
            clients,
            timing,
            random: Random(seed),
            cycle: 0,
            credit: timing.beat_cycles,
            reads: VecDeque::new(),
            writes: VecDeque::new(),
            offered: false,
            read_ready: 0,
            write_ready: 0,
            data_ready: false,
            beats_moved: 0,
        }
    }

    fn stalls(&mut self) -> bool {
        self.timing.stalls > 0 && self.random.chance(self.timing.stalls)
    }

    /// Chooses one client whose command would be taken; no more than one is taken in a cycle.
    fn one_ready(&mut self) -> u64 {
        let turn = self.cycle as usize % self.clients;
        if self.stalls() {
            0
        } else {
            1 << turn
        }
    }

    /// Inputs of a cycle, before they settle.
    pub fn drive(&mut self, dut: &mut Dut) {
        self.credit = (self.credit + 1).min(self.timing.beat_cycles);
        self.read_ready = if self.reads.len() < 16 { self.one_ready() } else { 0 };
        self.write_ready = if self.writes.len() < 16 { self.one_ready() } else { 0 };
        dut.set("read_command_ready", self.read_ready);
        dut.set("write_command_ready", self.write_ready);
        let due = self.reads.front().is_some_and(|burst| burst.ready_at <= self.cycle);
        self.offered |= due && self.credit >= self.timing.beat_cycles && !self.stalls();
        let front = self.reads.front().filter(|_| self.offered);
        let valid = front.map_or(0, |burst| 1 << burst.client);
        let at = front.map_or(0, |burst| burst.at);
        dut.set("read_data_valid", valid as u64);
        if self.offered {
            dut.set_words("read_data", &self.words[at..at + self.beat]);
        }
        self.data_ready = !self.writes.is_empty() && self.credit >= self.timing.beat_cycles && !self.stalls();
        let writer = self.writes.front().filter(|_| self.data_ready).map_or(0, |burst| 1 << burst.client);
        dut.set("write_data_ready", writer as u64);
    }

    /// What the block answered, before the rising edge.
    pub fn sample(&mut self, dut: &Dut) {
        let (beat, words) = (self.beat, self.words.len());
        if self.offered && dut.get("read_data_ready") >> self.reads[0].client & 1 == 1 {
            self.offered = false;
            self.moved(false);
        }
        if self.data_ready && dut.get("write_data_valid") >> self.writes[0].client & 1 == 1 {
            let Burst { client, at, .. } = self.writes[0];
            let data = dut.words("write_data");
            self.words[at..at + beat].copy_from_slice(&data[client * beat..][..beat]);
            self.moved(true);
        }
        for write in [false, true] {
            let (name, ready) = if write { ("write", self.write_ready) } else { ("read", self.read_ready) };
            let taken = dut.get(&format!("{name}_command_valid")) & ready;
            if taken == 0 {
                continue;
            }
            let client = taken.trailing_zeros() as usize;
            let bytes = dut.words(&format!("{name}_command_address"))[client] as usize;
            let beats = dut.words(&format!("{name}_command_beats"));
            let beats = (beats[client / 2] >> (16 * (client % 2)) & 0xffff) as usize;
            assert!(bytes % (4 * beat) == 0 && beats > 0, "{name} of {beats} beats at byte {bytes}");
            assert!(bytes / 4 + beats * beat <= words, "{name} of {beats} beats at byte {bytes} of {}", 4 * words);
            let ready_at = self.cycle + 1 + self.timing.latency as u64;
            let burst = Burst { client, at: bytes / 4, beats, ready_at };
            if write {
                self.writes.push_back(burst);
            } else {
                self.reads.push_back(burst);
            }
        }
        self.cycle += 1;
    }

    fn moved(&mut self, write: bool) {
        self.credit -= self.timing.beat_cycles;
        self.beats_moved += 1;
        let queue = if write { &mut self.writes } else { &mut self.reads };
        queue[0].at += self.beat;
        queue[0].beats -= 1;
        if queue[0].beats == 0 {
            queue.pop_front();
        }
    }

    /// Cycles so far.
    pub fn cycles(&self) -> u64 {
        self.cycle
    }
}

/// Words offered as a stream, some percent of the cycles not.
pub struct Source {
    words: Vec<u32>,
    beat: usize,
    at: usize,
    offered: bool,
    stalls: usize,
}

impl Source {
    pub fn new(words: Vec<u32>, beat: usize, stalls: usize) -> Self {
        Self { at: words.len(), words, beat, offered: false, stalls }
    }

    /// From the beginning again.
    pub fn rewind(&mut self) {
        self.at = 0;
        self.offered = false;
    }

    /// Offers the next beat in `name`, `name_valid`.
    pub fn drive(&mut self, dut: &mut Dut, name: &str, random: &mut Random) {
        let more = self.at < self.words.len();
        self.offered = more && (self.offered || self.stalls == 0 || !random.chance(self.stalls));
        dut.set(&format!("{name}_valid"), self.offered);
        if self.offered {
            dut.set_words(name, &self.words[self.at..self.at + self.beat]);
        }
    }

    /// Whether it was taken in `name_ready`.
    pub fn sample(&mut self, dut: &Dut, name: &str) {
        if self.offered && dut.is(&format!("{name}_ready")) {
            self.at += self.beat;
            self.offered = false;
        }
    }
}

/// A number of magnitude 2^-`octaves` to 1, of either sign.
pub fn number(random: &mut Random, octaves: usize) -> f32 {
    let magnitude =
        (1.0 + random.below(1 << 23) as f32 / (1 << 23) as f32) * 0.5f32.powi(1 + random.below(octaves) as i32);
    if random.chance(50) {
        -magnitude
    } else {
        magnitude
    }
}

/// So many of them.
pub fn numbers(random: &mut Random, count: usize, octaves: usize) -> Vec<f32> {
    (0..count).map(|_| number(random, octaves)).collect()
}

/// Their bits.
pub fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}
