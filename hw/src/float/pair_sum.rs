//! Sums of neighbours in a stream of terms.

use super::add::{FloatAdd, LATENCY as ADD_LATENCY};
use crate::cells::reg::Reg;
use crate::make::many;
use crate::{clock, comment, dff_setup, make};
use rust_hdl::prelude::*;

/// Cycles from the second term of a pair to its sum.
pub const LATENCY: usize = ADD_LATENCY;

/// Adds each valid `term` of even number and the next valid one; `sum_valid` is high with their `sum`,
/// [`LATENCY`] cycles after the second. `reset` for a cycle forgets all: the next valid term has number 0.
///
/// Three in a row make `((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))` of the slots of a
/// [`super::multiply_accumulate::FloatMultiplyAccumulate`], at one term a cycle.
#[derive(LogicBlock)]
pub struct PairSum {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub valid: Signal<In, Bit>,
    pub term: Signal<In, Bits<32>>,
    pub sum_valid: Signal<Out, Bit>,
    pub sum: Signal<Out, Bits<32>>,
    add: FloatAdd,
    even: Reg<Bits<32>>,
    odd: Reg<Bit>,
    valids: Vec<Reg<Bit>>,
    no: Constant<Bit>,
}

impl Default for PairSum {
    fn default() -> Self {
        make!(
            clock reset valid term sum_valid sum add even odd;
            valids: many(LATENCY), no: Constant::new(false),
        )
    }
}

impl Logic for PairSum {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("PairSum: sums of neighbouring terms");
        clock!(self, clock, add);
        dff_setup!(self, clock, even, odd);
        for i in 0..self.valids.len() {
            dff_setup!(self, clock, valids[i]);
        }
        if self.valid.val() {
            self.odd.d.next = !self.odd.q.val();
            self.even.d.next = self.term.val();
        }
        if self.reset.val() {
            self.odd.d.next = self.no.val();
        }
        self.add.a.next = self.even.q.val();
        self.add.b.next = self.term.val();
        self.add.subtract.next = self.no.val();
        self.valids[0].d.next = self.valid.val() & self.odd.q.val() & !self.reset.val();
        for i in 1..self.valids.len() {
            self.valids[i].d.next = self.valids[i - 1].q.val() & !self.reset.val();
        }
        self.sum_valid.next = self.valids[self.valids.len() - 1].q.val();
        self.sum.next = self.add.sum.val();
    }
}
