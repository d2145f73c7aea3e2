//! Gives a compute unit its tasks.

use super::task::TaskFields;
use crate::cells::reg::Reg;
use crate::make;
use crate::make::constant;
use crate::{comment, dff_setup};
use cortado_arch::trainer::task::{Kind, Status};
use rust_hdl::prelude::*;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
pub enum UnitState {
    Idle,
    Copying,
    Running,
    Reporting,
    Trained,
}

/// Takes tasks from three queues, runs each on the unit, or the copy of a sync on `ParameterCopy`, and reports its end.
///
/// First comes a sync whose turn it is, then an inference, then a training while a gradient buffer is free. A sync
/// ends its turn with `passed`. `trained` hands a training on, whose gradient is in the buffer then: its turn and its
/// report come later. A program with an error is reported and ends no turn: only a reset goes on from there.
#[derive(LogicBlock)]
pub struct UnitControl {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub sync_valid: Signal<In, Bit>,
    pub sync_ready: Signal<Out, Bit>,
    pub sync: Signal<In, TaskFields>,
    pub infer_valid: Signal<In, Bit>,
    pub infer_ready: Signal<Out, Bit>,
    pub infer: Signal<In, TaskFields>,
    pub train_valid: Signal<In, Bit>,
    pub train_ready: Signal<Out, Bit>,
    pub train: Signal<In, TaskFields>,
    pub turn: Signal<In, Bits<16>>,
    pub passed: Signal<Out, Bit>,
    pub gradient_free: Signal<In, Bit>,
    pub trained: Signal<Out, Bit>,
    /// The task at hand, from `start` until the next.
    pub at_hand: Signal<Out, TaskFields>,
    /// Its addresses.
    pub program_address: Signal<Out, Bits<32>>,
    pub parameters: Signal<Out, Bits<32>>,
    pub copy: Signal<Out, Bits<32>>,
    pub maps: Signal<Out, Bits<32>>,
    pub outputs: Signal<Out, Bits<32>>,
    pub unit_start: Signal<Out, Bit>,
    pub unit_done: Signal<In, Bit>,
    pub unit_error: Signal<In, Bit>,
    pub copy_start: Signal<Out, Bit>,
    pub copy_idle: Signal<In, Bit>,
    pub report_valid: Signal<Out, Bit>,
    pub report_ready: Signal<In, Bit>,
    /// Tag, and the status from bit 16 on.
    pub report: Signal<Out, Bits<32>>,
    state: Reg<UnitState>,
    current: Reg<TaskFields>,
    /// The first cycle of a state.
    fresh: Reg<Bit>,
    failed: Reg<Bit>,
    sync_kind: Constant<Bits<2>>,
    train_kind: Constant<Bits<2>>,
    infer_kind: Constant<Bits<2>>,
    failure: Constant<Bits<32>>,
}

impl Default for UnitControl {
    fn default() -> Self {
        make!(
            clock reset sync_valid sync_ready sync infer_valid infer_ready infer train_valid train_ready train turn passed
            gradient_free trained at_hand unit_start unit_done unit_error copy_start copy_idle report_valid report_ready report
            program_address parameters copy maps outputs state current fresh failed;
            sync_kind: constant(Kind::Sync as usize), train_kind: constant(Kind::Train as usize),
            infer_kind: constant(Kind::Infer as usize),
            failure: constant((Status::Program as usize) << 16),
        )
    }
}

impl Logic for UnitControl {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("UnitControl: a compute unit's tasks, one after the other");
        dff_setup!(self, clock, state, current, fresh, failed);
        self.sync_ready.next = false;
        self.infer_ready.next = false;
        self.train_ready.next = false;
        self.passed.next = false;
        self.trained.next = false;
        self.fresh.d.next = false;
        self.at_hand.next = self.current.q.val();
        self.unit_start.next = (self.state.q.val() == UnitState::Running) & self.fresh.q.val();
        self.copy_start.next = (self.state.q.val() == UnitState::Copying) & self.fresh.q.val();
        self.report_valid.next = self.state.q.val() == UnitState::Reporting;
        self.program_address.next = self.current.q.val().program_address;
        self.parameters.next = self.current.q.val().parameters;
        self.copy.next = self.current.q.val().copy;
        self.maps.next = self.current.q.val().maps;
        self.outputs.next = self.current.q.val().outputs;
        self.report.next = bit_cast::<32, 16>(self.current.q.val().tag);
        if self.failed.q.val() {
            self.report.next = self.failure.val() | bit_cast::<32, 16>(self.current.q.val().tag);
        }
        match self.state.q.val() {
            UnitState::Idle => {
                self.fresh.d.next = true;
                self.failed.d.next = false;
                if self.sync_valid.val() & (self.sync.val().turn == self.turn.val()) {
                    self.sync_ready.next = true;
                    self.current.d.next = self.sync.val();
                    if self.sync.val().kind == self.sync_kind.val() {
                        self.state.d.next = UnitState::Copying;
                    } else {
                        self.state.d.next = UnitState::Running;
                    }
                } else if self.infer_valid.val() {
                    self.infer_ready.next = true;
                    self.current.d.next = self.infer.val();
                    self.state.d.next = UnitState::Running;
                } else if self.train_valid.val() & self.gradient_free.val() {
                    self.train_ready.next = true;
                    self.current.d.next = self.train.val();
                    self.state.d.next = UnitState::Running;
                }
            }
            UnitState::Copying => {
                if !self.fresh.q.val() & self.copy_idle.val() {
                    self.passed.next = true;
                    self.state.d.next = UnitState::Reporting;
                }
            }
            UnitState::Running => {
                if self.unit_done.val() {
                    self.failed.d.next = self.unit_error.val();
                    if (self.current.q.val().kind == self.train_kind.val()) & !self.unit_error.val() {
                        self.state.d.next = UnitState::Trained;
                    } else {
                        self.passed.next =
                            !self.unit_error.val() & (self.current.q.val().kind != self.infer_kind.val());
                        self.state.d.next = UnitState::Reporting;
                    }
                }
            }
            UnitState::Reporting => {
                if self.report_ready.val() {
                    self.state.d.next = UnitState::Idle;
                }
            }
            UnitState::Trained => {
                self.trained.next = true;
                self.state.d.next = UnitState::Idle;
            }
            _ => {
                self.state.d.next = UnitState::Idle;
            }
        }
        if self.reset.val() {
            self.state.d.next = UnitState::Idle;
        }
    }
}
