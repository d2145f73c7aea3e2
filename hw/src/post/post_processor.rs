//! Totals in, activation words out.

use super::assembler::Assembler;
use super::pass_operand::{PassOperand, OPERAND_LATENCY, TAKE_DELAY};
use super::result_walker::ResultWalker;
use super::scheduler::Scheduler;
use super::shift_requantiser::{ShiftRequantiser, SHIFT_LATENCY};
use crate::cells::reg::Reg;
use crate::cells::requantiser::{clamped_latency, Requantiser, OPERAND_BITS};
use crate::config::ComputeFields;
use crate::make::{constant, many, signals};
use crate::{clock, comment, dff_setup, make};
use cortado_arch::{Architecture, DataType};
use rust_hdl::prelude::*;

/// A part on its way through the requantisers.
#[derive(LogicStruct, Default, Copy, Clone, Debug, PartialEq)]
pub struct Slot {
    pub valid: Bit,
    pub pass: Bits<2>,
    pub last: Bit,
}

/// Requantises vectors of Tm totals in parts of R channels, adds the residual where asked, and hands
/// over one activation word per vector.
///
/// `totals` are taken with `arrive`, at least `Architecture::vector_interval` cycles apart. The
/// parameter word asked for with `parameter_read` must be there two cycles later, and with four cycles for
/// a channel stay until the next; the residual word exactly four cycles after
/// `residual_read & residual_grant`. A residual that has waited is `residual_urgent` and must be granted
/// within two cycles. `result` is valid for the one cycle of `result_valid`.
#[derive(LogicBlock)]
pub struct PostProcessor<const SUM: usize> {
    pub clock: Signal<In, Clock>,
    pub launch: Signal<In, Bit>,
    pub layer: Signal<In, ComputeFields>,
    pub arrive: Signal<In, Bit>,
    pub totals: Vec<Signal<In, Signed<SUM>>>,
    pub parameter_read: Signal<Out, Bit>,
    pub parameter_address: Signal<Out, Bits<16>>,
    /// R channels of 8 bytes.
    pub parameters: Vec<Signal<In, Bits<8>>>,
    pub residual_read: Signal<Out, Bit>,
    pub residual_urgent: Signal<Out, Bit>,
    pub residual_grant: Signal<In, Bit>,
    pub residual_address: Signal<Out, Bits<16>>,
    pub residual_word: Vec<Signal<In, Bits<8>>>,
    pub result_valid: Signal<Out, Bit>,
    pub result_address: Signal<Out, Bits<16>>,
    pub result: Vec<Signal<Out, Bits<8>>>,

    scheduler: Scheduler,
    /// R of them at int8, none at int16.
    operand: Vec<PassOperand<SUM>>,
    requantiser: Vec<Requantiser>,
    /// R of them at int16, none at int8.
    shift_requantiser: Vec<ShiftRequantiser<SUM>>,
    results: Assembler<8>,
    owns: Assembler<8>,
    partials: Assembler<OPERAND_BITS>,
    /// Goes with the last parts that issue.
    issue_walker: ResultWalker,
    /// Goes with the results; none where the place of the vector that issued last is `issued_place`.
    result_walker: Vec<ResultWalker>,
    /// None without a residual unit.
    residual_walker: Vec<ResultWalker>,

    waiting: Vec<Reg<Signed<SUM>>>,
    /// Bytes of a vector's elements.
    own: Vec<Reg<Bits<8>>>,
    residual: Vec<Reg<Bits<8>>>,
    partial: Vec<Reg<Bits<OPERAND_BITS>>>,
    parameter_pointer: Reg<Bits<16>>,
    parameter_origin: Reg<Bits<16>>,
    issued_place: Vec<Reg<Bits<16>>>,
    /// What is in the pipeline between issue and result; never shorter than [`TAKE_DELAY`].
    slots: Vec<Reg<Slot>>,
    residual_wanted: Reg<Bit>,
    /// Of the pass whose number is biased, is clamped.
    zero_point: Reg<Bits<8>>,
    minimum: Reg<Bits<8>>,
    maximum: Reg<Bits<8>>,
    residual_wait: Vec<Reg<Bit>>,

    /// A part has the requantisers for four cycles.
    folded: Constant<Bit>,
    residual_unit: Constant<Bit>,
    depthwise_unit: Constant<Bit>,
    taken: Signal<Local, Slot>,
    shift_result: Signal<Local, Bit>,
    shift_scale: Signal<Local, Bit>,
    shift_sum: Signal<Local, Bit>,
    is_residual: Signal<Local, Bit>,
    residual_taken: Signal<Local, Bit>,
    issue_result: Signal<Local, Bit>,
    issue_scale: Signal<Local, Bit>,
    issue_sum: Signal<Local, Bit>,
    late: Signal<Local, Slot>,
    next_late: Signal<Local, Slot>,
    out_valid: Signal<Local, Bit>,
    out_is_own: Signal<Local, Bit>,
    vector_issued: Signal<Local, Bit>,
    next_parameter: Signal<Local, Bits<16>>,
    result_place: Signal<Local, Bits<16>>,
    rounded_slot: Signal<Local, Slot>,
    rounding_slot: Signal<Local, Slot>,
    result_code: Constant<Bits<2>>,
    scale_code: Constant<Bits<2>>,
    sum_code: Constant<Bits<2>>,
}

impl<const SUM: usize> PostProcessor<SUM> {
    /// Without a residual unit no residual is read or added, whatever `layer` says.
    pub fn new(arch: &Architecture) -> Self {
        let (tm, lanes, cycles) = (arch.tm, arch.requantise_lanes, arch.requantise_cycles);
        let (residual_unit, depthwise_unit) = (arch.residual_unit, arch.window_taps > 0);
        let (scaled, shifted, slots) = match arch.data_type {
            DataType::Int8 => (lanes, 0, OPERAND_LATENCY + clamped_latency(cycles)),
            DataType::Int16 => (0, lanes, SHIFT_LATENCY),
        };
        let element = arch.data_type.bytes();
        let bytes = arch.activation_word_bytes();
        // A vector has left, one cycle behind its last slot, when the next has issued.
        let one_at_a_time = !residual_unit && arch.pass_cycles() > slots;
        let walkers = |wanted: bool| wanted.then(|| ResultWalker::new(depthwise_unit)).into_iter().collect();
        make!(
            clock launch layer arrive parameter_read parameter_address residual_read residual_urgent residual_grant residual_address
            result_valid result_address parameter_pointer parameter_origin vector_issued result_place
            residual_wanted is_residual residual_taken issue_result issue_scale issue_sum late next_late
            out_valid out_is_own next_parameter rounded_slot rounding_slot zero_point minimum maximum taken
            shift_result shift_scale shift_sum;
            totals: signals(tm), parameters: signals(8 * lanes), residual_word: signals(bytes), result: signals(bytes),
            scheduler: Scheduler::new(tm / lanes, cycles, residual_unit),
            operand: (0..scaled).map(|_| PassOperand::new(cycles)).collect(),
            requantiser: (0..scaled).map(|_| Requantiser::new(cycles)).collect(),
            shift_requantiser: many(shifted),
            results: Assembler::new(bytes, lanes * element), owns: Assembler::new(bytes, lanes * element),
            partials: Assembler::new(tm, lanes),
            waiting: many(tm), own: many(bytes), residual: many(bytes), partial: many(tm),
            issue_walker: ResultWalker::new(depthwise_unit), result_walker: walkers(!one_at_a_time),
            residual_walker: walkers(residual_unit), issued_place: many(one_at_a_time.into()),
            slots: many(slots), residual_wait: many(4),
            folded: Constant::new(cycles > 1), residual_unit: Constant::new(residual_unit),
            depthwise_unit: Constant::new(depthwise_unit),
            result_code: constant(0), scale_code: constant(1), sum_code: constant(2),
        )
    }
}

impl<const SUM: usize> Logic for PostProcessor<SUM> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("PostProcessor: bias, requantisation, clamp and residual of a vector of totals");
        dff_setup!(self, clock, parameter_pointer, parameter_origin, residual_wanted, zero_point, minimum, maximum);
        clock!(self, clock, scheduler, results, owns, partials, issue_walker);
        self.is_residual.next = self.residual_unit.val() & self.layer.val().residual.any();
        self.scheduler.residual.next = self.is_residual.val();
        self.scheduler.arrive.next = self.arrive.val();
        self.issue_result.next = self.scheduler.issue.val() & (self.scheduler.pass.val() == self.result_code.val());
        self.issue_scale.next = self.scheduler.issue.val() & (self.scheduler.pass.val() == self.scale_code.val());
        self.issue_sum.next = self.scheduler.issue.val() & (self.scheduler.pass.val() == self.sum_code.val());

        // What a part was issued for moves on when its operands are taken.
        self.taken.next = self.slots[1].q.val();
        if self.folded.val() {
            self.shift_result.next = self.taken.val().valid & (self.taken.val().pass == self.result_code.val());
            self.shift_scale.next = self.taken.val().valid & (self.taken.val().pass == self.scale_code.val());
            self.shift_sum.next = self.taken.val().valid & (self.taken.val().pass == self.sum_code.val());
        } else {
            self.shift_result.next = self.issue_result.val();
            self.shift_scale.next = self.issue_scale.val();
            self.shift_sum.next = self.issue_sum.val();
        }

        // A vector waits here part by part.
        for i in 0..self.waiting.len() {
            dff_setup!(self, clock, waiting[i]);
        }
        if self.shift_result.val() {
            for i in 0..(self.waiting.len() - self.partials.part.len()) {
                self.waiting[i].d.next = self.waiting[i + self.partials.part.len()].q.val();
            }
        }
        if self.arrive.val() {
            for i in 0..self.waiting.len() {
                self.waiting[i].d.next = self.totals[i].val();
            }
        }

        // Own results and residual of a vector before its scaling pass.
        for i in 0..self.own.len() {
            dff_setup!(self, clock, own[i], residual[i]);
        }
        for i in 0..self.partial.len() {
            dff_setup!(self, clock, partial[i]);
        }
        if self.shift_scale.val() {
            for i in 0..(self.own.len() - self.owns.part.len()) {
                self.own[i].d.next = self.own[i + self.owns.part.len()].q.val();
                self.residual[i].d.next = self.residual[i + self.owns.part.len()].q.val();
            }
        }
        if self.owns.complete.val() {
            for i in 0..self.own.len() {
                self.own[i].d.next = self.owns.whole[i].val();
            }
        }
        for i in 0..self.residual_wait.len() {
            dff_setup!(self, clock, residual_wait[i]);
        }
        self.residual_read.next = self.residual_unit.val() & (self.owns.complete.val() | self.residual_wanted.q.val());
        self.residual_urgent.next = self.residual_unit.val() & self.residual_wanted.q.val();
        self.residual_taken.next = self.residual_read.val() & self.residual_grant.val();
        self.residual_wanted.d.next = self.residual_read.val() & !self.residual_grant.val();
        self.residual_wait[0].d.next = self.residual_taken.val();
        for i in 0..(self.residual_wait.len() - 1) {
            self.residual_wait[i + 1].d.next = self.residual_wait[i].q.val();
        }
        if self.residual_wait[3].q.val() {
            for i in 0..self.residual.len() {
                self.residual[i].d.next = self.residual_word[i].val();
            }
        }
        self.scheduler.scale_ready.next = self.residual_wait[3].q.val();

        // Partial sums before the sum pass.
        if self.shift_sum.val() {
            for i in 0..(self.partial.len() - self.partials.part.len()) {
                self.partial[i].d.next = self.partial[i + self.partials.part.len()].q.val();
            }
        }
        if self.partials.complete.val() {
            for i in 0..self.partial.len() {
                self.partial[i].d.next = self.partials.whole[i].val();
            }
        }
        self.scheduler.sum_ready.next = self.partials.complete.val();

        // Slots follow the pipeline of the requantisers.
        for i in 0..self.slots.len() {
            dff_setup!(self, clock, slots[i]);
        }
        self.slots[0].d.next.valid = self.scheduler.issue.val();
        self.slots[0].d.next.pass = self.scheduler.pass.val();
        self.slots[0].d.next.last = self.scheduler.last.val();
        for i in 0..(self.slots.len() - 1) {
            self.slots[i + 1].d.next = self.slots[i].q.val();
        }
        self.late.next = self.slots[self.slots.len() - 1].q.val();
        self.out_valid.next = self.late.val().valid & (self.late.val().pass != self.scale_code.val());
        self.out_is_own.next = self.is_residual.val() & (self.late.val().pass == self.result_code.val());
        self.results.valid.next = self.out_valid.val() & !self.out_is_own.val();
        self.results.last.next = self.late.val().last;
        self.owns.valid.next = self.out_valid.val() & self.out_is_own.val();
        self.owns.last.next = self.late.val().last;
        // Partial sums leave one cycle before the clamped bytes, which are biased two cycles before.
        self.next_late.next = self.slots[self.slots.len() - 2].q.val();
        self.partials.valid.next = self.next_late.val().valid & (self.next_late.val().pass == self.scale_code.val());
        self.partials.last.next = self.next_late.val().last;
        // The bias and the bounds are chosen a cycle before they are taken.
        self.rounding_slot.next = self.slots[self.slots.len() - 4].q.val();
        self.rounded_slot.next = self.slots[self.slots.len() - 3].q.val();
        if self.rounding_slot.val().pass == self.sum_code.val() {
            self.zero_point.d.next = self.layer.val().sum_zero_point;
        } else {
            self.zero_point.d.next = self.layer.val().zero_point;
        }
        if self.rounded_slot.val().pass == self.sum_code.val() {
            self.minimum.d.next = self.layer.val().sum_minimum;
            self.maximum.d.next = self.layer.val().sum_maximum;
        } else {
            self.minimum.d.next = self.layer.val().minimum;
            self.maximum.d.next = self.layer.val().maximum_value;
        }

        for i in 0..self.requantiser.len() {
            clock!(self, clock, operand[i], requantiser[i]);
            self.operand[i].take.next = self.taken.val().valid;
            self.requantiser[i].start.next = self.taken.val().valid;
            self.operand[i].pass.next = self.scheduler.pass.val();
            self.operand[i].total.next = self.waiting[i].q.val();
            for k in 0..8 {
                self.operand[i].channel[k].next = self.parameters[8 * i + k].val();
            }
            self.operand[i].own.next = self.own[i].q.val();
            self.operand[i].residual.next = self.residual[i].q.val();
            self.operand[i].partial.next = self.partial[i].q.val();
            self.operand[i].scale_residual.next = self.layer.val().scale_residual;
            self.operand[i].own_zero_point.next = self.layer.val().own_zero_point;
            self.operand[i].residual_zero_point.next = self.layer.val().residual_zero_point;
            self.operand[i].scale_q.next = self.layer.val().scale_q;
            self.operand[i].scale_shift.next = self.layer.val().scale_shift;
            self.operand[i].sum_q.next = self.layer.val().sum_q;
            self.operand[i].sum_shift.next = self.layer.val().sum_shift;
            self.operand[i].rounded.next = self.requantiser[i].rounded.val();
            self.requantiser[i].operand.next = self.operand[i].operand.val();
            self.requantiser[i].q.next = self.operand[i].q.val();
            self.requantiser[i].shift.next = self.operand[i].shift.val();
            self.requantiser[i].zero_point.next = self.zero_point.q.val();
            self.requantiser[i].minimum.next = self.minimum.q.val();
            self.requantiser[i].maximum.next = self.maximum.q.val();
            self.results.part[i].next = self.requantiser[i].clamped.val();
            self.owns.part[i].next = self.requantiser[i].clamped.val();
            self.partials.part[i].next = self.operand[i].partial_out.val();
        }

        // Int16 has no residual: nothing but results leaves.
        for i in 0..self.shift_requantiser.len() {
            clock!(self, clock, shift_requantiser[i]);
            self.shift_requantiser[i].total.next = self.waiting[i].q.val();
            for k in 0..8 {
                self.shift_requantiser[i].channel[k].next = self.parameters[8 * i + k].val();
            }
            self.shift_requantiser[i].minimum[0].next = self.layer.val().minimum;
            self.shift_requantiser[i].minimum[1].next = self.layer.val().sum_minimum;
            self.shift_requantiser[i].maximum[0].next = self.layer.val().maximum_value;
            self.shift_requantiser[i].maximum[1].next = self.layer.val().sum_maximum;
            for k in 0..2 {
                self.results.part[2 * i + k].next = self.shift_requantiser[i].clamped[k].val();
                self.owns.part[2 * i + k].next = bits::<8>(0);
            }
            self.partials.part[i].next = bits::<30>(0);
        }

        // Parameters: one word per part, back to the first where the groups launch again.
        self.vector_issued.next = self.issue_result.val() & self.scheduler.last.val();
        self.issue_walker.launch.next = self.launch.val();
        self.issue_walker.layer.next = self.layer.val();
        self.issue_walker.advance.next = self.vector_issued.val();
        self.parameter_read.next = self.issue_result.val();
        self.parameter_address.next = self.parameter_pointer.q.val();
        self.next_parameter.next = self.parameter_pointer.q.val() + 1;
        if self.issue_result.val() {
            self.parameter_pointer.d.next = self.next_parameter.val();
            if self.scheduler.last.val() {
                if self.issue_walker.parameters_return.val() {
                    if self.depthwise_unit.val() {
                        self.parameter_pointer.d.next = self.parameter_origin.q.val();
                    } else {
                        self.parameter_pointer.d.next = self.layer.val().parameter_address;
                    }
                } else if self.issue_walker.parameters_move.val() {
                    self.parameter_origin.d.next = self.next_parameter.val();
                }
            }
        }
        if self.launch.val() {
            self.parameter_pointer.d.next = self.layer.val().parameter_address;
            self.parameter_origin.d.next = self.layer.val().parameter_address;
        }

        self.residual_address.next = bits::<16>(0);
        for k in 0..self.residual_walker.len() {
            clock!(self, clock, residual_walker[k]);
            self.residual_walker[k].launch.next = self.launch.val();
            self.residual_walker[k].layer.next = self.layer.val();
            self.residual_walker[k].advance.next = self.residual_wait[0].q.val();
            self.residual_address.next = self.layer.val().residual_address + self.residual_walker[k].offset.val();
        }

        self.result_place.next = bits::<16>(0);
        for k in 0..self.issued_place.len() {
            dff_setup!(self, clock, issued_place[k]);
            if self.vector_issued.val() {
                self.issued_place[k].d.next = self.issue_walker.offset.val();
            }
            self.result_place.next = self.issued_place[k].q.val();
        }
        for k in 0..self.result_walker.len() {
            clock!(self, clock, result_walker[k]);
            self.result_walker[k].launch.next = self.launch.val();
            self.result_walker[k].layer.next = self.layer.val();
            self.result_walker[k].advance.next = self.results.complete.val();
            self.result_place.next = self.result_walker[k].offset.val();
        }
        self.result_valid.next = self.results.complete.val();
        self.result_address.next = self.layer.val().output_address + self.result_place.val();
        for i in 0..self.result.len() {
            self.result[i].next = self.results.whole[i].val();
        }
    }
}

// Slot 1 is what was issued two cycles ago.
const _: () = assert!(TAKE_DELAY == 2);
