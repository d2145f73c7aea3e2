//! What is left of the LOAD or STORE at hand.

use crate::cells::reg::Reg;
use crate::make;
use crate::make::{constant, mask};
use crate::{comment, dff_setup};
use cortado_arch::isa::OnChip;
use cortado_arch::Architecture;
use rust_hdl::prelude::*;

/// Where the LOAD or STORE at hand goes on, on both sides, for [`super::reader::Reader`] and
/// [`super::writer::Writer`]: only one of them moves words at a time.
///
/// Registers have 16, 28 and 32 bits whatever the memories' sizes; masks tell synthesis which of them never
/// change.
#[derive(LogicBlock)]
pub struct Transfer {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    /// Takes the instruction's fields; only when the one before is done.
    pub take: Signal<In, Bit>,
    pub next_memory: Signal<In, Bits<2>>,
    pub next_word_address: Signal<In, Bits<16>>,
    pub next_words: Signal<In, Bits<16>>,
    pub next_byte_address: Signal<In, Bits<32>>,
    pub memory: Signal<Out, Bits<2>>,
    /// The word on chip; `next_word` moves to the next.
    pub word_address: Signal<Out, Bits<16>>,
    pub next_word: Signal<In, Bit>,
    /// The next burst; `commanded` when its command is taken.
    pub address: Signal<Out, Bits<32>>,
    pub beats: Signal<Out, Bits<16>>,
    pub commanded: Signal<In, Bit>,
    /// A burst is left to ask for, and at most one is on the way.
    pub open: Signal<Out, Bit>,
    /// Beats whose command has been taken; `moved` when one has moved, `done` when it was the last.
    pub on_the_way: Signal<Out, Bits<16>>,
    pub any_on_the_way: Signal<Out, Bit>,
    pub moved: Signal<In, Bit>,
    pub done: Signal<Out, Bit>,
    onto: Reg<Bits<2>>,
    word: Reg<Bits<16>>,
    from: Reg<Bits<32>>,
    to_ask: Reg<Bits<28>>,
    in_flight: Reg<Bits<16>>,
    any_in_flight: Reg<Bit>,
    activation_shift: Constant<Bits<28>>,
    /// Where a beat holds several activation words.
    activation_round: Constant<Bits<28>>,
    activation_shrink: Constant<Bits<28>>,
    weight_shift: Constant<Bits<28>>,
    parameter_shift: Constant<Bits<28>>,
    burst: Constant<Bits<16>>,
    burst_bytes: Constant<Bits<32>>,
    word_mask: Constant<Bits<16>>,
    address_mask: Constant<Bits<32>>,
    beats_mask: Constant<Bits<28>>,
    in_flight_mask: Constant<Bits<16>>,
    all_beats: Signal<Local, Bits<28>>,
    /// The next burst is the last, and its beats; right from the second cycle of `open` on, before which no command stands.
    short: Reg<Bit>,
    next_beats: Reg<Bits<16>>,
    ends: Signal<Local, Bit>,
    fewer: Signal<Local, Bits<16>>,
}

impl Transfer {
    /// For the memories and the port of `arch`.
    pub fn new(arch: &Architecture) -> Self {
        let sizes = [OnChip::Activation, OnChip::Weight, OnChip::Parameter].map(|memory| arch.on_chip(memory));
        let word_beats = sizes.map(|(_, bytes)| (bytes / arch.port_bytes).max(1));
        let shift = |memory: OnChip| constant(word_beats[memory as usize].trailing_zeros() as usize);
        let most_words = sizes.iter().map(|(words, _)| *words).max().unwrap_or(1);
        let most_beats = sizes.iter().zip(word_beats).map(|((words, _), beats)| words * beats).max().unwrap_or(1);
        make!(
            clock reset take next_memory next_word_address next_words next_byte_address memory word_address next_word
            address beats commanded open on_the_way any_on_the_way moved done onto word from to_ask in_flight
            any_in_flight all_beats short next_beats ends fewer;
            activation_shift: shift(OnChip::Activation), activation_round: constant(arch.transfer_words() - 1),
            activation_shrink: constant(arch.transfer_words().trailing_zeros() as usize), weight_shift: shift(OnChip::Weight),
            parameter_shift: shift(OnChip::Parameter),
            burst: constant(arch.burst_beats), burst_bytes: constant(arch.burst_beats * arch.port_bytes),
            word_mask: mask(most_words - 1), address_mask: mask((1 << arch.address_bits) - 1), beats_mask: mask(most_beats),
            in_flight_mask: mask(2 * arch.burst_beats),
        )
    }
}

impl Logic for Transfer {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Transfer: what is left of the LOAD or STORE at hand");
        dff_setup!(self, clock, onto, word, from, to_ask, in_flight, any_in_flight, short, next_beats);
        self.memory.next = self.onto.q.val();
        self.word_address.next = self.word.q.val();
        self.address.next = self.from.q.val();
        self.on_the_way.next = self.in_flight.q.val();
        self.any_on_the_way.next = self.any_in_flight.q.val();
        self.ends.next = self.to_ask.q.val() < bit_cast::<28, 16>(self.burst.val());
        self.short.d.next = self.ends.val();
        if self.ends.val() {
            self.next_beats.d.next = self.to_ask.q.val().get_bits::<16>(0) & self.in_flight_mask.val();
        } else {
            self.next_beats.d.next = self.burst.val();
        }
        self.beats.next = self.next_beats.q.val();
        self.open.next = self.to_ask.q.val().any() & (self.in_flight.q.val() <= self.burst.val());
        self.done.next = self.moved.val() & !self.to_ask.q.val().any() & (self.in_flight.q.val() == bits::<16>(1));

        if self.next_word.val() {
            self.word.d.next = (self.word.q.val() + 1) & self.word_mask.val();
        }
        if self.commanded.val() {
            self.from.d.next = (self.from.q.val() + self.burst_bytes.val()) & self.address_mask.val();
            if self.short.q.val() {
                self.to_ask.d.next = bits::<28>(0);
            } else {
                self.to_ask.d.next =
                    (self.to_ask.q.val() - bit_cast::<28, 16>(self.burst.val())) & self.beats_mask.val();
            }
        }
        // Every sum beside the others, and the choice behind them: a command is taken, or a beat moves, late in the cycle.
        self.fewer.next = self.in_flight.q.val() - 1;
        if self.commanded.val() {
            if self.moved.val() {
                self.in_flight.d.next = (self.fewer.val() + self.next_beats.q.val()) & self.in_flight_mask.val();
            } else {
                self.in_flight.d.next = (self.in_flight.q.val() + self.next_beats.q.val()) & self.in_flight_mask.val();
            }
            self.any_in_flight.d.next = true;
        } else if self.moved.val() {
            self.in_flight.d.next = self.fewer.val() & self.in_flight_mask.val();
            self.any_in_flight.d.next = self.in_flight.q.val() != bits::<16>(1);
        }

        if self.next_memory.val() == bits::<2>(0) {
            self.all_beats.next = ((bit_cast::<28, 16>(self.next_words.val()) << self.activation_shift.val())
                + self.activation_round.val())
                >> self.activation_shrink.val();
        } else if self.next_memory.val() == bits::<2>(1) {
            self.all_beats.next = bit_cast::<28, 16>(self.next_words.val()) << self.weight_shift.val();
        } else {
            self.all_beats.next = bit_cast::<28, 16>(self.next_words.val()) << self.parameter_shift.val();
        }
        if self.take.val() {
            self.onto.d.next = self.next_memory.val();
            self.word.d.next = self.next_word_address.val() & self.word_mask.val();
            self.from.d.next = self.next_byte_address.val() & self.address_mask.val();
            self.to_ask.d.next = self.all_beats.val() & self.beats_mask.val();
        }
        if self.reset.val() {
            self.in_flight.d.next = bits::<16>(0);
            self.any_in_flight.d.next = false;
        }
    }
}
