//! The bursts of a LOAD or STORE.

use super::fields::TransferFields;
use crate::cells::reg::Reg;
use crate::cells::stream::{Fifo, StreamError};
use crate::{clock, comment, dff_setup, make};
use rust_hdl::prelude::*;

/// LOADs or STOREs that wait for their turn.
const QUEUE: usize = 4;

/// Cuts LOADs, or STOREs, into bursts of at most 16 lines: `lines` of them from `line` on in external memory and from
/// `map_line` on in the map buffer; `final_burst` marks the last one. The next burst is offered when `taken`.
#[derive(LogicBlock)]
pub struct MapTransfer {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub in_valid: Signal<In, Bit>,
    pub in_ready: Signal<Out, Bit>,
    pub in_transfer: Signal<In, TransferFields>,
    /// First line of the base register chosen.
    pub base: Signal<In, Bits<26>>,
    pub base_choice: Signal<Out, Bits<2>>,
    pub valid: Signal<Out, Bit>,
    pub taken: Signal<In, Bit>,
    pub line: Signal<Out, Bits<26>>,
    pub map_line: Signal<Out, Bits<16>>,
    pub lines: Signal<Out, Bits<5>>,
    pub final_burst: Signal<Out, Bit>,

    queue: Fifo<TransferFields>,
    fields: Reg<TransferFields>,
    running: Reg<Bit>,
    maps_left: Reg<Bits<8>>,
    lines_left: Reg<Bits<16>>,
    here: Reg<Bits<26>>,
    map_start: Reg<Bits<26>>,
    on_chip: Reg<Bits<16>>,
    whole: Signal<Local, Bit>,
    next_map: Signal<Local, Bits<26>>,
    head: Signal<Local, TransferFields>,
}

impl MapTransfer {
    /// # Errors
    /// None: the queue has a size that it may have.
    pub fn new() -> Result<Self, StreamError> {
        Ok(make!(
            clock reset in_valid in_ready in_transfer base base_choice valid taken line map_line lines final_burst fields running
            maps_left lines_left here map_start on_chip whole next_map head;
            queue: Fifo::new(QUEUE, 1)?,
        ))
    }
}

impl Logic for MapTransfer {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("MapTransfer: bursts of a LOAD or STORE");
        clock!(self, clock, queue);
        dff_setup!(self, clock, fields, running, maps_left, lines_left, here, map_start, on_chip);
        self.queue.reset.next = self.reset.val();
        self.queue.in_valid.next = self.in_valid.val();
        self.in_ready.next = self.queue.in_ready.val();
        self.queue.in_data[0].next = self.in_transfer.val();
        self.queue.out_ready.next = !self.running.q.val();
        self.head.next = self.queue.out_data[0].val();

        self.whole.next = self.lines_left.q.val() <= bits::<16>(16);
        self.lines.next = bits::<5>(16);
        if self.whole.val() {
            self.lines.next = self.lines_left.q.val().get_bits::<5>(0);
        }
        self.final_burst.next = self.whole.val() & (self.maps_left.q.val() == bits::<8>(1));
        self.valid.next = self.running.q.val();
        self.base_choice.next = self.fields.q.val().base;
        self.line.next = self.base.val() + self.here.q.val();
        self.map_line.next = self.on_chip.q.val();
        self.next_map.next = self.map_start.q.val() + self.fields.q.val().step;
        if self.taken.val() {
            self.on_chip.d.next = self.on_chip.q.val() + bit_cast::<16, 5>(self.lines.val());
            self.here.d.next = self.here.q.val() + 16;
            self.lines_left.d.next = self.lines_left.q.val() - 16;
            if self.whole.val() {
                self.maps_left.d.next = self.maps_left.q.val() - 1;
                self.lines_left.d.next = self.fields.q.val().lines;
                self.here.d.next = self.next_map.val();
                self.map_start.d.next = self.next_map.val();
            }
            if self.final_burst.val() {
                self.running.d.next = false;
            }
        }
        if self.queue.out_ready.val() & self.queue.out_valid.val() {
            self.running.d.next = true;
            self.fields.d.next = self.head.val();
            self.maps_left.d.next = self.head.val().maps;
            self.lines_left.d.next = self.head.val().lines;
            self.here.d.next = self.head.val().address;
            self.map_start.d.next = self.head.val().address;
            self.on_chip.d.next = self.head.val().map_line;
        }
        if self.reset.val() {
            self.running.d.next = false;
        }
    }
}
