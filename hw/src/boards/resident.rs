//! An engine whose external memory is on the chip: all of a board but its clock, its reset and its pins.

use crate::boards::on_chip::OnChip;
use crate::boards::system::System;
use crate::boards::Plan;
use crate::engine::EngineError;
use crate::{clock, comment, make};
use rust_hdl::prelude::*;

/// [`System`] and [`OnChip`] together; ports as `System`'s.
#[derive(LogicBlock)]
pub struct Resident<const SUM: usize> {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub rx: Signal<In, Bit>,
    pub tx: Signal<Out, Bit>,
    pub busy: Signal<Out, Bit>,
    pub failed: Signal<Out, Bit>,
    system: System<SUM>,
    on_chip: OnChip,
}

impl<const SUM: usize> Resident<SUM> {
    /// # Errors
    /// The preset's memory has a size none can have.
    pub fn new(plan: &Plan) -> Result<Self, EngineError> {
        Ok(make!(
            clock reset rx tx busy failed;
            system: System::new(plan.arch, plan.memory_bits, plan.bit_cycles)?,
            on_chip: OnChip::new(plan.arch, plan.memory_bits)?,
        ))
    }
}

impl<const SUM: usize> Logic for Resident<SUM> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Resident: an engine, its host link and its memory, all on the chip");
        clock!(self, clock, system, on_chip);
        self.system.reset.next = self.reset.val();
        self.system.rx.next = self.rx.val();
        self.tx.next = self.system.tx.val();
        self.busy.next = self.system.busy.val();
        self.failed.next = self.system.failed.val();

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
