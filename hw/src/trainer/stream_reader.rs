//! A run of external memory as a stream.

use super::burst::{Burst, MemoryError};
use crate::cells::reg::Reg;
use crate::cells::stream::Fifo;
use crate::make::{constant, signals};
use crate::{clock, comment, dff_setup, make};
use cortado_arch::trainer::{LINE_BYTES, LINE_WORDS};
use rust_hdl::prelude::*;

/// Reads `lines` lines from `address` on, in bursts, after a `start`; `idle` when the last has left the stream.
///
/// A burst is asked for only when the queue has room for all of it: `data_ready` is high whenever a beat of this
/// reader can come, so it never holds up another client of the port.
#[derive(LogicBlock)]
pub struct StreamReader {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    /// Only while idle.
    pub start: Signal<In, Bit>,
    /// In bytes, a multiple of a line's.
    pub address: Signal<In, Bits<32>>,
    pub lines: Signal<In, Bits<32>>,
    pub idle: Signal<Out, Bit>,
    pub command_valid: Signal<Out, Bit>,
    pub command_ready: Signal<In, Bit>,
    pub command_address: Signal<Out, Bits<32>>,
    pub command_beats: Signal<Out, Bits<16>>,
    pub data_valid: Signal<In, Bit>,
    pub data_ready: Signal<Out, Bit>,
    pub data: Vec<Signal<In, Bits<32>>>,
    pub out_valid: Signal<Out, Bit>,
    pub out_ready: Signal<In, Bit>,
    pub out_data: Vec<Signal<Out, Bits<32>>>,
    queue: Fifo<Bits<32>>,
    from: Reg<Bits<32>>,
    to_ask: Reg<Bits<32>>,
    to_leave: Reg<Bits<32>>,
    /// Beats that may still be asked for.
    room: Reg<Bits<8>>,
    asking: Reg<Bit>,
    asked_beats: Reg<Bits<16>>,
    leaves: Signal<Local, Bit>,
    next_beats: Signal<Local, Bits<16>>,
    freed: Signal<Local, Bits<8>>,
    burst: Constant<Bits<32>>,
    burst_beats: Constant<Bits<16>>,
    depth: Constant<Bits<8>>,
    beat_shift: Constant<Bits<32>>,
}

impl StreamReader {
    /// # Errors
    /// A burst that no queue holds.
    pub fn new(burst: Burst) -> Result<Self, MemoryError> {
        burst.check()?;
        Ok(make!(
            clock reset start address lines idle command_valid command_ready command_address command_beats data_valid
            data_ready out_valid out_ready from to_ask to_leave room asking asked_beats leaves next_beats freed;
            data: signals(LINE_WORDS), out_data: signals(LINE_WORDS),
            queue: Fifo::new(burst.queue, LINE_WORDS).map_err(MemoryError::from)?,
            burst: constant(burst.lines), burst_beats: constant(burst.lines), depth: constant(burst.queue),
            beat_shift: constant(LINE_BYTES.trailing_zeros() as usize),
        ))
    }
}

impl Logic for StreamReader {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("StreamReader: a run of external memory as a stream");
        clock!(self, clock, queue);
        dff_setup!(self, clock, from, to_ask, to_leave, room, asking, asked_beats);
        self.queue.reset.next = self.reset.val();
        self.queue.in_valid.next = self.data_valid.val();
        self.data_ready.next = self.queue.in_ready.val();
        self.out_valid.next = self.queue.out_valid.val();
        self.queue.out_ready.next = self.out_ready.val();
        for i in 0..self.data.len() {
            self.queue.in_data[i].next = self.data[i].val();
            self.out_data[i].next = self.queue.out_data[i].val();
        }
        self.leaves.next = self.queue.out_valid.val() & self.out_ready.val();
        self.idle.next = !self.to_leave.q.val().any();

        self.command_valid.next = self.asking.q.val();
        self.command_address.next = self.from.q.val();
        self.command_beats.next = self.asked_beats.q.val();
        if self.to_ask.q.val() < self.burst.val() {
            self.next_beats.next = self.to_ask.q.val().get_bits::<16>(0);
        } else {
            self.next_beats.next = self.burst_beats.val();
        }
        self.freed.next = bits::<8>(0);
        if self.leaves.val() {
            self.freed.next = bits::<8>(1);
            self.to_leave.d.next = self.to_leave.q.val() - 1;
        }
        self.room.d.next = self.room.q.val() + self.freed.val();
        if self.asking.q.val() {
            if self.command_ready.val() {
                self.asking.d.next = false;
                self.from.d.next =
                    self.from.q.val() + (bit_cast::<32, 16>(self.asked_beats.q.val()) << self.beat_shift.val());
            }
        } else if self.to_ask.q.val().any() & (bit_cast::<16, 8>(self.room.q.val()) >= self.next_beats.val()) {
            self.asking.d.next = true;
            self.asked_beats.d.next = self.next_beats.val();
            self.to_ask.d.next = self.to_ask.q.val() - bit_cast::<32, 16>(self.next_beats.val());
            self.room.d.next = self.room.q.val() + self.freed.val() - self.next_beats.val().get_bits::<8>(0);
        }
        if self.start.val() {
            self.from.d.next = self.address.val();
            self.to_ask.d.next = self.lines.val();
            self.to_leave.d.next = self.lines.val();
        }
        if self.reset.val() {
            self.to_ask.d.next = bits::<32>(0);
            self.to_leave.d.next = bits::<32>(0);
            self.room.d.next = self.depth.val();
            self.asking.d.next = false;
        }
    }
}
