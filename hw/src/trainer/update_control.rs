//! Ends trainings: their RMSProp, in turn.

use super::task::TaskFields;
use crate::cells::reg::Reg;
use crate::cells::stream::{Fifo, StreamError};
use crate::make::constant;
use crate::{clock, comment, dff_setup, make};
use cortado_arch::trainer::task::Status;
use rust_hdl::prelude::*;

/// Gradient buffers of a pair: one is filled while the other is used.
pub const BUFFERS: usize = 2;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
pub enum UpdateState {
    Idle,
    Running,
    Reporting,
}

/// Keeps the trainings whose gradients stand in the buffers, and runs RMSProp over one after the other, in the order in
/// which they were filled. `fill` and `drain` are the buffers' numbers.
#[derive(LogicBlock)]
pub struct UpdateControl {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    /// A training begins to fill a buffer, and has filled it.
    pub begins: Signal<In, Bit>,
    pub trained: Signal<In, Bit>,
    pub training: Signal<In, TaskFields>,
    /// A buffer can be filled.
    pub free: Signal<Out, Bit>,
    pub fill: Signal<Out, Bit>,
    pub drain: Signal<Out, Bit>,
    pub turn: Signal<In, Bits<16>>,
    pub passed: Signal<Out, Bit>,
    pub start: Signal<Out, Bit>,
    pub rate: Signal<Out, Bits<32>>,
    pub its_turn: Signal<Out, Bit>,
    pub done: Signal<In, Bit>,
    pub not_finite: Signal<In, Bit>,
    pub report_valid: Signal<Out, Bit>,
    pub report_ready: Signal<In, Bit>,
    /// Tag, and the status from bit 16 on.
    pub report: Signal<Out, Bits<32>>,
    state: Reg<UpdateState>,
    waiting: Fifo<TaskFields>,
    used: Reg<Bits<2>>,
    filling: Reg<Bit>,
    draining: Reg<Bit>,
    failed: Reg<Bit>,
    ends: Signal<Local, Bit>,
    most: Constant<Bits<2>>,
    failure: Constant<Bits<32>>,
}

impl UpdateControl {
    /// # Errors
    /// None: the queue has a size that it may have.
    pub fn new() -> Result<Self, StreamError> {
        Ok(make!(
            clock reset begins trained training free fill drain turn passed start rate its_turn done not_finite report_valid
            report_ready report state used filling draining failed ends;
            waiting: Fifo::new(BUFFERS, 1)?, most: constant(BUFFERS), failure: constant((Status::NotFinite as usize) << 16),
        ))
    }
}

impl Logic for UpdateControl {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("UpdateControl: RMSProp for the trainings whose gradients are there");
        clock!(self, clock, waiting);
        dff_setup!(self, clock, state, used, filling, draining, failed);
        self.waiting.reset.next = self.reset.val();
        self.waiting.in_valid.next = self.trained.val();
        self.waiting.in_data[0].next = self.training.val();
        self.free.next = self.used.q.val() < self.most.val();
        self.fill.next = self.filling.q.val();
        self.drain.next = self.draining.q.val();
        self.rate.next = self.waiting.out_data[0].val().rate;
        self.its_turn.next = self.waiting.out_data[0].val().turn == self.turn.val();
        self.start.next = (self.state.q.val() == UpdateState::Idle) & self.waiting.out_valid.val();
        self.report_valid.next = self.state.q.val() == UpdateState::Reporting;
        self.report.next = bit_cast::<32, 16>(self.waiting.out_data[0].val().tag);
        if self.failed.q.val() {
            self.report.next = self.failure.val() | bit_cast::<32, 16>(self.waiting.out_data[0].val().tag);
        }
        if self.trained.val() {
            self.filling.d.next = !self.filling.q.val();
        }
        self.passed.next = false;
        self.ends.next = false;
        match self.state.q.val() {
            UpdateState::Idle => {
                if self.waiting.out_valid.val() {
                    self.state.d.next = UpdateState::Running;
                }
            }
            UpdateState::Running => {
                if self.done.val() {
                    self.failed.d.next = self.not_finite.val();
                    self.passed.next = true;
                    self.state.d.next = UpdateState::Reporting;
                }
            }
            UpdateState::Reporting => {
                if self.report_ready.val() {
                    self.ends.next = true;
                    self.draining.d.next = !self.draining.q.val();
                    self.state.d.next = UpdateState::Idle;
                }
            }
            _ => {
                self.state.d.next = UpdateState::Idle;
            }
        }
        self.waiting.out_ready.next = self.ends.val();
        if self.begins.val() & !self.ends.val() {
            self.used.d.next = self.used.q.val() + 1;
        } else if !self.begins.val() & self.ends.val() {
            self.used.d.next = self.used.q.val() - 1;
        }
        if self.reset.val() {
            self.state.d.next = UpdateState::Idle;
            self.used.d.next = bits::<2>(0);
            self.filling.d.next = false;
            self.draining.d.next = false;
        }
    }
}
