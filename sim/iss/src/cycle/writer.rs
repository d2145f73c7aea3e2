//! STOREs on the write channel.

use cortado_arch::Architecture;

use crate::timing::Timing;

/// Reads one word ahead of the one that goes out beat by beat.
#[derive(Debug)]
pub(crate) struct Writer {
    word_beats: u64,
    burst: u64,
    read_latency: u64,
    to_read: u64,
    /// Cycles until the word on its way is there.
    arriving: u64,
    ahead: bool,
    beats_left: u64,
    to_ask: u64,
    to_send: u64,
    asking: Option<u64>,
    /// Beats whose command has been taken.
    allowed: u64,
}

/// What the writer did in a cycle.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct WriterDone {
    pub beat: bool,
    pub command: Option<u64>,
    /// The last beat of a STORE has gone.
    pub store: bool,
}

impl Writer {
    pub fn new(a: &Architecture, timing: &Timing) -> Self {
        Self {
            word_beats: (a.activation_word_bytes() / a.port_bytes) as u64,
            burst: a.burst_beats as u64,
            read_latency: timing.read,
            to_read: 0,
            arriving: 0,
            ahead: false,
            beats_left: 0,
            to_ask: 0,
            to_send: 0,
            asking: None,
            allowed: 0,
        }
    }

    pub fn store(&mut self, words: u64) {
        self.to_read = words;
        self.to_ask = words * self.word_beats;
        self.to_send = self.to_ask;
    }

    /// Whether it asks for a read of activation memory.
    pub fn reads(&self) -> bool {
        self.to_read > 0 && self.arriving == 0 && !self.ahead
    }

    /// One cycle, with the read granted or not; the memory takes a beat when `open`.
    /// [`Writer::store`] of the same cycle comes after.
    pub fn cycle(&mut self, granted: bool, open: bool) -> WriterDone {
        let take = self.reads() && granted;
        let sending = self.beats_left > 0 && self.allowed > 0 && open;
        let refill = self.ahead && (self.beats_left == 0 || (sending && self.beats_left == 1));
        let mut done = WriterDone { beat: sending, command: self.asking.take(), store: false };
        if sending {
            self.beats_left -= 1;
            self.allowed -= 1;
            self.to_send -= 1;
            done.store = self.to_send == 0;
        }
        if refill {
            self.ahead = false;
            self.beats_left = self.word_beats;
        }
        if self.arriving > 0 {
            self.arriving -= 1;
            self.ahead |= self.arriving == 0;
        }
        if take {
            self.to_read -= 1;
            self.arriving = self.read_latency;
        }
        if let Some(beats) = done.command {
            self.allowed += beats;
        } else if self.to_ask > 0 {
            let beats = self.to_ask.min(self.burst);
            self.to_ask -= beats;
            self.asking = Some(beats);
        }
        done
    }
}
