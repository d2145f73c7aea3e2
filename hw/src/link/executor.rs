//! Does what whole frames ask, in their order.

use crate::cells::reg::Reg;
use crate::make::{constant, many, mask, signals};
use crate::{comment, dff_setup, make};
use cortado_arch::link::{self, Request, Status};
use cortado_arch::{Architecture, Family};
use rust_hdl::prelude::*;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
pub enum ExecuteState {
    Idle,
    Header,
    Decide,
    TakeByte,
    StoreBeat,
    Clearing,
    ReplyHead,
    LoadBeat,
    SendBeat,
    SendStatus,
}

/// One request at a time: reads its header, does it if it is in its turn and can be done, and replies.
///
/// External memory is reached a beat at a time, so the engine never waits for the line.
///
/// | port | what |
/// |---|---|
/// | `frame_valid`, `frame_bytes`, `frame_done` | the request at hand |
/// | `read_address`, `read_byte` | its bytes, a cycle later |
/// | `reply_*` | the reply's bytes |
/// | `beat_valid`, `beat_ready` | a beat of memory is wanted, and has moved; `beat_write` tells which way, `beat_in` is there with `beat_ready` |
/// | `start`, `program_address`, `busy`, `done`, `error` | the engine's ports of these names |
/// | `clear` | stops the engine and all that serves it, for 16 cycles |
#[derive(LogicBlock)]
pub struct Executor {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub frame_valid: Signal<In, Bit>,
    pub frame_bytes: Signal<In, Bits<8>>,
    pub frame_done: Signal<Out, Bit>,
    pub read_address: Signal<Out, Bits<8>>,
    pub read_byte: Signal<In, Bits<8>>,
    pub reply_valid: Signal<Out, Bit>,
    pub reply_ready: Signal<In, Bit>,
    pub reply_byte: Signal<Out, Bits<8>>,
    pub reply_last: Signal<Out, Bit>,
    pub beat_valid: Signal<Out, Bit>,
    pub beat_ready: Signal<In, Bit>,
    pub beat_write: Signal<Out, Bit>,
    pub beat_address: Signal<Out, Bits<32>>,
    pub beat_out: Vec<Signal<Out, Bits<8>>>,
    pub beat_in: Vec<Signal<In, Bits<8>>>,
    pub start: Signal<Out, Bit>,
    pub program_address: Signal<Out, Bits<32>>,
    pub busy: Signal<In, Bit>,
    pub error: Signal<In, Bits<8>>,
    pub memory_ready: Signal<In, Bit>,
    pub clear: Signal<Out, Bit>,

    state: Reg<ExecuteState>,
    /// Byte of the request to be read, and whether it is there.
    at: Reg<Bits<8>>,
    there: Reg<Bit>,
    kind: Reg<Bits<8>>,
    sequence: Reg<Bits<8>>,
    /// The sequence number of the next request in its turn.
    expected: Reg<Bits<8>>,
    address: Reg<Bits<32>>,
    /// The address lies beyond the memory.
    outside: Reg<Bit>,
    /// Bytes still to be read; at first the byte after the header.
    left: Reg<Bits<8>>,
    /// Upper bits of the reply's kind.
    verdict: Reg<Bits<8>>,
    beat: Vec<Reg<Bits<8>>>,
    /// Byte of the beat, of the reply's head or of the status.
    place: Reg<Bits<4>>,
    cycles: Reg<Bits<32>>,

    header_last: Constant<Bits<8>>,
    header_bytes: Constant<Bits<8>>,
    read_bytes: Constant<Bits<8>>,
    port_bytes: Constant<Bits<8>>,
    beat_mask: Constant<Bits<8>>,
    beat_last: Constant<Bits<4>>,
    status_last: Constant<Bits<4>>,
    address_mask: Constant<Bits<32>>,
    cycles_mask: Constant<Bits<32>>,
    done_bits: Constant<Bits<8>>,
    refused_bits: Constant<Bits<8>>,
    disorder_bits: Constant<Bits<8>>,
    kind_status: Constant<Bits<8>>,
    kind_write: Constant<Bits<8>>,
    kind_read: Constant<Bits<8>>,
    kind_start: Constant<Bits<8>>,
    kind_reset: Constant<Bits<8>>,
    /// The bytes of the status that never change.
    fixed: Vec<Constant<Bits<8>>>,
    number: Vec<Constant<Bits<4>>>,
    status: Vec<Signal<Local, Bits<8>>>,
    status_byte: Signal<Local, Bits<8>>,
    takes: Signal<Local, Bit>,
    write_good: Signal<Local, Bit>,
    read_good: Signal<Local, Bit>,
    place_good: Signal<Local, Bit>,
    beat_ends: Signal<Local, Bit>,
    flags: Signal<Local, Bits<8>>,
    low_address: Signal<Local, Bits<8>>,
    incoming: Signal<Local, Bits<32>>,
    step: Signal<Local, Bits<32>>,
    further: Signal<Local, Bits<32>>,
}

impl Executor {
    /// For the port and the memory of `arch`.
    pub fn new(arch: &Architecture, memory_bits: usize) -> Self {
        let told = Status {
            version: link::VERSION,
            port_bytes: arch.port_bytes as u8,
            memory_bits: memory_bits as u8,
            identity: arch.hash() as u32,
            ..Status::default()
        };
        let kind = |request: Request| constant(request as usize);
        // A second's worth and more of a small part's clock, whose logic is nearly used up.
        let cycles = if matches!(arch.family, Family::Ice40 { .. }) { (1 << 24) - 1 } else { u32::MAX as usize };
        make!(
            clock reset frame_valid frame_bytes frame_done read_address read_byte reply_valid reply_ready reply_byte
            reply_last beat_valid beat_ready beat_write beat_address start program_address busy error memory_ready
            clear state at there kind sequence expected address outside left verdict place cycles status_byte takes
            write_good read_good place_good beat_ends flags low_address incoming step further;
            beat_out: signals(arch.port_bytes), beat_in: signals(arch.port_bytes), beat: many(arch.port_bytes),
            header_last: constant(link::REQUEST_BYTES), header_bytes: constant(link::REQUEST_BYTES),
            read_bytes: constant(link::REQUEST_BYTES + 1),
            port_bytes: constant(arch.port_bytes), beat_mask: constant(arch.port_bytes - 1),
            beat_last: constant(arch.port_bytes - 1), status_last: constant(Status::BYTES - 1),
            address_mask: mask((1 << memory_bits) - 1), cycles_mask: mask(cycles),
            done_bits: constant(link::REPLY.into()), refused_bits: constant((link::REPLY | link::REFUSED).into()),
            disorder_bits: constant((link::REPLY | link::OUT_OF_ORDER).into()),
            kind_status: kind(Request::Status), kind_write: kind(Request::Write), kind_read: kind(Request::Read),
            kind_start: kind(Request::Start), kind_reset: kind(Request::Reset),
            fixed: told.encode().iter().map(|&byte| constant(byte.into())).collect(),
            number: (0..Status::BYTES).map(constant).collect(), status: signals(Status::BYTES),
        )
    }
}

impl Logic for Executor {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Executor: does what whole frames ask, in their order");
        dff_setup!(
            self, clock, state, at, there, kind, sequence, expected, address, outside, left, verdict, place, cycles
        );
        self.read_address.next = self.at.q.val();
        self.program_address.next = self.address.q.val();
        self.beat_address.next = self.address.q.val();
        self.beat_valid.next =
            (self.state.q.val() == ExecuteState::StoreBeat) | (self.state.q.val() == ExecuteState::LoadBeat);
        self.beat_write.next = self.state.q.val() == ExecuteState::StoreBeat;
        self.clear.next = self.state.q.val() == ExecuteState::Clearing;
        self.start.next = false;
        self.frame_done.next = false;
        self.beat_ends.next = self.place.q.val() == self.beat_last.val();

        // A byte of the request takes two cycles: its address, then the byte.
        self.takes.next = self.there.q.val();
        self.there.d.next = false;

        if self.at.q.val() == bits::<8>(2) {
            self.incoming.next = bit_cast::<32, 8>(self.read_byte.val());
        } else if self.at.q.val() == bits::<8>(3) {
            self.incoming.next = bit_cast::<32, 8>(self.read_byte.val()) << 8;
        } else if self.at.q.val() == bits::<8>(4) {
            self.incoming.next = bit_cast::<32, 8>(self.read_byte.val()) << 16;
        } else {
            self.incoming.next = bit_cast::<32, 8>(self.read_byte.val()) << 24;
        }
        // The address begins as 0, so that its bytes are added to it: the adder serves for both.
        self.step.next = bit_cast::<32, 8>(self.port_bytes.val());
        if self.state.q.val() == ExecuteState::Header {
            self.step.next = self.incoming.val();
        }
        self.further.next = (self.address.q.val() + self.step.val()) & self.address_mask.val();
        self.low_address.next = self.address.q.val().get_bits::<8>(0);
        self.place_good.next = !self.outside.q.val() & !(self.low_address.val() & self.beat_mask.val()).any();
        // The receiver lets no frame pass that is shorter than a header or longer than the most data.
        self.write_good.next = (self.frame_bytes.val() != self.header_bytes.val())
            & (((self.frame_bytes.val() ^ self.header_bytes.val()) & self.beat_mask.val()) == bits::<8>(0));
        self.read_good.next = (self.frame_bytes.val() == self.read_bytes.val())
            & self.left.q.val().any()
            & !(self.left.q.val() & self.beat_mask.val()).any();

        // What STATUS tells; see cortado_arch::link::Status::encode.
        for i in 0..self.fixed.len() {
            self.status[i].next = self.fixed[i].val();
        }
        self.flags.next = bits::<8>(0);
        if self.busy.val() & self.memory_ready.val() {
            self.flags.next = bits::<8>(3);
        } else if self.busy.val() {
            self.flags.next = bits::<8>(1);
        } else if self.memory_ready.val() {
            self.flags.next = bits::<8>(2);
        }
        self.status[3].next = self.flags.val();
        self.status[4].next = self.error.val();
        self.status[5].next = self.cycles.q.val().get_bits::<8>(0);
        self.status[6].next = self.cycles.q.val().get_bits::<8>(8);
        self.status[7].next = self.cycles.q.val().get_bits::<8>(16);
        self.status[8].next = self.cycles.q.val().get_bits::<8>(24);
        self.status_byte.next = bits::<8>(0);
        for i in 0..self.number.len() {
            if self.place.q.val() == self.number[i].val() {
                self.status_byte.next = self.status[i].val();
            }
        }

        // The reply: head, then status or beats.
        self.reply_valid.next = (self.state.q.val() == ExecuteState::ReplyHead)
            | (self.state.q.val() == ExecuteState::SendStatus)
            | (self.state.q.val() == ExecuteState::SendBeat);
        self.reply_last.next = false;
        self.reply_byte.next = self.status_byte.val();
        if self.state.q.val() == ExecuteState::SendBeat {
            self.reply_byte.next = self.beat[0].q.val();
        } else if self.state.q.val() == ExecuteState::ReplyHead {
            if self.place.q.val() == bits::<4>(0) {
                self.reply_byte.next = self.kind.q.val() | self.verdict.q.val();
            } else if self.place.q.val() == bits::<4>(1) {
                self.reply_byte.next = self.sequence.q.val();
            } else {
                self.reply_byte.next = self.expected.q.val();
            }
        }

        for i in 0..self.beat.len() {
            dff_setup!(self, clock, beat[i]);
            self.beat_out[i].next = self.beat[i].q.val();
        }
        // Bytes come into a beat from above and leave it below.
        if ((self.state.q.val() == ExecuteState::TakeByte) & self.takes.val())
            | ((self.state.q.val() == ExecuteState::SendBeat) & self.reply_ready.val())
        {
            for i in 0..self.beat.len() {
                self.beat[i].d.next = self.read_byte.val();
            }
            for i in 0..(self.beat.len() - 1) {
                self.beat[i].d.next = self.beat[i + 1].q.val();
            }
        }
        if (self.state.q.val() == ExecuteState::LoadBeat) & self.beat_ready.val() {
            for i in 0..self.beat.len() {
                self.beat[i].d.next = self.beat_in[i].val();
            }
        }

        match self.state.q.val() {
            ExecuteState::Idle => {
                self.at.d.next = bits::<8>(0);
                self.outside.d.next = false;
                self.address.d.next = bits::<32>(0);
                if self.frame_valid.val() {
                    self.state.d.next = ExecuteState::Header;
                }
            }
            ExecuteState::Header => {
                self.there.d.next = !self.there.q.val();
                if self.takes.val() {
                    self.at.d.next = self.at.q.val() + 1;
                    self.left.d.next = self.read_byte.val();
                    if self.at.q.val() == bits::<8>(0) {
                        self.kind.d.next = self.read_byte.val();
                    } else if self.at.q.val() == bits::<8>(1) {
                        self.sequence.d.next = self.read_byte.val();
                    } else if self.at.q.val() != self.header_last.val() {
                        self.address.d.next = self.further.val();
                        if (self.incoming.val() & !self.address_mask.val()).any() {
                            self.outside.d.next = true;
                        }
                    }
                    if self.at.q.val() == self.header_last.val() {
                        self.at.d.next = self.header_bytes.val();
                        self.state.d.next = ExecuteState::Decide;
                    }
                }
            }
            ExecuteState::Decide => {
                self.place.d.next = bits::<4>(0);
                self.state.d.next = ExecuteState::ReplyHead;
                self.verdict.d.next = self.refused_bits.val();
                if self.kind.q.val() == self.kind_status.val() {
                    self.verdict.d.next = self.done_bits.val();
                } else if self.sequence.q.val() != self.expected.q.val() {
                    self.verdict.d.next = self.disorder_bits.val();
                } else {
                    self.expected.d.next = self.expected.q.val() + 1;
                    if (self.kind.q.val() == self.kind_write.val()) & self.place_good.val() & self.write_good.val() {
                        self.verdict.d.next = self.done_bits.val();
                        self.state.d.next = ExecuteState::TakeByte;
                    } else if (self.kind.q.val() == self.kind_read.val()) & self.place_good.val() & self.read_good.val()
                    {
                        self.verdict.d.next = self.done_bits.val();
                    } else if (self.kind.q.val() == self.kind_start.val())
                        & self.place_good.val()
                        & !self.busy.val()
                        & self.memory_ready.val()
                    {
                        self.start.next = true;
                        self.verdict.d.next = self.done_bits.val();
                    } else if self.kind.q.val() == self.kind_reset.val() {
                        self.verdict.d.next = self.done_bits.val();
                        self.state.d.next = ExecuteState::Clearing;
                    }
                }
            }
            ExecuteState::TakeByte => {
                self.there.d.next = !self.there.q.val();
                if self.takes.val() {
                    self.at.d.next = self.at.q.val() + 1;
                    self.place.d.next = self.place.q.val() + 1;
                    if self.beat_ends.val() {
                        self.place.d.next = bits::<4>(0);
                        self.state.d.next = ExecuteState::StoreBeat;
                    }
                }
            }
            ExecuteState::StoreBeat => {
                if self.beat_ready.val() {
                    self.address.d.next = self.further.val();
                    if self.at.q.val() == self.frame_bytes.val() {
                        self.state.d.next = ExecuteState::ReplyHead;
                    } else {
                        self.state.d.next = ExecuteState::TakeByte;
                    }
                }
            }
            ExecuteState::Clearing => {
                self.place.d.next = self.place.q.val() + 1;
                if self.place.q.val() == bits::<4>(15) {
                    self.state.d.next = ExecuteState::ReplyHead;
                }
            }
            ExecuteState::ReplyHead => {
                if self.reply_ready.val() {
                    self.place.d.next = self.place.q.val() + 1;
                }
                if self.place.q.val() == bits::<4>(2) {
                    if self.kind.q.val() == self.kind_status.val() {
                        if self.reply_ready.val() {
                            self.place.d.next = bits::<4>(0);
                            self.state.d.next = ExecuteState::SendStatus;
                        }
                    } else if (self.kind.q.val() == self.kind_read.val())
                        & (self.verdict.q.val() == self.done_bits.val())
                    {
                        if self.reply_ready.val() {
                            self.place.d.next = bits::<4>(0);
                            self.state.d.next = ExecuteState::LoadBeat;
                        }
                    } else {
                        self.reply_last.next = true;
                        if self.reply_ready.val() {
                            self.frame_done.next = true;
                            self.state.d.next = ExecuteState::Idle;
                        }
                    }
                }
            }
            ExecuteState::LoadBeat => {
                if self.beat_ready.val() {
                    self.address.d.next = self.further.val();
                    self.state.d.next = ExecuteState::SendBeat;
                }
            }
            ExecuteState::SendBeat => {
                self.reply_last.next = self.left.q.val() == bits::<8>(1);
                if self.reply_ready.val() {
                    self.left.d.next = self.left.q.val() - 1;
                    self.place.d.next = self.place.q.val() + 1;
                    if self.left.q.val() == bits::<8>(1) {
                        self.frame_done.next = true;
                        self.state.d.next = ExecuteState::Idle;
                    } else if self.beat_ends.val() {
                        self.place.d.next = bits::<4>(0);
                        self.state.d.next = ExecuteState::LoadBeat;
                    }
                }
            }
            ExecuteState::SendStatus => {
                self.reply_last.next = self.place.q.val() == self.status_last.val();
                if self.reply_ready.val() {
                    self.place.d.next = self.place.q.val() + 1;
                    if self.place.q.val() == self.status_last.val() {
                        self.frame_done.next = true;
                        self.state.d.next = ExecuteState::Idle;
                    }
                }
            }
        }
        if self.start.val() {
            self.cycles.d.next = bits::<32>(0);
        } else if self.busy.val() {
            self.cycles.d.next = (self.cycles.q.val() + 1) & self.cycles_mask.val();
        }
        if self.reset.val() {
            self.state.d.next = ExecuteState::Idle;
            self.expected.d.next = bits::<8>(0);
        }
    }
}
