//! Sums the steps of one output.

use crate::cells::dot_product::SUM_BITS;
use crate::cells::reg::Reg;
use crate::{comment, dff_setup, make};
use rust_hdl::prelude::*;

/// `total` follows each valid `sum` by one cycle: the sum itself on the first step, then the running
/// total, or the largest sum so far when `maximum`.
#[derive(LogicBlock)]
pub struct Accumulator {
    pub clock: Signal<In, Clock>,
    pub valid: Signal<In, Bit>,
    pub first: Signal<In, Bit>,
    pub maximum: Signal<In, Bit>,
    pub sum: Signal<In, Signed<SUM_BITS>>,
    pub total: Signal<Out, Signed<SUM_BITS>>,
    held: Reg<Signed<SUM_BITS>>,
    kept: Signal<Local, Signed<SUM_BITS>>,
    none: Constant<Signed<SUM_BITS>>,
}

impl Default for Accumulator {
    fn default() -> Self {
        make!(clock valid first maximum sum total held kept; none: Constant::new(0.into()))
    }
}

impl Logic for Accumulator {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Accumulator: total or maximum of an output's steps");
        dff_setup!(self, clock, held);
        self.total.next = self.held.q.val();
        // One adder for the three cases: what is not kept adds nothing.
        if self.first.val() | self.maximum.val() {
            self.kept.next = self.none.val();
        } else {
            self.kept.next = self.held.q.val();
        }
        if self.valid.val() & (self.first.val() | !self.maximum.val() | (self.sum.val() > self.held.q.val())) {
            self.held.d.next = self.kept.val() + self.sum.val();
        }
    }
}
