//! A channel of the external port and the memory behind it, burst by burst.

use std::collections::VecDeque;

use cortado_arch::Architecture;

use crate::timing::Timing;

/// One direction of the external port.
#[derive(Debug, Default)]
pub(crate) struct Channel {
    /// Ends of the bursts under way, oldest first.
    ends: VecDeque<u64>,
    command_free: u64,
    data_free: u64,
}

impl Channel {
    /// When a command that is ready at `ready` is taken.
    pub fn command_at(&self, ready: u64, timing: &Timing) -> u64 {
        let outstanding = timing.outstanding_bursts.max(1);
        let place = self
            .ends
            .len()
            .checked_sub(outstanding)
            .and_then(|i| self.ends.get(i))
            .copied()
            .unwrap_or(0);
        ready.max(self.command_free).max(place)
    }

    /// Moves a burst commanded at `at`; answers the cycle after its last beat. A write's first beat
    /// comes `fill` cycles after its command, a read's after the memory's latency.
    pub fn burst(
        &mut self,
        at: u64,
        beats: u64,
        fill: u64,
        a: &Architecture,
        timing: &Timing,
    ) -> u64 {
        let e = &a.external;
        let delay = if fill > 0 {
            fill
        } else {
            u64::from(e.latency_cycles) + 1
        };
        let moved = beats * a.port_bytes as u64 * u64::from(e.bandwidth_cycles);
        let cycles = beats.max(moved.div_ceil(u64::from(e.bandwidth_bytes).max(1)));
        let end = (at + delay).max(self.data_free) + cycles;
        self.command_free = at + 1;
        self.data_free = end;
        self.ends.push_back(end);
        while self.ends.len() > timing.outstanding_bursts.max(1) {
            self.ends.pop_front();
        }
        end
    }
}
