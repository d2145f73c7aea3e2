//! Puts the parts of a vector together.

use crate::cells::reg::Reg;
use crate::make;
use crate::make::signals;
use crate::{comment, dff_setup};
use rust_hdl::prelude::*;

/// Takes `part.len()` elements with each `valid`; `complete` is high for the one cycle in which `whole`
/// holds a new vector, element 0 first.
#[derive(LogicBlock)]
pub struct Assembler<const W: usize> {
    pub clock: Signal<In, Clock>,
    pub valid: Signal<In, Bit>,
    /// This part is the vector's last.
    pub last: Signal<In, Bit>,
    pub part: Vec<Signal<In, Bits<W>>>,
    pub complete: Signal<Out, Bit>,
    pub whole: Vec<Signal<Out, Bits<W>>>,
    held: Vec<Reg<Bits<W>>>,
    done: Reg<Bit>,
}

impl<const W: usize> Assembler<W> {
    /// Of vectors of `length` elements from parts of `part`, a divisor.
    pub fn new(length: usize, part: usize) -> Self {
        make!(
            clock valid last complete done;
            part: signals(part), whole: signals(length), held: crate::make::many(length),
        )
    }
}

impl<const W: usize> Logic for Assembler<W> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Assembler: a vector from its parts");
        dff_setup!(self, clock, done);
        self.done.d.next = self.valid.val() & self.last.val();
        self.complete.next = self.done.q.val();
        for i in 0..self.held.len() {
            dff_setup!(self, clock, held[i]);
            self.whole[i].next = self.held[i].q.val();
        }
        if self.valid.val() {
            for i in 0..(self.held.len() - self.part.len()) {
                self.held[i].d.next = self.held[i + self.part.len()].q.val();
            }
            for i in 0..self.part.len() {
                self.held[i + (self.whole.len() - self.part.len())].d.next = self.part[i].val();
            }
        }
    }
}
