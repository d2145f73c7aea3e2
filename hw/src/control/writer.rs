//! STOREs: activation memory to external memory.

use crate::cells::reg::Reg;
use crate::make;
use crate::make::{constant, many, signals};
use crate::{comment, dff_setup};
use rust_hdl::prelude::*;

/// One STORE at a time, in bursts. A word is read ahead while the one before goes out beat by beat.
///
/// `read` stands until `read_taken`, which comes one cycle after the read; `word` must be there two cycles
/// after that.
#[derive(LogicBlock)]
pub struct Writer {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub store: Signal<In, Bit>,
    pub store_word_address: Signal<In, Bits<16>>,
    pub store_words: Signal<In, Bits<16>>,
    pub store_byte_address: Signal<In, Bits<32>>,
    pub store_done: Signal<Out, Bit>,
    pub read: Signal<Out, Bit>,
    pub read_taken: Signal<In, Bit>,
    pub read_address: Signal<Out, Bits<16>>,
    pub word: Vec<Signal<In, Bits<8>>>,

    pub command_valid: Signal<Out, Bit>,
    pub command_ready: Signal<In, Bit>,
    pub command_address: Signal<Out, Bits<32>>,
    pub command_beats: Signal<Out, Bits<16>>,
    pub data_valid: Signal<Out, Bit>,
    pub data_ready: Signal<In, Bit>,
    pub data: Vec<Signal<Out, Bits<8>>>,

    to_read: Reg<Bits<16>>,
    address: Reg<Bits<16>>,
    reading: Vec<Reg<Bit>>,
    /// A word read and not yet going out.
    ahead: Vec<Reg<Bits<8>>>,
    ahead_full: Reg<Bit>,
    /// The word going out, lowest beat first.
    going: Vec<Reg<Bits<8>>>,
    beats_left: Reg<Bits<10>>,
    to_ask: Reg<Bits<28>>,
    to_send: Reg<Bits<28>>,
    into: Reg<Bits<32>>,
    asking: Reg<Bit>,
    ask_address: Reg<Bits<32>>,
    ask_beats: Reg<Bits<16>>,
    /// Beats whose command has been accepted.
    allowed: Reg<Bits<28>>,

    shift: Constant<Bits<28>>,
    word_beats: Constant<Bits<10>>,
    burst: Constant<Bits<16>>,
    burst_bytes: Constant<Bits<32>>,
    sending: Signal<Local, Bit>,
    refill: Signal<Local, Bit>,
    on_the_way: Signal<Local, Bit>,
    all_beats: Signal<Local, Bits<28>>,
    granted: Signal<Local, Bits<28>>,
}

impl Writer {
    /// For a port of `port_bytes`, bursts of `burst` beats and words of `activation` bytes.
    pub fn new(port_bytes: usize, burst: usize, activation: usize) -> Self {
        let beats = activation / port_bytes;
        make!(
            clock reset store store_word_address store_words store_byte_address store_done read read_taken
            read_address command_valid command_ready command_address command_beats data_valid data_ready
            to_read address ahead_full beats_left to_ask to_send into asking ask_address ask_beats allowed
            sending refill on_the_way all_beats granted;
            word: signals(activation), data: signals(port_bytes), reading: many(2), ahead: many(activation),
            going: many(activation),
            shift: constant(beats.trailing_zeros() as usize), word_beats: constant(beats),
            burst: constant(burst), burst_bytes: constant(burst * port_bytes),
        )
    }
}

impl Logic for Writer {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Writer: STORE to external memory");
        dff_setup!(
            self,
            clock,
            to_read,
            address,
            ahead_full,
            beats_left,
            to_ask,
            to_send,
            into,
            asking,
            ask_address,
            ask_beats,
            allowed
        );
        for i in 0..self.reading.len() {
            dff_setup!(self, clock, reading[i]);
        }
        for i in 0..self.ahead.len() {
            dff_setup!(self, clock, ahead[i], going[i]);
        }

        // One word ahead at most.
        self.on_the_way.next = self.read_taken.val() | self.reading[0].q.val() | self.reading[1].q.val();
        self.read.next = self.to_read.q.val().any() & !self.on_the_way.val() & !self.ahead_full.q.val();
        self.read_address.next = self.address.q.val();
        self.reading[0].d.next = self.read_taken.val();
        self.reading[1].d.next = self.reading[0].q.val();
        if self.read_taken.val() {
            self.to_read.d.next = self.to_read.q.val() - 1;
            self.address.d.next = self.address.q.val() + 1;
        }

        self.data_valid.next = self.beats_left.q.val().any() & self.allowed.q.val().any();
        self.sending.next = self.data_valid.val() & self.data_ready.val();
        self.refill.next = self.ahead_full.q.val()
            & (!self.beats_left.q.val().any() | (self.sending.val() & (self.beats_left.q.val() == bits::<10>(1))));
        if self.sending.val() {
            self.beats_left.d.next = self.beats_left.q.val() - 1;
            self.to_send.d.next = self.to_send.q.val() - 1;
            for i in 0..(self.going.len() - self.data.len()) {
                self.going[i].d.next = self.going[i + self.data.len()].q.val();
            }
        }
        if self.refill.val() {
            self.ahead_full.d.next = false;
            self.beats_left.d.next = self.word_beats.val();
            for i in 0..self.going.len() {
                self.going[i].d.next = self.ahead[i].q.val();
            }
        }
        if self.reading[1].q.val() {
            self.ahead_full.d.next = true;
            for i in 0..self.ahead.len() {
                self.ahead[i].d.next = self.word[i].val();
            }
        }
        for i in 0..self.data.len() {
            self.data[i].next = self.going[i].q.val();
        }
        self.store_done.next = self.sending.val() & (self.to_send.q.val() == bits::<28>(1));

        // Requests: the next when the one before is accepted.
        self.command_valid.next = self.asking.q.val();
        self.command_address.next = self.ask_address.q.val();
        self.command_beats.next = self.ask_beats.q.val();
        self.granted.next = bits::<28>(0);
        if self.asking.q.val() & self.command_ready.val() {
            self.asking.d.next = false;
            self.granted.next = bit_cast::<28, 16>(self.ask_beats.q.val());
        }
        if !self.asking.q.val() & self.to_ask.q.val().any() {
            self.asking.d.next = true;
            self.ask_address.d.next = self.into.q.val();
            self.into.d.next = self.into.q.val() + self.burst_bytes.val();
            if self.to_ask.q.val() < bit_cast::<28, 16>(self.burst.val()) {
                self.ask_beats.d.next = self.to_ask.q.val().get_bits::<16>(0);
                self.to_ask.d.next = bits::<28>(0);
            } else {
                self.ask_beats.d.next = self.burst.val();
                self.to_ask.d.next = self.to_ask.q.val() - bit_cast::<28, 16>(self.burst.val());
            }
        }
        if self.sending.val() {
            self.allowed.d.next = self.allowed.q.val() + self.granted.val() - 1;
        } else {
            self.allowed.d.next = self.allowed.q.val() + self.granted.val();
        }

        self.all_beats.next = bit_cast::<28, 16>(self.store_words.val()) << self.shift.val();
        if self.store.val() {
            self.to_read.d.next = self.store_words.val();
            self.address.d.next = self.store_word_address.val();
            self.to_ask.d.next = self.all_beats.val();
            self.to_send.d.next = self.all_beats.val();
            self.into.d.next = self.store_byte_address.val();
        }
        if self.reset.val() {
            self.to_read.d.next = bits::<16>(0);
            self.ahead_full.d.next = false;
            self.beats_left.d.next = bits::<10>(0);
            self.to_ask.d.next = bits::<28>(0);
            self.asking.d.next = false;
            self.allowed.d.next = bits::<28>(0);
        }
    }
}
