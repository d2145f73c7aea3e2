//! Lines on a memory port that is narrower than a line.

use crate::cells::reg::Reg;
use crate::make::{constant, many, signals};
use crate::{comment, dff_setup, make};
use cortado_arch::trainer::LINE_WORDS;
use rust_hdl::prelude::*;

/// Between channels of lines (`line_*`) and the memory's, whose beats have `port_words` words, the lowest words first.
///
/// Commands pass in their own cycle, with more beats. A line that was read is there the cycle after its last beat; one to
/// be written goes out from the cycle after it was taken. Both move a beat a cycle.
#[derive(LogicBlock)]
pub struct PortWidth {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub line_read_command_beats: Signal<In, Bits<16>>,
    pub line_read_data_valid: Signal<Out, Bit>,
    pub line_read_data_ready: Signal<In, Bit>,
    pub line_read_data: Vec<Signal<Out, Bits<32>>>,
    pub line_write_command_beats: Signal<In, Bits<16>>,
    pub line_write_data_valid: Signal<In, Bit>,
    pub line_write_data_ready: Signal<Out, Bit>,
    pub line_write_data: Vec<Signal<In, Bits<32>>>,
    pub read_command_beats: Signal<Out, Bits<16>>,
    pub read_data_valid: Signal<In, Bit>,
    pub read_data_ready: Signal<Out, Bit>,
    pub read_data: Vec<Signal<In, Bits<32>>>,
    pub write_command_beats: Signal<Out, Bits<16>>,
    pub write_data_valid: Signal<Out, Bit>,
    pub write_data_ready: Signal<In, Bit>,
    pub write_data: Vec<Signal<Out, Bits<32>>>,
    /// Words of the line that comes, its last beat last; beats that have come.
    read_line: Vec<Reg<Bits<32>>>,
    read_beats: Reg<Bits<5>>,
    /// Words of the line that goes, the next beat first; beats that are left.
    write_line: Vec<Reg<Bits<32>>>,
    write_beats: Reg<Bits<5>>,
    whole: Signal<Local, Bit>,
    takes: Signal<Local, Bit>,
    sends: Signal<Local, Bit>,
    all: Constant<Bits<5>>,
    shift: Constant<Bits<16>>,
}

impl PortWidth {
    /// For beats of `port_words` words, a power of two less than a line's.
    pub fn new(port_words: usize) -> Self {
        let beats = LINE_WORDS / port_words;
        make!(
            clock reset line_read_command_beats line_read_data_valid line_read_data_ready line_write_command_beats
            line_write_data_valid line_write_data_ready read_command_beats read_data_valid read_data_ready
            write_command_beats write_data_valid write_data_ready read_beats write_beats whole takes sends;
            line_read_data: signals(LINE_WORDS), line_write_data: signals(LINE_WORDS), read_data: signals(port_words),
            write_data: signals(port_words), read_line: many(LINE_WORDS), write_line: many(LINE_WORDS),
            all: constant(beats), shift: constant(beats.trailing_zeros() as usize),
        )
    }
}

impl Logic for PortWidth {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("PortWidth: lines on a narrower memory port");
        dff_setup!(self, clock, read_beats, write_beats);
        self.read_command_beats.next = self.line_read_command_beats.val() << self.shift.val();
        self.write_command_beats.next = self.line_write_command_beats.val() << self.shift.val();

        self.whole.next = self.read_beats.q.val() == self.all.val();
        self.line_read_data_valid.next = self.whole.val();
        self.read_data_ready.next = !self.whole.val() | self.line_read_data_ready.val();
        self.takes.next = self.read_data_valid.val() & self.read_data_ready.val();
        if self.whole.val() & self.line_read_data_ready.val() {
            self.read_beats.d.next = bits::<5>(0);
        }
        if self.takes.val() {
            if self.whole.val() {
                self.read_beats.d.next = bits::<5>(1);
            } else {
                self.read_beats.d.next = self.read_beats.q.val() + 1;
            }
        }
        for i in 0..self.read_line.len() {
            dff_setup!(self, clock, read_line[i], write_line[i]);
            self.line_read_data[i].next = self.read_line[i].q.val();
        }
        if self.takes.val() {
            for i in 0..(self.read_line.len() - self.read_data.len()) {
                self.read_line[i].d.next = self.read_line[i + self.read_data.len()].q.val();
            }
            for i in 0..self.read_data.len() {
                self.read_line[i + (self.line_read_data.len() - self.read_data.len())].d.next = self.read_data[i].val();
            }
        }

        self.write_data_valid.next = self.write_beats.q.val().any();
        self.sends.next = self.write_data_valid.val() & self.write_data_ready.val();
        self.line_write_data_ready.next =
            !self.write_beats.q.val().any() | (self.sends.val() & (self.write_beats.q.val() == bits::<5>(1)));
        if self.sends.val() {
            self.write_beats.d.next = self.write_beats.q.val() - 1;
            for i in 0..(self.write_line.len() - self.write_data.len()) {
                self.write_line[i].d.next = self.write_line[i + self.write_data.len()].q.val();
            }
        }
        if self.line_write_data_valid.val() & self.line_write_data_ready.val() {
            self.write_beats.d.next = self.all.val();
            for i in 0..self.write_line.len() {
                self.write_line[i].d.next = self.line_write_data[i].val();
            }
        }
        for i in 0..self.write_data.len() {
            self.write_data[i].next = self.write_line[i].q.val();
        }
        if self.reset.val() {
            self.read_beats.d.next = bits::<5>(0);
            self.write_beats.d.next = bits::<5>(0);
        }
    }
}
