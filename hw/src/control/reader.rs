//! Reads external memory: instructions, and LOADs into the memories on chip.

use crate::cells::reg::Reg;
use crate::make;
use crate::make::{constant, mask};
use crate::{comment, dff_setup};
use cortado_arch::isa::INSTRUCTION_BYTES;
use cortado_arch::Architecture;
use rust_hdl::prelude::*;

/// Bursts of the LOAD that `Transfer` counts, while `loading`. An instruction fetch goes before the next
/// burst, and its beats come after those that were on the way when it was asked for.
///
/// A beat of a LOAD goes to bank `bank` of the transfer's word when `beat_valid & beat_ready`; where a beat holds
/// several activation words, piece `bank` of it goes to the transfer's word, and the beat stands until the last; beat
/// `fetch_at` of an instruction comes with `fetch_beat` and needs no `beat_ready`.
#[derive(LogicBlock)]
pub struct Reader {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub fetch: Signal<In, Bit>,
    /// Stands until `fetch_done`.
    pub fetch_address: Signal<In, Bits<32>>,
    pub fetch_beat: Signal<Out, Bit>,
    pub fetch_at: Signal<Out, Bits<6>>,
    pub fetch_done: Signal<Out, Bit>,

    pub loading: Signal<In, Bit>,
    pub memory: Signal<In, Bits<2>>,
    pub address: Signal<In, Bits<32>>,
    pub beats: Signal<In, Bits<16>>,
    pub open: Signal<In, Bit>,
    pub on_the_way: Signal<In, Bits<16>>,
    pub commanded: Signal<Out, Bit>,
    pub moved: Signal<Out, Bit>,
    pub next_word: Signal<Out, Bit>,
    pub beat_valid: Signal<Out, Bit>,
    pub beat_ready: Signal<In, Bit>,
    pub bank: Signal<Out, Bits<10>>,

    pub command_valid: Signal<Out, Bit>,
    pub command_ready: Signal<In, Bit>,
    pub command_address: Signal<Out, Bits<32>>,
    pub command_beats: Signal<Out, Bits<16>>,
    pub data_valid: Signal<In, Bit>,
    pub data_ready: Signal<Out, Bit>,

    fetch_wanted: Reg<Bit>,
    fetching: Reg<Bit>,
    fetched: Reg<Bits<6>>,
    /// Beats of a LOAD that come before those of the instruction.
    ahead: Reg<Bits<16>>,
    any_ahead: Reg<Bit>,
    bank_index: Reg<Bits<10>>,
    asking: Reg<Bit>,
    asking_fetch: Reg<Bit>,

    fetch_beats: Constant<Bits<16>>,
    fetch_last: Constant<Bits<6>>,
    ahead_mask: Constant<Bits<16>>,
    bank_mask: Constant<Bits<10>>,
    activation_last: Constant<Bits<10>>,
    weight_last: Constant<Bits<10>>,
    parameter_last: Constant<Bits<10>>,
    /// A beat holds several activation words.
    wide: Constant<Bit>,
    in_pieces: Signal<Local, Bit>,
    last_bank: Signal<Local, Bit>,
    next_ahead: Signal<Local, Bits<16>>,
    bank_last: Signal<Local, Bits<10>>,
    load_beat: Signal<Local, Bit>,
    instruction_next: Signal<Local, Bit>,
}

impl Reader {
    /// For the memories and the port of `arch`.
    pub fn new(arch: &Architecture) -> Self {
        let last = |bytes: usize| (bytes / arch.port_bytes).max(arch.port_bytes / bytes) - 1;
        let fetch_beats = INSTRUCTION_BYTES / arch.port_bytes;
        make!(
            clock reset fetch fetch_address fetch_beat fetch_at fetch_done loading memory address beats open on_the_way
            commanded moved next_word beat_valid beat_ready bank command_valid command_ready command_address
            command_beats data_valid data_ready fetch_wanted fetching fetched ahead any_ahead next_ahead bank_index asking asking_fetch
            bank_last load_beat instruction_next in_pieces last_bank;
            fetch_beats: constant(fetch_beats), fetch_last: constant(fetch_beats - 1),
            ahead_mask: mask(2 * arch.burst_beats),
            bank_mask: mask(last(arch.weight_word_bytes().max(arch.parameter_word_bytes())).max(last(arch.activation_word_bytes()))),
            activation_last: constant(last(arch.activation_word_bytes())),
            weight_last: constant(last(arch.weight_word_bytes())),
            parameter_last: constant(last(arch.parameter_word_bytes())),
            wide: Constant::new(arch.transfer_words() > 1),
        )
    }
}

impl Logic for Reader {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Reader: instruction fetch and LOAD from external memory");
        dff_setup!(self, clock, fetch_wanted, fetching, fetched, ahead, any_ahead, bank_index, asking, asking_fetch);
        self.command_valid.next = self.asking.q.val();
        if self.asking_fetch.q.val() {
            self.command_address.next = self.fetch_address.val();
            self.command_beats.next = self.fetch_beats.val();
        } else {
            self.command_address.next = self.address.val();
            self.command_beats.next = self.beats.val();
        }
        self.commanded.next = self.asking.q.val() & self.command_ready.val() & !self.asking_fetch.q.val();
        self.bank.next = self.bank_index.q.val();
        self.fetch_at.next = self.fetched.q.val();

        self.instruction_next.next = self.fetching.q.val() & !self.any_ahead.q.val();
        self.fetch_beat.next = self.data_valid.val() & self.instruction_next.val();
        self.fetch_done.next = self.fetch_beat.val() & (self.fetched.q.val() == self.fetch_last.val());
        self.beat_valid.next = self.data_valid.val() & !self.instruction_next.val();
        self.load_beat.next = self.beat_valid.val() & self.beat_ready.val();
        if self.memory.val() == bits::<2>(0) {
            self.bank_last.next = self.activation_last.val();
        } else if self.memory.val() == bits::<2>(1) {
            self.bank_last.next = self.weight_last.val();
        } else {
            self.bank_last.next = self.parameter_last.val();
        }
        self.in_pieces.next = self.wide.val() & !self.memory.val().any();
        self.last_bank.next = self.bank_index.q.val() == self.bank_last.val();
        self.moved.next = self.load_beat.val() & (!self.in_pieces.val() | self.last_bank.val());
        self.data_ready.next =
            self.instruction_next.val() | (self.beat_ready.val() & (!self.in_pieces.val() | self.last_bank.val()));

        self.next_ahead.next = self.ahead.q.val();
        if self.moved.val() & self.any_ahead.q.val() {
            self.next_ahead.next = (self.ahead.q.val() - 1) & self.ahead_mask.val();
        }

        // Requests.
        if self.asking.q.val() & self.command_ready.val() {
            self.asking.d.next = false;
        }
        if !self.asking.q.val() {
            if self.fetch_wanted.q.val() {
                self.asking.d.next = true;
                self.asking_fetch.d.next = true;
                self.fetch_wanted.d.next = false;
                self.fetching.d.next = true;
                if !self.loading.val() {
                    self.next_ahead.next = bits::<16>(0);
                } else if self.moved.val() {
                    self.next_ahead.next = (self.on_the_way.val() - 1) & self.ahead_mask.val();
                } else {
                    self.next_ahead.next = self.on_the_way.val() & self.ahead_mask.val();
                }
            } else if self.loading.val() & self.open.val() {
                self.asking.d.next = true;
                self.asking_fetch.d.next = false;
            }
        }

        // Data.
        if self.fetch_beat.val() {
            self.fetched.d.next = (self.fetched.q.val() + 1) & self.fetch_last.val();
        }
        if self.fetch_done.val() {
            self.fetching.d.next = false;
        }
        self.next_word.next = false;
        if self.load_beat.val() {
            self.next_word.next = self.in_pieces.val() | self.last_bank.val();
            if self.last_bank.val() {
                self.bank_index.d.next = bits::<10>(0);
            } else {
                self.bank_index.d.next = (self.bank_index.q.val() + 1) & self.bank_mask.val();
            }
        }

        if self.fetch.val() {
            self.fetch_wanted.d.next = true;
        }
        if self.reset.val() {
            self.fetch_wanted.d.next = false;
            self.fetching.d.next = false;
            self.fetched.d.next = bits::<6>(0);
            self.next_ahead.next = bits::<16>(0);
            self.bank_index.d.next = bits::<10>(0);
            self.asking.d.next = false;
        }
        self.ahead.d.next = self.next_ahead.val();
        self.any_ahead.d.next = self.next_ahead.val().any();
    }
}
