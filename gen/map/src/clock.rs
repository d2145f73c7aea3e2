//! When instructions are handed over, start and end: an estimate of the engine's dispatcher.

use crate::cost::{copy_cycles, fetch_cycles, load_cycles, store_cycles};
use cortado_arch::isa::{OnChip, Transfer, INSTRUCTION_BYTES};
use cortado_arch::Architecture;

/// One instruction is fetched ahead. Each unit holds one, and the next for a unit that is not free holds
/// up all that follow. A fetch goes before the next burst of a LOAD; its beats come behind those on the way.
pub(crate) struct Clock<'a> {
    arch: &'a Architecture,
    /// When the next instruction is there.
    arrived: u64,
    /// Ends of the COMPUTEs and of the transfers, in order.
    pub computes: Vec<u64>,
    pub transfers: Vec<u64>,
    /// Start of the last transfer when it is a LOAD.
    load_start: Option<u64>,
    /// Cycles of the last COMPUTE, and how many of them a LOAD to activation memory yields to.
    last: (u64, u64),
}

impl<'a> Clock<'a> {
    pub fn new(arch: &'a Architecture) -> Self {
        Self {
            arch,
            arrived: fetch_cycles(arch),
            computes: Vec::new(),
            transfers: Vec::new(),
            load_start: None,
            last: (1, 0),
        }
    }

    /// End of the last COMPUTE.
    pub fn computed(&self) -> u64 {
        self.computes.last().copied().unwrap_or(0)
    }

    /// End of the last transfer.
    pub fn moved(&self) -> u64 {
        self.transfers.last().copied().unwrap_or(0)
    }

    /// Whether a transfer can be handed over in time for a COMPUTE behind it to start at `ready`.
    pub fn has_place(&self, ready: u64) -> bool {
        self.arrived.max(self.moved() + 1) + fetch_cycles(self.arch) < ready
    }

    /// A LOAD that starts when `after` is over; answers its end, as long as nothing is fetched beside it.
    pub fn load(&mut self, memory: OnChip, t: &Transfer, after: u64) -> u64 {
        let handed = self.arrived.max(self.moved() + 1);
        let start = handed.max(after) + 1;
        let fetch = fetch_cycles(self.arch);
        self.arrived = handed + fetch;
        // The fetch of the next instruction is asked for first; its beats come before the LOAD's.
        let shared = self.arrived.saturating_sub(start + 2).min(fetch_beats(self.arch));
        let alone = load_cycles(memory, t, self.arch);
        let cycles = match memory {
            OnChip::Activation => self.yielding(start + shared, alone),
            OnChip::Weight | OnChip::Parameter => alone,
        };
        self.transfers.push(start + shared + cycles);
        self.load_start = Some(start);
        self.moved()
    }

    /// A STORE that starts when `after` is over; answers its end.
    pub fn store(&mut self, t: &Transfer, after: u64) -> u64 {
        let handed = self.hand_over(self.arrived, self.moved());
        self.transfers.push(handed.max(after) + 1 + store_cycles(t, self.arch));
        self.load_start = None;
        self.moved()
    }

    /// Cycles of a LOAD from `start` that takes `alone` where no COMPUTE writes its results between.
    fn yielding(&self, start: u64, alone: u64) -> u64 {
        let (cycles, taken) = self.last;
        let beside = self.computed().saturating_sub(start);
        let free = cycles.saturating_sub(taken);
        let moved = beside * free / cycles;
        if alone > moved {
            beside + alone - moved
        } else {
            (alone * cycles).checked_div(free).unwrap_or(beside)
        }
    }

    /// A COMPUTE of `cycles` that starts when `after` is over, in which a LOAD to activation memory yields
    /// to `taken` of its cycles; answers its end.
    pub fn compute(&mut self, cycles: u64, taken: u64, after: u64) -> u64 {
        self.last = (cycles.max(1), taken);
        let handed = self.hand_over(self.arrived + copy_cycles(self.arch), self.computed());
        self.computes.push(handed.max(after) + 1 + cycles);
        self.computed()
    }

    /// Hands over an instruction that is `ready` when its unit is free; fetches the next.
    fn hand_over(&mut self, ready: u64, free: u64) -> u64 {
        let handed = ready.max(free + 1);
        let fetch = fetch_cycles(self.arch);
        self.arrived = handed + fetch;
        let Some(end) = self.transfers.last_mut() else {
            return handed;
        };
        if self.load_start.is_some_and(|start| start < handed) && *end > handed {
            // Between one and two bursts are on the way.
            let left = *end - handed;
            let coming = (self.arch.burst_beats as u64 * 3 / 2).min(left);
            self.arrived = self.arrived.max(handed + coming + fetch_beats(self.arch));
            if left > coming {
                *end += fetch_beats(self.arch);
            }
        }
        handed
    }
}

/// Beats of an instruction.
fn fetch_beats(arch: &Architecture) -> u64 {
    INSTRUCTION_BYTES.div_ceil(arch.port_bytes) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use cortado_arch::preset::by_name;

    fn words(words: u32) -> Transfer {
        Transfer { words, ..Transfer::default() }
    }

    #[test]
    fn a_second_load_holds_up_the_compute_behind_it() {
        let arch = by_name("ulx3s-85f-16x8").expect("an embedded preset");
        let fetch = fetch_cycles(&arch);
        let mut clock = Clock::new(&arch);
        let first = clock.load(OnChip::Weight, &words(8), 0);
        assert!(!clock.has_place(first), "what waits for the first LOAD goes before a second");
        clock.load(OnChip::Weight, &words(8), 0);
        let end = clock.compute(100, 0, 0);
        assert!(end >= first + fetch + 100, "{end}: it is fetched when the second LOAD has begun");
    }

    #[test]
    fn computes_shorter_than_a_fetch_take_as_long_as_one() {
        let arch = by_name("ulx3s-85f-16x8").expect("an embedded preset");
        let mut clock = Clock::new(&arch);
        let first = clock.compute(1, 0, 0);
        assert_eq!(clock.compute(1, 0, 0), first + fetch_cycles(&arch) + copy_cycles(&arch));
        let third = clock.compute(500, 0, 0);
        assert_eq!(clock.compute(500, 0, 0), third + 502);
    }

    #[test]
    fn a_load_yields_to_the_results_of_the_compute_at_work() {
        let arch = by_name("ulx3s-85f-16x8").expect("an embedded preset");
        let end = |memory, taken| {
            let mut clock = Clock::new(&arch);
            clock.compute(10_000, taken, 0);
            clock.load(memory, &words(100), 0)
        };
        assert_eq!(end(OnChip::Weight, 5_000), end(OnChip::Weight, 0));
        let (free, half) = (end(OnChip::Activation, 0), end(OnChip::Activation, 5_000));
        assert!(half > free + 400, "{free}, {half}");
        assert!(end(OnChip::Activation, 10_000) > 10_000);
    }
}
