//! The ULX3S: an ECP5 whose block RAM is the engine's external memory.

use crate::boards::clocks::{ClockMaker, ResetMaker};
use crate::boards::resident::Resident;
use crate::boards::{BoardError, Plan};
use crate::{comment, make};
use rust_hdl::prelude::*;

/// The board's top; ports are the pins of `constraints/ecp5/ulx3s.lpf`.
///
/// The first light is on while the board waits for a host, the second while it runs, the third when the last run ended
/// with an error. The power button, pressed, resets all but the clock. `wifi_gpio0` is held high: low, it would have the
/// board's ESP32 take the chip over.
#[derive(LogicBlock)]
pub struct Ulx3s<const SUM: usize> {
    pub clk: Signal<In, Clock>,
    pub btn_n: Signal<In, Bit>,
    pub rx: Signal<In, Bit>,
    pub tx: Signal<Out, Bit>,
    pub led_idle: Signal<Out, Bit>,
    pub led_busy: Signal<Out, Bit>,
    pub led_failed: Signal<Out, Bit>,
    pub wifi_gpio0: Signal<Out, Bit>,
    clock_maker: ClockMaker,
    reset_maker: ResetMaker,
    resident: Resident<SUM>,
}

impl<const SUM: usize> Ulx3s<SUM> {
    /// # Errors
    /// The preset's memory has a size none can have.
    pub fn new(plan: &Plan) -> Result<Self, BoardError> {
        Ok(make!(
            clk btn_n rx tx led_idle led_busy led_failed wifi_gpio0 reset_maker;
            clock_maker: ClockMaker::new(plan.pll, plan.oscillator_khz), resident: Resident::new(plan)?,
        ))
    }
}

impl<const SUM: usize> Logic for Ulx3s<SUM> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Ulx3s: an engine on the ULX3S board");
        self.clock_maker.oscillator.next = self.clk.val();
        self.reset_maker.clock.next = self.clock_maker.made.val();
        self.resident.clock.next = self.clock_maker.made.val();
        self.reset_maker.steady.next = self.clock_maker.locked.val() & self.btn_n.val();
        self.resident.reset.next = self.reset_maker.reset.val();
        self.resident.rx.next = self.rx.val();
        self.tx.next = self.resident.tx.val();
        self.led_idle.next = !(self.reset_maker.reset.val() | self.resident.busy.val());
        self.led_busy.next = self.resident.busy.val();
        self.led_failed.next = self.resident.failed.val();
        self.wifi_gpio0.next = true;
    }
}
