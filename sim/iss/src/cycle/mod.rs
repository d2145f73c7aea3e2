//! When each instruction starts and retires: the engine's control, cycle by cycle and without data.

mod compute_unit;
mod depthwise;
mod dispatcher;
mod patch;
mod port;
mod post;
mod reader;
mod sequencer;
mod transfer;
mod writer;

use cortado_arch::isa::{error_code, Compute, Mode};
use cortado_arch::{ActivationKind, Architecture};

use crate::report::{InstructionReport, Issue, Kind, RunReport};
use crate::timing::Timing;
use compute_unit::ComputeUnit;
use dispatcher::{Dispatcher, Events};
use port::Channel;
use reader::Reader;
use transfer::Transfer;
use writer::Writer;

/// An instruction as the prediction sees it.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub kind: Kind,
    /// Instructions that must have retired before it starts; fewer than come before it.
    pub wait_dma: usize,
    pub wait_compute: usize,
    pub work: Work,
}

#[derive(Debug, Clone)]
pub(crate) enum Work {
    /// END, or an instruction that ends the run with an error.
    Stop,
    /// The beats it takes; LOAD: `load`.
    Transfer {
        beats: u64,
        activation: bool,
        load: bool,
    },
    Compute(Mode, Box<Compute>),
}

/// Predicts the run of `tasks`, of which the last and only the last is [`Work::Stop`].
pub(crate) fn predict(a: &Architecture, timing: &Timing, tasks: &[Task]) -> RunReport {
    let mut engine = Engine::new(a, timing, tasks);
    while engine.cycle() {}
    let malformed = tasks.iter().any(|t| t.kind == Kind::Malformed);
    RunReport {
        cycles: engine.now + 1,
        error: if malformed { error_code::INSTRUCTION } else { error_code::NONE },
        instructions: engine.reports,
    }
}

/// What a COMPUTE takes whose fields are right for its mode ([`crate::Machine::run`] checks them),
/// when nothing else uses activation memory.
pub fn issue(a: &Architecture, mode: Mode, c: &Compute) -> Issue {
    let timing = Timing::of(a);
    let mut unit = ComputeUnit::new(a, &timing);
    unit.begin(0, mode, c);
    let mut now = 0;
    while !unit.cycle(now, None, false, false).retired {
        now += 1;
    }
    unit.issued()
}

struct Engine<'a> {
    tasks: &'a [Task],
    single_port: bool,
    /// Cycles for which a STORE has wanted a read, and after how many it goes before steps.
    store_waited: usize,
    store_patience: Option<usize>,
    now: u64,
    dispatcher: Dispatcher<'a>,
    transfer: Transfer,
    reader: Reader,
    writer: Writer,
    compute: ComputeUnit<'a>,
    reads: Channel,
    writes: Channel,
    reports: Vec<InstructionReport>,
}

impl<'a> Engine<'a> {
    fn new(a: &'a Architecture, timing: &'a Timing, tasks: &'a [Task]) -> Self {
        let report = |(index, task): (usize, &Task)| InstructionReport {
            index,
            kind: task.kind,
            start: 0,
            retire: 0,
            issue_cycles: 0,
            steps: 0,
        };
        Self {
            tasks,
            single_port: a.activation_kind == ActivationKind::Spram,
            store_waited: 0,
            store_patience: a.store_patience(),
            // Cycle 0 is the one with `start`.
            now: 0,
            dispatcher: Dispatcher::new(tasks),
            transfer: Transfer::new(a),
            reader: Reader::new(a),
            writer: Writer::new(a, timing),
            compute: ComputeUnit::new(a, timing),
            reads: Channel::reads(a),
            writes: Channel::writes(a),
            reports: tasks.iter().enumerate().map(report).collect(),
        }
    }

    /// One cycle; false when it was the last.
    fn cycle(&mut self) -> bool {
        self.now += 1;
        let now = self.now;
        let compute_free = self.compute.free();
        let retiring = self.dispatcher.transfer_retiring(self.compute.retiring());
        let offer = self.dispatcher.offer(retiring);
        let store_urgent = self.store_patience.is_some_and(|patience| self.store_waited >= patience);
        let computed = self.compute.cycle(now, offer, retiring, store_urgent);
        let (loading, storing) = (self.dispatcher.loading(), self.dispatcher.storing());

        // The compute unit goes before STOREs and LOADs; with a single port LOADs go last.
        let store_granted = computed.read_open && !computed.reads;
        let store_wanted = self.writer.reads(storing);
        self.store_waited = if store_wanted && !store_granted { self.store_waited + 1 } else { 0 };
        let reading = computed.reads || (store_granted && store_wanted);
        let load_ready = !self.reader.to_activation() || !(computed.writes || (self.single_port && reading));
        let read = self.reader.cycle(self.reads.open(now), load_ready, loading, &self.transfer);
        self.reads.end_cycle(now, read.beat, read.command);
        let written = self.writer.cycle(store_granted, self.writes.open(now), storing, &self.transfer);
        self.writes.end_cycle(now, written.beat, written.command);
        let commanded = read.commanded || written.command.is_some();
        let moved = self.transfer.end_cycle(commanded, read.moved || written.beat);

        if computed.started {
            self.reports[self.compute.task()].start = now;
        }
        if computed.retired {
            let issue = self.compute.issued();
            let report = &mut self.reports[self.compute.task()];
            report.retire = now;
            (report.issue_cycles, report.steps) = (issue.cycles, issue.steps);
        }
        let orders = self.dispatcher.cycle(Events {
            fetched: read.fetch,
            moved,
            compute_free,
            compute_taken: computed.taken,
            compute_retired: computed.retired,
        });
        self.obey(orders);
        !orders.done
    }

    fn obey(&mut self, orders: dispatcher::Orders) {
        let now = self.now;
        let tasks = self.tasks;
        if orders.fetch {
            self.reader.fetch();
        }
        if let Some(index) = orders.transfer {
            self.reports[index].start = now;
            if let Work::Transfer { beats, activation, load } = tasks[index].work {
                self.transfer.take(beats);
                if load {
                    self.reader.load(activation);
                }
            }
        }
        if let Some(index) = orders.transfer_retired {
            self.reports[index].retire = now;
        }
        if let Some(index) = orders.stopping {
            self.reports[index].start = now;
        }
        if let Some(index) = orders.stopped {
            self.reports[index].retire = now;
        }
    }
}
