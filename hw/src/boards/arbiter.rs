//! One memory for the engine's two channels and the host link.

use crate::cells::reg::Reg;
use crate::make::{mask, signals};
use crate::{comment, dff_setup, make};
use rust_hdl::prelude::*;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
pub enum Owner {
    Nobody,
    EngineRead,
    EngineWrite,
    Link,
}

/// Gives the memory to one burst at a time. The host link goes first, with one beat and never two in a row while the
/// engine waits; then the engine's writes, then its reads.
///
/// Towards the memory there is one command stream for both directions, and a stream of data each way: a read's beats
/// come back in order, a write's go out in order. A burst is over when its last beat has moved.
///
/// | port | what |
/// |---|---|
/// | `read_*`, `write_*` | the engine's ports of these names, from the other side |
/// | `beat_*` | the link's ports of these names |
/// | `command_*` | `command_beats` beats from `command_address` on, to memory when `command_write` |
/// | `last` | the next beat to move is the burst's last |
/// | `in_*` | beats read |
/// | `out_*` | beats to write |
#[derive(LogicBlock)]
pub struct Arbiter {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub read_command_valid: Signal<In, Bit>,
    pub read_command_ready: Signal<Out, Bit>,
    pub read_command_address: Signal<In, Bits<32>>,
    pub read_command_beats: Signal<In, Bits<16>>,
    pub read_data_valid: Signal<Out, Bit>,
    pub read_data_ready: Signal<In, Bit>,
    pub write_command_valid: Signal<In, Bit>,
    pub write_command_ready: Signal<Out, Bit>,
    pub write_command_address: Signal<In, Bits<32>>,
    pub write_command_beats: Signal<In, Bits<16>>,
    pub write_data_valid: Signal<In, Bit>,
    pub write_data_ready: Signal<Out, Bit>,
    pub write_data: Vec<Signal<In, Bits<8>>>,
    pub beat_valid: Signal<In, Bit>,
    pub beat_ready: Signal<Out, Bit>,
    pub beat_write: Signal<In, Bit>,
    pub beat_address: Signal<In, Bits<32>>,
    pub beat_out: Vec<Signal<In, Bits<8>>>,

    pub command_valid: Signal<Out, Bit>,
    pub command_ready: Signal<In, Bit>,
    pub command_write: Signal<Out, Bit>,
    pub command_address: Signal<Out, Bits<32>>,
    pub command_beats: Signal<Out, Bits<16>>,
    pub last: Signal<Out, Bit>,
    pub in_valid: Signal<In, Bit>,
    pub in_ready: Signal<Out, Bit>,
    pub out_valid: Signal<Out, Bit>,
    pub out_ready: Signal<In, Bit>,
    pub out_data: Vec<Signal<Out, Bits<8>>>,

    owner: Reg<Owner>,
    /// The command has been taken; its data move.
    moving: Reg<Bit>,
    left: Reg<Bits<16>>,
    /// The link had the burst before.
    after_link: Reg<Bit>,
    beats_mask: Constant<Bits<16>>,
    link_may: Signal<Local, Bit>,
    moved: Signal<Local, Bit>,
    taken: Signal<Local, Bit>,
    step: Signal<Local, Bits<16>>,
}

impl Arbiter {
    /// For ports of `port_bytes` bytes and bursts of at most `burst_beats`.
    pub fn new(port_bytes: usize, burst_beats: usize) -> Self {
        make!(
            clock reset read_command_valid read_command_ready read_command_address read_command_beats read_data_valid
            read_data_ready write_command_valid write_command_ready write_command_address write_command_beats
            write_data_valid write_data_ready beat_valid beat_ready beat_write beat_address command_valid command_ready
            command_write command_address command_beats last in_valid in_ready out_valid out_ready owner moving left after_link
            link_may moved taken step;
            write_data: signals(port_bytes), beat_out: signals(port_bytes), out_data: signals(port_bytes),
            beats_mask: mask(burst_beats.max(cortado_arch::isa::INSTRUCTION_BYTES / port_bytes)),
        )
    }
}

impl Logic for Arbiter {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Arbiter: one memory for the engine and the host link");
        dff_setup!(self, clock, owner, moving, left, after_link);
        self.last.next = self.left.q.val() == bits::<16>(1);
        self.link_may.next = self.beat_valid.val()
            & !(self.after_link.q.val() & (self.read_command_valid.val() | self.write_command_valid.val()));
        self.command_valid.next = false;
        self.command_write.next = false;
        self.command_address.next = self.read_command_address.val();
        self.command_beats.next = self.read_command_beats.val();
        self.read_command_ready.next = false;
        self.write_command_ready.next = false;
        self.beat_ready.next = false;
        self.read_data_valid.next = false;
        self.write_data_ready.next = false;
        self.in_ready.next = false;
        self.out_valid.next = false;
        self.moved.next = false;
        for i in 0..self.out_data.len() {
            self.out_data[i].next = self.write_data[i].val();
        }

        match self.owner.q.val() {
            Owner::Nobody => {
                if self.link_may.val() {
                    self.owner.d.next = Owner::Link;
                } else if self.write_command_valid.val() {
                    self.owner.d.next = Owner::EngineWrite;
                } else if self.read_command_valid.val() {
                    self.owner.d.next = Owner::EngineRead;
                }
            }
            Owner::EngineRead => {
                self.command_valid.next = !self.moving.q.val();
                self.read_command_ready.next = !self.moving.q.val() & self.command_ready.val();
                self.read_data_valid.next = self.in_valid.val();
                self.in_ready.next = self.read_data_ready.val();
                self.moved.next = self.in_valid.val() & self.read_data_ready.val();
            }
            Owner::EngineWrite => {
                self.command_valid.next = !self.moving.q.val();
                self.command_write.next = true;
                self.command_address.next = self.write_command_address.val();
                self.command_beats.next = self.write_command_beats.val();
                self.write_command_ready.next = !self.moving.q.val() & self.command_ready.val();
                self.out_valid.next = self.moving.q.val() & self.write_data_valid.val();
                self.write_data_ready.next = self.moving.q.val() & self.out_ready.val();
                self.moved.next = self.moving.q.val() & self.write_data_valid.val() & self.out_ready.val();
            }
            Owner::Link => {
                self.command_valid.next = !self.moving.q.val();
                self.command_write.next = self.beat_write.val();
                self.command_address.next = self.beat_address.val();
                self.command_beats.next = bits::<16>(1);
                self.out_valid.next = self.moving.q.val() & self.beat_write.val();
                self.in_ready.next = !self.beat_write.val();
                if self.beat_write.val() {
                    self.moved.next = self.moving.q.val() & self.out_ready.val();
                } else {
                    self.moved.next = self.in_valid.val();
                }
                self.beat_ready.next = self.moved.val();
                for i in 0..self.out_data.len() {
                    self.out_data[i].next = self.beat_out[i].val();
                }
            }
        }
        // Between bursts none are left, so that a burst's beats are added to that: the adder serves for both.
        self.taken.next = self.command_valid.val() & self.command_ready.val();
        self.step.next = bits::<16>(0xffff);
        if self.taken.val() {
            self.step.next = self.command_beats.val();
        }
        if self.taken.val() | self.moved.val() {
            self.left.d.next = (self.left.q.val() + self.step.val()) & self.beats_mask.val();
        }
        if self.taken.val() {
            self.moving.d.next = true;
        } else if self.moved.val() & self.last.val() {
            self.moving.d.next = false;
            self.owner.d.next = Owner::Nobody;
            self.after_link.d.next = self.owner.q.val() == Owner::Link;
        }
        if self.reset.val() {
            self.owner.d.next = Owner::Nobody;
            self.moving.d.next = false;
            self.left.d.next = bits::<16>(0);
        }
    }
}
