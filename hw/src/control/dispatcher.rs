//! Fetches instructions, hands them to the units, and counts what has retired.

use crate::cells::reg::Reg;
use crate::make;
use crate::make::{constant, mask};
use crate::{comment, dff_setup};
use cortado_arch::isa::{OnChip, INSTRUCTION_BYTES};
use cortado_arch::Architecture;
use rust_hdl::prelude::*;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
pub enum FetchState {
    Idle,
    Asking,
    Fetching,
    Decoding,
    Dispatching,
    Draining,
    Finishing,
}

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
pub enum TransferState {
    Idle,
    Waiting,
    Moving,
    Retiring,
}

/// One instruction is fetched ahead; LOADs and STOREs run one at a time beside the COMPUTE at hand.
///
/// Instructions are handed over in order, to units that hold one at a time: whatever an instruction
/// waits for, only the one in the other unit can still be missing. A wait is compared once, and one bit is kept;
/// a wait for more than that would never end, and is no instruction.
///
/// A run ends at END, or with `error` at what is no instruction, when both units are idle.
/// `done` is high for one cycle; `retire_valid` for one cycle per instruction, COMPUTEs first.
#[derive(LogicBlock)]
pub struct Dispatcher {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub start: Signal<In, Bit>,
    pub program_address: Signal<In, Bits<32>>,
    pub busy: Signal<Out, Bit>,
    pub done: Signal<Out, Bit>,
    pub error: Signal<Out, Bits<8>>,
    pub retire_valid: Signal<Out, Bit>,
    pub retire_index: Signal<Out, Bits<16>>,

    pub fetch: Signal<Out, Bit>,
    pub fetch_address: Signal<Out, Bits<32>>,
    pub fetch_done: Signal<In, Bit>,
    pub opcode: Signal<In, Bits<4>>,
    pub wait_dma: Signal<In, Bits<16>>,
    pub wait_compute: Signal<In, Bits<16>>,
    pub memory: Signal<In, Bits<2>>,
    pub words: Signal<In, Bits<16>>,

    /// The instruction fetched is a LOAD or STORE that goes to its unit now.
    pub transfer_take: Signal<Out, Bit>,
    pub loading: Signal<Out, Bit>,
    pub storing: Signal<Out, Bit>,
    pub transfer_done: Signal<In, Bit>,
    pub transfer_retired: Signal<Out, Bit>,

    /// The instruction fetched is a COMPUTE, until `compute_taken`; it waits for the transfer at hand.
    pub compute_offered: Signal<Out, Bit>,
    pub compute_offered_index: Signal<Out, Bits<16>>,
    pub compute_waits: Signal<Out, Bit>,
    pub compute_taken: Signal<In, Bit>,
    pub compute_free: Signal<In, Bit>,
    pub compute_index: Signal<In, Bits<16>>,
    pub compute_retire: Signal<In, Bit>,

    state: Reg<FetchState>,
    index: Reg<Bits<16>>,
    address: Reg<Bits<32>>,
    fault: Reg<Bits<8>>,
    dma_retired: Reg<Bits<16>>,
    compute_retired: Reg<Bits<16>>,

    moving: Reg<TransferState>,
    is_store: Reg<Bit>,
    /// The transfer at hand waits for the COMPUTE at hand.
    held_up: Reg<Bit>,
    number: Reg<Bits<16>>,

    /// What the instruction fetched is; right from `Dispatching` on.
    bad: Reg<Bit>,
    is_transfer: Reg<Bit>,
    is_compute: Reg<Bit>,
    /// The COMPUTE offered was taken one cycle ago.
    taken: Reg<Bit>,
    instruction_bytes: Constant<Bits<32>>,
    address_mask: Constant<Bits<32>>,
    activation_words: Constant<Bits<16>>,
    weight_words: Constant<Bits<16>>,
    parameter_words: Constant<Bits<16>>,
    most_words: Signal<Local, Bits<16>>,
    /// LOADs and STOREs, and COMPUTEs, that have been started.
    dma_started: Signal<Local, Bits<16>>,
    compute_started: Signal<Local, Bits<16>>,
    waits_forever: Signal<Local, Bit>,
    transfer_opcode: Signal<Local, Bit>,
    go_on: Signal<Local, Bit>,
    transfer_retire: Signal<Local, Bit>,
    end_retire: Signal<Local, Bit>,
}

impl Dispatcher {
    /// For the memories and the addresses of `arch`.
    pub fn new(arch: &Architecture) -> Self {
        // A transfer's count of words has 16 bits: no greater one has to be refused.
        let most = |memory: OnChip| constant(arch.on_chip(memory).0.min(0xffff));
        make!(
            clock reset start program_address busy done error retire_valid retire_index fetch fetch_address
            fetch_done opcode wait_dma wait_compute memory words transfer_take loading storing transfer_done
            transfer_retired compute_offered compute_offered_index compute_waits compute_taken compute_free compute_index
            compute_retire state index address fault dma_retired compute_retired moving is_store held_up number bad
            is_transfer is_compute taken most_words dma_started compute_started waits_forever transfer_opcode go_on
            transfer_retire end_retire;
            instruction_bytes: constant(INSTRUCTION_BYTES), address_mask: mask((1 << arch.address_bits) - 1),
            activation_words: most(OnChip::Activation), weight_words: most(OnChip::Weight),
            parameter_words: most(OnChip::Parameter),
        )
    }
}

impl Logic for Dispatcher {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Dispatcher: fetch, dispatch and retirement of instructions");
        dff_setup!(
            self,
            clock,
            state,
            index,
            address,
            fault,
            dma_retired,
            compute_retired,
            moving,
            is_store,
            held_up,
            number,
            bad,
            is_transfer,
            is_compute,
            taken
        );
        self.transfer_opcode.next = (self.opcode.val() == bits::<4>(1)) | (self.opcode.val() == bits::<4>(2));
        self.is_transfer.d.next = self.transfer_opcode.val();
        if self.moving.q.val() == TransferState::Idle {
            self.dma_started.next = self.dma_retired.q.val();
        } else {
            self.dma_started.next = self.dma_retired.q.val() + 1;
        }
        if self.compute_free.val() {
            self.compute_started.next = self.compute_retired.q.val();
        } else {
            self.compute_started.next = self.compute_retired.q.val() + 1;
        }
        self.waits_forever.next = (self.transfer_opcode.val() & (self.wait_compute.val() > self.compute_started.val()))
            | ((self.opcode.val() == bits::<4>(3)) & (self.wait_dma.val() > self.dma_started.val()));
        if self.memory.val() == bits::<2>(0) {
            self.most_words.next = self.activation_words.val();
        } else if self.memory.val() == bits::<2>(1) {
            self.most_words.next = self.weight_words.val();
        } else {
            self.most_words.next = self.parameter_words.val();
        }
        // A COMPUTE that is refused must not be offered: its copy would begin, and not end.
        self.is_compute.d.next = (self.opcode.val() == bits::<4>(3)) & !self.waits_forever.val();
        // A STORE takes activations only; memory 3 does not exist; nothing moves no words or more than there are.
        self.bad.d.next = self.waits_forever.val()
            | (self.opcode.val() > bits::<4>(3))
            | (self.transfer_opcode.val() & (self.memory.val() == bits::<2>(3)))
            | (self.transfer_opcode.val() & !self.words.val().any())
            | (self.transfer_opcode.val() & (self.words.val() > self.most_words.val()))
            | ((self.opcode.val() == bits::<4>(2)) & self.memory.val().any());
        self.busy.next = !(self.state.q.val() == FetchState::Idle);
        self.error.next = self.fault.q.val();
        self.fetch.next = self.state.q.val() == FetchState::Asking;
        self.fetch_address.next = self.address.q.val();
        self.compute_offered_index.next = self.index.q.val();
        self.compute_offered.next =
            (self.state.q.val() == FetchState::Dispatching) & self.is_compute.q.val() & !self.taken.q.val();
        self.taken.d.next = self.compute_taken.val();
        self.transfer_take.next = false;
        self.done.next = false;
        self.end_retire.next = false;
        self.go_on.next = false;

        self.loading.next = (self.moving.q.val() == TransferState::Moving) & !self.is_store.q.val();
        self.storing.next = (self.moving.q.val() == TransferState::Moving) & self.is_store.q.val();
        self.transfer_retire.next = (self.moving.q.val() == TransferState::Retiring) & !self.compute_retire.val();
        self.transfer_retired.next = self.transfer_retire.val();
        self.compute_waits.next = (self.wait_dma.val() > self.dma_retired.q.val()) & !self.transfer_retire.val();

        match self.moving.q.val() {
            TransferState::Idle => {}
            TransferState::Waiting => {
                if !self.held_up.q.val() {
                    self.moving.d.next = TransferState::Moving;
                }
            }
            TransferState::Moving => {
                if self.transfer_done.val() {
                    self.moving.d.next = TransferState::Retiring;
                }
            }
            TransferState::Retiring => {
                if self.transfer_retire.val() {
                    self.moving.d.next = TransferState::Idle;
                    self.dma_retired.d.next = self.dma_retired.q.val() + 1;
                }
            }
        }
        if self.compute_retire.val() {
            self.compute_retired.d.next = self.compute_retired.q.val() + 1;
            self.held_up.d.next = false;
        }

        match self.state.q.val() {
            FetchState::Idle => {
                if self.start.val() {
                    self.address.d.next = self.program_address.val() & self.address_mask.val();
                    self.index.d.next = bits::<16>(0);
                    self.fault.d.next = bits::<8>(0);
                    self.dma_retired.d.next = bits::<16>(0);
                    self.compute_retired.d.next = bits::<16>(0);
                    self.state.d.next = FetchState::Asking;
                }
            }
            FetchState::Asking => {
                self.state.d.next = FetchState::Fetching;
            }
            FetchState::Fetching => {
                if self.fetch_done.val() {
                    self.state.d.next = FetchState::Decoding;
                }
            }
            FetchState::Decoding => {
                self.state.d.next = FetchState::Dispatching;
            }
            FetchState::Dispatching => {
                if self.bad.q.val() {
                    self.fault.d.next = bits::<8>(1);
                    self.state.d.next = FetchState::Draining;
                } else if self.is_transfer.q.val() {
                    if self.moving.q.val() == TransferState::Idle {
                        self.moving.d.next = TransferState::Waiting;
                        self.is_store.d.next = self.opcode.val() == bits::<4>(2);
                        self.number.d.next = self.index.q.val();
                        self.held_up.d.next =
                            (self.wait_compute.val() > self.compute_retired.q.val()) & !self.compute_retire.val();
                        self.transfer_take.next = true;
                        self.go_on.next = true;
                    }
                } else if self.is_compute.q.val() {
                    self.go_on.next = self.taken.q.val();
                } else {
                    self.state.d.next = FetchState::Draining;
                }
            }
            FetchState::Draining => {
                if self.compute_free.val() & (self.moving.q.val() == TransferState::Idle) {
                    self.end_retire.next = true;
                    self.state.d.next = FetchState::Finishing;
                }
            }
            FetchState::Finishing => {
                self.done.next = true;
                self.state.d.next = FetchState::Idle;
            }
        }
        if self.go_on.val() {
            self.index.d.next = self.index.q.val() + 1;
            self.address.d.next = (self.address.q.val() + self.instruction_bytes.val()) & self.address_mask.val();
            self.state.d.next = FetchState::Asking;
        }

        self.retire_valid.next = self.compute_retire.val() | self.transfer_retire.val() | self.end_retire.val();
        if self.compute_retire.val() {
            self.retire_index.next = self.compute_index.val();
        } else if self.transfer_retire.val() {
            self.retire_index.next = self.number.q.val();
        } else {
            self.retire_index.next = self.index.q.val();
        }

        if self.reset.val() {
            self.state.d.next = FetchState::Idle;
            self.moving.d.next = TransferState::Idle;
        }
    }
}
