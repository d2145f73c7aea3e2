//! The sum of a gradient's squares in the order of docs/training.md, and whether all of it is finite.

use crate::cells::reg::Reg;
use crate::float::add::{FloatAdd, LATENCY as ADD};
use crate::float::multiply::Factors;
use crate::float::multiply_accumulate::{latency, FloatMultiplyAccumulate, SLOTS};
use crate::make::{constant, signals};
use crate::{clock, comment, dff_setup, make};
use cortado_arch::trainer::LINE_WORDS;
use rust_hdl::prelude::*;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
pub enum NormState {
    Idle,
    Squaring,
    Draining,
    Adding,
}

/// Between `start` and `done`: sums the squares of `lines` lines of a stream, word n in lane n mod 16, each lane in
/// the stream's order from +0, then the lanes in ascending order.
///
/// A lane can take a word every 8 cycles, since a sum waits for the adder; two multiply-accumulates keep the 16 sums, so
/// two words a cycle are taken: a line lasts 8 cycles. After the last word come some 170 cycles for the
/// lanes. With `done`, which stands for a cycle, `total` is the sum; `not_finite` says that a word was an infinity or
/// NaN: the first such is word `at`, `value`.
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
    /// The cycle modulo the accumulator's slots.
    turn: Reg<Bits<3>>,
    /// The pair of words that is next, in its line.
    pair: Reg<Bits<3>>,
    first_line: Reg<Bit>,
    count: Reg<Bits<5>>,
    lane: Reg<Bits<4>>,
    sum: Reg<Bits<32>>,
    bad: Reg<Bit>,
    bad_at: Reg<Bits<32>>,
    bad_value: Reg<Bits<32>>,
    /// Words taken so far.
    position: Reg<Bits<32>>,
    even: FloatMultiplyAccumulate,
    odd: FloatMultiplyAccumulate,
    add: FloatAdd,
    low: Signal<Local, Bits<32>>,
    high: Signal<Local, Bits<32>>,
    take: Signal<Local, Bit>,
    visible: Signal<Local, Bits<3>>,
    pair_number: Vec<Constant<Bits<3>>>,
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
            clock reset start lines gradient_valid gradient_ready done total not_finite at value state left turn pair first_line count lane
            sum bad bad_at bad_value position add low high take visible;
            gradient: signals(LINE_WORDS),
            even: FloatMultiplyAccumulate::new(Factors::Single), odd: FloatMultiplyAccumulate::new(Factors::Single),
            pair_number: (0..LINE_WORDS / 2).map(constant).collect(),
            drain: constant(latency(Factors::Single)), add_latency: constant(ADD),
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
        clock!(self, clock, even, odd, add);
        dff_setup!(
            self, clock, state, left, turn, pair, first_line, count, lane, sum, bad, bad_at, bad_value, position
        );
        self.turn.d.next = self.turn.q.val() + 1;
        self.visible.next = self.turn.q.val() + self.behind.val();

        // The pair in its turn.
        self.low.next = self.gradient[0].val();
        self.high.next = self.gradient[1].val();
        for i in 1..self.pair_number.len() {
            if self.pair.q.val() == self.pair_number[i].val() {
                self.low.next = self.gradient[2 * i].val();
                self.high.next = self.gradient[2 * i + 1].val();
            }
        }
        self.take.next = (self.state.q.val() == NormState::Squaring)
            & self.gradient_valid.val()
            & (self.turn.q.val() == self.pair.q.val());
        self.gradient_ready.next = self.take.val() & self.pair.q.val().all();
        self.even.a.next = self.low.val();
        self.even.b.next = self.low.val();
        self.even.valid.next = self.take.val();
        self.even.first.next = self.take.val() & self.first_line.q.val();
        self.odd.a.next = self.high.val();
        self.odd.b.next = self.high.val();
        self.odd.valid.next = self.take.val();
        self.odd.first.next = self.take.val() & self.first_line.q.val();
        // The contract begins every lane with +0.
        self.even.negative.next = self.no.val();
        self.odd.negative.next = self.no.val();
        if self.take.val() {
            self.pair.d.next = self.pair.q.val() + 1;
            self.position.d.next = self.position.q.val() + 2;
            if self.pair.q.val().all() {
                self.first_line.d.next = false;
            }
            if !self.bad.q.val() {
                if self.low.val().get_bits::<8>(23) == self.exponent.val() {
                    self.bad.d.next = true;
                    self.bad_at.d.next = self.position.q.val();
                    self.bad_value.d.next = self.low.val();
                } else if self.high.val().get_bits::<8>(23) == self.exponent.val() {
                    self.bad.d.next = true;
                    self.bad_at.d.next = self.position.q.val() + 1;
                    self.bad_value.d.next = self.high.val();
                }
            }
        }

        // The lanes, ascending: the even ones are in one accumulator, the odd ones in the other.
        self.add.a.next = self.sum.q.val();
        if self.lane.q.val().get_bit(0) {
            self.add.b.next = self.odd.sum.val();
        } else {
            self.add.b.next = self.even.sum.val();
        }
        self.add.subtract.next = self.no.val();

        self.done.next = false;
        match self.state.q.val() {
            NormState::Idle => {}
            NormState::Squaring => {
                self.count.d.next = self.drain.val();
                if self.gradient_ready.val() {
                    self.left.d.next = self.left.q.val() - 1;
                    if self.left.q.val() == bits::<32>(1) {
                        self.state.d.next = NormState::Draining;
                    }
                }
            }
            NormState::Draining => {
                self.count.d.next = self.count.q.val() - 1;
                if !self.count.q.val().any() {
                    self.count.d.next = bits::<5>(0);
                    self.state.d.next = NormState::Adding;
                }
            }
            NormState::Adding => {
                // `count` cycles since the lane's sum was shown, or 0 while it is awaited.
                if self.count.q.val().any() {
                    self.count.d.next = self.count.q.val() + 1;
                } else if self.visible.val() == self.lane.q.val().get_bits::<3>(1) {
                    self.count.d.next = bits::<5>(1);
                }
                if self.count.q.val() == self.add_latency.val() {
                    self.count.d.next = bits::<5>(0);
                    self.sum.d.next = self.add.sum.val();
                    self.lane.d.next = self.lane.q.val() + 1;
                    if self.lane.q.val() == self.last_lane.val() {
                        self.state.d.next = NormState::Idle;
                        self.done.next = true;
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
            self.state.d.next = NormState::Squaring;
            self.left.d.next = self.lines.val();
            self.pair.d.next = bits::<3>(0);
            self.first_line.d.next = true;
            self.lane.d.next = bits::<4>(0);
            self.sum.d.next = bits::<32>(0);
            self.bad.d.next = false;
            self.position.d.next = bits::<32>(0);
        }
        if self.reset.val() {
            self.state.d.next = NormState::Idle;
        }
    }
}
