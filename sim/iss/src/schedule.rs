//! When each instruction starts and retires: the fetch unit, the DMA unit and the compute unit as
//! events that share a port and wait for each other.

use std::collections::VecDeque;

use cortado_arch::isa::{error_code, INSTRUCTION_BYTES};
use cortado_arch::Architecture;

use crate::channel::Channel;
use crate::issue::Issue;
use crate::report::{InstructionReport, Kind, RunReport};
use crate::timing::Timing;

/// An instruction as the schedule sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Task {
    pub kind: Kind,
    pub wait_dma: usize,
    pub wait_compute: usize,
    pub work: Work,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Work {
    /// END, or an instruction that ends the run with an error.
    Stop,
    /// Bytes to move, and words of which memory that takes. LOAD: `write`.
    Transfer {
        bytes: u64,
        words: u64,
        activation: bool,
        load: bool,
    },
    /// Cycles before and after the issue, and the issue.
    Compute { lead: u64, issue: Issue, drain: u64 },
}

/// Predicts the run of `tasks`, of which the last and only the last is [`Work::Stop`].
pub(crate) fn schedule(a: &Architecture, timing: &Timing, tasks: &[Task]) -> RunReport {
    let mut s = Scheduler::new(a, timing, tasks);
    while s.dispatch() || s.start_compute() || s.start_transfer() || s.use_port() {}
    s.report()
}

/// A LOAD or STORE in progress.
#[derive(Debug)]
struct Transfer {
    task: usize,
    beats_left: u64,
    ready: u64,
    words_per_beat_share: (u64, u64),
}

/// Times at which a unit started and retired its instructions.
#[derive(Debug, Default)]
struct UnitLog {
    queue: VecDeque<(usize, u64)>,
    queued: usize,
    started: Vec<u64>,
    retired: Vec<u64>,
}

struct Scheduler<'a> {
    a: &'a Architecture,
    timing: &'a Timing,
    tasks: &'a [Task],
    reads: Channel,
    writes: Channel,
    dma: UnitLog,
    compute: UnitLog,
    transfer: Option<Transfer>,
    /// Computes as users of activation memory: first and last cycle of issue, and what it asks for.
    busy: Vec<(u64, u64, Issue)>,
    /// When the instruction fetched last arrived whole, until it is dispatched.
    fetched: Option<u64>,
    next: usize,
    /// When the fetch of instruction `next` may begin; unknown while its predecessor has not left.
    dispatched: u64,
    times: Vec<(u64, u64)>,
    end: Option<u64>,
}

impl<'a> Scheduler<'a> {
    fn new(a: &'a Architecture, timing: &'a Timing, tasks: &'a [Task]) -> Self {
        Self {
            a,
            timing,
            tasks,
            reads: Channel::default(),
            writes: Channel::default(),
            dma: UnitLog::default(),
            compute: UnitLog::default(),
            transfer: None,
            busy: Vec::new(),
            fetched: None,
            next: 0,
            dispatched: timing.first_fetch,
            times: vec![(0, 0); tasks.len()],
            end: None,
        }
    }

    /// Hands the fetched instruction to its unit's queue when there is a place.
    fn dispatch(&mut self) -> bool {
        let (Some(fetched), Some(task)) = (self.fetched, self.tasks.get(self.next)) else {
            return false;
        };
        let mut at = (fetched + self.timing.dispatch).max(self.dispatched);
        let unit = match task.work {
            Work::Stop => {
                let all = self.dma.retired.len() == self.dma.queued
                    && self.compute.retired.len() == self.compute.queued;
                if !all {
                    return false;
                }
                let last = self
                    .dma
                    .retired
                    .iter()
                    .chain(&self.compute.retired)
                    .copied()
                    .max()
                    .unwrap_or(0);
                at = at.max(last);
                self.times[self.next] = (at, at + self.timing.end);
                self.end = Some(at + self.timing.end);
                self.fetched = None;
                self.next = self.tasks.len();
                return true;
            }
            Work::Transfer { .. } => &mut self.dma,
            Work::Compute { .. } => &mut self.compute,
        };
        let depth = self.timing.queue_depth.max(1);
        if unit.queued >= depth {
            match unit.started.get(unit.queued - depth) {
                Some(started) => at = at.max(*started),
                None => return false,
            }
        }
        unit.queue.push_back((self.next, at));
        unit.queued += 1;
        self.dispatched = at;
        self.fetched = None;
        self.next += 1;
        true
    }

    /// When the instruction at the head of a unit's queue starts; `None` while that is not known.
    fn head_start(&self, unit: &UnitLog) -> Option<(usize, u64)> {
        let (task, arrived) = *unit.queue.front()?;
        let Task {
            wait_dma,
            wait_compute,
            ..
        } = self.tasks[task];
        let reached = |log: &UnitLog, count: usize| match count {
            0 => Some(0),
            _ => log.retired.get(count - 1).copied(),
        };
        let waits = reached(&self.dma, wait_dma)?.max(reached(&self.compute, wait_compute)?);
        let before = reached(unit, unit.started.len())?;
        Some((task, arrived.max(waits).max(before)))
    }

    fn start_compute(&mut self) -> bool {
        let Some((task, start)) = self.head_start(&self.compute) else {
            return false;
        };
        self.compute.queue.pop_front();
        if let Work::Compute { lead, issue, drain } = self.tasks[task].work {
            let first = start + lead;
            let retire = first + issue.cycles + drain;
            self.busy.push((first, first + issue.cycles, issue));
            self.compute.started.push(start);
            self.compute.retired.push(retire);
            self.times[task] = (start, retire);
        }
        true
    }

    fn start_transfer(&mut self) -> bool {
        if self.transfer.is_some() {
            return false;
        }
        let Some((task, start)) = self.head_start(&self.dma) else {
            return false;
        };
        self.dma.queue.pop_front();
        if let Work::Transfer {
            bytes,
            words,
            activation,
            ..
        } = self.tasks[task].work
        {
            let beats = bytes.div_ceil(self.a.port_bytes as u64);
            self.dma.started.push(start);
            self.times[task].0 = start;
            let share = if activation { (words, beats) } else { (0, 1) };
            let ready = start + self.timing.transfer_start;
            self.transfer = Some(Transfer {
                task,
                beats_left: beats,
                ready,
                words_per_beat_share: share,
            });
        }
        true
    }

    /// Gives the port to the fetch or the burst that can command it first; a fetch before a burst.
    fn use_port(&mut self) -> bool {
        let fetch = (self.fetched.is_none() && self.next < self.tasks.len())
            .then(|| self.fetch_ready())
            .flatten()
            .map(|ready| self.reads.command_at(ready, self.timing));
        let burst = self.transfer.as_ref().map(|t| {
            let channel = if self.is_load(t.task) {
                &self.reads
            } else {
                &self.writes
            };
            channel.command_at(t.ready, self.timing)
        });
        match (fetch, burst) {
            (None, None) => false,
            (Some(at), burst) if burst.is_none_or(|b| at <= b) => {
                let beats = (INSTRUCTION_BYTES / self.a.port_bytes).max(1) as u64;
                self.fetched = Some(self.reads.burst(at, beats, 0, self.a, self.timing));
                true
            }
            (_, Some(at)) => {
                self.burst(at);
                true
            }
            (Some(_), None) => false,
        }
    }

    /// When the fetch of the next instruction may begin: its predecessor has left the fetch unit.
    fn fetch_ready(&self) -> Option<u64> {
        if self.timing.queue_depth > 0 {
            return Some(self.dispatched);
        }
        let waiting = !self.dma.queue.is_empty() || !self.compute.queue.is_empty();
        let started = self
            .dma
            .started
            .iter()
            .chain(&self.compute.started)
            .copied()
            .max()
            .unwrap_or(0);
        (!waiting).then_some(self.dispatched.max(started))
    }

    fn is_load(&self, task: usize) -> bool {
        matches!(self.tasks[task].work, Work::Transfer { load: true, .. })
    }

    /// One burst of the transfer, commanded at `at`.
    fn burst(&mut self, at: u64) {
        let Some(mut t) = self.transfer.take() else {
            return;
        };
        let load = self.is_load(t.task);
        let beats = t.beats_left.min(self.a.burst_beats as u64);
        let (words, of_beats) = t.words_per_beat_share;
        let words = (words * beats).div_ceil(of_beats);
        let end = if load {
            let end = self.reads.burst(at, beats, 0, self.a, self.timing);
            self.yielding(at, words, true).max(end)
        } else {
            let ready = self.yielding(at, words, false);
            let end = self
                .writes
                .burst(at, beats, self.timing.store_fill, self.a, self.timing);
            ready.max(end)
        };
        t.beats_left -= beats;
        t.ready = if self.timing.outstanding_bursts > 1 {
            at + 1
        } else {
            end
        };
        if t.beats_left > 0 {
            self.transfer = Some(t);
            return;
        }
        let retire = end
            + if load {
                self.timing.load_end
            } else {
                self.timing.store_end
            };
        self.dma.retired.push(retire);
        self.times[t.task].1 = retire;
    }

    /// When `words` cycles of activation memory's port have been free since `from`. Within a COMPUTE
    /// the cycles it leaves are taken to lie evenly.
    fn yielding(&self, from: u64, words: u64, writes: bool) -> u64 {
        let (mut now, mut left) = (from, words);
        for (first, last, issue) in &self.busy {
            if left == 0 || *last <= now {
                continue;
            }
            if *first > now {
                let free = (first - now).min(left);
                left -= free;
                now += free;
                if left == 0 {
                    break;
                }
            }
            let cycles = issue.cycles.max(1);
            let taken = if writes && !self.single_port() {
                issue.writes
            } else {
                issue.reads
            };
            let free = cycles.saturating_sub(taken.min(cycles));
            let here = (u128::from(last - now) * u128::from(free) / u128::from(cycles)) as u64;
            if here >= left && free > 0 {
                return now
                    + (u128::from(left) * u128::from(cycles)).div_ceil(u128::from(free)) as u64;
            }
            left -= here.min(left);
            now = *last;
        }
        now + left
    }

    fn single_port(&self) -> bool {
        self.a.activation_kind == cortado_arch::ActivationKind::Spram
    }

    fn report(self) -> RunReport {
        let instructions = self.tasks.iter().zip(&self.times).enumerate().map(
            |(index, (task, (start, retire)))| {
                let (issue_cycles, steps) = match task.work {
                    Work::Compute { issue, .. } => (issue.cycles, issue.steps),
                    _ => (0, 0),
                };
                InstructionReport {
                    index,
                    kind: task.kind,
                    start: *start,
                    retire: *retire,
                    issue_cycles,
                    steps,
                }
            },
        );
        let malformed = self.tasks.iter().any(|t| t.kind == Kind::Malformed);
        RunReport {
            cycles: self.end.unwrap_or(0),
            error: if malformed {
                error_code::INSTRUCTION
            } else {
                error_code::NONE
            },
            instructions: instructions.collect(),
        }
    }
}
