//! The iCEBreaker: an iCE40UP5K whose own single-port RAM is the engine's external memory.

use crate::boards::clocks::{ClockMaker, ResetMaker};
use crate::boards::on_chip::OnChip;
use crate::boards::system::System;
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
    system: System<SUM>,
    on_chip: OnChip,
}

impl<const SUM: usize> Icebreaker<SUM> {
    /// # Errors
    /// The preset's memory has a size none can have.
    pub fn new(plan: &Plan) -> Result<Self, BoardError> {
        Ok(make!(
            clk btn_n rx tx ledg_n ledr_n reset_maker;
            clock_maker: ClockMaker::new(plan.pll, plan.oscillator_khz),
            system: System::new(plan.arch, plan.memory_bits, plan.bit_cycles)?,
            on_chip: OnChip::new(plan.arch, plan.memory_bits)?,
        ))
    }
}

impl<const SUM: usize> Logic for Icebreaker<SUM> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Icebreaker: an engine on the iCEBreaker board");
        self.clock_maker.oscillator.next = self.clk.val();
        self.reset_maker.clock.next = self.clock_maker.made.val();
        self.system.clock.next = self.clock_maker.made.val();
        self.on_chip.clock.next = self.clock_maker.made.val();
        self.reset_maker.steady.next = self.clock_maker.locked.val() & self.btn_n.val();
        self.system.reset.next = self.reset_maker.reset.val();
        self.system.rx.next = self.rx.val();
        self.tx.next = self.system.tx.val();
        self.ledg_n.next = self.reset_maker.reset.val() | self.system.busy.val();
        self.ledr_n.next = !self.system.failed.val();

        self.system.memory_ready.next = true;
        self.on_chip.reset.next = self.system.memory_reset.val();
        self.on_chip.command_valid.next = self.system.command_valid.val();
        self.system.command_ready.next = self.on_chip.command_ready.val();
        self.on_chip.command_write.next = self.system.command_write.val();
        self.on_chip.command_address.next = self.system.command_address.val();
        self.on_chip.last.next = self.system.last.val();
        self.system.in_valid.next = self.on_chip.in_valid.val();
        self.on_chip.in_ready.next = self.system.in_ready.val();
        self.on_chip.out_valid.next = self.system.out_valid.val();
        self.system.out_ready.next = self.on_chip.out_ready.val();
        for i in 0..self.on_chip.in_data.len() {
            self.system.in_data[i].next = self.on_chip.in_data[i].val();
            self.on_chip.out_data[i].next = self.system.out_data[i].val();
        }
    }
}
