//! Copies, starts and retires COMPUTE instructions.

use crate::cells::reg::Reg;
use crate::make;
use crate::make::constant;
use crate::{comment, dff_setup};
use cortado_arch::isa::CopyBeats;
use rust_hdl::prelude::*;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
pub enum ComputeState {
    Idle,
    Starting,
    Settling,
    Running,
    Retiring,
}

/// Copies the instruction that is `offered` to the layer's registers, starts it with `launch`, and retires it when no step is left to issue and every result is written.
///
/// The fields that only sequencers read are copied while the results of the COMPUTE before are on their way,
/// those that no one reads before a result comes after the launch: `CopyBeats`.
#[derive(LogicBlock)]
pub struct ComputeControl {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    /// The instruction fetched ahead is a COMPUTE, until `taken`.
    pub offered: Signal<In, Bit>,
    pub offered_index: Signal<In, Bits<16>>,
    /// Its copy goes on to the end by itself: the next instruction may be fetched.
    pub taken: Signal<Out, Bit>,
    pub copy: Signal<Out, Bit>,
    pub copy_at: Signal<Out, Bits<6>>,
    /// The instruction offered waits for the LOAD or STORE at hand; that has retired.
    pub waits: Signal<In, Bit>,
    pub transfer_retired: Signal<In, Bit>,
    /// No instruction is at hand.
    pub free: Signal<Out, Bit>,
    pub launch: Signal<Out, Bit>,
    /// Number of the instruction at hand; holds until it retires.
    pub index: Signal<Out, Bits<16>>,
    /// A sequencer has steps to issue.
    pub busy: Signal<In, Bit>,
    /// A result's last step has issued; a result has been written.
    pub result_issued: Signal<In, Bit>,
    pub result_written: Signal<In, Bit>,
    pub retire: Signal<Out, Bit>,
    state: Reg<ComputeState>,
    /// A whole instruction waits for its launch.
    whole: Reg<Bit>,
    held_up: Reg<Bit>,
    at: Reg<Bits<6>>,
    number: Reg<Bits<16>>,
    in_flight: Reg<Bits<8>>,
    last: Constant<Bits<6>>,
    issue: Constant<Bits<6>>,
    launched: Constant<Bits<7>>,
    between: Signal<Local, Bit>,
    issued: Signal<Local, Bit>,
    ended: Signal<Local, Bit>,
    enough: Signal<Local, Bit>,
}

impl ComputeControl {
    /// For beats of `port_bytes`, a divisor of 64.
    pub fn new(port_bytes: usize) -> Self {
        let beats = CopyBeats::of(port_bytes);
        make!(
            clock reset offered offered_index taken copy copy_at waits transfer_retired free launch index busy result_issued result_written
            retire state whole held_up at number in_flight between issued ended enough;
            last: constant(beats.all - 1), issue: constant(beats.issue), launched: constant(beats.launch),
        )
    }
}

impl Logic for ComputeControl {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("ComputeControl: start and end of COMPUTE instructions");
        dff_setup!(self, clock, state, whole, held_up, at, number, in_flight);
        self.index.next = self.number.q.val();
        self.copy_at.next = self.at.q.val();
        self.free.next = (self.state.q.val() == ComputeState::Idle) & !self.whole.q.val() & !self.at.q.val().any();
        self.launch.next = self.state.q.val() == ComputeState::Starting;
        self.retire.next = self.state.q.val() == ComputeState::Retiring;
        if self.result_issued.val() & !self.result_written.val() {
            self.in_flight.d.next = self.in_flight.q.val() + 1;
        } else if !self.result_issued.val() & self.result_written.val() {
            self.in_flight.d.next = self.in_flight.q.val() - 1;
        }

        self.between.next = (self.state.q.val() == ComputeState::Idle) | (self.state.q.val() == ComputeState::Retiring);
        self.issued.next = self.between.val() | ((self.state.q.val() == ComputeState::Running) & !self.busy.val());
        // Once results are out of the way nothing stops the copy, and it stays ahead of the next fetch.
        if self.at.q.val() > self.issue.val() {
            self.copy.next = true;
        } else if self.at.q.val() == self.issue.val() {
            self.copy.next = self.offered.val() & self.between.val() & !self.whole.q.val();
        } else {
            self.copy.next = self.offered.val() & self.issued.val() & !self.whole.q.val();
        }
        self.taken.next = self.copy.val() & (self.at.q.val() == self.issue.val());
        self.ended.next = self.copy.val() & (self.at.q.val() == self.last.val());
        self.enough.next =
            self.whole.q.val() | (self.copy.val() & (bit_cast::<7, 6>(self.at.q.val()) + 1 >= self.launched.val()));
        if self.copy.val() {
            self.at.d.next = (self.at.q.val() + 1) & self.last.val();
        }
        if self.taken.val() {
            self.number.d.next = self.offered_index.val();
        }

        if self.offered.val() & !self.whole.q.val() {
            self.held_up.d.next = self.waits.val();
        } else if self.transfer_retired.val() {
            self.held_up.d.next = false;
        }
        match self.state.q.val() {
            ComputeState::Idle => {
                if self.ended.val() {
                    self.whole.d.next = true;
                }
                if self.enough.val() & !self.held_up.q.val() {
                    self.whole.d.next = false;
                    self.state.d.next = ComputeState::Starting;
                }
            }
            ComputeState::Starting => {
                self.state.d.next = ComputeState::Settling;
            }
            ComputeState::Settling => {
                self.state.d.next = ComputeState::Running;
            }
            ComputeState::Running => {
                if !self.busy.val() & !self.in_flight.q.val().any() {
                    self.state.d.next = ComputeState::Retiring;
                }
            }
            ComputeState::Retiring => {
                if self.ended.val() {
                    self.whole.d.next = true;
                }
                self.state.d.next = ComputeState::Idle;
            }
        }
        if self.reset.val() {
            self.state.d.next = ComputeState::Idle;
            self.whole.d.next = false;
            self.at.d.next = bits::<6>(0);
            self.in_flight.d.next = bits::<8>(0);
        }
    }
}
