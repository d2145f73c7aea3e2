//! Fetches instructions, hands them to the units in order, and counts what has retired.

use super::fields::{ComputeFields, Decoder, ParametersFields, TransferFields};
use crate::cells::reg::Reg;
use crate::cells::stream::{Fifo, StreamError};
use crate::make::{constant, signals};
use crate::{clock, comment, dff_setup, make};
use cortado_arch::trainer::LINE_WORDS;
use rust_hdl::prelude::*;

/// Instructions asked for and not handed over.
const AHEAD: usize = 4;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
pub enum State {
    Idle,
    Running,
    Draining,
    Finishing,
}

/// From `start` on: fetches from `program_line` on, hands each instruction to its unit when what it waits for has retired.
///
/// At END, or with `error` at an instruction that names nothing, it waits until all that was handed over has retired and
/// the units are `others_idle`; then `done` is high for a cycle.
#[derive(LogicBlock)]
pub struct Dispatcher {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub start: Signal<In, Bit>,
    pub program_line: Signal<In, Bits<26>>,
    pub busy: Signal<Out, Bit>,
    pub done: Signal<Out, Bit>,
    pub error: Signal<Out, Bit>,
    pub fetch_valid: Signal<Out, Bit>,
    pub fetch_ready: Signal<In, Bit>,
    pub fetch_line: Signal<Out, Bits<26>>,
    pub line_valid: Signal<In, Bit>,
    pub line: Vec<Signal<In, Bits<32>>>,
    pub parameters_valid: Signal<Out, Bit>,
    pub parameters_ready: Signal<In, Bit>,
    pub parameters: Signal<Out, ParametersFields>,
    pub load_valid: Signal<Out, Bit>,
    pub load_ready: Signal<In, Bit>,
    pub store_valid: Signal<Out, Bit>,
    pub store_ready: Signal<In, Bit>,
    pub transfer: Signal<Out, TransferFields>,
    pub compute_valid: Signal<Out, Bit>,
    pub compute_ready: Signal<In, Bit>,
    pub compute: Signal<Out, ComputeFields>,
    pub load_retired: Signal<In, Bit>,
    pub store_retired: Signal<In, Bit>,
    pub compute_retired: Signal<In, Bit>,
    pub others_idle: Signal<In, Bit>,

    state: Reg<State>,
    fault: Reg<Bit>,
    next_line: Reg<Bits<26>>,
    ahead: Reg<Bits<3>>,
    queue: Fifo<Bits<32>>,
    decoder: Decoder,
    loads: Reg<Bits<12>>,
    stores: Reg<Bits<12>>,
    computes: Reg<Bits<12>>,
    loads_retired: Reg<Bits<12>>,
    stores_retired: Reg<Bits<12>>,
    computes_retired: Reg<Bits<12>>,
    may_go: Signal<Local, Bit>,
    pops: Signal<Local, Bit>,
    asks: Signal<Local, Bit>,
    all_retired: Signal<Local, Bit>,
    most: Constant<Bits<3>>,
}

impl Dispatcher {
    /// # Errors
    /// None: the queue has a size that it may have.
    pub fn new() -> Result<Self, StreamError> {
        Ok(make!(
            clock reset start program_line busy done error fetch_valid fetch_ready fetch_line line_valid parameters_valid
            parameters_ready parameters load_valid load_ready store_valid store_ready transfer compute_valid compute_ready
            compute load_retired store_retired compute_retired others_idle state fault next_line ahead decoder loads stores
            computes loads_retired stores_retired computes_retired may_go pops asks all_retired;
            line: signals(LINE_WORDS), queue: Fifo::new(AHEAD, LINE_WORDS)?, most: constant(AHEAD),
        ))
    }
}

impl Logic for Dispatcher {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Dispatcher: fetch, dispatch and retirement of the unit's instructions");
        clock!(self, clock, queue);
        dff_setup!(
            self,
            clock,
            state,
            fault,
            next_line,
            ahead,
            loads,
            stores,
            computes,
            loads_retired,
            stores_retired,
            computes_retired
        );
        self.busy.next = !(self.state.q.val() == State::Idle);
        self.done.next = self.state.q.val() == State::Finishing;
        self.error.next = self.fault.q.val();
        self.queue.reset.next = self.reset.val();
        self.queue.in_valid.next = self.line_valid.val();
        for j in 0..self.line.len() {
            self.queue.in_data[j].next = self.line[j].val();
            self.decoder.line[j].next = self.queue.out_data[j].val();
        }
        self.parameters.next = self.decoder.parameters.val();
        self.transfer.next = self.decoder.transfer.val();
        self.compute.next = self.decoder.compute.val();
        self.fetch_line.next = self.next_line.q.val();
        self.fetch_valid.next = (self.state.q.val() == State::Running) & (self.ahead.q.val() != self.most.val());

        self.may_go.next = (self.state.q.val() == State::Running)
            & self.queue.out_valid.val()
            & (self.decoder.wait_loads.val() <= self.loads_retired.q.val())
            & (self.decoder.wait_stores.val() <= self.stores_retired.q.val())
            & (self.decoder.wait_computes.val() <= self.computes_retired.q.val());
        self.parameters_valid.next = self.may_go.val() & (self.decoder.opcode.val() == bits::<4>(1));
        self.load_valid.next = self.may_go.val() & (self.decoder.opcode.val() == bits::<4>(2));
        self.store_valid.next = self.may_go.val() & (self.decoder.opcode.val() == bits::<4>(3));
        self.compute_valid.next = self.may_go.val() & (self.decoder.opcode.val() == bits::<4>(4));
        self.pops.next = (self.parameters_valid.val() & self.parameters_ready.val())
            | (self.load_valid.val() & self.load_ready.val())
            | (self.store_valid.val() & self.store_ready.val())
            | (self.compute_valid.val() & self.compute_ready.val())
            | ((self.state.q.val() == State::Draining) & self.queue.out_valid.val());
        self.queue.out_ready.next = self.pops.val();
        self.asks.next = self.fetch_valid.val() & self.fetch_ready.val();
        if self.asks.val() {
            self.next_line.d.next = self.next_line.q.val() + 1;
        }
        if self.asks.val() & !self.pops.val() {
            self.ahead.d.next = self.ahead.q.val() + 1;
        } else if self.pops.val() & !self.asks.val() {
            self.ahead.d.next = self.ahead.q.val() - 1;
        }
        if self.load_valid.val() & self.load_ready.val() {
            self.loads.d.next = self.loads.q.val() + 1;
        }
        if self.store_valid.val() & self.store_ready.val() {
            self.stores.d.next = self.stores.q.val() + 1;
        }
        if self.compute_valid.val() & self.compute_ready.val() {
            self.computes.d.next = self.computes.q.val() + 1;
        }
        if self.load_retired.val() {
            self.loads_retired.d.next = self.loads_retired.q.val() + 1;
        }
        if self.store_retired.val() {
            self.stores_retired.d.next = self.stores_retired.q.val() + 1;
        }
        if self.compute_retired.val() {
            self.computes_retired.d.next = self.computes_retired.q.val() + 1;
        }
        self.all_retired.next = (self.loads.q.val() == self.loads_retired.q.val())
            & (self.stores.q.val() == self.stores_retired.q.val())
            & (self.computes.q.val() == self.computes_retired.q.val());

        match self.state.q.val() {
            State::Idle => {
                if self.start.val() {
                    self.state.d.next = State::Running;
                    self.next_line.d.next = self.program_line.val();
                    self.fault.d.next = false;
                    self.loads.d.next = bits::<12>(0);
                    self.stores.d.next = bits::<12>(0);
                    self.computes.d.next = bits::<12>(0);
                    self.loads_retired.d.next = bits::<12>(0);
                    self.stores_retired.d.next = bits::<12>(0);
                    self.computes_retired.d.next = bits::<12>(0);
                }
            }
            State::Running => {
                if self.queue.out_valid.val()
                    & ((self.decoder.opcode.val() == bits::<4>(0)) | (self.decoder.opcode.val() > bits::<4>(4)))
                {
                    self.state.d.next = State::Draining;
                    self.fault.d.next = self.decoder.opcode.val().any();
                }
            }
            State::Draining => {
                if !self.ahead.q.val().any() & self.all_retired.val() & self.others_idle.val() {
                    self.state.d.next = State::Finishing;
                }
            }
            State::Finishing => {
                self.state.d.next = State::Idle;
            }
        }
        if self.reset.val() {
            self.state.d.next = State::Idle;
            self.ahead.d.next = bits::<3>(0);
        }
    }
}
