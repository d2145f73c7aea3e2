//! The memory port as emitted: each client's bursts in its own order, none that waits for ever, whatever stalls.

mod blocks_support;
mod trainer_support;

use blocks_support::random::Random;
use blocks_support::Dut;
use cortado_hw::trainer::memory_port::MemoryPort;
use cortado_hw::trainer::port_width::PortWidth;
use std::collections::VecDeque;
use trainer_support::{Memory, Timing, SMOOTH};

const BEAT: usize = 16;
/// Beats of the memory that a client has for itself.
const REGION: usize = 256;

/// One client of one channel: bursts in its own region, one after the other.
#[derive(Default)]
struct Client {
    /// The command it offers: first beat and beats.
    offers: Option<(usize, usize)>,
    /// Beats of its commands that have been taken and whose data have not moved, in their order.
    due: VecDeque<usize>,
    /// It offers a beat to write, which stands until it is taken; beats that were.
    sends: bool,
    sent: usize,
    /// Commands of others that have been taken while its own waited.
    passed: Vec<usize>,
    bursts: usize,
}

/// One channel's clients.
struct Side {
    name: &'static str,
    clients: Vec<Client>,
    /// Where the first client's region begins, in beats.
    base: usize,
}

impl Side {
    fn new(name: &'static str, count: usize, base: usize) -> Self {
        Self { name, clients: (0..count).map(|_| Client::default()).collect(), base }
    }

    fn drive_commands(&mut self, dut: &mut Dut, random: &mut Random, asks: bool) {
        let count = self.clients.len();
        let (mut addresses, mut beats) = (vec![0; count], vec![0u32; count.div_ceil(2)]);
        for (number, client) in self.clients.iter_mut().enumerate() {
            if client.offers.is_none() && asks && client.due.len() < 64 && random.chance(60) {
                let length = 1 + random.below(16);
                client.offers = Some((random.below(REGION - length), length));
                client.passed = vec![0; count];
            }
            let (first, length) = client.offers.unwrap_or((random.below(9), 7));
            addresses[number] = ((self.base + number * REGION + first) * BEAT * 4) as u32;
            beats[number / 2] |= (length as u32) << (16 * (number % 2));
        }
        let valid = self.mask(|client| client.offers.is_some());
        dut.set(&format!("client_{}_command_valid", self.name), valid);
        dut.set_words(&format!("client_{}_command_address", self.name), &addresses);
        dut.set_words(&format!("client_{}_command_beats", self.name), &beats);
    }

    fn mask(&self, which: impl Fn(&Client) -> bool) -> u64 {
        self.clients.iter().enumerate().map(|(number, client)| u64::from(which(client)) << number).sum()
    }

    fn sample_commands(&mut self, dut: &Dut) {
        let taken = dut.get(&format!("client_{}_command_ready", self.name));
        assert!(taken.count_ones() <= 1 && taken & !self.mask(|client| client.offers.is_some()) == 0);
        for number in 0..self.clients.len() {
            if taken >> number & 1 == 0 {
                continue;
            }
            for (other, client) in self.clients.iter_mut().enumerate() {
                if other != number && client.offers.is_some() {
                    client.passed[number] += 1;
                    assert!(client.passed[number] <= 1, "{} client {number} came twice before {other}", self.name);
                }
            }
            let client = &mut self.clients[number];
            let (first, length) = client.offers.take().expect("it was offered");
            client.due.extend((first..first + length).map(|beat| self.base + number * REGION + beat));
            client.bursts += 1;
        }
    }
}

/// Runs clients for so many cycles, then until nothing is under way; the memory afterwards.
fn run(dut: &mut Dut, readers: usize, writers: usize, timing: Timing, seed: u64) -> u64 {
    let mut random = Random(seed);
    let contents: Vec<u32> = (0..(readers + writers) * REGION * BEAT).map(|_| random.next() as u32).collect();
    let mut wanted = contents.clone();
    let mut memory = Memory::new(contents, BEAT, 1, timing, seed);
    let mut reads = Side::new("read", readers, 0);
    let mut writes = Side::new("write", writers, readers * REGION);
    for port in ["client_read_command_valid", "client_write_command_valid", "client_write_data_valid"] {
        dut.set(port, 0u64);
    }
    for port in ["read_command_ready", "write_command_ready", "read_data_valid", "write_data_ready"] {
        dut.set(port, false);
    }
    dut.set("reset", true);
    dut.tick();
    dut.set("reset", false);
    let idle = |side: &Side| side.clients.iter().all(|client| client.offers.is_none() && client.due.is_empty());
    let mut cycle = 0;
    while cycle < 6000 || !idle(&reads) || !idle(&writes) {
        assert!(cycle < 60_000, "bursts are left over");
        memory.drive(dut);
        reads.drive_commands(dut, &mut random, cycle < 6000);
        writes.drive_commands(dut, &mut random, cycle < 6000);
        let ready = (0..readers).map(|client| u64::from(!random.chance(timing.stalls)) << client).sum::<u64>();
        dut.set("client_read_data_ready", ready);
        let mut data = vec![0; writers * BEAT];
        for (number, client) in writes.clients.iter_mut().enumerate() {
            client.sends |= !client.due.is_empty() && !random.chance(timing.stalls);
            if let (true, Some(&beat)) = (client.sends, client.due.front()) {
                // No two beats hold the same: one written twice or left out is seen.
                let words = (0..BEAT).map(|word| (beat * 64 + word) as u32 ^ (client.sent as u32) << 16);
                data[number * BEAT..][..BEAT].copy_from_slice(&words.collect::<Vec<_>>());
            }
        }
        dut.set("client_write_data_valid", writes.mask(|client| client.sends));
        dut.set_words("client_write_data", &data);
        dut.settle();
        memory.sample(dut);
        let valid = dut.get("client_read_data_valid");
        assert!(valid.count_ones() <= 1);
        for (number, client) in reads.clients.iter_mut().enumerate() {
            if valid & ready & 1 << number != 0 {
                let beat = client.due.pop_front().expect("data that were asked for");
                assert_eq!(
                    dut.words("client_read_data"),
                    wanted[beat * BEAT..][..BEAT],
                    "reader {number}, beat {beat}"
                );
            }
        }
        let taken = dut.get("client_write_data_ready") & writes.mask(|client| client.sends);
        for (number, client) in writes.clients.iter_mut().enumerate() {
            if taken >> number & 1 == 1 {
                let beat = client.due.pop_front().expect("it sends what is due");
                wanted[beat * BEAT..][..BEAT].copy_from_slice(&data[number * BEAT..][..BEAT]);
                client.sends = false;
                client.sent += 1;
            }
        }
        reads.sample_commands(dut);
        writes.sample_commands(dut);
        dut.tick();
        cycle += 1;
    }
    assert!(memory.words == wanted, "what was written");
    for side in [&reads, &writes] {
        for (number, client) in side.clients.iter().enumerate() {
            assert!(client.bursts > 20, "{} client {number}: {} bursts only", side.name, client.bursts);
        }
    }
    memory.beats_moved
}

#[test]
fn every_client_gets_its_own_data_in_order_and_its_turn() {
    let seed = 311;
    for (readers, writers) in [(1, 1), (3, 2), (5, 4)] {
        let block = MemoryPort::new(readers, writers);
        let Some(mut dut) = dut!(block.expect("sizes that can be"), seed) else { return };
        for timing in
            [SMOOTH, Timing { latency: 1, stalls: 40, ..SMOOTH }, Timing { latency: 70, stalls: 15, ..SMOOTH }]
        {
            let beats = run(&mut dut, readers, writers, timing, seed);
            println!("{readers} readers, {writers} writers, {timing:?}: {beats} beats");
        }
    }
}

#[test]
fn sizes_that_cannot_be_are_refused_with_what_would_do() {
    for (readers, writers) in [(0, 1), (1, 0), (17, 1)] {
        let said = MemoryPort::new(readers, writers).err().map(|error| error.to_string());
        assert!(said.as_deref().is_some_and(|said| said.contains("1 to 16 are possible")), "{said:?}");
    }
}

/// Lines through [`PortWidth`] in both directions, each side stalling at random.
fn lines_through(dut: &mut Dut, port_words: usize, stalls: usize, random: &mut Random) {
    const LINES: usize = 300;
    let mut words = |count: usize| (0..count).map(|_| random.next() as u32).collect::<Vec<u32>>();
    let (coming, going) = (words(LINES * BEAT), words(LINES * BEAT));
    let (mut came, mut sent, mut wrote) = (Vec::new(), 0, Vec::new());
    let (mut beat, mut beat_offered, mut line_offered, mut cycles) = (0, false, false, 0);
    while came.len() < coming.len() || wrote.len() < going.len() {
        beat_offered |= beat < coming.len() && !random.chance(stalls);
        dut.set("read_data_valid", beat_offered);
        if beat_offered {
            dut.set_words("read_data", &coming[beat..beat + port_words]);
        }
        line_offered |= sent < going.len() && !random.chance(stalls);
        dut.set("line_write_data_valid", line_offered);
        if line_offered {
            dut.set_words("line_write_data", &going[sent..sent + BEAT]);
        }
        let (line_ready, beat_ready) = (!random.chance(stalls), !random.chance(stalls));
        dut.set("line_read_data_ready", line_ready);
        dut.set("write_data_ready", beat_ready);
        dut.settle();
        if dut.is("line_read_data_valid") && line_ready {
            came.extend(dut.words("line_read_data"));
        }
        if beat_offered && dut.is("read_data_ready") {
            (beat, beat_offered) = (beat + port_words, false);
        }
        if dut.is("write_data_valid") && beat_ready {
            wrote.extend(dut.words("write_data"));
        }
        if line_offered && dut.is("line_write_data_ready") {
            (sent, line_offered) = (sent + BEAT, false);
        }
        dut.tick();
        cycles += 1;
        assert!(cycles < 100 * LINES, "words are left over");
    }
    assert!(came == coming && wrote == going, "{port_words} words, {stalls} % stalls");
    let least = LINES * BEAT / port_words;
    assert!(stalls > 0 || cycles <= least + 4, "{port_words} words: {cycles} cycles for {least} beats");
}

#[test]
fn lines_pass_a_narrow_port_whole_and_without_a_gap() {
    let seed = 312;
    let mut random = Random(seed);
    for port_words in [1, 2, 4, 8] {
        let Some(mut dut) = dut!(PortWidth::new(port_words), seed) else { return };
        for port in ["read_data_valid", "line_write_data_valid", "line_read_data_ready", "write_data_ready"] {
            dut.set(port, false);
        }
        dut.set("line_read_command_beats", 5u64);
        dut.set("line_write_command_beats", 16u64);
        dut.set("reset", true);
        dut.tick();
        dut.set("reset", false);
        dut.settle();
        let beats = (BEAT / port_words) as u64;
        assert_eq!([dut.get("read_command_beats"), dut.get("write_command_beats")], [5 * beats, 16 * beats]);
        for stalls in [0, 30, 70] {
            lines_through(&mut dut, port_words, stalls, &mut random);
        }
    }
}
