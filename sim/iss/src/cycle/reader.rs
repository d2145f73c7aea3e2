//! Instruction fetches and LOADs on the read channel.

use cortado_arch::isa::INSTRUCTION_BYTES;
use cortado_arch::Architecture;

use super::transfer::Transfer;

/// The command that stands on the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    Fetch,
    Burst,
}

/// Fetches go before the next burst of a LOAD, and their beats come after those on the way.
#[derive(Debug)]
pub(crate) struct Reader {
    fetch_beats: u64,
    fetch_wanted: bool,
    /// Beats of the instruction still to come.
    fetch_left: u64,
    /// Beats of a LOAD that come before those of the instruction.
    ahead: u64,
    asking: Option<Command>,
    /// The LOAD at hand, or the last one, goes to activation memory.
    to_activation: bool,
    /// Activation words in a beat, and those of the beat at hand that are written.
    pieces: u64,
    written: u64,
}

/// What the reader did in a cycle.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct ReaderDone {
    /// A beat has been taken.
    pub beat: bool,
    /// A command has been taken.
    pub command: Option<u64>,
    /// The last beat of an instruction has come.
    pub fetch: bool,
    /// A burst of the LOAD has been asked for, a beat of it has come.
    pub commanded: bool,
    pub moved: bool,
}

impl Reader {
    pub fn new(a: &Architecture) -> Self {
        Self {
            fetch_beats: (INSTRUCTION_BYTES / a.port_bytes).max(1) as u64,
            fetch_wanted: false,
            fetch_left: 0,
            ahead: 0,
            asking: None,
            to_activation: true,
            pieces: a.transfer_words() as u64,
            written: 0,
        }
    }

    /// Whether beats of a LOAD need a free write of activation memory.
    pub fn to_activation(&self) -> bool {
        self.to_activation
    }

    /// Writes a piece of the beat that is there; whether it was the last.
    fn whole(&mut self) -> bool {
        let pieces = if self.to_activation { self.pieces } else { 1 };
        self.written = (self.written + 1) % pieces;
        self.written == 0
    }

    pub fn fetch(&mut self) {
        self.fetch_wanted = true;
    }

    pub fn load(&mut self, to_activation: bool) {
        self.to_activation = to_activation;
    }

    /// One cycle: a beat is there when `valid`; a LOAD's is taken when `ready`, while `loading`.
    /// [`Reader::fetch`] and [`Reader::load`] of the same cycle come after.
    pub fn cycle(&mut self, valid: bool, ready: bool, loading: bool, transfer: &Transfer) -> ReaderDone {
        let fetching = self.fetch_left > 0 && self.ahead == 0;
        let asked = self.asking.take();
        let ready = ready && (fetching || !valid || self.whole());
        let mut done = ReaderDone {
            beat: valid && (fetching || ready),
            command: asked.map(|c| if c == Command::Fetch { self.fetch_beats } else { transfer.beats() }),
            commanded: asked == Some(Command::Burst),
            ..ReaderDone::default()
        };
        done.moved = done.beat && !fetching;
        if done.moved {
            self.ahead = self.ahead.saturating_sub(1);
        }
        if done.beat && fetching {
            self.fetch_left -= 1;
            done.fetch = self.fetch_left == 0;
        }
        if asked.is_none() && self.fetch_wanted {
            self.fetch_wanted = false;
            self.ahead = if loading { transfer.on_the_way() - u64::from(done.moved) } else { 0 };
            self.fetch_left = self.fetch_beats;
            self.asking = Some(Command::Fetch);
        } else if asked.is_none() && loading && transfer.open() {
            self.asking = Some(Command::Burst);
        }
        done
    }
}
