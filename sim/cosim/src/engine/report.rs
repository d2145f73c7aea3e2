//! What a run of an engine showed.

use std::fmt;
use std::ops::Range;

use super::interface::{RawChannel, RawRace, RawReport, RawRetire};

/// Cycles are counted from 0, the cycle in which `start` is high.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunReport {
    /// How it ended.
    pub end: End,
    /// Cycles run, those with `start` and with `done` included.
    pub cycles: u64,
    /// Cycles with `array_active`.
    pub active_cycles: u64,
    /// Bytes of read data that were transferred.
    pub bytes_read: u64,
    /// Bytes of write data that were transferred.
    pub bytes_written: u64,
    /// Read commands.
    pub read_command: ChannelUse,
    /// Read data.
    pub read_data: ChannelUse,
    /// Write commands.
    pub write_command: ChannelUse,
    /// Write data.
    pub write_data: ChannelUse,
    /// Finished instructions, in the order they finished.
    pub retired: Vec<Retired>,
    /// Reads accepted while a write to the same bytes was unfinished; the first 16.
    pub races: Vec<Race>,
    /// How many such reads there were.
    pub race_count: u64,
    /// Of all outputs in every cycle, data and addresses only where they are valid: equal for engines that are equal to the
    /// eye of the memory, in lock-step. 0 unless [`RunOptions::digest`](super::RunOptions::digest) asks for it.
    pub digest: u64,
}

impl RunReport {
    /// The engine's error code, where it finished.
    pub fn error_code(&self) -> Option<u8> {
        match self.end {
            End::Done { error } => Some(error),
            _ => None,
        }
    }

    /// It finished with error code 0.
    pub fn good(&self) -> bool {
        self.error_code() == Some(0)
    }

    /// The fault that ended it, if one did.
    pub fn fault(&self) -> Option<Fault> {
        match self.end {
            End::Fault(fault) => Some(fault),
            _ => None,
        }
    }

    /// Cycles in which the `nth` finished instruction ran, as far as retirement shows: from after the one before to
    /// its own retirement, with `margin` cycles on both sides. One past the last means what followed the last.
    pub fn window_of(&self, nth: usize, margin: u64) -> Option<Range<u64>> {
        let before = match nth.checked_sub(1) {
            None => 0,
            Some(previous) => self.retired.get(previous)?.cycle.saturating_add(1),
        };
        let last = self.retired.get(nth).map_or(self.cycles.saturating_sub(1), |retired| retired.cycle);
        let end = last.saturating_add(1).saturating_add(margin).max(before.saturating_add(1));
        Some(before.saturating_sub(margin)..end)
    }

    /// # Safety
    /// The pointers in `raw` are valid for their counts.
    pub(crate) unsafe fn from_raw(raw: &RawReport) -> Self {
        // SAFETY: the caller's promise.
        let (retires, races) = unsafe { (slice(raw.retires, raw.retire_count), slice(raw.races, raw.races_kept)) };
        RunReport {
            end: End::from_raw(raw),
            cycles: raw.cycles,
            active_cycles: raw.active_cycles,
            bytes_read: raw.bytes_read,
            bytes_written: raw.bytes_written,
            read_command: raw.read_command.into(),
            read_data: raw.read_data.into(),
            write_command: raw.write_command.into(),
            write_data: raw.write_data.into(),
            retired: retires.iter().map(Retired::from).collect(),
            races: races.iter().map(Race::from).collect(),
            race_count: raw.race_count,
            digest: raw.digest,
        }
    }
}

/// An empty C++ vector's pointer may be null, which a slice's may not.
unsafe fn slice<'a, T>(pointer: *const T, count: u64) -> &'a [T] {
    if count == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(pointer, count as usize) }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With `done`.
    Done {
        /// The error code beside it; 0 is good.
        error: u8,
    },
    /// With a fault at the memory.
    Fault(Fault),
    /// `max_cycles` had passed.
    OutOfCycles,
    /// The trace's window had passed.
    TraceEnd,
}

impl End {
    fn from_raw(raw: &RawReport) -> Self {
        match raw.end {
            1 => End::Done { error: raw.error as u8 },
            2 => End::Fault(Fault {
                kind: FaultKind::from_raw(raw.fault_kind),
                channel: if raw.fault_write == 0 { "read" } else { "write" },
                cycle: raw.cycles.saturating_sub(1),
                address: raw.fault_address,
                beats: raw.fault_beats,
            }),
            4 => End::TraceEnd,
            _ => End::OutOfCycles,
        }
    }
}

/// Something the engine did that no memory could serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub kind: FaultKind,
    /// `"read"` or `"write"`.
    pub channel: &'static str,
    /// When.
    pub cycle: u64,
    /// Byte address of the command; 0 where the fault is not a command's.
    pub address: u64,
    /// Beats of the command; 0 where the fault is not a command's.
    pub beats: u64,
}

/// Kinds of [`Fault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The burst ends outside the memory.
    OutOfRange,
    /// The address is no multiple of the port's bytes.
    Misaligned,
    /// A command for no beats.
    NoBeats,
    /// A command's valid fell before it was taken.
    CommandDropped,
    /// A command changed before it was taken.
    CommandChanged,
    /// Write data's valid fell before they were taken.
    WriteDataDropped,
    /// Write data changed before they were taken.
    WriteDataChanged,
    /// `retire_valid` came more often than any program can be long.
    TooManyRetires,
}

impl FaultKind {
    fn from_raw(number: u64) -> Self {
        match number {
            0 => FaultKind::OutOfRange,
            1 => FaultKind::Misaligned,
            2 => FaultKind::NoBeats,
            3 => FaultKind::CommandDropped,
            4 => FaultKind::CommandChanged,
            5 => FaultKind::WriteDataDropped,
            6 => FaultKind::WriteDataChanged,
            _ => FaultKind::TooManyRetires,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            FaultKind::OutOfRange => "ends outside the memory",
            FaultKind::Misaligned => "is not aligned to the port's width",
            FaultKind::NoBeats => "has no beats",
            FaultKind::CommandDropped => "lost its valid before it was taken",
            FaultKind::CommandChanged => "changed before it was taken",
            FaultKind::WriteDataDropped => {
                return write!(f, "cycle {}: write data lost their valid before they were taken", self.cycle)
            }
            FaultKind::WriteDataChanged => {
                return write!(f, "cycle {}: write data changed before they were taken", self.cycle)
            }
            FaultKind::TooManyRetires => return write!(f, "cycle {}: retire_valid came too often", self.cycle),
        };
        let Fault { channel, cycle, address, beats, .. } = self;
        write!(f, "cycle {cycle}: {channel} of {beats} beats at {address:#010x} {what}")
    }
}

/// What a channel did in each cycle, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelUse {
    /// Valid and ready.
    pub transfers: u64,
    /// Valid, not ready: the receiver is late.
    pub stalled: u64,
    /// Ready, not valid: the sender is late, or has nothing.
    pub waiting: u64,
}

impl ChannelUse {
    /// Cycles with valid.
    pub fn busy(self) -> u64 {
        self.transfers + self.stalled
    }
}

impl From<RawChannel> for ChannelUse {
    fn from(RawChannel { transfers, stalled, waiting }: RawChannel) -> Self {
        ChannelUse { transfers, stalled, waiting }
    }
}

/// A finished instruction, with the counters as they stood then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retired {
    /// `retire_index`.
    pub index: u16,
    /// Cycle of its `retire_valid`.
    pub cycle: u64,
    /// Cycles with `array_active` so far, this one included.
    pub active_cycles: u64,
    /// Bytes read so far, this cycle included.
    pub bytes_read: u64,
    /// Bytes written so far, this cycle included.
    pub bytes_written: u64,
}

impl From<&RawRetire> for Retired {
    fn from(raw: &RawRetire) -> Self {
        let RawRetire { index, cycle, active_cycles, bytes_read, bytes_written } = *raw;
        Retired { index: index as u16, cycle, active_cycles, bytes_read, bytes_written }
    }
}

/// A read accepted while a write to some of its bytes was unfinished: what it returns depends on the memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Race {
    /// Cycle in which the read was accepted.
    pub cycle: u64,
    /// Bytes of the read.
    pub read: Range<u64>,
    /// Bytes of the write that were still to come.
    pub write: Range<u64>,
}

impl From<&RawRace> for Race {
    fn from(raw: &RawRace) -> Self {
        Race { cycle: raw.cycle, read: raw.read_first..raw.read_end, write: raw.write_first..raw.write_end }
    }
}
