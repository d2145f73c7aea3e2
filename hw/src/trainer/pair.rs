//! A pair of compute units with all that serves them: a memory port, RMSProp, gradient buffers, queues of tasks.

use super::burst::{Burst, MemoryError};
use super::gradient_buffer::GradientBuffer;
use super::memory_port::MemoryPort;
use super::parameter_copy::ParameterCopy;
use super::port_width::PortWidth;
use super::rms_prop::RmsProp;
use super::task::TaskFields;
use super::unit::compute_unit::ComputeUnit;
use super::unit_control::UnitControl;
use super::update_control::{UpdateControl, BUFFERS};
use crate::cells::stream::Fifo;
use crate::make::{constant, many, signals};
use crate::{clock, comment, make};
use cortado_arch::trainer::task::Kind;
use cortado_arch::trainer::{TrainerArchitecture, LINE_WORDS};
use rust_hdl::prelude::*;

/// Tasks of each kind that wait, at most.
const TASKS: usize = 16;
/// Words of a report: tag and status, then a training's word that is not finite and what it is.
pub const REPORT_WORDS: usize = 3;

/// One pair, or one unit that does both kinds of work.
///
/// Tasks of a kind are begun in the order in which they come, and those that touch the global parameters when `turn`
/// is theirs, which ends with `passed`. Clients of the port: the units, the copy of a sync, RMSProp.
#[derive(LogicBlock)]
pub struct Pair {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub parameters: Signal<In, Bits<32>>,
    pub statistics: Signal<In, Bits<32>>,
    pub parameter_lines: Signal<In, Bits<32>>,
    pub alpha: Signal<In, Bits<32>>,
    pub fresh: Signal<In, Bits<32>>,
    pub epsilon: Signal<In, Bits<32>>,
    pub limit: Signal<In, Bits<32>>,
    pub task_valid: Signal<In, Bit>,
    pub task_ready: Signal<Out, Bit>,
    pub task_data: Signal<In, TaskFields>,
    pub report_valid: Signal<Out, Bit>,
    pub report_ready: Signal<In, Bit>,
    pub report: Vec<Signal<Out, Bits<32>>>,
    pub turn: Signal<In, Bits<16>>,
    pub passed: Signal<Out, Bit>,
    pub read_command_valid: Signal<Out, Bit>,
    pub read_command_ready: Signal<In, Bit>,
    pub read_command_address: Signal<Out, Bits<32>>,
    pub read_command_beats: Signal<Out, Bits<16>>,
    pub read_data_valid: Signal<In, Bit>,
    pub read_data_ready: Signal<Out, Bit>,
    pub read_data: Vec<Signal<In, Bits<32>>>,
    pub write_command_valid: Signal<Out, Bit>,
    pub write_command_ready: Signal<In, Bit>,
    pub write_command_address: Signal<Out, Bits<32>>,
    pub write_command_beats: Signal<Out, Bits<16>>,
    pub write_data_valid: Signal<Out, Bit>,
    pub write_data_ready: Signal<In, Bit>,
    pub write_data: Vec<Signal<Out, Bits<32>>>,
    /// Each unit's PEs have a step in this cycle; RMSProp moves parameters. For observation.
    pub active: Vec<Signal<Out, Bit>>,
    pub updating: Signal<Out, Bit>,
    unit: Vec<ComputeUnit>,
    control: Vec<UnitControl>,
    copy: ParameterCopy,
    gradient: Vec<GradientBuffer>,
    rms_prop: RmsProp,
    update: UpdateControl,
    port: MemoryPort,
    width: Vec<PortWidth>,
    syncs: Fifo<TaskFields>,
    infers: Fifo<TaskFields>,
    trains: Fifo<TaskFields>,
    reports: Fifo<Bits<32>>,
    to_sync: Signal<Local, Bit>,
    to_infer: Signal<Local, Bit>,
    to_train: Signal<Local, Bit>,
    gradient_write: Signal<Local, Bit>,
    reported: Signal<Local, Bit>,
    buffer_number: Vec<Constant<Bits<1>>>,
    infer_kind: Constant<Bits<2>>,
    train_kind: Constant<Bits<2>>,
}

/// Bursts of the port's clients outside the units.
const BURST: Burst = Burst { lines: 16, queue: 64 };
/// Bursts of a sync's copy.
const COPY: Burst = Burst { lines: 16, queue: 32 };

impl Pair {
    /// A pair of this engine.
    ///
    /// # Errors
    /// A size that no queue can have; a checked architecture has none.
    pub fn new(arch: &TrainerArchitecture) -> Result<Self, MemoryError> {
        let (units, words) = (arch.units, arch.port_words);
        let clients = units + 3;
        let narrow = if words < LINE_WORDS { vec![PortWidth::new(words)] } else { vec![] };
        let several = |units: usize| (0..units).map(|_| ComputeUnit::new(arch)).collect::<Result<Vec<_>, _>>();
        Ok(make!(
            clock reset parameters statistics parameter_lines alpha fresh epsilon limit task_valid task_ready task_data
            report_valid report_ready turn passed read_command_valid read_command_ready read_command_address
            read_command_beats read_data_valid read_data_ready write_command_valid write_command_ready
            write_command_address write_command_beats write_data_valid write_data_ready updating to_sync to_infer
            to_train gradient_write reported;
            report: signals(REPORT_WORDS), read_data: signals(words), write_data: signals(words), active: signals(units),
            unit: several(units)?, control: many(units), copy: ParameterCopy::new(COPY)?,
            gradient: vec![GradientBuffer::new(arch.gradient_lines)?, GradientBuffer::new(arch.gradient_lines)?],
            rms_prop: RmsProp::new(arch.rms_prop_units(), BURST)?, update: UpdateControl::new()?,
            port: MemoryPort::new(clients, clients)?, width: narrow,
            syncs: Fifo::new(TASKS, 1)?, infers: Fifo::new(TASKS, 1)?, trains: Fifo::new(TASKS, 1)?,
            reports: Fifo::new(TASKS, REPORT_WORDS)?, buffer_number: (0..BUFFERS).map(constant).collect(),
            infer_kind: constant(Kind::Infer as usize), train_kind: constant(Kind::Train as usize),
        ))
    }
}

impl Logic for Pair {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Pair: compute units, their memory port, RMSProp, and the queues of their tasks");
        clock!(self, clock, copy, rms_prop, update, port, syncs, infers, trains, reports);

        // Tasks, each to the queue of its kind.
        self.to_infer.next = self.task_data.val().kind == self.infer_kind.val();
        self.to_train.next = self.task_data.val().kind == self.train_kind.val();
        self.to_sync.next = !self.to_infer.val() & !self.to_train.val();
        self.syncs.reset.next = self.reset.val();
        self.syncs.in_valid.next = self.task_valid.val() & self.to_sync.val();
        self.syncs.in_data[0].next = self.task_data.val();
        self.infers.reset.next = self.reset.val();
        self.infers.in_valid.next = self.task_valid.val() & self.to_infer.val();
        self.infers.in_data[0].next = self.task_data.val();
        self.trains.reset.next = self.reset.val();
        self.trains.in_valid.next = self.task_valid.val() & self.to_train.val();
        self.trains.in_data[0].next = self.task_data.val();
        if self.to_infer.val() {
            self.task_ready.next = self.infers.in_ready.val();
        } else if self.to_train.val() {
            self.task_ready.next = self.trains.in_ready.val();
        } else {
            self.task_ready.next = self.syncs.in_ready.val();
        }

        // The units: the first infers, the last trains; one alone does both.
        self.passed.next = self.update.passed.val();
        for u in 0..self.unit.len() {
            clock!(self, clock, unit[u], control[u]);
            self.control[u].reset.next = self.reset.val();
            self.control[u].sync_valid.next = false;
            self.control[u].infer_valid.next = false;
            self.control[u].train_valid.next = false;
            self.control[u].sync.next = self.syncs.out_data[0].val();
            self.control[u].infer.next = self.infers.out_data[0].val();
            self.control[u].train.next = self.trains.out_data[0].val();
            self.control[u].turn.next = self.turn.val();
            self.control[u].gradient_free.next = self.update.free.val();
            self.control[u].copy_idle.next = self.copy.idle.val();
            self.control[u].unit_done.next = self.unit[u].done.val();
            self.control[u].unit_error.next = self.unit[u].error.val();
            self.unit[u].reset.next = self.reset.val();
            self.unit[u].start.next = self.control[u].unit_start.val();
            self.unit[u].program_address.next = self.control[u].program_address.val();
            self.unit[u].base_parameters.next = self.control[u].parameters.val();
            self.unit[u].base_copy.next = self.control[u].copy.val();
            self.unit[u].base_maps.next = self.control[u].maps.val();
            self.unit[u].base_outputs.next = self.control[u].outputs.val();
            self.unit[u].gradient_ready.next = true;
            self.active[u].next = self.unit[u].active.val();
            self.passed.next = self.passed.val() | self.control[u].passed.val();
        }
        self.control[0].sync_valid.next = self.syncs.out_valid.val();
        self.control[0].infer_valid.next = self.infers.out_valid.val();
        self.control[self.unit.len() - 1].train_valid.next = self.trains.out_valid.val();
        self.syncs.out_ready.next = self.control[0].sync_ready.val();
        self.infers.out_ready.next = self.control[0].infer_ready.val();
        self.trains.out_ready.next = self.control[self.unit.len() - 1].train_ready.val();
        self.copy.reset.next = self.reset.val();
        self.copy.start.next = self.control[0].copy_start.val();
        self.copy.from.next = self.control[0].parameters.val();
        self.copy.to.next = self.control[0].copy.val();
        self.copy.lines.next = self.parameter_lines.val();

        // Gradients into one buffer while RMSProp takes them out of the other.
        self.update.reset.next = self.reset.val();
        self.update.begins.next = self.control[self.unit.len() - 1].train_ready.val();
        self.update.trained.next = self.control[self.unit.len() - 1].trained.val();
        self.update.training.next = self.control[self.unit.len() - 1].at_hand.val();
        self.update.turn.next = self.turn.val();
        self.update.done.next = self.rms_prop.done.val();
        self.update.not_finite.next = self.rms_prop.not_finite.val();
        self.rms_prop.reset.next = self.reset.val();
        self.rms_prop.start.next = self.update.start.val();
        self.rms_prop.turn.next = self.update.its_turn.val();
        self.rms_prop.rate.next = self.update.rate.val();
        self.rms_prop.parameters.next = self.parameters.val();
        self.rms_prop.statistics.next = self.statistics.val();
        self.rms_prop.lines.next = self.parameter_lines.val();
        self.rms_prop.alpha.next = self.alpha.val();
        self.rms_prop.fresh.next = self.fresh.val();
        self.rms_prop.epsilon.next = self.epsilon.val();
        self.rms_prop.limit.next = self.limit.val();
        self.rms_prop.gradient_valid.next = false;
        self.updating.next = self.rms_prop.moving.val();
        self.gradient_write.next = self.unit[self.control.len() - 1].gradient_valid.val();
        for b in 0..self.gradient.len() {
            clock!(self, clock, gradient[b]);
            self.gradient[b].reset.next = self.reset.val();
            self.gradient[b].write.next =
                self.gradient_write.val() & (self.update.fill.val() == self.buffer_number[b].val());
            self.gradient[b].write_line.next = self.unit[self.control.len() - 1].gradient_line.val();
            self.gradient[b].start.next =
                self.rms_prop.gradient_start.val() & (self.update.drain.val() == self.buffer_number[b].val());
            self.gradient[b].lines.next = self.parameter_lines.val();
            self.gradient[b].ready.next =
                self.rms_prop.gradient_ready.val() & (self.update.drain.val() == self.buffer_number[b].val());
            if self.update.drain.val() == self.buffer_number[b].val() {
                self.rms_prop.gradient_valid.next = self.gradient[b].valid.val();
            }
        }
        for i in 0..self.rms_prop.gradient.len() {
            self.rms_prop.gradient[i].next = self.gradient[0].data[i].val();
            for b in 1..self.gradient.len() {
                if self.update.drain.val() == self.buffer_number[b].val() {
                    self.rms_prop.gradient[i].next = self.gradient[b].data[i].val();
                }
            }
            for b in 0..self.gradient.len() {
                self.gradient[b].write_data[i].next = self.unit[self.control.len() - 1].gradient[i].val();
            }
        }

        // Reports: RMSProp's, then the units'.
        self.reports.reset.next = self.reset.val();
        self.reports.in_valid.next = self.update.report_valid.val();
        self.reports.in_data[0].next = self.update.report.val();
        self.reports.in_data[1].next = self.rms_prop.at.val();
        self.reports.in_data[2].next = self.rms_prop.value.val();
        self.update.report_ready.next = self.reports.in_ready.val();
        self.reported.next = self.update.report_valid.val();
        for u in 0..self.unit.len() {
            self.control[u].report_ready.next = !self.reported.val() & self.reports.in_ready.val();
            if !self.reported.val() & self.control[u].report_valid.val() {
                self.reported.next = true;
                self.reports.in_valid.next = true;
                self.reports.in_data[0].next = self.control[u].report.val();
            }
        }
        self.report_valid.next = self.reports.out_valid.val();
        self.reports.out_ready.next = self.report_ready.val();
        for i in 0..self.report.len() {
            self.report[i].next = self.reports.out_data[i].val();
        }

        // Clients of the port: the units, the copy, RMSProp's parameters and statistics.
        self.port.reset.next = self.reset.val();
        for u in 0..self.unit.len() {
            self.port.client_read_command_valid[u].next = self.unit[u].read_command_valid.val();
            self.unit[u].read_command_ready.next = self.port.client_read_command_ready[u].val();
            self.port.client_read_command_address[u].next = self.unit[u].read_command_address.val();
            self.port.client_read_command_beats[u].next = self.unit[u].read_command_beats.val();
            self.unit[u].read_data_valid.next = self.port.client_read_data_valid[u].val();
            self.port.client_read_data_ready[u].next = self.unit[u].read_data_ready.val();
            self.port.client_write_command_valid[u].next = self.unit[u].write_command_valid.val();
            self.unit[u].write_command_ready.next = self.port.client_write_command_ready[u].val();
            self.port.client_write_command_address[u].next = self.unit[u].write_command_address.val();
            self.port.client_write_command_beats[u].next = self.unit[u].write_command_beats.val();
            self.port.client_write_data_valid[u].next = self.unit[u].write_data_valid.val();
            self.unit[u].write_data_ready.next = self.port.client_write_data_ready[u].val();
            for i in 0..self.copy.read_data.len() {
                self.unit[u].read_data[i].next = self.port.client_read_data[i].val();
                self.port.client_write_data[u * self.copy.read_data.len() + i].next = self.unit[u].write_data[i].val();
            }
        }
        self.port.client_read_command_valid[self.unit.len()].next = self.copy.read_command_valid.val();
        self.copy.read_command_ready.next = self.port.client_read_command_ready[self.unit.len()].val();
        self.port.client_read_command_address[self.unit.len()].next = self.copy.read_command_address.val();
        self.port.client_read_command_beats[self.unit.len()].next = self.copy.read_command_beats.val();
        self.copy.read_data_valid.next = self.port.client_read_data_valid[self.unit.len()].val();
        self.port.client_read_data_ready[self.unit.len()].next = self.copy.read_data_ready.val();
        self.port.client_write_command_valid[self.unit.len()].next = self.copy.write_command_valid.val();
        self.copy.write_command_ready.next = self.port.client_write_command_ready[self.unit.len()].val();
        self.port.client_write_command_address[self.unit.len()].next = self.copy.write_command_address.val();
        self.port.client_write_command_beats[self.unit.len()].next = self.copy.write_command_beats.val();
        self.port.client_write_data_valid[self.unit.len()].next = self.copy.write_data_valid.val();
        self.copy.write_data_ready.next = self.port.client_write_data_ready[self.unit.len()].val();
        for i in 0..self.copy.read_data.len() {
            self.copy.read_data[i].next = self.port.client_read_data[i].val();
            self.rms_prop.read_data[i].next = self.port.client_read_data[i].val();
            self.port.client_write_data[self.unit.len() * self.copy.read_data.len() + i].next =
                self.copy.write_data[i].val();
        }
        for k in 0..self.rms_prop.read_command_valid.len() {
            self.port.client_read_command_valid[self.unit.len() + 1 + k].next =
                self.rms_prop.read_command_valid[k].val();
            self.rms_prop.read_command_ready[k].next =
                self.port.client_read_command_ready[self.unit.len() + 1 + k].val();
            self.port.client_read_command_address[self.unit.len() + 1 + k].next =
                self.rms_prop.read_command_address[k].val();
            self.port.client_read_command_beats[self.unit.len() + 1 + k].next =
                self.rms_prop.read_command_beats[k].val();
            self.rms_prop.read_data_valid[k].next = self.port.client_read_data_valid[self.unit.len() + 1 + k].val();
            self.port.client_read_data_ready[self.unit.len() + 1 + k].next = self.rms_prop.read_data_ready[k].val();
            self.port.client_write_command_valid[self.unit.len() + 1 + k].next =
                self.rms_prop.write_command_valid[k].val();
            self.rms_prop.write_command_ready[k].next =
                self.port.client_write_command_ready[self.unit.len() + 1 + k].val();
            self.port.client_write_command_address[self.unit.len() + 1 + k].next =
                self.rms_prop.write_command_address[k].val();
            self.port.client_write_command_beats[self.unit.len() + 1 + k].next =
                self.rms_prop.write_command_beats[k].val();
            self.port.client_write_data_valid[self.unit.len() + 1 + k].next = self.rms_prop.write_data_valid[k].val();
            self.rms_prop.write_data_ready[k].next = self.port.client_write_data_ready[self.unit.len() + 1 + k].val();
            for i in 0..self.copy.read_data.len() {
                self.port.client_write_data[(self.unit.len() + 1 + k) * self.copy.read_data.len() + i].next =
                    self.rms_prop.write_data[k * self.copy.read_data.len() + i].val();
            }
        }

        // The port, whole lines or through a narrower one.
        self.read_command_valid.next = self.port.read_command_valid.val();
        self.port.read_command_ready.next = self.read_command_ready.val();
        self.read_command_address.next = self.port.read_command_address.val();
        self.write_command_valid.next = self.port.write_command_valid.val();
        self.port.write_command_ready.next = self.write_command_ready.val();
        self.write_command_address.next = self.port.write_command_address.val();
        self.read_command_beats.next = self.port.read_command_beats.val();
        self.write_command_beats.next = self.port.write_command_beats.val();
        self.port.read_data_valid.next = self.read_data_valid.val();
        self.read_data_ready.next = self.port.read_data_ready.val();
        self.write_data_valid.next = self.port.write_data_valid.val();
        self.port.write_data_ready.next = self.write_data_ready.val();
        for i in 0..self.copy.read_data.len() {
            self.port.read_data[i].next = self.read_data[i % self.write_data.len()].val();
        }
        for i in 0..self.write_data.len() {
            self.write_data[i].next = self.port.write_data[i].val();
        }
        for k in 0..self.width.len() {
            clock!(self, clock, width[k]);
            self.width[k].reset.next = self.reset.val();
            self.width[k].line_read_command_beats.next = self.port.read_command_beats.val();
            self.width[k].line_write_command_beats.next = self.port.write_command_beats.val();
            self.read_command_beats.next = self.width[k].read_command_beats.val();
            self.write_command_beats.next = self.width[k].write_command_beats.val();
            self.port.read_data_valid.next = self.width[k].line_read_data_valid.val();
            self.width[k].line_read_data_ready.next = self.port.read_data_ready.val();
            self.width[k].read_data_valid.next = self.read_data_valid.val();
            self.read_data_ready.next = self.width[k].read_data_ready.val();
            self.width[k].line_write_data_valid.next = self.port.write_data_valid.val();
            self.port.write_data_ready.next = self.width[k].line_write_data_ready.val();
            self.write_data_valid.next = self.width[k].write_data_valid.val();
            self.width[k].write_data_ready.next = self.write_data_ready.val();
            for i in 0..self.copy.read_data.len() {
                self.port.read_data[i].next = self.width[k].line_read_data[i].val();
                self.width[k].line_write_data[i].next = self.port.write_data[i].val();
            }
            for i in 0..self.write_data.len() {
                self.width[k].read_data[i].next = self.read_data[i].val();
                self.write_data[i].next = self.width[k].write_data[i].val();
            }
        }
    }
}
