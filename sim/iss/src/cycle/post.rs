//! The post-processor: passes of results over the requantisers, and reads of residuals.

use std::collections::VecDeque;

use cortado_arch::Architecture;

use crate::timing::Timing;

/// A use of the requantisers for one vector of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    Result,
    Scaling,
    Sum,
}

/// Vectors on their way from totals to activation memory.
#[derive(Debug)]
pub(crate) struct Post {
    pass_cycles: u64,
    /// Cycles of a part.
    part_cycles: u64,
    result_pass: u64,
    scaling_pass: u64,
    read: u64,
    /// When totals arrive, residual words, and the partial sums of scaling passes.
    totals: VecDeque<u64>,
    residuals: VecDeque<u64>,
    /// Of result and sum passes: when they end, and whether a residual is still to be added.
    results: VecDeque<(u64, bool)>,
    partials: VecDeque<u64>,
    /// The pass at hand and its cycles left.
    active: Option<(Pass, u64)>,
    waiting: [bool; 3],
    /// Cycles until the next result pass with a residual may begin.
    spacing: u64,
    residual_wanted: bool,
}

/// What leaves the requantisers in a cycle, and whether a residual is to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PostNow {
    /// A result goes to activation memory.
    pub result: bool,
    /// A residual is to be read; it has waited already.
    pub residual_read: bool,
    pub residual_urgent: bool,
}

impl Post {
    pub fn new(a: &Architecture, timing: &Timing) -> Self {
        Self {
            pass_cycles: a.pass_cycles() as u64,
            part_cycles: a.requantise_cycles as u64,
            result_pass: timing.result_pass,
            scaling_pass: timing.scaling_pass,
            read: timing.read,
            totals: VecDeque::new(),
            residuals: VecDeque::new(),
            results: VecDeque::new(),
            partials: VecDeque::new(),
            active: None,
            waiting: [false; 3],
            spacing: 0,
            residual_wanted: false,
        }
    }

    /// Totals will be there at cycle `at`.
    pub fn expect(&mut self, at: u64) {
        self.totals.push_back(at);
    }

    pub fn begin_cycle(&mut self, now: u64) -> PostNow {
        let due = self.results.front().filter(|(at, _)| *at == now).copied();
        if due.is_some() {
            self.results.pop_front();
        }
        let own = due.is_some_and(|(_, own)| own);
        PostNow {
            result: due.is_some() && !own,
            residual_read: own || self.residual_wanted,
            residual_urgent: self.residual_wanted,
        }
    }

    /// The rest of the cycle that `begin` opened: `granted` says that a residual's read has the memory.
    pub fn end_cycle(&mut self, now: u64, begin: PostNow, granted: bool, residual: bool) {
        let due = |queue: &mut VecDeque<u64>| queue.front() == Some(&now) && queue.pop_front().is_some();
        self.waiting[Pass::Sum as usize] |= due(&mut self.partials);
        self.waiting[Pass::Scaling as usize] |= due(&mut self.residuals);
        self.waiting[Pass::Result as usize] |= due(&mut self.totals);
        self.residual_wanted = begin.residual_read && !granted;
        if begin.residual_read && granted {
            self.residuals.push_back(now + self.read);
        }
        self.schedule(now, residual);
    }

    /// Later passes first; a batch holds the requantisers for all cycles of its parts.
    fn schedule(&mut self, now: u64, residual: bool) {
        let spaced = self.spacing == 0 || !residual;
        self.spacing = self.spacing.saturating_sub(1);
        if let Some((pass, left)) = &mut self.active {
            // The last part issues in the first of its cycles.
            if *left == self.part_cycles {
                match pass {
                    Pass::Scaling => self.partials.push_back(now + self.scaling_pass),
                    Pass::Result | Pass::Sum => {
                        let own = residual && *pass == Pass::Result;
                        self.results.push_back((now + self.result_pass, own));
                    }
                }
            }
            *left -= 1;
            if *left > 0 {
                return;
            }
        }
        let ready = [Pass::Sum, Pass::Scaling, Pass::Result]
            .into_iter()
            .find(|pass| self.waiting[*pass as usize] && (*pass != Pass::Result || spaced));
        self.active = ready.map(|pass| (pass, self.pass_cycles));
        if let Some(pass) = ready {
            self.waiting[pass as usize] = false;
            if pass == Pass::Result {
                self.spacing = 4 * self.pass_cycles + 3;
            }
        }
    }
}
