//! Activation memory: block RAM or the UP5K's single-port RAM behind one interface.

use crate::cells::ram::{BankedRam, RamError, ReadStage, SinglePortRam};
use crate::cells::reg::Reg;
use crate::make;
use crate::make::{many, signals};
use crate::{clock, comment, dff_setup};
use cortado_arch::{ActivationKind, Architecture};
use rust_hdl::prelude::*;

/// Words of Tm elements in banks of the port's width, or in one where the port is wider. Data come three cycles after
/// `read_enable`: a deep memory's choice between its blocks has a cycle of its own.
///
/// With single-port RAM a cycle reads or writes: the engine never asks for both.
#[derive(LogicBlock)]
pub struct ActivationMemory {
    pub clock: Signal<In, Clock>,
    pub read_enable: Signal<In, Bit>,
    pub read_address: Signal<In, Bits<16>>,
    pub read_data: Vec<Signal<Out, Bits<8>>>,
    pub write_enable: Vec<Signal<In, Bit>>,
    pub write_address: Signal<In, Bits<16>>,
    pub write_data: Vec<Signal<In, Bits<8>>>,
    banked: Vec<BankedRam>,
    single: Vec<SinglePortRam>,
    /// The second cycle of single-port RAM.
    single_late: Vec<Reg<Bits<8>>>,
    late: Vec<Reg<Bits<8>>>,
    any_write: Signal<Local, Bit>,
}

impl ActivationMemory {
    /// # Errors
    /// A size no memory can have; a checked architecture has none.
    pub fn new(arch: &Architecture) -> Result<Self, RamError> {
        let word_bytes = arch.activation_word_bytes();
        let bank_bytes = arch.port_bytes.min(word_bytes);
        let banks = word_bytes / bank_bytes;
        let (banked, single, single_late) = match arch.activation_kind {
            ActivationKind::Bram => {
                let stage = ReadStage::of(&arch.family);
                (vec![BankedRam::new(arch.activation_words, banks, 8 * bank_bytes, stage)?], vec![], vec![])
            }
            ActivationKind::Spram => {
                (vec![], vec![SinglePortRam::new(arch.activation_words, word_bytes / 2)?], many(word_bytes))
            }
        };
        Ok(make!(
            clock read_enable read_address write_address any_write;
            read_data: signals(word_bytes), write_enable: signals(banks), write_data: signals(word_bytes),
            banked: banked, single: single, single_late: single_late, late: many(word_bytes),
        ))
    }
}

impl Logic for ActivationMemory {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("ActivationMemory: maps and vectors, words of Tm bytes");
        self.any_write.next = false;
        for b in 0..self.write_enable.len() {
            self.any_write.next = self.any_write.val() | self.write_enable[b].val();
        }
        for m in 0..self.late.len() {
            dff_setup!(self, clock, late[m]);
            self.read_data[m].next = self.late[m].q.val();
        }
        for k in 0..self.banked.len() {
            clock!(self, clock, banked[k]);
            self.banked[k].read_enable.next = self.read_enable.val();
            self.banked[k].read_address.next = self.read_address.val();
            self.banked[k].write_address.next = self.write_address.val();
            for b in 0..self.write_enable.len() {
                self.banked[k].write_enable[b].next = self.write_enable[b].val();
            }
            for m in 0..self.write_data.len() {
                self.banked[k].write_data[m].next = self.write_data[m].val();
                self.late[m].d.next = self.banked[k].read_data[m].val();
            }
        }
        for k in 0..self.single.len() {
            clock!(self, clock, single[k]);
            self.single[k].enable.next = self.read_enable.val() | self.any_write.val();
            if self.any_write.val() {
                self.single[k].address.next = self.write_address.val();
            } else {
                self.single[k].address.next = self.read_address.val();
            }
            for m in 0..self.write_data.len() {
                dff_setup!(self, clock, single_late[m]);
                self.single[k].write_enable[m].next =
                    self.write_enable[m / (self.write_data.len() / self.write_enable.len())].val();
                self.single[k].write_data[m].next = self.write_data[m].val();
                self.single_late[m].d.next = self.single[k].read_data[m].val();
                self.late[m].d.next = self.single_late[m].q.val();
            }
        }
    }
}
