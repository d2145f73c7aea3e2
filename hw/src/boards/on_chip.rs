//! External memory that is on the chip: the UP5K's single-port RAM, or block RAM.

use crate::cells::ram::{BankedRam, RamError, ReadStage, SinglePortRam};
use crate::cells::reg::Reg;
use crate::make::{constant, mask, signals};
use crate::{clock, comment, dff_setup, make};
use cortado_arch::{ActivationKind, Architecture};
use rust_hdl::prelude::*;

/// Serves one burst at a time, a beat a cycle: the first beat read comes two cycles after its command.
///
/// Ports as [`super::arbiter::Arbiter`]'s towards the memory. `in_*` is what is read, so an output here.
#[derive(LogicBlock)]
pub struct OnChip {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub command_valid: Signal<In, Bit>,
    pub command_ready: Signal<Out, Bit>,
    pub command_write: Signal<In, Bit>,
    pub command_address: Signal<In, Bits<32>>,
    pub last: Signal<In, Bit>,
    pub in_valid: Signal<Out, Bit>,
    pub in_ready: Signal<In, Bit>,
    pub in_data: Vec<Signal<Out, Bits<8>>>,
    pub out_valid: Signal<In, Bit>,
    pub out_ready: Signal<Out, Bit>,
    pub out_data: Vec<Signal<In, Bits<8>>>,
    single: Vec<SinglePortRam>,
    banked: Vec<BankedRam>,
    word: Reg<Bits<16>>,
    open: Reg<Bit>,
    writing: Reg<Bit>,
    /// The memory's output holds a beat that has not moved.
    shown: Reg<Bit>,
    beat_shift: Constant<Bits<32>>,
    word_mask: Constant<Bits<16>>,
    reads: Signal<Local, Bit>,
    writes: Signal<Local, Bit>,
    beats_up: Signal<Local, Bits<32>>,
    step: Signal<Local, Bits<16>>,
    over: Signal<Local, Bit>,
}

impl OnChip {
    /// 2 to `memory_bits` bytes, of the kind that `arch` has its activations in.
    ///
    /// # Errors
    /// A size no memory can have.
    pub fn new(arch: &Architecture, memory_bits: usize) -> Result<Self, RamError> {
        let words = (1 << memory_bits) / arch.port_bytes;
        let (single, banked) = match arch.activation_kind {
            ActivationKind::Spram => (vec![SinglePortRam::new(words, arch.port_bytes / 2)?], vec![]),
            ActivationKind::Bram => (vec![], vec![BankedRam::new(words, 1, 8 * arch.port_bytes, ReadStage::None)?]),
        };
        Ok(make!(
            clock reset command_valid command_ready command_write command_address last in_valid in_ready out_valid
            out_ready word open writing shown reads writes beats_up step over;
            in_data: signals(arch.port_bytes), out_data: signals(arch.port_bytes), single: single, banked: banked,
            beat_shift: constant(arch.port_bytes.trailing_zeros() as usize),
            word_mask: mask(words - 1),
        ))
    }
}

impl Logic for OnChip {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("OnChip: external memory on the chip");
        dff_setup!(self, clock, word, open, writing, shown);
        self.command_ready.next = !self.open.q.val();
        self.in_valid.next = self.shown.q.val();
        self.out_ready.next = self.open.q.val() & self.writing.q.val();
        self.writes.next = self.open.q.val() & self.writing.q.val() & self.out_valid.val();
        // A beat is read ahead; the one behind the burst's last is forgotten.
        self.reads.next = self.open.q.val() & !self.writing.q.val() & (!self.shown.q.val() | self.in_ready.val());
        self.beats_up.next = self.command_address.val() >> self.beat_shift.val();
        self.shown.d.next = self.reads.val() | (self.shown.q.val() & !self.in_ready.val());
        // Between bursts the word is 0, so that a burst's first one is added to it: the adder serves for both.
        self.step.next = bits::<16>(1);
        if !self.open.q.val() {
            self.step.next = self.beats_up.val().get_bits::<16>(0);
            self.writing.d.next = self.command_write.val();
            self.open.d.next = self.command_valid.val();
        }
        if (self.command_valid.val() & !self.open.q.val()) | self.writes.val() | self.reads.val() {
            self.word.d.next = (self.word.q.val() + self.step.val()) & self.word_mask.val();
        }
        self.over.next = self.last.val() & (self.writes.val() | (self.shown.q.val() & self.in_ready.val()));
        if self.over.val() | self.reset.val() {
            self.open.d.next = false;
            self.shown.d.next = false;
            self.word.d.next = bits::<16>(0);
        }

        for k in 0..self.single.len() {
            clock!(self, clock, single[k]);
            self.single[k].enable.next = self.reads.val() | self.writes.val();
            self.single[k].address.next = self.word.q.val();
            for i in 0..self.in_data.len() {
                self.single[k].write_enable[i].next = self.writes.val();
                self.single[k].write_data[i].next = self.out_data[i].val();
                self.in_data[i].next = self.single[k].read_data[i].val();
            }
        }
        for k in 0..self.banked.len() {
            clock!(self, clock, banked[k]);
            self.banked[k].read_enable.next = self.reads.val();
            self.banked[k].read_address.next = self.word.q.val();
            self.banked[k].write_enable[0].next = self.writes.val();
            self.banked[k].write_address.next = self.word.q.val();
            for i in 0..self.in_data.len() {
                self.banked[k].write_data[i].next = self.out_data[i].val();
                self.in_data[i].next = self.banked[k].read_data[i].val();
            }
        }
    }
}
