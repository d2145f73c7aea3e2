//! What is left of the LOAD or STORE at hand.

use cortado_arch::Architecture;

/// Beats to ask for and beats on the way, for the reader and the writer: one of them moves at a time.
#[derive(Debug)]
pub(crate) struct Transfer {
    burst: u64,
    to_ask: u64,
    on_the_way: u64,
}

impl Transfer {
    pub fn new(a: &Architecture) -> Self {
        Self { burst: a.burst_beats as u64, to_ask: 0, on_the_way: 0 }
    }

    pub fn take(&mut self, beats: u64) {
        self.to_ask = beats;
    }

    /// Whether a burst is left to ask for, and at most one is on the way.
    pub fn open(&self) -> bool {
        self.to_ask > 0 && self.on_the_way <= self.burst
    }

    /// Beats of the next burst.
    pub fn beats(&self) -> u64 {
        self.to_ask.min(self.burst)
    }

    /// Beats whose command has been taken.
    pub fn on_the_way(&self) -> u64 {
        self.on_the_way
    }

    /// Ends a cycle in which the next burst was `commanded`, and a beat `moved`; true when it was the last.
    pub fn end_cycle(&mut self, commanded: bool, moved: bool) -> bool {
        let done = moved && self.to_ask == 0 && self.on_the_way == 1;
        if commanded {
            let beats = self.beats();
            self.to_ask -= beats;
            self.on_the_way += beats;
        }
        self.on_the_way -= u64::from(moved);
        done
    }
}
