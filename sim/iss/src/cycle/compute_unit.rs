//! The compute unit: one COMPUTE at a time, from its hand-over to its retirement.

use std::cmp::Ordering;

use cortado_arch::isa::{Compute, CopyBeats, Mode};
use cortado_arch::{ActivationKind, Architecture};

use super::dispatcher::Offer;
use super::post::Post;
use super::sequencer::Sequencer;
use crate::report::Issue;
use crate::timing::Timing;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Starting,
    Settling,
    Running,
    Retiring,
}

#[derive(Debug)]
pub(crate) struct ComputeUnit<'a> {
    a: &'a Architecture,
    timing: &'a Timing,
    single_port: bool,
    state: State,
    task: usize,
    work: Option<(Mode, &'a Compute)>,
    /// The copy of the next COMPUTE: its next beat, and whether a whole one waits for its launch.
    beats: CopyBeats,
    at: usize,
    whole: bool,
    /// It waits for the LOAD or STORE at hand.
    held_up: bool,
    copied: Option<Offer<'a>>,
    sequencer: Option<Sequencer>,
    /// Steps were left to issue in the cycle before.
    was_busy: bool,
    residual: bool,
    interval: u64,
    to_totals: u64,
    /// Cycles until an output may be completed.
    pace: u64,
    /// Outputs completed and not yet written.
    in_flight: u64,
    post: Post,
    /// First and last cycle of issue, and what has issued.
    span: Option<(u64, u64)>,
    issue: Issue,
}

/// What the unit did in a cycle.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct ComputeNow {
    /// Activation memory's read port is taken; it could be taken.
    pub reads: bool,
    pub read_open: bool,
    /// Activation memory is written.
    pub writes: bool,
    /// It started a COMPUTE; it retired one.
    pub started: bool,
    pub retired: bool,
    /// The copy of the COMPUTE offered goes on to its end by itself.
    pub taken: bool,
}

impl<'a> ComputeUnit<'a> {
    pub fn new(a: &'a Architecture, timing: &'a Timing) -> Self {
        Self {
            a,
            timing,
            single_port: a.activation_kind == ActivationKind::Spram,
            state: State::Idle,
            task: 0,
            work: None,
            beats: CopyBeats::of(a.port_bytes),
            at: 0,
            whole: false,
            held_up: false,
            copied: None,
            sequencer: None,
            was_busy: false,
            residual: false,
            interval: 1,
            to_totals: 0,
            pace: 0,
            in_flight: 0,
            post: Post::new(a, timing),
            span: None,
            issue: Issue::default(),
        }
    }

    pub fn free(&self) -> bool {
        self.state == State::Idle && !self.whole && self.at == 0
    }

    pub fn retiring(&self) -> bool {
        self.state == State::Retiring
    }

    /// The COMPUTE at hand, as an index of the program.
    pub fn task(&self) -> usize {
        self.task
    }

    /// What the COMPUTE at hand has issued.
    pub fn issued(&self) -> Issue {
        let cycles = self.span.map_or(0, |(first, last)| last + 1 - first);
        Issue { cycles, ..self.issue }
    }

    /// Starts a COMPUTE at once.
    pub fn begin(&mut self, task: usize, mode: Mode, c: &'a Compute) {
        self.task = task;
        self.work = Some((mode, c));
        self.state = State::Starting;
    }

    /// Whether a beat of the next COMPUTE is copied: once results are out of the way, nothing stops it.
    fn copy(&self, offered: bool) -> bool {
        let between = matches!(self.state, State::Idle | State::Retiring);
        let issued = between || (self.state == State::Running && !self.was_busy);
        match self.at.cmp(&self.beats.issue) {
            Ordering::Greater => true,
            Ordering::Equal => offered && between && !self.whole,
            Ordering::Less => offered && issued && !self.whole,
        }
    }

    /// One cycle, with the COMPUTE that is offered, the LOAD or STORE at hand retiring or not, and a STORE's read going
    /// before steps or not.
    pub fn cycle(
        &mut self,
        now: u64,
        offer: Option<Offer<'a>>,
        transfer_retires: bool,
        store_urgent: bool,
    ) -> ComputeNow {
        let mut done = ComputeNow { read_open: true, ..ComputeNow::default() };
        let copies = self.copy(offer.is_some());
        let was_busy = self.was_busy;
        self.was_busy = self.sequencer.as_ref().is_some_and(Sequencer::busy);
        let enough = self.whole || (copies && self.at + 1 >= self.beats.launch);
        let held_up = self.held_up;
        match offer {
            Some(offer) if !self.whole => {
                self.held_up = offer.waits;
                self.copied = Some(offer);
            }
            _ => self.held_up &= !transfer_retires,
        }
        if copies {
            done.taken = self.at == self.beats.issue;
            self.at = (self.at + 1) % self.beats.all;
        }
        let ended = copies && self.at == 0;
        match self.state {
            State::Idle => {
                self.whole |= ended;
                if let Some(offer) = self.copied.filter(|_| enough && !held_up) {
                    self.task = offer.index;
                    self.work = Some((offer.mode, offer.compute));
                    self.whole = false;
                    self.state = State::Starting;
                    done.started = true;
                }
                return done;
            }
            State::Starting => {
                self.launch();
                self.state = State::Settling;
                return done;
            }
            State::Settling => {
                self.state = State::Running;
                return done;
            }
            State::Running => {
                if !was_busy && self.in_flight == 0 {
                    self.state = State::Retiring;
                }
            }
            State::Retiring => {
                self.whole |= ended;
                self.state = State::Idle;
                done.retired = true;
                return done;
            }
        }
        self.work_cycle(now, store_urgent, &mut done);
        done
    }

    fn launch(&mut self) {
        let Some((mode, c)) = self.work else {
            return;
        };
        self.sequencer = Some(Sequencer::new(self.a, self.timing, mode, c));
        self.residual = c.residual == 1;
        self.interval = self.a.vector_interval(self.residual) as u64;
        self.to_totals = self.timing.step_to_totals(mode);
        self.span = None;
        self.issue = Issue::default();
    }

    fn work_cycle(&mut self, now: u64, store_urgent: bool, done: &mut ComputeNow) {
        let post = self.post.begin_cycle(now);
        done.writes = post.result;
        done.read_open = !(self.single_port && post.result);
        let granted = done.read_open && !post.residual_urgent && !store_urgent;
        let issued = match &mut self.sequencer {
            Some(sequencer) => sequencer.cycle(now, granted, self.pace == 0),
            None => return,
        };
        let residual_granted = done.read_open && !issued.read;
        let residual_read = post.residual_read && residual_granted;
        self.post.end_cycle(now, post, residual_granted, self.residual);
        done.reads = issued.read || residual_read;
        self.pace = if issued.paced { self.interval - 1 } else { self.pace.saturating_sub(1) };
        if issued.last {
            self.post.expect(now + self.to_totals);
        }
        self.in_flight = self.in_flight + u64::from(issued.last) - u64::from(post.result);
        if issued.read || issued.step {
            self.span = Some((self.span.map_or(now, |(first, _)| first), now));
        }
        self.issue.steps += u64::from(issued.step);
        self.issue.reads += u64::from(done.reads || !done.read_open);
        self.issue.writes += u64::from(post.result);
    }
}
