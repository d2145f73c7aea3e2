//! A turn for STOREs where COMPUTE reads activation memory in every cycle.

use crate::cells::reg::Reg;
use crate::make;
use crate::make::constant;
use crate::{comment, dff_setup};
use rust_hdl::prelude::*;

/// Says `urgent` when a read has been wanted and not given for `patience` cycles in a row, and until it is given.
#[derive(LogicBlock)]
pub struct StoreTurn {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub wanted: Signal<In, Bit>,
    pub given: Signal<In, Bit>,
    pub urgent: Signal<Out, Bit>,
    waited: Reg<Bits<6>>,
    due: Reg<Bit>,
    last_wait: Constant<Bits<6>>,
}

impl StoreTurn {
    /// For a patience of 1 to 64 cycles.
    pub fn new(patience: usize) -> Self {
        make!(clock reset wanted given urgent waited due; last_wait: constant(patience - 1))
    }
}

impl Logic for StoreTurn {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("StoreTurn: a read for a STORE that has waited long");
        dff_setup!(self, clock, waited, due);
        self.urgent.next = self.due.q.val();
        if self.wanted.val() & !self.given.val() {
            self.waited.d.next = self.waited.q.val() + 1;
            self.due.d.next = self.due.q.val() | (self.waited.q.val() == self.last_wait.val());
        } else {
            self.waited.d.next = bits::<6>(0);
            self.due.d.next = false;
        }
        if self.reset.val() {
            self.waited.d.next = bits::<6>(0);
            self.due.d.next = false;
        }
    }
}
