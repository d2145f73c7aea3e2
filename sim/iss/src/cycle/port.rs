//! The external port's channels and the memory behind them.

use std::collections::VecDeque;

use cortado_arch::Architecture;

/// Holds a channel to a rational number of bytes a cycle. In units of 1 / `bandwidth_cycles` byte.
#[derive(Debug)]
struct Bandwidth {
    credit: u64,
    beat: u64,
    rate: u64,
    most: u64,
}

impl Bandwidth {
    fn of(a: &Architecture) -> Self {
        let beat = a.port_bytes as u64 * u64::from(a.external.bandwidth_cycles);
        let rate = u64::from(a.external.bandwidth_bytes).max(1);
        let most = beat + rate - 1;
        Self { credit: most, beat, rate, most }
    }

    fn end_cycle(&mut self, spent: bool) {
        let left = self.credit - if spent { self.beat } else { 0 };
        self.credit = (left + self.rate).min(self.most);
    }

    fn enough(&self) -> bool {
        self.credit >= self.beat
    }
}

/// One direction of the port: bursts commanded and not finished.
#[derive(Debug)]
pub(crate) struct Channel {
    /// First cycle in which a burst's data may move, and its beats left.
    bursts: VecDeque<(u64, u64)>,
    bandwidth: Bandwidth,
    delay: u64,
    /// Cycles that a burst takes beside its beats.
    burst_cycles: u64,
}

impl Channel {
    /// The first beat of a read comes `latency_cycles` after its command.
    pub fn reads(a: &Architecture) -> Self {
        Self::new(a, u64::from(a.external.latency_cycles).max(1))
    }

    /// Beats of a write are taken from the cycle after its command.
    pub fn writes(a: &Architecture) -> Self {
        Self::new(a, 1)
    }

    fn new(a: &Architecture, delay: u64) -> Self {
        let burst_cycles = u64::from(a.external.burst_cycles);
        Self { bursts: VecDeque::new(), bandwidth: Bandwidth::of(a), delay, burst_cycles }
    }

    /// Whether the memory gives (takes) a beat in cycle `now`.
    pub fn open(&self, now: u64) -> bool {
        self.bandwidth.enough() && self.bursts.front().is_some_and(|(first, _)| *first <= now)
    }

    /// Ends cycle `now`, in which a beat `moved` or not, and a burst of `command` beats was asked for.
    pub fn end_cycle(&mut self, now: u64, moved: bool, command: Option<u64>) {
        let served = now + 1 + self.burst_cycles;
        if moved {
            if let Some((_, beats)) = self.bursts.front_mut() {
                *beats -= 1;
                if *beats == 0 {
                    self.bursts.pop_front();
                    if let Some((first, _)) = self.bursts.front_mut() {
                        *first = served.max(*first);
                    }
                }
            }
        }
        self.bandwidth.end_cycle(moved);
        if let Some(beats) = command {
            let first = now + self.delay;
            self.bursts.push_back((if self.bursts.is_empty() { first.max(served) } else { first }, beats));
        }
    }
}
