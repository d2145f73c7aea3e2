//! Shares the requantisers between the passes of results.

use crate::cells::reg::Reg;
use crate::make;
use crate::make::{constant, mask};
use crate::{comment, dff_setup};
use rust_hdl::prelude::*;

/// Issues passes in batches of `chunks` parts: the result pass of a new vector, and with a residual
/// the scaling pass and the sum pass that follow it. Later passes come first.
///
/// `pass`: 0 result, 1 scaling, 2 sum; valid with `issue`. A vector that needs no residual issues
/// from the cycle after `arrive`. A part issues every `cycles` cycles. With a residual two result passes
/// start at least `4*chunks*cycles + 4` cycles apart, so that no stage behind holds more than one vector;
/// `Architecture::vector_interval` leaves room for that and for what a batch may wait.
#[derive(LogicBlock)]
pub struct Scheduler {
    pub clock: Signal<In, Clock>,
    pub residual: Signal<In, Bit>,
    /// A vector of totals has come.
    pub arrive: Signal<In, Bit>,
    /// A vector waits for its scaling pass, for its sum pass.
    pub scale_ready: Signal<In, Bit>,
    pub sum_ready: Signal<In, Bit>,
    pub issue: Signal<Out, Bit>,
    pub pass: Signal<Out, Bits<2>>,
    /// The part is the last of its batch.
    pub last: Signal<Out, Bit>,
    active: Reg<Bit>,
    running: Reg<Bits<2>>,
    left: Reg<Bits<7>>,
    /// Cycles for which the part has had the requantisers.
    phase: Reg<Bits<2>>,
    waiting: Reg<Bit>,
    scale_waiting: Reg<Bit>,
    sum_waiting: Reg<Bit>,
    spacing: Reg<Bits<11>>,
    residual_unit: Constant<Bit>,
    chunks: Constant<Bits<7>>,
    left_mask: Constant<Bits<7>>,
    last_phase: Constant<Bits<2>>,
    spacing_reload: Constant<Bits<11>>,
    spacing_mask: Constant<Bits<11>>,
    free: Signal<Local, Bit>,
    result_ready: Signal<Local, Bit>,
    last_part: Signal<Local, Bit>,
    part_ends: Signal<Local, Bit>,
    scale_now: Signal<Local, Bit>,
    sum_now: Signal<Local, Bit>,
}

impl Scheduler {
    /// For vectors of `chunks` parts, 1 to 64, of `cycles` cycles each, 1 or 4. Without `residual_unit` there is
    /// no pass but the result's.
    pub fn new(chunks: usize, cycles: usize, residual_unit: bool) -> Self {
        make!(
            clock residual arrive scale_ready sum_ready issue pass last active running left phase waiting
            scale_waiting sum_waiting spacing free result_ready last_part part_ends scale_now sum_now;
            residual_unit: Constant::new(residual_unit),
            chunks: constant(chunks), left_mask: mask(chunks), last_phase: constant(cycles - 1),
            spacing_reload: constant(4 * chunks * cycles + 3), spacing_mask: mask(4 * chunks * cycles + 3),
        )
    }
}

impl Logic for Scheduler {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Scheduler: passes of results over the requantisers");
        dff_setup!(self, clock, active, running, left, phase, waiting, scale_waiting, sum_waiting, spacing);
        self.last_part.next = self.left.q.val() == bits::<7>(1);
        self.issue.next = self.active.q.val() & !self.phase.q.val().any();
        self.part_ends.next = self.phase.q.val() == self.last_phase.val();
        self.pass.next = self.running.q.val();
        self.last.next = self.last_part.val();

        self.free.next = !self.active.q.val() | (self.last_part.val() & self.part_ends.val());
        self.scale_now.next = self.residual_unit.val() & (self.scale_ready.val() | self.scale_waiting.q.val());
        self.sum_now.next = self.residual_unit.val() & (self.sum_ready.val() | self.sum_waiting.q.val());
        self.result_ready.next =
            (self.arrive.val() | self.waiting.q.val()) & (!self.residual.val() | !self.spacing.q.val().any());
        self.scale_waiting.d.next = self.scale_now.val();
        self.sum_waiting.d.next = self.sum_now.val();
        self.waiting.d.next = self.arrive.val() | self.waiting.q.val();
        if self.spacing.q.val().any() {
            self.spacing.d.next = (self.spacing.q.val() - 1) & self.spacing_mask.val();
        }
        self.phase.d.next = bits::<2>(0);
        if self.active.q.val() {
            if self.part_ends.val() {
                self.left.d.next = (self.left.q.val() - 1) & self.left_mask.val();
            } else {
                self.phase.d.next = (self.phase.q.val() + 1) & self.last_phase.val();
            }
        }
        if self.free.val() {
            self.left.d.next = self.chunks.val();
            self.active.d.next = true;
            if self.sum_now.val() {
                self.running.d.next = bits::<2>(2);
                self.sum_waiting.d.next = false;
            } else if self.scale_now.val() {
                self.running.d.next = bits::<2>(1);
                self.scale_waiting.d.next = false;
            } else if self.result_ready.val() {
                self.running.d.next = bits::<2>(0);
                self.waiting.d.next = false;
                self.spacing.d.next = self.spacing_reload.val();
            } else {
                self.active.d.next = false;
            }
        }
    }
}
