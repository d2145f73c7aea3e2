//! Reads the maps of STOREs out of the map buffer.

use crate::cells::reg::Reg;
use crate::make;
use crate::make::many;
use crate::{comment, dff_setup};
use rust_hdl::prelude::*;

/// Burst by burst: when `grant`ed, a line in each cycle with `read_free`, at `read_address`; they come `latency` cycles
/// later. `taken` is high with the burst's last line, `last`; then the next one may be offered.
#[derive(LogicBlock)]
pub struct MapWriter {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub valid: Signal<In, Bit>,
    pub map_line: Signal<In, Bits<16>>,
    pub lines: Signal<In, Bits<5>>,
    pub taken: Signal<Out, Bit>,
    pub wanted: Signal<Out, Bit>,
    pub grant: Signal<In, Bit>,
    pub read_free: Signal<In, Bit>,
    pub read: Signal<Out, Bit>,
    pub read_address: Signal<Out, Bits<20>>,
    pub comes: Signal<Out, Bit>,
    pub last: Signal<Out, Bit>,
    asked: Reg<Bits<5>>,
    reads: Vec<Reg<Bit>>,
    lasts: Vec<Reg<Bit>>,
    line: Signal<Local, Bits<16>>,
}

impl MapWriter {
    /// For reads that come `latency` cycles later.
    pub fn new(latency: usize) -> Self {
        make!(
            clock reset valid map_line lines taken wanted grant read_free read read_address comes last asked line;
            reads: many(latency), lasts: many(latency),
        )
    }
}

impl Logic for MapWriter {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("MapWriter: lines of STOREs");
        dff_setup!(self, clock, asked);
        for i in 0..self.reads.len() {
            dff_setup!(self, clock, reads[i], lasts[i]);
        }
        self.last.next = self.lasts[self.lasts.len() - 1].q.val();
        self.taken.next = self.last.val();
        self.wanted.next = self.valid.val() & !self.taken.val();
        self.read.next =
            self.valid.val() & self.grant.val() & self.read_free.val() & (self.asked.q.val() != self.lines.val());
        self.line.next = self.map_line.val() + bit_cast::<16, 5>(self.asked.q.val());
        self.read_address.next = bit_cast::<20, 16>(self.line.val()) << 4;
        if self.read.val() {
            self.asked.d.next = self.asked.q.val() + 1;
        }
        self.reads[0].d.next = self.read.val();
        self.lasts[0].d.next = self.read.val() & (self.asked.q.val() + 1 == self.lines.val());
        for i in 1..self.reads.len() {
            self.reads[i].d.next = self.reads[i - 1].q.val();
            self.lasts[i].d.next = self.lasts[i - 1].q.val();
        }
        self.comes.next = self.reads[self.reads.len() - 1].q.val();
        if self.last.val() {
            self.asked.d.next = bits::<5>(0);
        }
        if self.reset.val() {
            self.asked.d.next = bits::<5>(0);
            for i in 0..self.reads.len() {
                self.reads[i].d.next = false;
                self.lasts[i].d.next = false;
            }
        }
    }
}
