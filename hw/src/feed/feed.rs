//! The front of the compute unit: sequencers, and the stages between activation memory and lanes.

use super::depthwise_sequencer::DepthwiseSequencer;
use super::pacer::Pacer;
use super::patch_buffer::PatchBuffer;
use super::patch_sequencer::PatchSequencer;
use super::scan_sequencer::ScanSequencer;
use super::step::{Element, Step, StepMark};
use super::word_select::WordSelect;
use crate::cells::dot_product;
use crate::cells::reg::Reg;
use crate::config::ComputeFields;
use crate::make::{constant, many, signals};
use crate::{clock, comment, dff_setup, make};
use cortado_arch::Architecture;
use rust_hdl::prelude::*;

/// Issues the reads and steps of a COMPUTE and brings each step's bytes to the lanes.
///
/// Stages, counted from the cycle in which a step issues: its word leaves activation memory four
/// cycles later (`word`), shared bytes and elements stand one later with `load` and `shift`, the
/// weight word asked for with `weight_read` meets the operands one after that. `arrive` marks the
/// cycle in which the accumulators hold a result's totals.
#[derive(LogicBlock)]
pub struct Feed {
    pub clock: Signal<In, Clock>,
    pub launch: Signal<In, Bit>,
    pub layer: Signal<In, ComputeFields>,
    pub busy: Signal<Out, Bit>,
    pub read: Signal<Out, Bit>,
    pub read_grant: Signal<In, Bit>,
    pub read_address: Signal<Out, Bits<16>>,
    pub word: Vec<Signal<In, Bits<8>>>,
    pub weight_read: Signal<Out, Bit>,
    pub weight_address: Signal<Out, Bits<16>>,
    pub element_valid: Signal<Out, Bit>,
    pub elements: Vec<Signal<Out, Bits<8>>>,
    pub load: Signal<Out, Bit>,
    pub shift: Signal<Out, Bit>,
    pub shared: Vec<Signal<Out, Bits<8>>>,
    pub sum_valid: Signal<Out, Bit>,
    pub sum_first: Signal<Out, Bit>,
    pub arrive: Signal<Out, Bit>,
    pub result_issued: Signal<Out, Bit>,

    scan: ScanSequencer,
    /// One where the engine has the unit, else none.
    depthwise: Vec<DepthwiseSequencer>,
    patch: Vec<PatchSequencer>,
    patch_buffer: Vec<PatchBuffer>,
    pacer: Pacer,
    word_select: WordSelect,
    element_1: Reg<Element>,
    element_2: Reg<Element>,
    element_3: Reg<Element>,
    element_4: Reg<Element>,
    step_1: Reg<Step>,
    step_2: Reg<Step>,
    step_3: Reg<Step>,
    step_4: Reg<Step>,
    step_5: Reg<Step>,
    marks: Vec<Reg<StepMark>>,

    depthwise_mode: Constant<Bits<2>>,
    patch_mode: Constant<Bits<2>>,
    launch_scan: Reg<Bit>,
    launch_depthwise: Reg<Bit>,
    launch_patch: Reg<Bit>,
    is_depthwise: Reg<Bit>,
    is_patch: Reg<Bit>,
    busy_late: Reg<Bit>,
    result_issued_late: Reg<Bit>,
    sequencing: Signal<Local, Bit>,
    element: Signal<Local, Element>,
    step: Signal<Local, Step>,
    step_end: Signal<Local, Step>,
    paced: Signal<Local, Bit>,
    entering: Signal<Local, Step>,
    depthwise_step: Signal<Local, Step>,
    patch_step: Signal<Local, Step>,
    landed: Signal<Local, Element>,
    at_word: Signal<Local, Step>,
    at_lanes: Signal<Local, Step>,
    sum_mark: Signal<Local, StepMark>,
    total_mark: Signal<Local, StepMark>,
}

impl Feed {
    pub fn new(arch: &Architecture) -> Self {
        let (tm, tn, data_type) = (arch.tm, arch.tn, arch.data_type);
        let word_bytes = arch.activation_word_bytes();
        let has_patches = arch.patch_bytes > 0;
        make!(
            clock launch layer busy read read_grant read_address weight_read weight_address element_valid
            load shift sum_valid sum_first arrive result_issued element_1 element_2 element_3 element_4
            step_1 step_2 step_3 step_4 step_5 launch_scan launch_depthwise launch_patch busy_late result_issued_late sequencing is_depthwise is_patch element step step_end paced entering depthwise_step patch_step landed
            at_word at_lanes sum_mark total_mark;
            word: signals(word_bytes), elements: signals(word_bytes), shared: signals(tn * data_type.bytes()),
            scan: ScanSequencer::new(arch.substeps()),
            depthwise: many((arch.window_taps > 0).into()),
            patch: has_patches.then(|| PatchSequencer::new(tm, arch.vector_interval(false), arch.patch_reserves(), arch.patch_bytes)).into_iter().collect(),
            pacer: Pacer::new(arch.vector_interval(false), arch.vector_interval(arch.residual_unit)),
            patch_buffer: has_patches.then(|| PatchBuffer::new(data_type, tm, tn, arch.patch_bytes, arch.patch_reserves())).into_iter().collect(),
            word_select: WordSelect::new(data_type, tm, tn, has_patches),
            marks: many(dot_product::latency(tn) + 2),
            depthwise_mode: constant(2), patch_mode: constant(3),
        )
    }
}

impl Logic for Feed {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Feed: reads, steps and operands of COMPUTE");
        dff_setup!(
            self,
            clock,
            launch_scan,
            launch_depthwise,
            launch_patch,
            is_depthwise,
            is_patch,
            busy_late,
            result_issued_late
        );
        dff_setup!(self, clock, element_1, element_2, element_3, element_4, step_1, step_2, step_3, step_4, step_5);
        clock!(self, clock, scan, pacer, word_select);
        self.is_depthwise.d.next = self.layer.val().mode == self.depthwise_mode.val();
        self.is_patch.d.next = self.layer.val().mode == self.patch_mode.val();
        self.launch_scan.d.next = self.launch.val();
        self.launch_depthwise.d.next = self.launch.val() & (self.layer.val().mode == self.depthwise_mode.val());
        self.launch_patch.d.next = self.launch.val() & (self.layer.val().mode == self.patch_mode.val());

        self.scan.launch.next = self.launch_scan.q.val();
        self.scan.layer.next = self.layer.val();
        self.scan.read_grant.next = self.read_grant.val();
        self.scan.pace_open.next = self.pacer.open.val();
        self.sequencing.next = self.launch.val()
            | self.launch_scan.q.val()
            | self.launch_depthwise.q.val()
            | self.launch_patch.q.val()
            | self.scan.busy.val();
        self.read_address.next = self.scan.read_address.val();
        self.element.next = self.scan.element.val();
        self.step.next = self.scan.step.val();
        self.step_end.next = self.scan.step.val();
        self.paced.next = self.scan.step.val().valid & self.scan.step.val().last;
        self.entering.next = self.step_3.q.val();
        self.depthwise_step.next = self.scan.step.val();
        self.patch_step.next = self.scan.step.val();
        for k in 0..self.depthwise.len() {
            clock!(self, clock, depthwise[k]);
            self.depthwise[k].launch.next = self.launch_depthwise.q.val();
            self.depthwise[k].layer.next = self.layer.val();
            self.depthwise[k].read_grant.next = self.read_grant.val();
            self.depthwise[k].pace_open.next = self.pacer.open.val();
            self.depthwise_step.next = self.depthwise[k].step.val();
            if self.layer.val().mode == self.depthwise_mode.val() {
                self.launch_scan.d.next = false;
            }
            self.sequencing.next = self.sequencing.val() | self.depthwise[k].busy.val();
            if self.is_depthwise.q.val() {
                self.read_address.next = self.depthwise[k].read_address.val();
                self.element.next = self.depthwise[k].element.val();
                self.step.next = self.depthwise_step.val();
                self.step_end.next = self.depthwise_step.val();
                self.paced.next = self.depthwise_step.val().valid & self.depthwise_step.val().first;
            }
        }
        for k in 0..self.patch.len() {
            clock!(self, clock, patch[k], patch_buffer[k]);
            self.patch[k].launch.next = self.launch_patch.q.val();
            self.patch[k].layer.next = self.layer.val();
            self.patch[k].read_grant.next = self.read_grant.val();
            self.patch[k].pace_open.next = self.pacer.open.val();
            self.patch[k].full.next = self.patch_buffer[k].full.val();
            self.patch_step.next = self.patch[k].step.val();
            if self.layer.val().mode == self.patch_mode.val() {
                self.launch_scan.d.next = false;
            }
            self.sequencing.next = self.sequencing.val() | self.patch[k].busy.val();
            if self.is_patch.q.val() {
                self.read_address.next = self.patch[k].read_address.val();
                self.element.next = self.patch[k].element.val();
                self.step_end.next = self.patch_step.val();
                self.paced.next = self.patch_step.val().valid & self.patch_step.val().last;
                // Patch steps need no read: they enter where the words come out.
                self.entering.next = self.patch_step.val();
            }
        }
        self.pacer.issued.next = self.paced.val();
        self.pacer.residual.next = self.layer.val().residual;
        self.result_issued_late.d.next = self.step_end.val().valid & self.step_end.val().last;
        self.result_issued.next = self.result_issued_late.q.val();
        self.busy_late.d.next = self.sequencing.val();
        self.busy.next = self.busy_late.q.val();
        self.read.next = self.element.val().valid;

        // Beside the read: address, memory, its output register, the choice between blocks.
        self.element_1.d.next = self.element.val();
        self.element_2.d.next = self.element_1.q.val();
        self.element_3.d.next = self.element_2.q.val();
        self.element_4.d.next = self.element_3.q.val();
        self.step_1.d.next = self.step.val();
        self.step_2.d.next = self.step_1.q.val();
        self.step_3.d.next = self.step_2.q.val();
        self.step_4.d.next = self.entering.val();
        self.step_5.d.next = self.step_4.q.val();
        self.landed.next = self.element_4.q.val();
        self.at_word.next = self.step_4.q.val();
        self.at_lanes.next = self.step_5.q.val();

        self.word_select.word_valid.next = self.landed.val().valid;
        self.word_select.pad.next = self.landed.val().pad;
        self.word_select.pad_value.next = self.layer.val().pad_value;
        self.word_select.substep.next = self.at_word.val().substep;
        for m in 0..self.word.len() {
            self.word_select.word[m].next = self.word[m].val();
            self.elements[m].next = self.word_select.elements[m].val();
        }
        for n in 0..self.shared.len() {
            self.shared[n].next = self.word_select.shared[n].val();
        }
        for k in 0..self.patch_buffer.len() {
            self.patch_buffer[k].valid.next = self.landed.val().valid & self.landed.val().patch;
            self.patch_buffer[k].rotation.next = self.landed.val().rotation;
            self.patch_buffer[k].low.next = self.landed.val().low;
            self.patch_buffer[k].high.next = self.landed.val().high;
            self.patch_buffer[k].end_of_patch.next = self.landed.val().end;
            self.patch_buffer[k].pad_value.next = self.layer.val().pad_value;
            self.patch_buffer[k].take.next = self.patch[k].take.val();
            self.patch_buffer[k].substep.next = self.patch_step.val().substep;
            self.word_select.patch[k].next = self.at_word.val().patch;
            for m in 0..self.word.len() {
                self.patch_buffer[k].word[m].next = self.word[m].val();
            }
            for n in 0..self.shared.len() {
                self.word_select.patch_lanes[n].next = self.patch_buffer[k].lanes[n].val();
            }
        }
        self.element_valid.next = self.landed.val().valid;
        self.weight_read.next = self.at_word.val().valid;
        self.weight_address.next = self.at_word.val().weight_address;
        self.load.next = self.at_lanes.val().load;
        self.shift.next = self.at_lanes.val().shift;

        for i in 0..self.marks.len() {
            dff_setup!(self, clock, marks[i]);
        }
        self.marks[0].d.next.valid = self.at_lanes.val().valid;
        self.marks[0].d.next.first = self.at_lanes.val().first;
        self.marks[0].d.next.last = self.at_lanes.val().last;
        for i in 0..(self.marks.len() - 1) {
            self.marks[i + 1].d.next = self.marks[i].q.val();
        }
        self.sum_mark.next = self.marks[self.marks.len() - 2].q.val();
        self.total_mark.next = self.marks[self.marks.len() - 1].q.val();
        self.sum_valid.next = self.sum_mark.val().valid;
        self.sum_first.next = self.sum_mark.val().first;
        self.arrive.next = self.total_mark.val().valid & self.total_mark.val().last;
    }
}
