//! The errors that a phase's kernel positions take, sixteen outputs at a time (BW).

use crate::cells::reg::Reg;
use crate::{comment, dff_setup};
use rust_hdl::prelude::*;

/// Walks kernel rows, kernel columns, blocks of outputs, the blocks fastest. The errors lie at `at`, from those of the
/// position itself; `x` and `y` are the kernel position's, in strides. `restart` goes to the first, `advance` to the next.
#[derive(LogicBlock, Default)]
pub struct TapWalker {
    pub clock: Signal<In, Clock>,
    pub taps_x: Signal<In, Bits<5>>,
    pub taps_y: Signal<In, Bits<5>>,
    pub blocks: Signal<In, Bits<16>>,
    pub step_x: Signal<In, Bits<20>>,
    pub step_y: Signal<In, Bits<20>>,
    pub restart: Signal<In, Bit>,
    pub advance: Signal<In, Bit>,
    pub at: Signal<Out, Bits<20>>,
    pub x: Signal<Out, Bits<5>>,
    pub y: Signal<Out, Bits<5>>,
    pub last_block: Signal<Out, Bit>,
    pub last: Signal<Out, Bit>,
    address: Reg<Bits<20>>,
    column: Reg<Bits<20>>,
    row: Reg<Bits<20>>,
    tap_x: Reg<Bits<5>>,
    tap_y: Reg<Bits<5>>,
    block: Reg<Bits<16>>,
    last_x: Signal<Local, Bit>,
    last_y: Signal<Local, Bit>,
    next_column: Signal<Local, Bits<20>>,
    next_row: Signal<Local, Bits<20>>,
}

impl Logic for TapWalker {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("TapWalker: kernel positions of a phase");
        dff_setup!(self, clock, address, column, row, tap_x, tap_y, block);
        self.at.next = self.address.q.val();
        self.x.next = self.tap_x.q.val();
        self.y.next = self.tap_y.q.val();
        self.last_block.next = self.block.q.val() + 1 == self.blocks.val();
        self.last_x.next = self.tap_x.q.val() + 1 == self.taps_x.val();
        self.last_y.next = self.tap_y.q.val() + 1 == self.taps_y.val();
        self.last.next = self.last_block.val() & self.last_x.val() & self.last_y.val();
        self.next_column.next = self.column.q.val() + self.step_x.val();
        self.next_row.next = self.row.q.val() + self.step_y.val();
        if self.advance.val() {
            self.address.d.next = self.address.q.val() + 16;
            self.block.d.next = self.block.q.val() + 1;
            if self.last_block.val() {
                self.block.d.next = bits::<16>(0);
                if self.last_x.val() {
                    self.tap_x.d.next = bits::<5>(0);
                    self.tap_y.d.next = self.tap_y.q.val() + 1;
                    self.address.d.next = self.next_row.val();
                    self.column.d.next = self.next_row.val();
                    self.row.d.next = self.next_row.val();
                } else {
                    self.tap_x.d.next = self.tap_x.q.val() + 1;
                    self.address.d.next = self.next_column.val();
                    self.column.d.next = self.next_column.val();
                }
            }
        }
        if self.restart.val() {
            self.address.d.next = bits::<20>(0);
            self.column.d.next = bits::<20>(0);
            self.row.d.next = bits::<20>(0);
            self.tap_x.d.next = bits::<5>(0);
            self.tap_y.d.next = bits::<5>(0);
            self.block.d.next = bits::<16>(0);
        }
    }
}
