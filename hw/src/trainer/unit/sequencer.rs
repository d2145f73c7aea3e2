//! Issues the steps of the groups.

use super::control::{Batch, Capture, GroupControl};
use super::group;
use super::word_ram;
use crate::cells::reg::Reg;
use crate::cells::stream::{Fifo, StreamError};
use crate::float::multiply::Factors;
use crate::make::{constant, many};
use crate::{clock, comment, dff_setup, make};
use rust_hdl::prelude::*;

/// Passes whose results the groups keep.
const KEPT_PASSES: usize = 2;

/// Takes batches as they are gathered and issues their steps, 8 cycles each, one behind the other.
///
/// A step begins when the cycle modulo 8 is 0, its batch is there and so are its vectors: in the parameter buffer, from
/// where `take` gets one (`rewind`: and goes back to the pass's first; `keep`: those of a pass that comes again stay), or
/// for GC in the error buffer at `error_place`. `control` and `capture` belong to group 0; the vector comes to the bus
/// with `control`, and `from_errors` says from where. A pass's last step waits while the results of two passes before
/// are not `drained`. `pass` is high with the first `capture` of a pass.
#[derive(LogicBlock)]
pub struct Sequencer {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub batch_valid: Signal<In, Bit>,
    pub batch: Signal<In, Batch>,
    pub released: Signal<Out, Bit>,
    /// Vectors in the parameter buffer, those taken in this cycle not among them.
    pub vectors: Signal<In, Bits<16>>,
    pub take: Signal<Out, Bit>,
    pub rewind: Signal<Out, Bit>,
    pub keep: Signal<Out, Bit>,
    pub error_place: Signal<Out, Bits<4>>,
    pub from_errors: Signal<Out, Bit>,
    pub control: Signal<Out, GroupControl>,
    pub capture: Signal<Out, Capture>,
    pub pass: Signal<Out, Bit>,
    pub drained: Signal<In, Bit>,
    pub active: Signal<Out, Bit>,

    queue: Fifo<Batch>,
    slot: Reg<Bits<3>>,
    at_hand: Reg<Batch>,
    /// The batch at hand has steps left or is in its last.
    holds: Reg<Bit>,
    stepping: Reg<Bit>,
    step: Reg<Bits<4>>,
    half: Reg<Bit>,
    pass_half: Reg<Bit>,
    kept: Reg<Bits<2>>,
    controls: Vec<Reg<GroupControl>>,
    captures: Vec<Reg<Capture>>,
    releases: Vec<Reg<Bit>>,
    last_step: Signal<Local, Bit>,
    batch_done: Signal<Local, Bit>,
    decide: Signal<Local, Bit>,
    fresh: Signal<Local, Bit>,
    candidate: Signal<Local, Batch>,
    candidate_valid: Signal<Local, Bit>,
    candidate_step: Signal<Local, Bits<4>>,
    candidate_last: Signal<Local, Bit>,
    ready: Signal<Local, Bit>,
    begins_last: Signal<Local, Bit>,
    wanted: Signal<Local, Bits<4>>,
    slot_number: Signal<Local, Bits<4>>,
    takes: Signal<Local, Bit>,
    most_kept: Constant<Bits<2>>,
    nothing: Constant<Capture>,
}

impl Sequencer {
    /// For `groups` groups whose factors are taken so.
    ///
    /// # Errors
    /// None: the queue has a size that it may have.
    pub fn new(groups: usize, factors: Factors) -> Result<Self, StreamError> {
        Ok(make!(
            clock reset batch_valid batch released vectors take rewind keep error_place from_errors control capture pass
            drained active slot at_hand holds stepping step half pass_half kept last_step batch_done decide fresh candidate
            candidate_valid candidate_step candidate_last ready begins_last wanted slot_number takes;
            queue: Fifo::new(4, 1)?,
            controls: many(word_ram::LATENCY),
            captures: many(word_ram::LATENCY + group::latency(factors)),
            releases: many(groups),
            most_kept: constant(KEPT_PASSES), nothing: Constant::new(Capture::default()),
        ))
    }
}

impl Logic for Sequencer {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Sequencer: steps of the groups, 8 cycles each");
        clock!(self, clock, queue);
        dff_setup!(self, clock, slot, at_hand, holds, stepping, step, half, pass_half, kept);
        for i in 0..self.controls.len() {
            dff_setup!(self, clock, controls[i]);
        }
        for i in 0..self.captures.len() {
            dff_setup!(self, clock, captures[i]);
        }
        for i in 0..self.releases.len() {
            dff_setup!(self, clock, releases[i]);
        }
        self.queue.reset.next = self.reset.val();
        self.queue.in_valid.next = self.batch_valid.val();
        self.queue.in_data[0].next = self.batch.val();

        self.slot.d.next = self.slot.q.val() + 1;
        self.decide.next = self.slot.q.val() == bits::<3>(7);
        self.last_step.next = bit_cast::<5, 4>(self.step.q.val()) + 1 == self.at_hand.q.val().steps;
        self.batch_done.next = self.decide.val() & self.stepping.q.val() & self.last_step.val();

        // What the next 8 cycles could be.
        self.fresh.next = !self.holds.q.val() | (self.stepping.q.val() & self.last_step.val());
        if self.fresh.val() {
            self.candidate.next = self.queue.out_data[0].val();
            self.candidate_valid.next = self.queue.out_valid.val();
            self.candidate_step.next = bits::<4>(0);
        } else {
            self.candidate.next = self.at_hand.q.val();
            self.candidate_valid.next = true;
            self.candidate_step.next = self.step.q.val();
            if self.stepping.q.val() {
                self.candidate_step.next = self.step.q.val() + 1;
            }
        }
        self.candidate_last.next =
            self.candidate.val().last & (bit_cast::<5, 4>(self.candidate_step.val()) + 1 == self.candidate.val().steps);
        self.wanted.next = self.candidate.val().width;
        self.ready.next = self.candidate_valid.val()
            & (self.candidate.val().gradient | (self.vectors.val() >= bit_cast::<16, 4>(self.wanted.val())))
            & (!self.candidate_last.val() | (self.kept.q.val() != self.most_kept.val()));
        self.queue.out_ready.next = self.decide.val() & self.ready.val() & self.fresh.val();
        self.begins_last.next = self.decide.val() & self.ready.val() & self.candidate_last.val();
        if self.decide.val() {
            self.stepping.d.next = self.ready.val();
            if self.ready.val() {
                self.holds.d.next = true;
                self.at_hand.d.next = self.candidate.val();
                self.step.d.next = self.candidate_step.val();
            } else if self.fresh.val() {
                self.holds.d.next = false;
            } else {
                // The step that has to wait is the next one.
                self.step.d.next = self.candidate_step.val();
            }
            if self.batch_done.val() {
                self.half.d.next = !self.half.q.val();
            }
            if self.stepping.q.val() & self.last_step.val() & self.at_hand.q.val().last {
                self.pass_half.d.next = !self.pass_half.q.val();
            }
        }
        if self.begins_last.val() & !self.drained.val() {
            self.kept.d.next = self.kept.q.val() + 1;
        } else if self.drained.val() & !self.begins_last.val() {
            self.kept.d.next = self.kept.q.val() - 1;
        }
        self.active.next = self.stepping.q.val();

        self.slot_number.next = bit_cast::<4, 3>(self.slot.q.val());
        self.takes.next = self.stepping.q.val()
            & !self.at_hand.q.val().gradient
            & (self.slot_number.val() < self.at_hand.q.val().width);
        self.take.next = self.takes.val();
        self.keep.next = self.at_hand.q.val().again;
        self.rewind.next = self.at_hand.q.val().again & self.at_hand.q.val().last & self.last_step.val();
        self.error_place.next = self.step.q.val();
        if self.half.q.val() {
            self.error_place.next = self.step.q.val() | 8;
        }

        self.controls[0].d.next.active = self.stepping.q.val();
        self.controls[0].d.next.slot = self.slot.q.val();
        self.controls[0].d.next.step = self.step.q.val();
        self.controls[0].d.next.half = self.half.q.val();
        self.controls[0].d.next.first = self.at_hand.q.val().first & (self.step.q.val() == bits::<4>(0));
        self.controls[0].d.next.gradient = self.at_hand.q.val().gradient;
        self.controls[0].d.next.single = self.at_hand.q.val().forward & self.at_hand.q.val().dense;
        self.controls[0].d.next.negative = self.at_hand.q.val().forward;
        self.controls[0].d.next.load = self.stepping.q.val()
            & ((self.slot.q.val() == bits::<3>(0)) | (self.at_hand.q.val().forward & self.at_hand.q.val().dense));
        self.controls[0].d.next.own =
            self.at_hand.q.val().dense & !self.at_hand.q.val().forward & !self.at_hand.q.val().gradient;
        for i in 1..self.controls.len() {
            self.controls[i].d.next = self.controls[i - 1].q.val();
        }
        self.control.next = self.controls[self.controls.len() - 1].q.val();
        self.from_errors.next = self.controls[self.controls.len() - 1].q.val().gradient;

        self.captures[0].d.next.valid = self.stepping.q.val() & self.at_hand.q.val().last & self.last_step.val();
        self.captures[0].d.next.place = self.slot_number.val();
        if self.pass_half.q.val() {
            self.captures[0].d.next.place = self.slot_number.val() | 8;
        }
        for i in 1..self.captures.len() {
            self.captures[i].d.next = self.captures[i - 1].q.val();
        }
        self.capture.next = self.captures[self.captures.len() - 1].q.val();
        self.pass.next = self.captures[self.captures.len() - 1].q.val().valid
            & !self.captures[self.captures.len() - 1].q.val().place.get_bits::<3>(0).any();

        self.releases[0].d.next = self.batch_done.val();
        for i in 1..self.releases.len() {
            self.releases[i].d.next = self.releases[i - 1].q.val();
        }
        self.released.next = self.releases[self.releases.len() - 1].q.val();

        if self.reset.val() {
            self.slot.d.next = bits::<3>(0);
            self.holds.d.next = false;
            self.stepping.d.next = false;
            self.half.d.next = false;
            self.pass_half.d.next = false;
            self.kept.d.next = bits::<2>(0);
            for i in 0..self.captures.len() {
                self.captures[i].d.next = self.nothing.val();
            }
            for i in 0..self.releases.len() {
                self.releases[i].d.next = false;
            }
        }
    }
}
