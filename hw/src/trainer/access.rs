//! Who may touch the global parameters.

use crate::cells::reg::Reg;
use crate::make::signals;
use crate::{comment, dff_setup, make};
use rust_hdl::prelude::*;

/// Gives pairs access to the global parameters: any number read them at a time, or one writes.
///
/// A task that gets access takes the next turn. `ordered` gives each task the turn that it names, so that all take effect
/// in the order of a host's hand-over. Otherwise turns go as tasks are ready, those that write first: none waits for
/// one that is still being computed.
///
/// One element for each pair: `read_waits` with `read_turn`, until `may_read` for a cycle, from the next on `reading` as long as it
/// lasts; likewise for writing. A turn is given a cycle at most, `turn` beside it.
#[derive(LogicBlock)]
pub struct Access {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub ordered: Signal<In, Bit>,
    pub read_waits: Vec<Signal<In, Bit>>,
    pub read_turn: Vec<Signal<In, Bits<16>>>,
    pub reading: Vec<Signal<In, Bit>>,
    pub may_read: Vec<Signal<Out, Bit>>,
    pub write_waits: Vec<Signal<In, Bit>>,
    pub write_turn: Vec<Signal<In, Bits<16>>>,
    pub writing: Vec<Signal<In, Bit>>,
    pub may_write: Vec<Signal<Out, Bit>>,
    pub turn: Signal<Out, Bits<16>>,
    next: Reg<Bits<16>>,
    read: Signal<Local, Bit>,
    written: Signal<Local, Bit>,
    write_awaited: Signal<Local, Bit>,
    given: Signal<Local, Bit>,
}

impl Access {
    /// For so many pairs.
    pub fn new(pairs: usize) -> Self {
        make!(
            clock reset ordered turn next read written write_awaited given;
            read_waits: signals(pairs), read_turn: signals(pairs), reading: signals(pairs), may_read: signals(pairs),
            write_waits: signals(pairs), write_turn: signals(pairs), writing: signals(pairs), may_write: signals(pairs),
        )
    }
}

impl Logic for Access {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Access: readers and writers of the global parameters, in turn");
        dff_setup!(self, clock, next);
        self.turn.next = self.next.q.val();
        self.read.next = false;
        self.written.next = false;
        self.write_awaited.next = false;
        for p in 0..self.reading.len() {
            self.read.next = self.read.val() | self.reading[p].val();
            self.written.next = self.written.val() | self.writing[p].val();
            self.write_awaited.next = self.write_awaited.val() | (self.write_waits[p].val() & !self.ordered.val());
        }
        self.given.next = false;
        for p in 0..self.writing.len() {
            self.may_write[p].next = false;
            if !self.given.val()
                & self.write_waits[p].val()
                & !self.read.val()
                & !self.written.val()
                & (!self.ordered.val() | (self.write_turn[p].val() == self.next.q.val()))
            {
                self.may_write[p].next = true;
                self.given.next = true;
            }
        }
        for p in 0..self.reading.len() {
            self.may_read[p].next = false;
            if !self.given.val()
                & self.read_waits[p].val()
                & !self.written.val()
                & !self.write_awaited.val()
                & (!self.ordered.val() | (self.read_turn[p].val() == self.next.q.val()))
            {
                self.may_read[p].next = true;
                self.given.next = true;
            }
        }
        if self.given.val() {
            self.next.d.next = self.next.q.val() + 1;
        }
        if self.reset.val() {
            self.next.d.next = bits::<16>(0);
        }
    }
}
