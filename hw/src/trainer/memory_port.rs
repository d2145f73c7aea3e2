//! One port to external memory for several clients.

use super::burst::MemoryError;
use crate::cells::reg::Reg;
use crate::cells::stream::Fifo;
use crate::make::{constant, signals};
use crate::{clock, comment, dff_setup, make};
use cortado_arch::trainer::LINE_WORDS;
use rust_hdl::prelude::*;

/// Bursts under way on each channel, at most.
const ORDER: usize = 32;

/// Gives the port to its clients burst by burst, in turn: after a client's burst come those of all others that ask.
///
/// Commands and data are streams of their own, as at the memory (`read_command`, `read_data`, `write_command`,
/// `write_data`), one element for each client; `client_write_data` is client after client. Read data come to the client
/// whose burst is due, and write data are taken from it, in the order of the commands. Therefore a client must ask for
/// no more than it can take at once, and offer to write no more than it has: then no client waits for another but for
/// its bursts, whatever the memory's latency.
///
/// A command reaches the memory the cycle after it is taken; data pass in their own cycle.
#[derive(LogicBlock)]
pub struct MemoryPort {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub client_read_command_valid: Vec<Signal<In, Bit>>,
    pub client_read_command_ready: Vec<Signal<Out, Bit>>,
    pub client_read_command_address: Vec<Signal<In, Bits<32>>>,
    pub client_read_command_beats: Vec<Signal<In, Bits<16>>>,
    pub client_read_data_valid: Vec<Signal<Out, Bit>>,
    pub client_read_data_ready: Vec<Signal<In, Bit>>,
    /// The same for all.
    pub client_read_data: Vec<Signal<Out, Bits<32>>>,
    pub client_write_command_valid: Vec<Signal<In, Bit>>,
    pub client_write_command_ready: Vec<Signal<Out, Bit>>,
    pub client_write_command_address: Vec<Signal<In, Bits<32>>>,
    pub client_write_command_beats: Vec<Signal<In, Bits<16>>>,
    pub client_write_data_valid: Vec<Signal<In, Bit>>,
    pub client_write_data_ready: Vec<Signal<Out, Bit>>,
    pub client_write_data: Vec<Signal<In, Bits<32>>>,
    pub read_command_valid: Signal<Out, Bit>,
    pub read_command_ready: Signal<In, Bit>,
    pub read_command_address: Signal<Out, Bits<32>>,
    pub read_command_beats: Signal<Out, Bits<16>>,
    pub read_data_valid: Signal<In, Bit>,
    pub read_data_ready: Signal<Out, Bit>,
    pub read_data: Vec<Signal<In, Bits<32>>>,
    pub write_command_valid: Signal<Out, Bit>,
    pub write_command_ready: Signal<In, Bit>,
    pub write_command_address: Signal<Out, Bits<32>>,
    pub write_command_beats: Signal<Out, Bits<16>>,
    pub write_data_valid: Signal<Out, Bit>,
    pub write_data_ready: Signal<In, Bit>,
    pub write_data: Vec<Signal<Out, Bits<32>>>,
    reads: BurstOrder,
    writes: BurstOrder,
    number: Vec<Constant<Bits<4>>>,
}

impl MemoryPort {
    /// For so many clients that read and that write, 1 to 16 each; a beat is a line.
    ///
    /// # Errors
    /// Too many clients, or none.
    pub fn new(readers: usize, writers: usize) -> Result<Self, MemoryError> {
        Ok(make!(
            clock reset read_command_valid read_command_ready read_command_address read_command_beats read_data_valid
            read_data_ready write_command_valid write_command_ready write_command_address write_command_beats
            write_data_valid write_data_ready;
            client_read_command_valid: signals(readers), client_read_command_ready: signals(readers),
            client_read_command_address: signals(readers), client_read_command_beats: signals(readers),
            client_read_data_valid: signals(readers), client_read_data_ready: signals(readers),
            client_read_data: signals(LINE_WORDS), read_data: signals(LINE_WORDS),
            client_write_command_valid: signals(writers), client_write_command_ready: signals(writers),
            client_write_command_address: signals(writers), client_write_command_beats: signals(writers),
            client_write_data_valid: signals(writers), client_write_data_ready: signals(writers),
            client_write_data: signals(writers * LINE_WORDS), write_data: signals(LINE_WORDS),
            reads: BurstOrder::new(readers)?, writes: BurstOrder::new(writers)?,
            number: (0..writers).map(constant).collect(),
        ))
    }
}

impl Logic for MemoryPort {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("MemoryPort: one port to external memory, given to its clients burst by burst");
        clock!(self, clock, reads, writes);
        self.reads.reset.next = self.reset.val();
        self.writes.reset.next = self.reset.val();

        for i in 0..self.client_read_command_valid.len() {
            self.reads.client_valid[i].next = self.client_read_command_valid[i].val();
            self.reads.client_address[i].next = self.client_read_command_address[i].val();
            self.reads.client_beats[i].next = self.client_read_command_beats[i].val();
            self.client_read_command_ready[i].next = self.reads.client_ready[i].val();
            self.reads.from_ready[i].next = self.client_read_data_ready[i].val();
            self.reads.from_valid[i].next = self.read_data_valid.val();
            self.client_read_data_valid[i].next = self.read_data_valid.val() & self.reads.due[i].val();
        }
        self.read_command_valid.next = self.reads.command_valid.val();
        self.reads.command_ready.next = self.read_command_ready.val();
        self.read_command_address.next = self.reads.command_address.val();
        self.read_command_beats.next = self.reads.command_beats.val();
        self.read_data_ready.next = self.reads.any_ready.val();

        for i in 0..self.client_write_command_valid.len() {
            self.writes.client_valid[i].next = self.client_write_command_valid[i].val();
            self.writes.client_address[i].next = self.client_write_command_address[i].val();
            self.writes.client_beats[i].next = self.client_write_command_beats[i].val();
            self.client_write_command_ready[i].next = self.writes.client_ready[i].val();
            self.writes.from_valid[i].next = self.client_write_data_valid[i].val();
            self.writes.from_ready[i].next = self.write_data_ready.val();
            self.client_write_data_ready[i].next = self.write_data_ready.val() & self.writes.due[i].val();
        }
        self.write_command_valid.next = self.writes.command_valid.val();
        self.writes.command_ready.next = self.write_command_ready.val();
        self.write_command_address.next = self.writes.command_address.val();
        self.write_command_beats.next = self.writes.command_beats.val();
        self.write_data_valid.next = self.writes.any_valid.val();
        for j in 0..self.write_data.len() {
            self.client_read_data[j].next = self.read_data[j].val();
            self.write_data[j].next = self.client_write_data[j].val();
            for i in 1..self.number.len() {
                if self.writes.due[i].val() {
                    self.write_data[j].next = self.client_write_data[i * self.write_data.len() + j].val();
                }
            }
        }
    }
}

/// Chooses among the clients' commands, and remembers whose data are due.
///
/// `due` marks the client of the oldest burst that has beats to come; of the clients' sides of the data stream,
/// `any_valid` and `any_ready` are those of that client. A beat moves when both are high.
#[derive(LogicBlock)]
struct BurstOrder {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub client_valid: Vec<Signal<In, Bit>>,
    pub client_ready: Vec<Signal<Out, Bit>>,
    pub client_address: Vec<Signal<In, Bits<32>>>,
    pub client_beats: Vec<Signal<In, Bits<16>>>,
    pub command_valid: Signal<Out, Bit>,
    pub command_ready: Signal<In, Bit>,
    pub command_address: Signal<Out, Bits<32>>,
    pub command_beats: Signal<Out, Bits<16>>,
    pub from_valid: Vec<Signal<In, Bit>>,
    pub from_ready: Vec<Signal<In, Bit>>,
    pub due: Vec<Signal<Out, Bit>>,
    pub any_valid: Signal<Out, Bit>,
    pub any_ready: Signal<Out, Bit>,
    offered: Reg<Bit>,
    address: Reg<Bits<32>>,
    beats: Reg<Bits<16>>,
    /// The client whose command was taken last.
    last: Reg<Bits<4>>,
    /// Client and beats of each burst under way; beats of the oldest that have moved.
    order: Fifo<Bits<20>>,
    moved: Reg<Bits<16>>,
    found: Signal<Local, Bit>,
    choice: Signal<Local, Bits<4>>,
    take: Signal<Local, Bit>,
    moves: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
    next_beats: Signal<Local, Bits<16>>,
    number: Vec<Constant<Bits<4>>>,
    client_bits: Constant<Bits<20>>,
}

/// Most clients of a channel: their numbers have four bits.
const MOST_CLIENTS: usize = 16;

impl BurstOrder {
    fn new(clients: usize) -> Result<Self, MemoryError> {
        if !(1..=MOST_CLIENTS).contains(&clients) {
            return Err(MemoryError::new(format!("{clients} clients of a channel; 1 to {MOST_CLIENTS} are possible")));
        }
        Ok(make!(
            clock reset command_valid command_ready command_address command_beats any_valid any_ready offered address beats
            last moved found choice take moves ends next_beats;
            client_valid: signals(clients), client_ready: signals(clients), client_address: signals(clients),
            client_beats: signals(clients), from_valid: signals(clients), from_ready: signals(clients),
            due: signals(clients), order: Fifo::new(ORDER, 1).map_err(MemoryError::from)?,
            number: (0..clients).map(constant).collect(), client_bits: constant(4),
        ))
    }
}

impl Logic for BurstOrder {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("BurstOrder: whose command is next, and whose data");
        clock!(self, clock, order);
        dff_setup!(self, clock, offered, address, beats, last, moved);
        self.order.reset.next = self.reset.val();

        // The next client after the last one, and at the end from the first on.
        self.found.next = false;
        self.choice.next = bits::<4>(0);
        for i in 1..self.number.len() {
            if !self.found.val() & self.client_valid[i].val() & (self.number[i].val() > self.last.q.val()) {
                self.found.next = true;
                self.choice.next = self.number[i].val();
            }
        }
        for i in 0..self.number.len() {
            if !self.found.val() & self.client_valid[i].val() {
                self.found.next = true;
                self.choice.next = self.number[i].val();
            }
        }
        self.take.next =
            self.found.val() & self.order.in_ready.val() & (!self.offered.q.val() | self.command_ready.val());
        if self.command_ready.val() {
            self.offered.d.next = false;
        }
        self.next_beats.next = self.client_beats[0].val();
        if self.take.val() {
            self.offered.d.next = true;
            self.last.d.next = self.choice.val();
        }
        for i in 0..self.number.len() {
            self.client_ready[i].next = self.take.val() & (self.choice.val() == self.number[i].val());
            if self.take.val() & (self.choice.val() == self.number[i].val()) {
                self.address.d.next = self.client_address[i].val();
                self.beats.d.next = self.client_beats[i].val();
                self.next_beats.next = self.client_beats[i].val();
            }
        }
        self.command_valid.next = self.offered.q.val();
        self.command_address.next = self.address.q.val();
        self.command_beats.next = self.beats.q.val();
        self.order.in_valid.next = self.take.val();
        self.order.in_data[0].next = (bit_cast::<20, 16>(self.next_beats.val()) << self.client_bits.val())
            | bit_cast::<20, 4>(self.choice.val());

        // Data of the oldest burst.
        self.any_valid.next = false;
        self.any_ready.next = false;
        for i in 0..self.number.len() {
            self.due[i].next = false;
            if self.order.out_valid.val() & (self.order.out_data[0].val().get_bits::<4>(0) == self.number[i].val()) {
                self.due[i].next = true;
                self.any_valid.next = self.from_valid[i].val();
                self.any_ready.next = self.from_ready[i].val();
            }
        }
        self.moves.next = self.any_valid.val() & self.any_ready.val();
        self.ends.next = (self.moved.q.val() + 1) == self.order.out_data[0].val().get_bits::<16>(4);
        self.order.out_ready.next = self.moves.val() & self.ends.val();
        if self.moves.val() {
            if self.ends.val() {
                self.moved.d.next = bits::<16>(0);
            } else {
                self.moved.d.next = self.moved.q.val() + 1;
            }
        }
        if self.reset.val() {
            self.offered.d.next = false;
            self.moved.d.next = bits::<16>(0);
        }
    }
}
