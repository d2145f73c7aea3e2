//! Frames from a stream of bytes: flags, escapes and the checksum.

use crate::cells::reg::Reg;
use crate::link::check::Check;
use crate::make::constant;
use crate::{clock, comment, dff_setup, make};
use cortado_arch::link::{ESCAPE, ESCAPE_FLIP, FLAG};
use rust_hdl::prelude::*;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
pub enum SendState {
    Idle,
    Body,
    Check,
    Closing,
}

/// Sends what comes while `valid` as one frame, closed after the byte with `last`.
///
/// | port | what |
/// |---|---|
/// | `valid`, `ready`, `data`, `last` | the frame's bytes |
/// | `line_valid`, `line_ready`, `line_byte` | bytes to the transmitter, which must take 10 cycles or more for one |
#[derive(LogicBlock)]
pub struct FrameSender {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets the frame at hand.
    pub reset: Signal<In, Bit>,
    /// A byte is offered.
    pub valid: Signal<In, Bit>,
    /// It is taken.
    pub ready: Signal<Out, Bit>,
    /// The byte.
    pub data: Signal<In, Bits<8>>,
    /// It is the frame's last.
    pub last: Signal<In, Bit>,
    /// A byte is offered to the line.
    pub line_valid: Signal<Out, Bit>,
    /// It is taken.
    pub line_ready: Signal<In, Bit>,
    /// The byte.
    pub line_byte: Signal<Out, Bits<8>>,

    check: Check,
    state: Reg<SendState>,
    /// The escape has gone, the byte itself has not.
    escaped: Reg<Bit>,
    place: Reg<Bits<2>>,

    flag: Constant<Bits<8>>,
    escape: Constant<Bits<8>>,
    flip: Constant<Bits<8>>,
    low: Signal<Local, Bits<32>>,
    plain: Signal<Local, Bits<8>>,
    is_special: Signal<Local, Bit>,
    offered: Signal<Local, Bit>,
    moves: Signal<Local, Bit>,
    taken: Signal<Local, Bit>,
}

impl Default for FrameSender {
    fn default() -> Self {
        make!(
            clock reset valid ready data last line_valid line_ready line_byte check state escaped place low plain
            is_special offered moves taken;
            flag: constant(FLAG.into()), escape: constant(ESCAPE.into()), flip: constant(ESCAPE_FLIP.into()),
        )
    }
}

impl Logic for FrameSender {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("FrameSender: flags, escapes and the checksum round a frame");
        clock!(self, clock, check);
        dff_setup!(self, clock, state, escaped, place);
        // The checksum leaves its register from below, complemented.
        self.low.next = !self.check.value.val();
        self.plain.next = self.data.val();
        if self.state.q.val() == SendState::Check {
            self.plain.next = self.low.val().get_bits::<8>(0);
        }
        self.is_special.next = (self.plain.val() == self.flag.val()) | (self.plain.val() == self.escape.val());
        // The checksum is whole once the byte before is in it.
        self.offered.next = ((self.state.q.val() == SendState::Check)
            | ((self.state.q.val() == SendState::Body) & self.valid.val()))
            & !self.check.busy.val();
        self.line_byte.next = self.flag.val();
        if self.offered.val() {
            if self.escaped.q.val() {
                self.line_byte.next = self.plain.val() ^ self.flip.val();
            } else if self.is_special.val() {
                self.line_byte.next = self.escape.val();
            } else {
                self.line_byte.next = self.plain.val();
            }
        }
        self.line_valid.next = self.offered.val()
            | ((self.state.q.val() == SendState::Idle) & self.valid.val())
            | (self.state.q.val() == SendState::Closing);
        self.moves.next = self.offered.val() & self.line_ready.val();
        self.taken.next = self.moves.val() & (self.escaped.q.val() | !self.is_special.val());
        if self.moves.val() {
            self.escaped.d.next = !self.taken.val();
        }
        self.ready.next = self.taken.val() & (self.state.q.val() == SendState::Body);
        self.check.clear.next = self.state.q.val() == SendState::Idle;
        self.check.valid.next = self.taken.val();
        self.check.drain.next = self.state.q.val() == SendState::Check;
        self.check.data.next = self.data.val();

        match self.state.q.val() {
            SendState::Idle => {
                if self.valid.val() & self.line_ready.val() {
                    self.state.d.next = SendState::Body;
                }
            }
            SendState::Body => {
                if self.taken.val() & self.last.val() {
                    self.state.d.next = SendState::Check;
                }
            }
            SendState::Check => {
                if self.taken.val() {
                    self.place.d.next = self.place.q.val() + 1;
                    if self.place.q.val() == bits::<2>(3) {
                        self.state.d.next = SendState::Closing;
                    }
                }
            }
            SendState::Closing => {
                if self.line_ready.val() {
                    self.state.d.next = SendState::Idle;
                }
            }
        }
        if self.reset.val() {
            self.state.d.next = SendState::Idle;
            self.escaped.d.next = false;
            self.place.d.next = bits::<2>(0);
        }
    }
}
