//! The read channel: bursts for instructions, maps and parameters, and their lines as they come.

use super::order::{Order, FETCH, MAPS, TILE};
use crate::cells::reg::Reg;
use crate::cells::stream::{Fifo, StreamError};
use crate::make::constant;
use crate::{clock, comment, dff_setup, make};
use rust_hdl::prelude::*;

/// Bursts asked for whose lines have not all come.
const BURSTS: usize = 16;

/// Takes one command a cycle, instructions first, then maps, then parameters, and tells of each line whose it is.
///
/// `order` is that of the line at the channel, `order_valid` that there is one, with its line or without; `number` is
/// the line's within the order, `last` marks the last one. A line moves when `ready` of its client is high. `idle` tells that no line is on the way.
#[derive(LogicBlock)]
pub struct LineReader {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub fetch_valid: Signal<In, Bit>,
    pub fetch_ready: Signal<Out, Bit>,
    pub fetch_line: Signal<In, Bits<26>>,
    pub maps_valid: Signal<In, Bit>,
    pub maps_ready: Signal<Out, Bit>,
    pub maps_line: Signal<In, Bits<26>>,
    pub maps_order: Signal<In, Order>,
    pub tile_valid: Signal<In, Bit>,
    pub tile_ready: Signal<Out, Bit>,
    pub tile_line: Signal<In, Bits<26>>,
    pub tile_order: Signal<In, Order>,

    pub command_valid: Signal<Out, Bit>,
    pub command_ready: Signal<In, Bit>,
    pub command_address: Signal<Out, Bits<32>>,
    pub command_beats: Signal<Out, Bits<16>>,
    pub data_valid: Signal<In, Bit>,
    pub data_ready: Signal<Out, Bit>,

    pub order: Signal<Out, Order>,
    pub order_valid: Signal<Out, Bit>,
    pub last: Signal<Out, Bit>,
    pub number: Signal<Out, Bits<5>>,
    pub to_fetch: Signal<Out, Bit>,
    pub to_maps: Signal<Out, Bit>,
    pub to_tile: Signal<Out, Bit>,
    pub maps_take: Signal<In, Bit>,
    pub tile_take: Signal<In, Bit>,
    pub idle: Signal<Out, Bit>,

    orders: Fifo<Order>,
    asking: Reg<Bit>,
    address: Reg<Bits<26>>,
    lines: Reg<Bits<5>>,
    moved: Reg<Bits<5>>,
    free: Signal<Local, Bit>,
    open: Signal<Local, Bit>,
    offered: Signal<Local, Bit>,
    fetch_order: Signal<Local, Order>,
    chosen: Signal<Local, Order>,
    chosen_line: Signal<Local, Bits<26>>,
    moves: Signal<Local, Bit>,
    fetch: Constant<Bits<2>>,
    maps: Constant<Bits<2>>,
    tile: Constant<Bits<2>>,
    nothing: Constant<Order>,
}

impl LineReader {
    /// # Errors
    /// None: the queue has a size that it may have.
    pub fn new() -> Result<Self, StreamError> {
        Ok(make!(
            clock reset fetch_valid fetch_ready fetch_line maps_valid maps_ready maps_line maps_order tile_valid tile_ready
            tile_line tile_order command_valid command_ready command_address command_beats data_valid data_ready order
            order_valid last number to_fetch to_maps to_tile maps_take tile_take idle asking address lines moved free open
            offered fetch_order chosen chosen_line moves;
            orders: Fifo::new(BURSTS, 1)?, fetch: constant(FETCH), maps: constant(MAPS), tile: constant(TILE),
            nothing: Constant::new(Order::default()),
        ))
    }
}

impl Logic for LineReader {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("LineReader: bursts of lines from external memory");
        clock!(self, clock, orders);
        dff_setup!(self, clock, asking, address, lines, moved);
        self.command_valid.next = self.asking.q.val();
        self.command_address.next = bit_cast::<32, 26>(self.address.q.val()) << 6;
        self.command_beats.next = bit_cast::<16, 5>(self.lines.q.val());

        self.free.next = !self.asking.q.val() | self.command_ready.val();
        self.open.next = self.free.val() & self.orders.in_ready.val();
        self.fetch_ready.next = self.open.val();
        self.maps_ready.next = self.open.val() & !self.fetch_valid.val();
        self.tile_ready.next = self.open.val() & !self.fetch_valid.val() & !self.maps_valid.val();
        self.offered.next = self.fetch_valid.val() | self.maps_valid.val() | self.tile_valid.val();
        self.fetch_order.next = self.nothing.val();
        self.fetch_order.next.client = self.fetch.val();
        self.fetch_order.next.lines = bits::<5>(1);
        if self.fetch_valid.val() {
            self.chosen.next = self.fetch_order.val();
            self.chosen_line.next = self.fetch_line.val();
        } else if self.maps_valid.val() {
            self.chosen.next = self.maps_order.val();
            self.chosen_line.next = self.maps_line.val();
        } else {
            self.chosen.next = self.tile_order.val();
            self.chosen_line.next = self.tile_line.val();
        }
        self.orders.reset.next = self.reset.val();
        self.orders.in_valid.next = self.offered.val() & self.free.val();
        self.orders.in_data[0].next = self.chosen.val();
        if self.free.val() {
            self.asking.d.next = self.offered.val() & self.orders.in_ready.val();
            self.address.d.next = self.chosen_line.val();
            self.lines.d.next = self.chosen.val().lines;
        }

        self.order.next = self.orders.out_data[0].val();
        self.order_valid.next = self.orders.out_valid.val();
        self.number.next = self.moved.q.val();
        self.last.next = self.moved.q.val() + 1 == self.order.val().lines;
        self.to_fetch.next =
            self.data_valid.val() & self.order_valid.val() & (self.order.val().client == self.fetch.val());
        self.to_maps.next =
            self.data_valid.val() & self.order_valid.val() & (self.order.val().client == self.maps.val());
        self.to_tile.next =
            self.data_valid.val() & self.order_valid.val() & (self.order.val().client == self.tile.val());
        // Whoever asks for an instruction has room for it.
        self.moves.next = self.to_fetch.val()
            | (self.to_maps.val() & self.maps_take.val())
            | (self.to_tile.val() & self.tile_take.val());
        self.data_ready.next = self.moves.val();
        self.orders.out_ready.next = self.moves.val() & self.last.val();
        if self.moves.val() {
            self.moved.d.next = self.moved.q.val() + 1;
            if self.last.val() {
                self.moved.d.next = bits::<5>(0);
            }
        }
        self.idle.next = !self.order_valid.val() & !self.asking.q.val();
        if self.reset.val() {
            self.asking.d.next = false;
            self.moved.d.next = bits::<5>(0);
        }
    }
}
