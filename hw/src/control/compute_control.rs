//! Starts and retires COMPUTE instructions.

use crate::cells::reg::Reg;
use crate::config::ComputeFields;
use crate::make;
use crate::{comment, dff_setup};
use rust_hdl::prelude::*;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
pub enum ComputeState {
    Idle,
    Waiting,
    Starting,
    Settling,
    Running,
    Retiring,
}

/// Holds the instruction at hand in `layer`: waits for what it waits for, starts it with `launch`, and
/// retires it when no step is left to issue and every result is written.
#[derive(LogicBlock)]
pub struct ComputeControl {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    /// Takes `next_layer`, `index` and the waits; only when `free`.
    pub accept: Signal<In, Bit>,
    pub next_layer: Signal<In, ComputeFields>,
    pub next_index: Signal<In, Bits<16>>,
    /// Everything that the instruction waits for has retired.
    pub met: Signal<In, Bit>,
    pub free: Signal<Out, Bit>,
    pub waiting: Signal<Out, Bit>,
    pub launch: Signal<Out, Bit>,
    pub layer: Signal<Out, ComputeFields>,
    pub index: Signal<Out, Bits<16>>,
    /// A sequencer has steps to issue.
    pub busy: Signal<In, Bit>,
    /// A result's last step has issued; a result has been written.
    pub result_issued: Signal<In, Bit>,
    pub result_written: Signal<In, Bit>,
    pub retire: Signal<Out, Bit>,
    state: Reg<ComputeState>,
    fields: Reg<ComputeFields>,
    number: Reg<Bits<16>>,
    in_flight: Reg<Bits<8>>,
}

impl ComputeControl {
    pub fn new() -> Self {
        make!(
            clock reset accept next_layer next_index met free waiting launch layer index busy result_issued
            result_written retire state fields number in_flight;
        )
    }
}

impl Default for ComputeControl {
    fn default() -> Self {
        Self::new()
    }
}

impl Logic for ComputeControl {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("ComputeControl: start and end of COMPUTE instructions");
        dff_setup!(self, clock, state, fields, number, in_flight);
        self.layer.next = self.fields.q.val();
        self.index.next = self.number.q.val();
        self.free.next = self.state.q.val() == ComputeState::Idle;
        self.waiting.next = self.state.q.val() == ComputeState::Waiting;
        self.launch.next = self.state.q.val() == ComputeState::Starting;
        self.retire.next = self.state.q.val() == ComputeState::Retiring;
        if self.result_issued.val() & !self.result_written.val() {
            self.in_flight.d.next = self.in_flight.q.val() + 1;
        } else if !self.result_issued.val() & self.result_written.val() {
            self.in_flight.d.next = self.in_flight.q.val() - 1;
        }
        match self.state.q.val() {
            ComputeState::Idle => {
                if self.accept.val() {
                    self.fields.d.next = self.next_layer.val();
                    self.number.d.next = self.next_index.val();
                    self.state.d.next = ComputeState::Waiting;
                }
            }
            ComputeState::Waiting => {
                if self.met.val() {
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
                self.state.d.next = ComputeState::Idle;
            }
        }
        if self.reset.val() {
            self.state.d.next = ComputeState::Idle;
            self.in_flight.d.next = bits::<8>(0);
        }
    }
}
