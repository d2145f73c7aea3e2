//! The sum of a gradient's squares in the order of docs/training.md, and whether all of it is finite.

use crate::cells::reg::Reg;
use crate::float::add::{FloatAdd, LATENCY as ADD};
use crate::float::multiply::Factors;
use crate::float::multiply_accumulate::{latency, FloatMultiplyAccumulate, SLOTS};
use crate::make::{constant, many, signals};
use crate::{clock, comment, dff_setup, make};
use cortado_arch::trainer::LINE_WORDS;
use rust_hdl::prelude::*;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
pub enum NormState {
    Idle,
    Clearing,
    Squaring,
    Draining,
    Awaiting,
    Adding,
}

/// Between `start` and `done`: sums the squares of `lines` lines of a stream, word n in sum n mod 128, each in the
/// stream's order from +0, then the sums in ascending order.
///
/// The accumulator of a lane keeps 8 sums in turn, those of lines l, l + 8, ...; so a line is taken every cycle, and one
/// that comes late waits for its turn. After the last line come some 1,200 cycles for the sums. With `done`, which
/// stands for a cycle, `total` is the sum; `not_finite` says that a word was an infinity or NaN: the first such is word
/// `at`, `value`.
#[derive(LogicBlock)]
pub struct GradientNorm {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub start: Signal<In, Bit>,
    /// At least 1.
    pub lines: Signal<In, Bits<32>>,
    pub gradient_valid: Signal<In, Bit>,
    pub gradient_ready: Signal<Out, Bit>,
    pub gradient: Vec<Signal<In, Bits<32>>>,
    pub done: Signal<Out, Bit>,
    pub total: Signal<Out, Bits<32>>,
    pub not_finite: Signal<Out, Bit>,
    pub at: Signal<Out, Bits<32>>,
    pub value: Signal<Out, Bits<32>>,
    state: Reg<NormState>,
    left: Reg<Bits<32>>,
    /// The cycle modulo the accumulators' slots.
    turn: Reg<Bits<3>>,
    /// The slot of the next line, or of the sums that are being added.
    slot: Reg<Bits<3>>,
    count: Reg<Bits<5>>,
    lane: Reg<Bits<4>>,
    sum: Reg<Bits<32>>,
    /// The sums of a slot that are still to be added, the next one first.
    held: Vec<Reg<Bits<32>>>,
    bad: Reg<Bit>,
    bad_at: Reg<Bits<32>>,
    bad_value: Reg<Bits<32>>,
    /// Lines taken so far.
    position: Reg<Bits<28>>,
    lanes: Vec<FloatMultiplyAccumulate>,
    add: FloatAdd,
    take: Signal<Local, Bit>,
    visible: Signal<Local, Bits<3>>,
    found: Signal<Local, Bit>,
    found_value: Signal<Local, Bits<32>>,
    found_lane: Signal<Local, Bits<4>>,
    lane_number: Vec<Constant<Bits<4>>>,
    lane_bits: Constant<Bits<32>>,
    clearing: Constant<Bits<5>>,
    drain: Constant<Bits<5>>,
    add_latency: Constant<Bits<5>>,
    behind: Constant<Bits<3>>,
    last_lane: Constant<Bits<4>>,
    exponent: Constant<Bits<8>>,
    no: Constant<Bit>,
}

impl Default for GradientNorm {
    fn default() -> Self {
        make!(
            clock reset start lines gradient_valid gradient_ready done total not_finite at value state left turn slot count lane
            sum bad bad_at bad_value position add take visible found found_value found_lane;
            gradient: signals(LINE_WORDS), held: many(LINE_WORDS),
            lanes: (0..LINE_WORDS).map(|_| FloatMultiplyAccumulate::new(Factors::Single)).collect(),
            lane_number: (0..LINE_WORDS).map(constant).collect(), lane_bits: constant(LINE_WORDS.ilog2() as usize),
            clearing: constant(SLOTS - 1), drain: constant(latency(Factors::Single)), add_latency: constant(ADD),
            // The sum of slot s is shown `latency` cycles after its turn.
            behind: constant((SLOTS - latency(Factors::Single) % SLOTS) % SLOTS),
            last_lane: constant(LINE_WORDS - 1), exponent: constant(0xff), no: Constant::new(false),
        )
    }
}

impl Logic for GradientNorm {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("GradientNorm: sum of squares, and a watch for infinities and NaNs");
        clock!(self, clock, add);
        dff_setup!(self, clock, state, left, turn, slot, count, lane, sum, bad, bad_at, bad_value, position);
        self.turn.d.next = self.turn.q.val() + 1;
        self.visible.next = self.turn.q.val() + self.behind.val();

        self.take.next = (self.state.q.val() == NormState::Squaring)
            & self.gradient_valid.val()
            & (self.turn.q.val() == self.slot.q.val());
        self.gradient_ready.next = self.take.val();
        self.found.next = false;
        self.found_value.next = self.gradient[0].val();
        self.found_lane.next = bits::<4>(0);
        for j in 0..self.lanes.len() {
            clock!(self, clock, lanes[j], held[j]);
            self.lanes[j].a.next = self.gradient[j].val();
            self.lanes[j].b.next = self.gradient[j].val();
            self.lanes[j].valid.next = self.take.val();
            self.lanes[j].first.next = self.state.q.val() == NormState::Clearing;
            // The contract begins every sum with +0.
            self.lanes[j].negative.next = self.no.val();
            if !self.found.val() & (self.gradient[j].val().get_bits::<8>(23) == self.exponent.val()) {
                self.found.next = true;
                self.found_value.next = self.gradient[j].val();
                self.found_lane.next = self.lane_number[j].val();
            }
        }
        if self.take.val() {
            self.slot.d.next = self.slot.q.val() + 1;
            self.left.d.next = self.left.q.val() - 1;
            self.position.d.next = self.position.q.val() + 1;
            if self.found.val() & !self.bad.q.val() {
                self.bad.d.next = true;
                self.bad_at.d.next = (bit_cast::<32, 28>(self.position.q.val()) << self.lane_bits.val())
                    | bit_cast::<32, 4>(self.found_lane.val());
                self.bad_value.d.next = self.found_value.val();
            }
        }

        // A slot's sums are held as they are shown, and move on one by one.
        self.add.a.next = self.sum.q.val();
        self.add.b.next = self.held[0].q.val();
        self.add.subtract.next = self.no.val();
        for j in 0..self.held.len() {
            self.held[j].d.next = self.held[j].q.val();
            if self.state.q.val() == NormState::Awaiting {
                self.held[j].d.next = self.lanes[j].sum.val();
            }
        }
        for j in 1..self.held.len() {
            if (self.state.q.val() == NormState::Adding) & (self.count.q.val() == self.add_latency.val()) {
                self.held[j - 1].d.next = self.held[j].q.val();
            }
        }

        self.done.next = false;
        match self.state.q.val() {
            NormState::Idle => {}
            NormState::Clearing => {
                self.count.d.next = self.count.q.val() - 1;
                if !self.count.q.val().any() {
                    self.state.d.next = NormState::Squaring;
                }
            }
            NormState::Squaring => {
                self.count.d.next = self.drain.val();
                if self.take.val() & (self.left.q.val() == bits::<32>(1)) {
                    self.state.d.next = NormState::Draining;
                }
            }
            NormState::Draining => {
                self.slot.d.next = bits::<3>(0);
                self.count.d.next = self.count.q.val() - 1;
                if !self.count.q.val().any() {
                    self.state.d.next = NormState::Awaiting;
                }
            }
            NormState::Awaiting => {
                self.count.d.next = bits::<5>(0);
                if self.visible.val() == self.slot.q.val() {
                    self.state.d.next = NormState::Adding;
                }
            }
            NormState::Adding => {
                self.count.d.next = self.count.q.val() + 1;
                if self.count.q.val() == self.add_latency.val() {
                    self.count.d.next = bits::<5>(0);
                    self.sum.d.next = self.add.sum.val();
                    self.lane.d.next = self.lane.q.val() + 1;
                    if self.lane.q.val() == self.last_lane.val() {
                        self.slot.d.next = self.slot.q.val() + 1;
                        self.state.d.next = NormState::Awaiting;
                        if self.slot.q.val().all() {
                            self.state.d.next = NormState::Idle;
                            self.done.next = true;
                        }
                    }
                }
            }
            _ => {
                self.state.d.next = NormState::Idle;
            }
        }
        self.total.next = self.add.sum.val();
        self.not_finite.next = self.bad.q.val();
        self.at.next = self.bad_at.q.val();
        self.value.next = self.bad_value.q.val();

        if self.start.val() {
            self.state.d.next = NormState::Clearing;
            self.count.d.next = self.clearing.val();
            self.left.d.next = self.lines.val();
            self.slot.d.next = bits::<3>(0);
            self.lane.d.next = bits::<4>(0);
            self.sum.d.next = bits::<32>(0);
            self.bad.d.next = false;
            self.position.d.next = bits::<28>(0);
        }
        if self.reset.val() {
            self.state.d.next = NormState::Idle;
        }
    }
}
