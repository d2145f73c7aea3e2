//! The map buffer: sixteen banks of words, so that any sixteen words that follow each other are one read or write.
//! What FA3C's line buffers shift, merge and crop is here a rotation behind the banks.

use super::rotate::Rotate;
use super::word_ram::{self, WordRam};
use crate::cells::reg::Reg;
use crate::make;
use crate::make::{constant, many, signals};
use crate::{clock, comment, dff_setup};
use cortado_arch::trainer::LINE_WORDS;
use rust_hdl::prelude::*;

/// Cycles from `read_address` to `read_data`: the banks' addresses, the banks, the rotation.
pub const READ_LATENCY: usize = 1 + word_ram::LATENCY + 1;
/// Cycles from `write_address` until a read may be addressed to the word.
pub const WRITE_LATENCY: usize = 2;

/// Lines of 16 words, read and written at any word, one of each a cycle.
///
/// Word j of `read_data` is the one at `read_address + j`. Word j of `write_data` goes to `write_address + j` where
/// `write_enable[j]`. Addresses count modulo the buffer's words.
#[derive(LogicBlock)]
pub struct MapBuffer {
    pub clock: Signal<In, Clock>,
    pub read_address: Signal<In, Bits<20>>,
    pub read_data: Vec<Signal<Out, Bits<32>>>,
    pub write_enable: Vec<Signal<In, Bit>>,
    pub write_address: Signal<In, Bits<20>>,
    pub write_data: Vec<Signal<In, Bits<32>>>,
    banks: Vec<WordRam>,
    read_turn: Rotate,
    write_turn: Rotate,
    read_lines: Vec<Reg<Bits<16>>>,
    read_bys: Vec<Reg<Bits<4>>>,
    write_lines: Vec<Reg<Bits<16>>>,
    write_enables: Vec<Reg<Bit>>,
    read_by: Signal<Local, Bits<4>>,
    write_by: Signal<Local, Bits<4>>,
    read_line: Signal<Local, Bits<16>>,
    write_line: Signal<Local, Bits<16>>,
    bank: Vec<Constant<Bits<4>>>,
    /// With a bit to spare: no number is compared that nothing can be above.
    wide_bank: Vec<Constant<Bits<5>>>,
}

impl MapBuffer {
    /// Of `lines` lines, a power of two.
    pub fn new(lines: usize) -> Self {
        make!(
            clock read_address write_address read_turn write_turn read_by write_by read_line write_line;
            read_data: signals(LINE_WORDS), write_enable: signals(LINE_WORDS), write_data: signals(LINE_WORDS),
            banks: (0..LINE_WORDS).map(|_| WordRam::new(lines)).collect(),
            read_lines: many(LINE_WORDS), read_bys: many(READ_LATENCY - 1),
            write_lines: many(LINE_WORDS), write_enables: many(LINE_WORDS),
            bank: (0..LINE_WORDS).map(constant).collect(), wide_bank: (0..LINE_WORDS).map(constant).collect(),
        )
    }
}

impl Logic for MapBuffer {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("MapBuffer: any 16 words that follow each other, one read and one write a cycle");
        clock!(self, clock, read_turn, write_turn);
        self.read_by.next = self.read_address.val().get_bits::<4>(0);
        self.read_line.next = self.read_address.val().get_bits::<16>(4);
        self.write_by.next = bits::<4>(0) - self.write_address.val().get_bits::<4>(0);
        self.write_line.next = self.write_address.val().get_bits::<16>(4);
        for i in 0..self.read_bys.len() {
            dff_setup!(self, clock, read_bys[i]);
        }
        self.read_bys[0].d.next = self.read_by.val();
        for i in 1..self.read_bys.len() {
            self.read_bys[i].d.next = self.read_bys[i - 1].q.val();
        }
        self.read_turn.by.next = self.read_bys[self.read_bys.len() - 1].q.val();
        self.write_turn.by.next = self.write_by.val();
        for b in 0..self.banks.len() {
            clock!(self, clock, banks[b]);
            dff_setup!(self, clock, read_lines[b], write_lines[b], write_enables[b]);
            self.read_lines[b].d.next = self.read_line.val();
            if self.wide_bank[b].val() < bit_cast::<5, 4>(self.read_by.val()) {
                self.read_lines[b].d.next = self.read_line.val() + 1;
            }
            self.write_lines[b].d.next = self.write_line.val();
            if self.wide_bank[b].val() < bit_cast::<5, 4>(self.write_address.val().get_bits::<4>(0)) {
                self.write_lines[b].d.next = self.write_line.val() + 1;
            }
            // Bank b takes word b - address of the write.
            self.write_enables[b].d.next = false;
            for j in 0..self.write_enable.len() {
                if self.bank[b].val() + self.write_by.val() == self.bank[j].val() {
                    self.write_enables[b].d.next = self.write_enable[j].val();
                }
            }
            self.banks[b].read_address.next = self.read_lines[b].q.val();
            self.read_turn.line[b].next = self.banks[b].read_data.val();
            self.read_data[b].next = self.read_turn.turned[b].val();
            self.write_turn.line[b].next = self.write_data[b].val();
            self.banks[b].write_enable.next = self.write_enables[b].q.val();
            self.banks[b].write_address.next = self.write_lines[b].q.val();
            self.banks[b].write_data.next = self.write_turn.turned[b].val();
        }
    }
}
