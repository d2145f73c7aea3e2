//! STOREs: activation memory to external memory.

use crate::cells::reg::Reg;
use crate::cells::stream::{Byte, Fifo, StreamError};
use crate::make;
use crate::make::{constant, many, mask, signals};
use crate::{clock, comment, dff_setup};
use rust_hdl::prelude::*;

/// Bursts of the STORE that `Transfer` counts, while `storing`. Words are read ahead while one goes out
/// beat by beat; at the end of a STORE words behind it are read and forgotten.
///
/// `read` stands until `read_taken`, which comes one cycle after the read; `word` must be there three cycles
/// after that.
#[derive(LogicBlock)]
pub struct Writer {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub storing: Signal<In, Bit>,
    pub open: Signal<In, Bit>,
    pub any_on_the_way: Signal<In, Bit>,
    pub commanded: Signal<Out, Bit>,
    pub moved: Signal<Out, Bit>,
    /// Reads the transfer's word, and moves to the next.
    pub read: Signal<Out, Bit>,
    pub read_taken: Signal<In, Bit>,
    pub next_word: Signal<Out, Bit>,
    pub word: Vec<Signal<In, Bits<8>>>,

    pub command_valid: Signal<Out, Bit>,
    pub command_ready: Signal<In, Bit>,
    pub data_valid: Signal<Out, Bit>,
    pub data_ready: Signal<In, Bit>,
    pub data: Vec<Signal<Out, Bits<8>>>,

    reading: Vec<Reg<Bit>>,
    /// Words read and not yet going out.
    ahead: Fifo<Byte>,
    /// Words whose read was taken and that are not yet going out: never more than the queue holds.
    claimed: Reg<Bits<4>>,
    /// The word going out, lowest beat first.
    going: Vec<Reg<Bits<8>>>,
    going_full: Reg<Bit>,
    beats_left: Reg<Bits<10>>,
    /// Set while the count is one: known a beat ahead, it keeps the comparison out of `refill`.
    ends: Reg<Bit>,
    asking: Reg<Bit>,

    word_beats: Constant<Bits<10>>,
    one_beat: Constant<Bit>,
    beats_mask: Constant<Bits<10>>,
    sending: Signal<Local, Bit>,
    last_beat: Signal<Local, Bit>,
    refill: Signal<Local, Bit>,
    most_claimed: Constant<Bits<4>>,
}

impl Writer {
    /// For a port of `port_bytes` and words of `activation` bytes, of which it holds `ahead` beside the one going out.
    ///
    /// # Errors
    /// Words without a byte; a checked architecture has none.
    pub fn new(port_bytes: usize, activation: usize, ahead: usize) -> Result<Self, StreamError> {
        let beats = activation / port_bytes;
        Ok(make!(
            clock reset storing open any_on_the_way commanded moved read read_taken next_word command_valid command_ready
            data_valid data_ready claimed going_full beats_left ends asking sending last_beat refill;
            word: signals(activation), data: signals(port_bytes), reading: many(3), ahead: Fifo::new(ahead, activation)?, most_claimed: constant(ahead),
            going: many(activation), word_beats: constant(beats), one_beat: Constant::new(beats == 1), beats_mask: mask(beats),
        ))
    }
}

impl Logic for Writer {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Writer: STORE to external memory");
        clock!(self, clock, ahead);
        dff_setup!(self, clock, claimed, going_full, beats_left, ends, asking);
        for i in 0..self.reading.len() {
            dff_setup!(self, clock, reading[i]);
        }
        for i in 0..self.going.len() {
            dff_setup!(self, clock, going[i]);
        }

        self.read.next =
            self.storing.val() & !self.read_taken.val() & (self.claimed.q.val() != self.most_claimed.val());
        self.next_word.next = self.read_taken.val() & self.storing.val();
        self.reading[0].d.next = self.read_taken.val();
        self.reading[1].d.next = self.reading[0].q.val();
        self.reading[2].d.next = self.reading[1].q.val();

        self.data_valid.next = self.going_full.q.val() & self.any_on_the_way.val();
        self.sending.next = self.data_valid.val() & self.data_ready.val();
        self.moved.next = self.sending.val();
        self.last_beat.next = self.sending.val() & self.ends.q.val();
        self.refill.next = self.ahead.out_valid.val() & (!self.going_full.q.val() | self.last_beat.val());
        if self.sending.val() {
            self.beats_left.d.next = (self.beats_left.q.val() - 1) & self.beats_mask.val();
            self.ends.d.next = self.beats_left.q.val() == bits::<10>(2);
            for i in 0..(self.going.len() - self.data.len()) {
                self.going[i].d.next = self.going[i + self.data.len()].q.val();
            }
        }
        if self.last_beat.val() {
            self.going_full.d.next = false;
        }
        if self.refill.val() {
            self.going_full.d.next = true;
            self.beats_left.d.next = self.word_beats.val();
            self.ends.d.next = self.one_beat.val();
            for i in 0..self.going.len() {
                self.going[i].d.next = self.ahead.out_data[i].val();
            }
        }
        if self.read_taken.val() & !self.refill.val() {
            self.claimed.d.next = self.claimed.q.val() + 1;
        } else if !self.read_taken.val() & self.refill.val() {
            self.claimed.d.next = self.claimed.q.val() - 1;
        }
        self.ahead.reset.next = self.reset.val() | !self.storing.val();
        self.ahead.in_valid.next = self.reading[2].q.val();
        self.ahead.out_ready.next = self.refill.val();
        for i in 0..self.word.len() {
            self.ahead.in_data[i].next = self.word[i].val();
        }
        for i in 0..self.data.len() {
            self.data[i].next = self.going[i].q.val();
        }

        // Requests: the next when the one before is accepted.
        self.command_valid.next = self.asking.q.val();
        self.commanded.next = self.asking.q.val() & self.command_ready.val();
        if self.commanded.val() {
            self.asking.d.next = false;
        } else if self.storing.val() & self.open.val() {
            self.asking.d.next = true;
        }

        if self.reset.val() | !self.storing.val() {
            self.reading[0].d.next = false;
            self.reading[1].d.next = false;
            self.reading[2].d.next = false;
            self.claimed.d.next = bits::<4>(0);
            self.going_full.d.next = false;
            self.beats_left.d.next = bits::<10>(0);
            self.ends.d.next = false;
            self.asking.d.next = false;
        }
    }
}
