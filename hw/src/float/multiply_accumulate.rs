//! Sums of products at one product a cycle, although the adder takes longer.

use super::add::{FloatAdd, LATENCY as ADD_LATENCY};
use super::multiply::{Factors, FloatMultiply};
use crate::cells::reg::Reg;
use crate::make::many;
use crate::{clock, comment, dff_setup, make};
use rust_hdl::prelude::*;

/// Sums a unit keeps, each in its turn: the adder's latency and the register before it.
pub const SLOTS: usize = ADD_LATENCY + 1;

/// Cycles from factors to the sum that holds their product.
pub const fn latency(factors: Factors) -> usize {
    factors.latency() + SLOTS
}

/// `sum = (first ? +0 : the sum SLOTS cycles ago) + (valid ? a * b : nothing)`, a pair every cycle,
/// [`latency`] cycles later. With `negative` it is `first ? -0`: then the sum of one term is that term, whatever its sign.
///
/// So the unit keeps [`SLOTS`] sums in turn, by the cycle modulo [`SLOTS`]: of as many outputs, or parts of one
/// that a [`super::pair_sum::PairSum`] adds in the end. Where not `valid` a sum stays to the bit; `first` clears
/// it in any case.
#[derive(LogicBlock)]
pub struct FloatMultiplyAccumulate {
    pub clock: Signal<In, Clock>,
    pub a: Signal<In, Bits<32>>,
    pub b: Signal<In, Bits<32>>,
    pub valid: Signal<In, Bit>,
    pub first: Signal<In, Bit>,
    pub negative: Signal<In, Bit>,
    pub sum: Signal<Out, Bits<32>>,
    multiply: FloatMultiply,
    add: FloatAdd,
    valids: Vec<Reg<Bit>>,
    firsts: Vec<Reg<Bit>>,
    negatives: Vec<Reg<Bit>>,
    term: Reg<Bits<32>>,
    kept: Reg<Bits<32>>,
    no: Constant<Bit>,
    zero: Constant<Bits<32>>,
    nothing: Constant<Bits<32>>,
}

impl FloatMultiplyAccumulate {
    /// Of factors taken so.
    pub fn new(factors: Factors) -> Self {
        make!(
            clock a b valid first negative sum add term kept;
            multiply: FloatMultiply::new(factors),
            valids: many(factors.latency()),
            firsts: many(factors.latency()),
            negatives: many(factors.latency()),
            no: Constant::new(false),
            zero: Constant::new(0.into()),
            // -0 leaves every sum as it is, +0 would turn -0.
            nothing: Constant::new(0x8000_0000.into()),
        )
    }
}

impl Logic for FloatMultiplyAccumulate {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("FloatMultiplyAccumulate: sums of products, kept in turn");
        clock!(self, clock, multiply, add);
        dff_setup!(self, clock, term, kept);
        for i in 0..self.valids.len() {
            dff_setup!(self, clock, valids[i]);
            dff_setup!(self, clock, firsts[i]);
            dff_setup!(self, clock, negatives[i]);
        }
        self.valids[0].d.next = self.valid.val();
        self.firsts[0].d.next = self.first.val();
        self.negatives[0].d.next = self.negative.val();
        for i in 1..self.valids.len() {
            self.valids[i].d.next = self.valids[i - 1].q.val();
            self.firsts[i].d.next = self.firsts[i - 1].q.val();
            self.negatives[i].d.next = self.negatives[i - 1].q.val();
        }
        self.multiply.a.next = self.a.val();
        self.multiply.b.next = self.b.val();
        if self.valids[self.valids.len() - 1].q.val() {
            self.term.d.next = self.multiply.product.val();
        } else {
            self.term.d.next = self.nothing.val();
        }
        if self.firsts[self.firsts.len() - 1].q.val() {
            self.kept.d.next = self.zero.val();
            if self.negatives[self.negatives.len() - 1].q.val() {
                self.kept.d.next = self.nothing.val();
            }
        } else {
            self.kept.d.next = self.add.sum.val();
        }
        self.add.a.next = self.kept.q.val();
        self.add.b.next = self.term.q.val();
        self.add.subtract.next = self.no.val();
        self.sum.next = self.add.sum.val();
    }
}
