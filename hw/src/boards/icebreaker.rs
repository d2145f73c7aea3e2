//! The iCEBreaker: an iCE40UP5K whose own single-port RAM is the engine's external memory.

use crate::boards::clocks::{ClockMaker, ResetMaker};
use crate::boards::resident::Resident;
use crate::boards::{BoardError, Plan};
use crate::{comment, make};
use rust_hdl::prelude::*;

/// The board's top; ports are the pins of `constraints/ice40/icebreaker.pcf`.
///
/// The green light is on while the board waits for a host and off while it runs; the red one tells that the last
/// run ended with an error. The button resets all but the clock.
#[derive(LogicBlock)]
pub struct Icebreaker<const SUM: usize> {
    pub clk: Signal<In, Clock>,
    pub btn_n: Signal<In, Bit>,
    pub rx: Signal<In, Bit>,
    pub tx: Signal<Out, Bit>,
    pub ledg_n: Signal<Out, Bit>,
    pub ledr_n: Signal<Out, Bit>,
    clock_maker: ClockMaker,
    reset_maker: ResetMaker,
    resident: Resident<SUM>,
}

impl<const SUM: usize> Icebreaker<SUM> {
    /// # Errors
    /// The preset's memory has a size none can have.
    pub fn new(plan: &Plan) -> Result<Self, BoardError> {
        Ok(make!(
            clk btn_n rx tx ledg_n ledr_n reset_maker;
            clock_maker: ClockMaker::new(plan.pll, plan.oscillator_khz), resident: Resident::new(plan)?,
        ))
    }
}

impl<const SUM: usize> Logic for Icebreaker<SUM> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Icebreaker: an engine on the iCEBreaker board");
        self.clock_maker.oscillator.next = self.clk.val();
        self.reset_maker.clock.next = self.clock_maker.made.val();
        self.resident.clock.next = self.clock_maker.made.val();
        self.reset_maker.steady.next = self.clock_maker.locked.val() & self.btn_n.val();
        self.resident.reset.next = self.reset_maker.reset.val();
        self.resident.rx.next = self.rx.val();
        self.tx.next = self.resident.tx.val();
        self.ledg_n.next = self.reset_maker.reset.val() | self.resident.busy.val();
        self.ledr_n.next = !self.resident.failed.val();
    }
}
