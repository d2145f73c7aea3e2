//! The vectors of the array, in the order in which it takes them.

use super::order::Order;
use super::transpose::Transpose;
use super::word_ram::WordRam;
use crate::cells::reg::Reg;
use crate::make;
use crate::make::{constant, signals};
use crate::{clock, comment, dff_setup};
use cortado_arch::trainer::LINE_WORDS;
use rust_hdl::prelude::*;

/// Where the vectors of a tile go.
#[derive(LogicStruct, Default, Copy, Clone, Debug, PartialEq)]
pub struct TilePlace {
    pub vectors: Bits<5>,
    pub stride: Bits<4>,
    pub index: Bits<3>,
    pub closes: Bit,
}

/// A ring of lines. Rows of tiles come in as they are, or through the [`Transpose`] as columns.
///
/// A line is offered with `line_valid` and the `order` it is of; `line_last` is the order's last. Room has been kept for it
/// (`reserve`), so it waits only for tiles that leave the [`Transpose`] before it. Vectors become `vectors` when their tile, or
/// the tiles beside it, are whole. `take` shows the next one on `bus`, [`super::word_ram::LATENCY`] cycles later, and
/// frees its line unless `keep`; `rewind` goes back to the first line kept.
#[derive(LogicBlock)]
pub struct ParameterBuffer {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub line_valid: Signal<In, Bit>,
    pub line_ready: Signal<Out, Bit>,
    pub line_last: Signal<In, Bit>,
    pub line: Vec<Signal<In, Bits<32>>>,
    pub order: Signal<In, Order>,
    /// A transposed tile's line is the next to come.
    pub more: Signal<In, Bit>,
    pub reserve: Signal<In, Bits<5>>,
    pub room: Signal<Out, Bits<16>>,
    pub vectors: Signal<Out, Bits<16>>,
    pub take: Signal<In, Bit>,
    pub rewind: Signal<In, Bit>,
    pub keep: Signal<In, Bit>,
    pub bus: Vec<Signal<Out, Bits<32>>>,
    /// Nothing is in the [`Transpose`].
    pub idle: Signal<Out, Bit>,

    transpose: Transpose,
    lanes: Vec<WordRam>,
    /// Behind the last line kept room for, the last whole vector, the last taken, the last freed.
    reserved: Reg<Bits<16>>,
    whole: Reg<Bits<16>>,
    taken: Reg<Bits<16>>,
    freed: Reg<Bits<16>>,
    leaving: Reg<TilePlace>,
    number: Reg<Bits<5>>,
    at: Reg<Bits<16>>,

    direct: Signal<Local, Bit>,
    sideways: Signal<Local, Bit>,
    shift: Signal<Local, Bit>,
    entering: Signal<Local, TilePlace>,
    place: Signal<Local, TilePlace>,
    write: Signal<Local, Bit>,
    wanted: Signal<Local, Bit>,
    to: Signal<Local, Bits<16>>,
    last_vector: Signal<Local, Bit>,
    tile_end: Signal<Local, Bit>,
    next_taken: Signal<Local, Bits<16>>,
    lines: Constant<Bits<16>>,
}

impl ParameterBuffer {
    /// Of `lines` lines, a power of two.
    pub fn new(lines: usize) -> Self {
        make!(
            clock reset line_valid line_ready line_last order more reserve room vectors take rewind keep idle transpose
            reserved whole taken freed leaving number at direct sideways shift entering place write wanted to last_vector
            tile_end next_taken;
            line: signals(LINE_WORDS), bus: signals(LINE_WORDS),
            lanes: (0..LINE_WORDS).map(|_| WordRam::new(lines)).collect(), lines: constant(lines),
        )
    }
}

impl Logic for ParameterBuffer {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("ParameterBuffer: vectors in the order in which the array takes them");
        clock!(self, clock, transpose);
        dff_setup!(self, clock, reserved, whole, taken, freed, leaving, number, at);
        self.transpose.reset.next = self.reset.val();
        self.sideways.next = self.order.val().transposed;
        // A row waits for a flush that has begun; a line that goes straight in, for the tile before it.
        self.direct.next =
            self.line_valid.val() & !self.sideways.val() & self.transpose.boundary.val() & !self.transpose.holds.val();
        if self.sideways.val() {
            self.line_ready.next = !self.transpose.flushing.val();
        } else {
            self.line_ready.next = self.transpose.boundary.val() & !self.transpose.holds.val();
        }
        self.transpose.empty.next = !(self.line_valid.val() & self.sideways.val());
        self.shift.next = (self.line_valid.val() & self.sideways.val())
            | self.transpose.flushing.val()
            | (self.transpose.boundary.val() & self.transpose.holds.val() & !self.more.val());
        self.transpose.shift.next = self.shift.val();
        self.idle.next = self.transpose.boundary.val() & !self.transpose.holds.val();
        self.entering.next.vectors = self.order.val().vectors;
        self.entering.next.stride = self.order.val().stride;
        self.entering.next.index = self.order.val().index;
        self.entering.next.closes = self.order.val().closes;
        if self.line_valid.val() & self.sideways.val() & self.line_last.val() & self.line_ready.val() {
            self.leaving.d.next = self.entering.val();
        }

        if self.direct.val() {
            self.place.next = self.entering.val();
        } else {
            self.place.next = self.leaving.q.val();
        }
        self.write.next = self.direct.val() | self.transpose.out_valid.val();
        self.wanted.next = self.number.q.val() < self.place.val().vectors;
        self.last_vector.next = self.number.q.val() + 1 == self.place.val().vectors;
        if self.direct.val() {
            self.tile_end.next = self.last_vector.val();
        } else {
            self.tile_end.next = self.number.q.val() == bits::<5>(15);
        }
        self.to.next = self.at.q.val();
        if !self.number.q.val().any() {
            self.to.next = self.whole.q.val() + bit_cast::<16, 3>(self.place.val().index);
        }
        if self.write.val() {
            self.number.d.next = self.number.q.val() + 1;
            self.at.d.next = self.to.val() + bit_cast::<16, 4>(self.place.val().stride);
            if self.tile_end.val() {
                self.number.d.next = bits::<5>(0);
            }
            if self.last_vector.val() & self.place.val().closes {
                self.whole.d.next = self.to.val() + 1;
            }
        }

        self.reserved.d.next = self.reserved.q.val() + bit_cast::<16, 5>(self.reserve.val());
        self.room.next = self.lines.val() - (self.reserved.q.val() - self.freed.q.val());
        self.next_taken.next = self.taken.q.val();
        if self.take.val() {
            self.next_taken.next = self.taken.q.val() + 1;
            if !self.keep.val() {
                self.freed.d.next = self.freed.q.val() + 1;
            }
            if self.rewind.val() {
                self.next_taken.next = self.freed.q.val();
            }
        }
        self.taken.d.next = self.next_taken.val();
        self.vectors.next = self.whole.q.val() - self.next_taken.val();
        for j in 0..self.lanes.len() {
            clock!(self, clock, lanes[j]);
            self.lanes[j].read_address.next = self.taken.q.val();
            self.bus[j].next = self.lanes[j].read_data.val();
            self.transpose.row[j].next = self.line[j].val();
            self.lanes[j].write_enable.next = self.write.val() & self.wanted.val();
            self.lanes[j].write_address.next = self.to.val();
            if self.direct.val() {
                self.lanes[j].write_data.next = self.line[j].val();
            } else {
                self.lanes[j].write_data.next = self.transpose.column[j].val();
            }
        }
        if self.reset.val() {
            self.reserved.d.next = bits::<16>(0);
            self.whole.d.next = bits::<16>(0);
            self.taken.d.next = bits::<16>(0);
            self.freed.d.next = bits::<16>(0);
            self.number.d.next = bits::<5>(0);
        }
    }
}
