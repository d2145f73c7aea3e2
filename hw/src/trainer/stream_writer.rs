//! A stream as a run of external memory.

use super::burst::{Burst, MemoryError};
use crate::cells::reg::Reg;
use crate::cells::stream::Fifo;
use crate::make::{constant, signals};
use crate::{clock, comment, dff_setup, make};
use cortado_arch::trainer::{LINE_BYTES, LINE_WORDS};
use rust_hdl::prelude::*;

/// Writes `lines` lines of a stream from `address` on, in bursts, after a `start`; `idle` when the memory has taken the
/// last.
///
/// A burst is asked for only when the queue holds all of it, so its data never hold up another client of the port.
#[derive(LogicBlock)]
pub struct StreamWriter {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    /// Only while idle.
    pub start: Signal<In, Bit>,
    /// In bytes, a multiple of a line's.
    pub address: Signal<In, Bits<32>>,
    pub lines: Signal<In, Bits<32>>,
    pub idle: Signal<Out, Bit>,
    /// Beats the memory has taken since the `start`.
    pub written: Signal<Out, Bits<32>>,
    pub in_valid: Signal<In, Bit>,
    pub in_ready: Signal<Out, Bit>,
    pub in_data: Vec<Signal<In, Bits<32>>>,
    pub command_valid: Signal<Out, Bit>,
    pub command_ready: Signal<In, Bit>,
    pub command_address: Signal<Out, Bits<32>>,
    pub command_beats: Signal<Out, Bits<16>>,
    pub data_valid: Signal<Out, Bit>,
    pub data_ready: Signal<In, Bit>,
    pub data: Vec<Signal<Out, Bits<32>>>,
    queue: Fifo<Bits<32>>,
    from: Reg<Bits<32>>,
    to_ask: Reg<Bits<32>>,
    to_leave: Reg<Bits<32>>,
    gone: Reg<Bits<32>>,
    /// Beats in the queue that no command has been made for.
    held: Reg<Bits<8>>,
    asking: Reg<Bit>,
    asked_beats: Reg<Bits<16>>,
    leaves: Signal<Local, Bit>,
    next_beats: Signal<Local, Bits<16>>,
    came: Signal<Local, Bits<8>>,
    burst: Constant<Bits<32>>,
    burst_beats: Constant<Bits<16>>,
    beat_shift: Constant<Bits<32>>,
}

impl StreamWriter {
    /// # Errors
    /// A burst that no queue holds.
    pub fn new(burst: Burst) -> Result<Self, MemoryError> {
        burst.check()?;
        Ok(make!(
            clock reset start address lines idle written in_valid in_ready command_valid command_ready command_address
            command_beats data_valid data_ready from to_ask to_leave gone held asking asked_beats leaves next_beats came;
            in_data: signals(LINE_WORDS), data: signals(LINE_WORDS),
            queue: Fifo::new(burst.queue, LINE_WORDS).map_err(MemoryError::from)?,
            burst: constant(burst.lines), burst_beats: constant(burst.lines), beat_shift: constant(LINE_BYTES.trailing_zeros() as usize),
        ))
    }
}

impl Logic for StreamWriter {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("StreamWriter: a stream as a run of external memory");
        clock!(self, clock, queue);
        dff_setup!(self, clock, from, to_ask, to_leave, gone, held, asking, asked_beats);
        self.queue.reset.next = self.reset.val();
        self.queue.in_valid.next = self.in_valid.val();
        self.in_ready.next = self.queue.in_ready.val();
        self.data_valid.next = self.queue.out_valid.val();
        self.queue.out_ready.next = self.data_ready.val();
        for i in 0..self.data.len() {
            self.queue.in_data[i].next = self.in_data[i].val();
            self.data[i].next = self.queue.out_data[i].val();
        }
        self.idle.next = !self.to_leave.q.val().any();
        self.written.next = self.gone.q.val();
        self.leaves.next = self.queue.out_valid.val() & self.data_ready.val();
        if self.leaves.val() {
            self.to_leave.d.next = self.to_leave.q.val() - 1;
            self.gone.d.next = self.gone.q.val() + 1;
        }

        self.command_valid.next = self.asking.q.val();
        self.command_address.next = self.from.q.val();
        self.command_beats.next = self.asked_beats.q.val();
        if self.to_ask.q.val() < self.burst.val() {
            self.next_beats.next = self.to_ask.q.val().get_bits::<16>(0);
        } else {
            self.next_beats.next = self.burst_beats.val();
        }
        self.came.next = bits::<8>(0);
        if self.in_valid.val() & self.queue.in_ready.val() {
            self.came.next = bits::<8>(1);
        }
        self.held.d.next = self.held.q.val() + self.came.val();
        if self.asking.q.val() {
            if self.command_ready.val() {
                self.asking.d.next = false;
                self.from.d.next =
                    self.from.q.val() + (bit_cast::<32, 16>(self.asked_beats.q.val()) << self.beat_shift.val());
            }
        } else if self.to_ask.q.val().any() & (bit_cast::<16, 8>(self.held.q.val()) >= self.next_beats.val()) {
            self.asking.d.next = true;
            self.asked_beats.d.next = self.next_beats.val();
            self.to_ask.d.next = self.to_ask.q.val() - bit_cast::<32, 16>(self.next_beats.val());
            self.held.d.next = self.held.q.val() + self.came.val() - self.next_beats.val().get_bits::<8>(0);
        }
        if self.start.val() {
            self.from.d.next = self.address.val();
            self.to_ask.d.next = self.lines.val();
            self.to_leave.d.next = self.lines.val();
            self.gone.d.next = bits::<32>(0);
        }
        if self.reset.val() {
            self.to_ask.d.next = bits::<32>(0);
            self.to_leave.d.next = bits::<32>(0);
            self.held.d.next = bits::<8>(0);
            self.asking.d.next = false;
        }
    }
}
