//! Reads external memory: instructions, and LOADs into the memories on chip.

use crate::cells::reg::Reg;
use crate::make;
use crate::make::constant;
use crate::{comment, dff_setup};
use rust_hdl::prelude::*;

/// One LOAD at a time, in bursts, at most two of them on the way; an instruction fetch goes before the
/// next burst, and its beats come after those that were on the way when it was asked for.
///
/// A beat of a LOAD goes to bank `bank` of word `word_address` of memory `memory` when
/// `beat_valid & beat_ready`; a beat of an instruction needs no `beat_ready`.
#[derive(LogicBlock)]
pub struct Reader {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub fetch: Signal<In, Bit>,
    pub fetch_address: Signal<In, Bits<32>>,
    pub fetch_beat: Signal<Out, Bit>,
    pub fetch_done: Signal<Out, Bit>,

    pub load: Signal<In, Bit>,
    pub load_memory: Signal<In, Bits<2>>,
    pub load_word_address: Signal<In, Bits<16>>,
    pub load_words: Signal<In, Bits<16>>,
    pub load_byte_address: Signal<In, Bits<32>>,
    pub load_done: Signal<Out, Bit>,
    pub beat_valid: Signal<Out, Bit>,
    pub beat_ready: Signal<In, Bit>,
    pub memory: Signal<Out, Bits<2>>,
    pub word_address: Signal<Out, Bits<16>>,
    pub bank: Signal<Out, Bits<10>>,

    pub command_valid: Signal<Out, Bit>,
    pub command_ready: Signal<In, Bit>,
    pub command_address: Signal<Out, Bits<32>>,
    pub command_beats: Signal<Out, Bits<16>>,
    pub data_valid: Signal<In, Bit>,
    pub data_ready: Signal<Out, Bit>,

    fetch_wanted: Reg<Bit>,
    fetching: Reg<Bit>,
    fetch_left: Reg<Bits<8>>,
    fetch_from: Reg<Bits<32>>,
    /// Beats of a LOAD that come before those of the instruction.
    ahead: Reg<Bits<16>>,
    into: Reg<Bits<2>>,
    word: Reg<Bits<16>>,
    bank_index: Reg<Bits<10>>,
    bank_last: Reg<Bits<10>>,
    to_request: Reg<Bits<28>>,
    to_receive: Reg<Bits<28>>,
    from: Reg<Bits<32>>,
    in_flight: Reg<Bits<16>>,
    asking: Reg<Bit>,
    /// A request was made in the cycle before.
    asked: Reg<Bit>,
    ask_address: Reg<Bits<32>>,
    ask_beats: Reg<Bits<16>>,

    fetch_beats: Constant<Bits<8>>,
    burst: Constant<Bits<16>>,
    burst_bytes: Constant<Bits<32>>,
    activation_shift: Constant<Bits<28>>,
    weight_shift: Constant<Bits<28>>,
    parameter_shift: Constant<Bits<28>>,
    activation_last: Constant<Bits<10>>,
    weight_last: Constant<Bits<10>>,
    parameter_last: Constant<Bits<10>>,
    all_words: Signal<Local, Bits<28>>,
    short: Signal<Local, Bit>,
    received: Signal<Local, Bit>,
    load_beat: Signal<Local, Bit>,
    instruction_next: Signal<Local, Bit>,
    asked_beats: Signal<Local, Bits<16>>,
}

impl Reader {
    /// For a port of `port_bytes`, bursts of `burst` beats and words of the given bytes.
    pub fn new(port_bytes: usize, burst: usize, activation: usize, weight: usize, parameter: usize) -> Self {
        let shift = |bytes: usize| (bytes / port_bytes).trailing_zeros() as usize;
        make!(
            clock reset fetch fetch_address fetch_beat fetch_done load load_memory load_word_address
            load_words load_byte_address load_done beat_valid beat_ready memory word_address bank
            command_valid command_ready command_address command_beats data_valid data_ready fetch_wanted
            fetching fetch_left fetch_from ahead instruction_next into word bank_index bank_last to_request to_receive
            from in_flight asking ask_address ask_beats all_words short received load_beat asked asked_beats;
            fetch_beats: constant(cortado_arch::isa::INSTRUCTION_BYTES / port_bytes),
            burst: constant(burst),
            burst_bytes: constant(burst * port_bytes),
            activation_shift: constant(shift(activation)),
            weight_shift: constant(shift(weight)),
            parameter_shift: constant(shift(parameter)),
            activation_last: constant(activation / port_bytes - 1),
            weight_last: constant(weight / port_bytes - 1),
            parameter_last: constant(parameter / port_bytes - 1),
        )
    }
}

impl Logic for Reader {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Reader: instruction fetch and LOAD from external memory");
        dff_setup!(
            self,
            clock,
            fetch_wanted,
            fetching,
            fetch_left,
            fetch_from,
            ahead,
            into,
            word,
            bank_index,
            bank_last,
            to_request,
            to_receive,
            from,
            in_flight,
            asking,
            asked,
            ask_address,
            ask_beats
        );
        self.command_valid.next = self.asking.q.val();
        self.command_address.next = self.ask_address.q.val();
        self.command_beats.next = self.ask_beats.q.val();
        self.memory.next = self.into.q.val();
        self.word_address.next = self.word.q.val();
        self.bank.next = self.bank_index.q.val();

        self.instruction_next.next = self.fetching.q.val() & !self.ahead.q.val().any();
        self.fetch_beat.next = self.data_valid.val() & self.instruction_next.val();
        self.fetch_done.next = self.fetch_beat.val() & (self.fetch_left.q.val() == bits::<8>(1));
        self.beat_valid.next = self.data_valid.val() & !self.instruction_next.val();
        self.load_beat.next = self.beat_valid.val() & self.beat_ready.val();
        self.data_ready.next = self.instruction_next.val() | self.beat_ready.val();
        self.received.next = self.fetch_beat.val() | self.load_beat.val();
        self.load_done.next = self.load_beat.val() & (self.to_receive.q.val() == bits::<28>(1));

        if self.load_beat.val() & self.ahead.q.val().any() {
            self.ahead.d.next = self.ahead.q.val() - 1;
        }

        // Requests.
        // `in_flight` knows of a request one cycle late, while the request stands.
        self.short.next = self.to_request.q.val() < bit_cast::<28, 16>(self.burst.val());
        self.asked.d.next = false;
        if self.asking.q.val() & self.command_ready.val() {
            self.asking.d.next = false;
        }
        if !self.asking.q.val() {
            if self.fetch_wanted.q.val() & (self.in_flight.q.val() <= self.burst.val()) {
                self.asking.d.next = true;
                self.ask_address.d.next = self.fetch_from.q.val();
                self.ask_beats.d.next = bit_cast::<16, 8>(self.fetch_beats.val());
                self.asked.d.next = true;
                self.fetch_wanted.d.next = false;
                self.fetching.d.next = true;
                self.fetch_left.d.next = self.fetch_beats.val();
                if self.received.val() {
                    self.ahead.d.next = self.in_flight.q.val() - 1;
                } else {
                    self.ahead.d.next = self.in_flight.q.val();
                }
            } else if !self.fetch_wanted.q.val()
                & self.to_request.q.val().any()
                & (self.in_flight.q.val() <= self.burst.val())
            {
                self.asking.d.next = true;
                self.asked.d.next = true;
                self.ask_address.d.next = self.from.q.val();
                self.from.d.next = self.from.q.val() + self.burst_bytes.val();
                if self.short.val() {
                    self.ask_beats.d.next = self.to_request.q.val().get_bits::<16>(0);
                    self.to_request.d.next = bits::<28>(0);
                } else {
                    self.ask_beats.d.next = self.burst.val();
                    self.to_request.d.next = self.to_request.q.val() - bit_cast::<28, 16>(self.burst.val());
                }
            }
        }
        if self.asked.q.val() {
            self.asked_beats.next = self.ask_beats.q.val();
        } else {
            self.asked_beats.next = bits::<16>(0);
        }
        if self.received.val() {
            self.in_flight.d.next = self.in_flight.q.val() + self.asked_beats.val() - 1;
        } else {
            self.in_flight.d.next = self.in_flight.q.val() + self.asked_beats.val();
        }

        // Data.
        if self.fetch_beat.val() {
            self.fetch_left.d.next = self.fetch_left.q.val() - 1;
        }
        if self.fetch_done.val() {
            self.fetching.d.next = false;
        }
        if self.load_beat.val() {
            self.to_receive.d.next = self.to_receive.q.val() - 1;
            if self.bank_index.q.val() == self.bank_last.q.val() {
                self.bank_index.d.next = bits::<10>(0);
                self.word.d.next = self.word.q.val() + 1;
            } else {
                self.bank_index.d.next = self.bank_index.q.val() + 1;
            }
        }

        if self.fetch.val() {
            self.fetch_wanted.d.next = true;
            self.fetch_from.d.next = self.fetch_address.val();
        }
        if self.load_memory.val() == bits::<2>(0) {
            self.all_words.next = bit_cast::<28, 16>(self.load_words.val()) << self.activation_shift.val();
        } else if self.load_memory.val() == bits::<2>(1) {
            self.all_words.next = bit_cast::<28, 16>(self.load_words.val()) << self.weight_shift.val();
        } else {
            self.all_words.next = bit_cast::<28, 16>(self.load_words.val()) << self.parameter_shift.val();
        }
        if self.load.val() {
            self.into.d.next = self.load_memory.val();
            self.word.d.next = self.load_word_address.val();
            self.bank_index.d.next = bits::<10>(0);
            self.from.d.next = self.load_byte_address.val();
            self.to_request.d.next = self.all_words.val();
            self.to_receive.d.next = self.all_words.val();
            if self.load_memory.val() == bits::<2>(0) {
                self.bank_last.d.next = self.activation_last.val();
            } else if self.load_memory.val() == bits::<2>(1) {
                self.bank_last.d.next = self.weight_last.val();
            } else {
                self.bank_last.d.next = self.parameter_last.val();
            }
        }
        if self.reset.val() {
            self.fetch_wanted.d.next = false;
            self.fetching.d.next = false;
            self.ahead.d.next = bits::<16>(0);
            self.asking.d.next = false;
            self.asked.d.next = false;
            self.to_request.d.next = bits::<28>(0);
            self.in_flight.d.next = bits::<16>(0);
        }
    }
}
