//! A training's gradient on chip.

use super::unit::word_ram::{WordRam, LATENCY};
use crate::cells::reg::Reg;
use crate::cells::stream::{Fifo, StreamError};
use crate::make::{constant, many, signals};
use crate::{clock, comment, dff_setup, make};
use cortado_arch::trainer::LINE_WORDS;
use rust_hdl::prelude::*;

/// Lines read ahead of who takes them.
const QUEUE: usize = 8;

/// Takes lines at any number, and after each `start` gives the first `lines` of them as a stream, from number 0 on; a line
/// every cycle. Lines are not written while they are read.
#[derive(LogicBlock)]
pub struct GradientBuffer {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub write: Signal<In, Bit>,
    pub write_line: Signal<In, Bits<20>>,
    pub write_data: Vec<Signal<In, Bits<32>>>,
    /// Forgets what is left of the lines before.
    pub start: Signal<In, Bit>,
    pub lines: Signal<In, Bits<32>>,
    pub valid: Signal<Out, Bit>,
    pub ready: Signal<In, Bit>,
    pub data: Vec<Signal<Out, Bits<32>>>,
    lane: Vec<WordRam>,
    queue: Fifo<Bits<32>>,
    next: Reg<Bits<16>>,
    left: Reg<Bits<32>>,
    coming: Vec<Reg<Bit>>,
    /// Lines asked for that have not been taken.
    ahead: Reg<Bits<4>>,
    asks: Signal<Local, Bit>,
    leaves: Signal<Local, Bit>,
    most: Constant<Bits<4>>,
}

impl GradientBuffer {
    /// Of `lines` lines, at most 65536.
    ///
    /// # Errors
    /// None: the queue has a size that it may have.
    pub fn new(lines: usize) -> Result<Self, StreamError> {
        let words = lines.next_power_of_two().max(2);
        Ok(make!(
            clock reset write write_line start lines valid ready next left ahead asks leaves;
            write_data: signals(LINE_WORDS), data: signals(LINE_WORDS),
            lane: (0..LINE_WORDS).map(|_| WordRam::new(words)).collect(), queue: Fifo::new(QUEUE, LINE_WORDS)?,
            coming: many(LATENCY), most: constant(QUEUE),
        ))
    }
}

impl Logic for GradientBuffer {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("GradientBuffer: a training's gradient, written by lines, read as a stream");
        clock!(self, clock, queue);
        dff_setup!(self, clock, next, left, ahead);
        self.asks.next = self.left.q.val().any() & (self.ahead.q.val() < self.most.val()) & !self.start.val();
        self.leaves.next = self.queue.out_valid.val() & self.ready.val();
        if self.asks.val() {
            self.next.d.next = self.next.q.val() + 1;
            self.left.d.next = self.left.q.val() - 1;
        }
        if self.asks.val() & !self.leaves.val() {
            self.ahead.d.next = self.ahead.q.val() + 1;
        } else if !self.asks.val() & self.leaves.val() {
            self.ahead.d.next = self.ahead.q.val() - 1;
        }
        self.coming[0].d.next = self.asks.val();
        for i in 1..self.coming.len() {
            self.coming[i].d.next = self.coming[i - 1].q.val() & !self.start.val();
        }
        for i in 0..self.coming.len() {
            self.coming[i].clock.next = self.clock.val();
        }
        self.queue.reset.next = self.reset.val() | self.start.val();
        self.queue.in_valid.next = self.coming[self.coming.len() - 1].q.val();
        self.queue.out_ready.next = self.ready.val();
        self.valid.next = self.queue.out_valid.val();
        for i in 0..self.lane.len() {
            clock!(self, clock, lane[i]);
            self.lane[i].read_address.next = self.next.q.val();
            self.lane[i].write_enable.next = self.write.val();
            self.lane[i].write_address.next = self.write_line.val().get_bits::<16>(0);
            self.lane[i].write_data.next = self.write_data[i].val();
            self.queue.in_data[i].next = self.lane[i].read_data.val();
            self.data[i].next = self.queue.out_data[i].val();
        }
        if self.start.val() {
            self.next.d.next = bits::<16>(0);
            self.left.d.next = self.lines.val();
            self.ahead.d.next = bits::<4>(0);
        }
        if self.reset.val() {
            self.left.d.next = bits::<32>(0);
            self.ahead.d.next = bits::<4>(0);
        }
    }
}
