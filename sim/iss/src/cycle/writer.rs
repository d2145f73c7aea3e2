//! STOREs on the write channel.

use std::collections::VecDeque;

use cortado_arch::Architecture;

use super::transfer::Transfer;
use crate::timing::Timing;

/// Reads words ahead of the one that goes out beat by beat, and words behind the STORE's last.
#[derive(Debug)]
pub(crate) struct Writer {
    word_beats: u64,
    words_ahead: usize,
    read_latency: u64,
    /// Cycles until each word on its way is there, the next first.
    arriving: VecDeque<u64>,
    /// Words that are there.
    ahead: usize,
    beats_left: u64,
    /// Words in a beat, and those that wait for the others of theirs.
    pieces: u64,
    held: u64,
    /// A command stands on the port.
    asking: bool,
}

/// What the writer did in a cycle.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct WriterDone {
    pub beat: bool,
    pub command: Option<u64>,
}

impl Writer {
    pub fn new(a: &Architecture, timing: &Timing) -> Self {
        Self {
            word_beats: (a.activation_word_bytes() / a.port_bytes).max(1) as u64,
            words_ahead: a.store_words_ahead(),
            read_latency: timing.read,
            arriving: VecDeque::new(),
            ahead: 0,
            beats_left: 0,
            pieces: a.transfer_words() as u64,
            held: 0,
            asking: false,
        }
    }

    /// Whether it asks for a read of activation memory, while `storing`.
    pub fn reads(&self, storing: bool) -> bool {
        let just_taken = self.arriving.back() == Some(&self.read_latency);
        storing && !just_taken && self.arriving.len() + self.ahead < self.words_ahead
    }

    /// One cycle, with the read granted or not; the memory takes a beat when `open`.
    pub fn cycle(&mut self, granted: bool, open: bool, storing: bool, transfer: &Transfer) -> WriterDone {
        if !storing {
            self.arriving.clear();
            (self.ahead, self.beats_left, self.held, self.asking) = (0, 0, 0, false);
            return WriterDone::default();
        }
        let take = self.reads(storing) && granted;
        let last = self.held + 1 == self.pieces;
        let sending = self.beats_left > 0 && transfer.on_the_way() > 0 && (open || !last);
        let refill = self.ahead > 0 && (self.beats_left == 0 || (sending && self.beats_left == 1));
        let done = WriterDone { beat: sending && last, command: self.asking.then(|| transfer.beats()) };
        self.beats_left -= u64::from(sending);
        self.held = (self.held + u64::from(sending)) % self.pieces;
        if refill {
            self.ahead -= 1;
            self.beats_left = self.word_beats;
        }
        self.arriving.iter_mut().for_each(|cycles| *cycles -= 1);
        if self.arriving.front() == Some(&0) {
            self.arriving.pop_front();
            self.ahead += 1;
        }
        if take {
            self.arriving.push_back(self.read_latency);
        }
        self.asking = !self.asking && transfer.open();
        done
    }
}
