//! Asks for the tiles of PARAMETERS.

use super::fields::ParametersFields;
use super::order::{Order, TILE};
use crate::cells::reg::Reg;
use crate::cells::stream::{Fifo, StreamError};
use crate::make::constant;
use crate::{clock, comment, dff_setup, make};
use rust_hdl::prelude::*;

/// PARAMETERS that wait for their turn.
const QUEUE: usize = 4;

/// A burst for each tile, as soon as the parameter buffer has room for its vectors, and for those of the tiles
/// that it is interleaved with.
///
/// `room` is the buffer's lines less those that hold a vector or will; `reserve` says how many more will. `idle` tells
/// that nothing is left to ask for.
#[derive(LogicBlock)]
pub struct TileReader {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub in_valid: Signal<In, Bit>,
    pub in_ready: Signal<Out, Bit>,
    pub in_parameters: Signal<In, ParametersFields>,
    /// First line of the instruction's base register, and of the copy's.
    pub base: Signal<In, Bits<26>>,
    pub copy_base: Signal<In, Bits<26>>,
    pub base_choice: Signal<Out, Bits<2>>,
    pub room: Signal<In, Bits<16>>,
    pub reserve: Signal<Out, Bits<5>>,
    pub command_valid: Signal<Out, Bit>,
    pub command_ready: Signal<In, Bit>,
    pub command_line: Signal<Out, Bits<26>>,
    pub command_order: Signal<Out, Order>,
    pub idle: Signal<Out, Bit>,

    queue: Fifo<ParametersFields>,
    fields: Reg<ParametersFields>,
    starting: Reg<Bit>,
    running: Reg<Bit>,
    index_0: Reg<Bits<16>>,
    index_1: Reg<Bits<16>>,
    index_2: Reg<Bits<16>>,
    /// The tile's line, and that of the first tile of its index 1 and of its index 2, from the base register.
    line_0: Reg<Bits<26>>,
    line_1: Reg<Bits<26>>,
    line_2: Reg<Bits<26>>,
    last_0: Signal<Local, Bit>,
    last_1: Signal<Local, Bit>,
    last_2: Signal<Local, Bit>,
    short: Signal<Local, Bit>,
    vectors: Signal<Local, Bits<5>>,
    wanted: Signal<Local, Bits<16>>,
    open: Signal<Local, Bit>,
    taken: Signal<Local, Bit>,
    next_1: Signal<Local, Bits<26>>,
    next_2: Signal<Local, Bits<26>>,
    client: Constant<Bits<2>>,
}

impl TileReader {
    /// # Errors
    /// None: the queue has a size that it may have.
    pub fn new() -> Result<Self, StreamError> {
        Ok(make!(
            clock reset in_valid in_ready in_parameters base copy_base base_choice room reserve command_valid command_ready
            command_line command_order idle fields starting running index_0 index_1 index_2 line_0 line_1 line_2 last_0
            last_1 last_2 short vectors wanted open taken next_1 next_2;
            queue: Fifo::new(QUEUE, 1)?, client: constant(TILE),
        ))
    }
}

impl Logic for TileReader {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("TileReader: bursts of PARAMETERS");
        clock!(self, clock, queue);
        dff_setup!(self, clock, fields, starting, running, index_0, index_1, index_2, line_0, line_1, line_2);
        self.queue.reset.next = self.reset.val();
        self.queue.in_valid.next = self.in_valid.val();
        self.in_ready.next = self.queue.in_ready.val();
        self.queue.in_data[0].next = self.in_parameters.val();
        self.queue.out_ready.next = !self.running.q.val() & !self.starting.q.val();
        self.idle.next = self.queue.out_ready.val() & !self.queue.out_valid.val();
        if self.queue.out_ready.val() & self.queue.out_valid.val() {
            self.starting.d.next = true;
            self.fields.d.next = self.queue.out_data[0].val();
        }
        if self.starting.q.val() {
            self.starting.d.next = false;
            self.running.d.next = true;
            self.index_0.d.next = bits::<16>(0);
            self.index_1.d.next = bits::<16>(0);
            self.index_2.d.next = bits::<16>(0);
            self.line_0.d.next = self.fields.q.val().address;
            self.line_1.d.next = self.fields.q.val().address;
            self.line_2.d.next = self.fields.q.val().address;
        }

        self.last_0.next = self.index_0.q.val() + 1 == self.fields.q.val().count_0;
        self.last_1.next = self.index_1.q.val() + 1 == self.fields.q.val().count_1;
        self.last_2.next = self.index_2.q.val() + 1 == self.fields.q.val().count_2;
        if self.fields.q.val().short_outer.any() {
            self.short.next = self.last_1.val();
        } else {
            self.short.next = self.last_0.val();
        }
        self.vectors.next = bits::<5>(16);
        if self.short.val() {
            self.vectors.next = self.fields.q.val().last_vectors;
        }
        // Vectors of tiles beside each other go into all of their room from the first one on.
        if self.fields.q.val().interleaved.any() {
            self.wanted.next = bit_cast::<16, 12>(self.fields.q.val().count_0.get_bits::<12>(0)) << 4;
            self.open.next = self.index_0.q.val().any() | (self.room.val() >= self.wanted.val());
            self.command_order.next.stride = self.fields.q.val().count_0.get_bits::<4>(0);
            self.command_order.next.index = self.index_0.q.val().get_bits::<3>(0);
            self.command_order.next.closes = self.last_0.val();
        } else {
            self.wanted.next = bits::<16>(16);
            self.open.next = self.room.val() >= self.wanted.val();
            self.command_order.next.stride = bits::<4>(1);
            self.command_order.next.index = bits::<3>(0);
            self.command_order.next.closes = true;
        }
        self.command_valid.next = self.running.q.val() & self.open.val();
        self.base_choice.next = self.fields.q.val().base;
        self.command_line.next = self.base.val() + self.line_0.q.val();
        self.command_order.next.client = self.client.val();
        self.command_order.next.vectors = self.vectors.val();
        self.command_order.next.lines = self.vectors.val();
        if self.fields.q.val().transposed.any() {
            self.command_order.next.lines = bits::<5>(16);
        }
        self.command_order.next.transposed = self.fields.q.val().transposed.any();
        self.command_order.next.copied = self.fields.q.val().copied.any();
        self.command_order.next.to = self.copy_base.val() + self.line_0.q.val();
        self.taken.next = self.command_valid.val() & self.command_ready.val();
        self.reserve.next = bits::<5>(0);
        self.next_1.next = self.line_1.q.val() + self.fields.q.val().step_1;
        self.next_2.next = self.line_2.q.val() + self.fields.q.val().step_2;
        if self.taken.val() {
            self.reserve.next = self.vectors.val();
            if !self.last_0.val() {
                self.index_0.d.next = self.index_0.q.val() + 1;
                self.line_0.d.next = self.line_0.q.val() + self.fields.q.val().step_0;
            } else {
                self.index_0.d.next = bits::<16>(0);
                if !self.last_1.val() {
                    self.index_1.d.next = self.index_1.q.val() + 1;
                    self.line_0.d.next = self.next_1.val();
                    self.line_1.d.next = self.next_1.val();
                } else {
                    self.index_1.d.next = bits::<16>(0);
                    self.index_2.d.next = self.index_2.q.val() + 1;
                    self.line_0.d.next = self.next_2.val();
                    self.line_1.d.next = self.next_2.val();
                    self.line_2.d.next = self.next_2.val();
                    if self.last_2.val() {
                        self.running.d.next = false;
                    }
                }
            }
        }
        if self.reset.val() {
            self.running.d.next = false;
            self.starting.d.next = false;
        }
    }
}
