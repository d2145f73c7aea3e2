//! The write channel: copies of parameters and maps of the map buffer.

use crate::cells::reg::Reg;
use crate::cells::stream::{Fifo, StreamError};
use crate::make::{constant, signals};
use crate::{clock, comment, dff_setup, make};
use cortado_arch::trainer::LINE_WORDS;
use rust_hdl::prelude::*;

/// Lines that wait for the channel.
const LINES: usize = 64;
/// Bursts that wait for it: a burst may be of one line.
const BURSTS: usize = 64;

/// A burst of a write.
#[derive(LogicStruct, Default, Copy, Clone, Debug, PartialEq)]
pub struct WriteBurst {
    pub line: Bits<26>,
    pub lines: Bits<5>,
}

/// Queues lines and asks for a burst when all its lines are there: a write never waits for a read.
///
/// Two clients, whose bursts of at most 16 lines do not mix. A copy begins when `copy_offered` and then takes its lines
/// with `copy_ready`: `copy_valid` tells that one moves, `copy_last` that it is the last of `copy_burst`. A map begins when
/// `map_wanted`; with `map_grant` its lines may be read from the map buffer. A line is counted with `map_read`, when it is
/// asked for, and comes later with `map_valid`, the last of `map_burst` with `map_last`.
#[derive(LogicBlock)]
pub struct LineWriter {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub copy_offered: Signal<In, Bit>,
    pub copy_ready: Signal<Out, Bit>,
    pub copy_valid: Signal<In, Bit>,
    pub copy_last: Signal<In, Bit>,
    pub copy_burst: Signal<In, WriteBurst>,
    pub copy: Vec<Signal<In, Bits<32>>>,
    pub map_wanted: Signal<In, Bit>,
    pub map_grant: Signal<Out, Bit>,
    pub map_read: Signal<In, Bit>,
    pub map_valid: Signal<In, Bit>,
    pub map_last: Signal<In, Bit>,
    pub map_burst: Signal<In, WriteBurst>,
    pub map: Vec<Signal<In, Bits<32>>>,

    pub command_valid: Signal<Out, Bit>,
    pub command_ready: Signal<In, Bit>,
    pub command_address: Signal<Out, Bits<32>>,
    pub command_beats: Signal<Out, Bits<16>>,
    pub data_valid: Signal<Out, Bit>,
    pub data_ready: Signal<In, Bit>,
    pub data: Vec<Signal<Out, Bits<32>>>,
    pub idle: Signal<Out, Bit>,

    lines: Fifo<Bits<32>>,
    bursts: Fifo<WriteBurst>,
    /// Lines in the queue, and on the way to it.
    held: Reg<Bits<8>>,
    /// Lines of bursts that the memory has accepted.
    open: Reg<Bits<8>>,
    copying: Reg<Bit>,
    mapping: Reg<Bit>,
    room: Signal<Local, Bit>,
    sent: Signal<Local, Bit>,
    comes: Signal<Local, Bit>,
    commanded: Signal<Local, Bit>,
    most: Constant<Bits<8>>,
}

impl LineWriter {
    /// # Errors
    /// None: the queues have sizes that they may have.
    pub fn new() -> Result<Self, StreamError> {
        Ok(make!(
            clock reset copy_offered copy_ready copy_valid copy_last copy_burst map_wanted map_grant map_read map_valid
            map_last map_burst command_valid command_ready command_address command_beats data_valid data_ready idle held
            open copying mapping room sent comes commanded;
            copy: signals(LINE_WORDS), map: signals(LINE_WORDS), data: signals(LINE_WORDS),
            lines: Fifo::new(LINES, LINE_WORDS)?, bursts: Fifo::new(BURSTS, 1)?,
            most: constant(LINES - LINE_WORDS),
        ))
    }
}

impl Logic for LineWriter {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("LineWriter: bursts of lines to external memory");
        clock!(self, clock, lines, bursts);
        dff_setup!(self, clock, held, open, copying, mapping);
        self.room.next = self.held.q.val() <= self.most.val();
        self.copy_ready.next = self.copying.q.val();
        self.map_grant.next = self.mapping.q.val();
        if !self.copying.q.val() & !self.mapping.q.val() & self.room.val() {
            if self.copy_offered.val() {
                self.copying.d.next = true;
            } else {
                self.mapping.d.next = self.map_wanted.val();
            }
        }
        if self.copy_valid.val() & self.copy_last.val() {
            self.copying.d.next = false;
        }
        if self.map_valid.val() & self.map_last.val() {
            self.mapping.d.next = false;
        }
        self.data_valid.next = self.open.q.val().any();
        self.comes.next = self.copy_valid.val() | self.map_read.val();
        self.sent.next = self.data_valid.val() & self.data_ready.val();
        if self.comes.val() & !self.sent.val() {
            self.held.d.next = self.held.q.val() + 1;
        } else if self.sent.val() & !self.comes.val() {
            self.held.d.next = self.held.q.val() - 1;
        }
        self.idle.next = !self.held.q.val().any() & !self.bursts.out_valid.val();

        self.lines.reset.next = self.reset.val();
        self.bursts.reset.next = self.reset.val();
        self.lines.in_valid.next = self.copy_valid.val() | self.map_valid.val();
        self.bursts.in_valid.next =
            (self.copy_valid.val() & self.copy_last.val()) | (self.map_valid.val() & self.map_last.val());
        if self.copying.q.val() {
            self.bursts.in_data[0].next = self.copy_burst.val();
        } else {
            self.bursts.in_data[0].next = self.map_burst.val();
        }
        for j in 0..self.copy.len() {
            if self.copying.q.val() {
                self.lines.in_data[j].next = self.copy[j].val();
            } else {
                self.lines.in_data[j].next = self.map[j].val();
            }
            self.data[j].next = self.lines.out_data[j].val();
        }

        self.command_valid.next = self.bursts.out_valid.val();
        self.command_address.next = bit_cast::<32, 26>(self.bursts.out_data[0].val().line) << 6;
        self.command_beats.next = bit_cast::<16, 5>(self.bursts.out_data[0].val().lines);
        self.bursts.out_ready.next = self.command_ready.val();
        self.commanded.next = self.bursts.out_valid.val() & self.command_ready.val();
        self.lines.out_ready.next = self.sent.val();
        if self.commanded.val() {
            self.open.d.next = self.open.q.val() + bit_cast::<8, 5>(self.bursts.out_data[0].val().lines);
            if self.sent.val() {
                self.open.d.next = self.open.q.val() + bit_cast::<8, 5>(self.bursts.out_data[0].val().lines) - 1;
            }
        } else if self.sent.val() {
            self.open.d.next = self.open.q.val() - 1;
        }
        if self.reset.val() {
            self.held.d.next = bits::<8>(0);
            self.open.d.next = bits::<8>(0);
            self.copying.d.next = false;
            self.mapping.d.next = false;
        }
    }
}
