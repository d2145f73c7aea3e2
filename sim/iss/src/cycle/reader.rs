//! Instruction fetches and LOADs on the read channel.

use cortado_arch::isa::INSTRUCTION_BYTES;
use cortado_arch::Architecture;

/// Fetches go before the next burst of a LOAD, and their beats come after those on the way; either asks
/// while at most one burst is on the way, and no command stands on the port.
#[derive(Debug)]
pub(crate) struct Reader {
    fetch_beats: u64,
    burst: u64,
    fetch_wanted: bool,
    /// Beats of the instruction still to come.
    fetch_left: u64,
    /// Beats of a LOAD that come before those of the instruction.
    ahead: u64,
    to_request: u64,
    to_receive: u64,
    in_flight: u64,
    /// Beats of the command that stands on the port.
    asking: Option<u64>,
    /// The LOAD at hand, or the last one, goes to activation memory.
    to_activation: bool,
}

/// What the reader did in a cycle.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct ReaderDone {
    /// A beat has been taken.
    pub beat: bool,
    /// A command has been taken.
    pub command: Option<u64>,
    /// The last beat of an instruction has come, of a LOAD.
    pub fetch: bool,
    pub load: bool,
}

impl Reader {
    pub fn new(a: &Architecture) -> Self {
        Self {
            fetch_beats: (INSTRUCTION_BYTES / a.port_bytes).max(1) as u64,
            burst: a.burst_beats as u64,
            fetch_wanted: false,
            fetch_left: 0,
            ahead: 0,
            to_request: 0,
            to_receive: 0,
            in_flight: 0,
            asking: None,
            to_activation: true,
        }
    }

    /// Whether beats of a LOAD need a free write of activation memory.
    pub fn to_activation(&self) -> bool {
        self.to_activation
    }

    pub fn fetch(&mut self) {
        self.fetch_wanted = true;
    }

    pub fn load(&mut self, beats: u64, to_activation: bool) {
        self.to_request = beats;
        self.to_receive = beats;
        self.to_activation = to_activation;
    }

    /// One cycle: a beat is there when `valid`; a LOAD's is taken when `ready`. [`Reader::fetch`] and
    /// [`Reader::load`] of the same cycle come after.
    pub fn cycle(&mut self, valid: bool, ready: bool) -> ReaderDone {
        let fetching = self.fetch_left > 0 && self.ahead == 0;
        let mut done =
            ReaderDone { beat: valid && (fetching || ready), command: self.asking.take(), ..ReaderDone::default() };
        let port_free = done.command.is_none();
        let mut asked_ahead = None;
        if port_free && self.fetch_wanted && self.in_flight <= self.burst {
            asked_ahead = Some(self.in_flight - u64::from(done.beat));
            self.fetch_wanted = false;
            self.fetch_left = self.fetch_beats;
            self.asking = Some(self.fetch_beats);
        } else if port_free && !self.fetch_wanted && self.to_request > 0 && self.in_flight <= self.burst {
            let beats = self.to_request.min(self.burst);
            self.to_request -= beats;
            self.asking = Some(beats);
        }
        self.in_flight += self.asking.unwrap_or(0);
        if done.beat {
            self.in_flight -= 1;
            let left = if fetching { &mut self.fetch_left } else { &mut self.to_receive };
            *left -= 1;
            if !fetching {
                self.ahead = self.ahead.saturating_sub(1);
            }
            (done.fetch, done.load) = (fetching && *left == 0, !fetching && *left == 0);
        }
        self.ahead = asked_ahead.unwrap_or(self.ahead);
        done
    }
}
