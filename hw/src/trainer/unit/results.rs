//! Takes the sums of a pass out of the groups, finishes them and says where they go.

use super::fields::ComputeFields;
use super::position_walker::PositionWalker;
use super::word_ram;
use crate::cells::reg::Reg;
use crate::cells::stream::{Fifo, StreamError};
use crate::make::{constant, many, signals};
use crate::{clock, comment, dff_setup, make};
use cortado_arch::trainer::LINE_WORDS;
use rust_hdl::prelude::*;

/// Lines of gradient that wait for the stream.
const GRADIENTS: usize = 16;

/// What is to be done with a result vector.
#[derive(LogicStruct, Default, Copy, Clone, Debug, PartialEq)]
pub struct Finish {
    pub valid: Bit,
    /// It is a line of gradient, and `address` its number; else `address` is its word in the map buffer.
    pub gradient: Bit,
    pub address: Bits<20>,
    pub lanes: Bits<5>,
    /// What is not above zero becomes +0.
    pub rectified: Bit,
    /// Where the saved map is not above zero, +0.
    pub masked: Bit,
    /// Padding: +0.
    pub nothing: Bit,
    /// The COMPUTE's last.
    pub last: Bit,
}

/// For each COMPUTE: the result vectors of each pass, group by group and slot by slot, one a cycle.
///
/// A vector is asked for with `place` of the groups' result buffers and, for BW, `mask_read` of the saved map in the map
/// buffer at `mask_address`; `vector`, of group `group`, and `mask` come `read_latency` cycles after `mask_read`. Then it
/// goes to the map buffer, or to the stream of gradients, where at most [`GRADIENTS`] lines wait. `pass` tells that one
/// more pass is in the buffers, `drained` answers that it has been read. `retired` is high for a cycle with a COMPUTE's
/// last result.
#[derive(LogicBlock)]
pub struct Results {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub in_valid: Signal<In, Bit>,
    pub in_ready: Signal<Out, Bit>,
    pub in_compute: Signal<In, ComputeFields>,
    pub pass: Signal<In, Bit>,
    pub drained: Signal<Out, Bit>,
    pub place: Signal<Out, Bits<4>>,
    pub group: Signal<Out, Bits<3>>,
    pub vector: Vec<Signal<In, Bits<32>>>,
    pub mask_read: Signal<Out, Bit>,
    pub mask_address: Signal<Out, Bits<20>>,
    pub mask: Vec<Signal<In, Bits<32>>>,
    pub write_enable: Vec<Signal<Out, Bit>>,
    pub write_any: Signal<Out, Bit>,
    pub write_address: Signal<Out, Bits<20>>,
    pub write_data: Vec<Signal<Out, Bits<32>>>,
    pub gradient_valid: Signal<Out, Bit>,
    pub gradient_ready: Signal<In, Bit>,
    pub gradient_line: Signal<Out, Bits<20>>,
    pub gradient: Vec<Signal<Out, Bits<32>>>,
    pub retired: Signal<Out, Bit>,

    queue: Fifo<ComputeFields>,
    compute: Reg<ComputeFields>,
    starting: Reg<Bit>,
    running: Reg<Bit>,
    left: Reg<Bits<20>>,
    slot: Reg<Bits<4>>,
    group_at: Reg<Bits<3>>,
    half: Reg<Bit>,
    passes: Reg<Bits<2>>,
    walker: PositionWalker,
    line: Reg<Bits<20>>,
    waiting: Reg<Bits<5>>,
    places: Vec<Reg<Bits<4>>>,
    groups: Vec<Reg<Bits<3>>>,
    finishes: Vec<Reg<Finish>>,
    finished: Reg<Finish>,
    words: Vec<Reg<Bits<32>>>,
    gradients: Fifo<Bits<32>>,

    issue: Signal<Local, Bit>,
    last: Signal<Local, Bit>,
    last_slot: Signal<Local, Bit>,
    pass_end: Signal<Local, Bit>,
    is_gradient: Signal<Local, Bit>,
    finish: Signal<Local, Finish>,
    push: Signal<Local, Bit>,
    pop: Signal<Local, Bit>,
    above: Vec<Signal<Local, Bit>>,
    lane: Vec<Constant<Bits<5>>>,
    last_group: Constant<Bits<3>>,
    zero: Constant<Bits<32>>,
    most_waiting: Constant<Bits<5>>,
    no_finish: Constant<Finish>,
}

impl Results {
    /// Of `groups` groups; what is read comes `read_latency` cycles later.
    ///
    /// # Errors
    /// None: the queues have sizes that they may have.
    pub fn new(groups: usize, read_latency: usize) -> Result<Self, StreamError> {
        Ok(make!(
            clock reset in_valid in_ready in_compute pass drained place group mask_read mask_address write_any write_address
            gradient_valid gradient_ready gradient_line retired compute starting running left slot group_at half passes
            line waiting finished issue last last_slot pass_end is_gradient finish push pop;
            vector: signals(LINE_WORDS), mask: signals(LINE_WORDS), write_enable: signals(LINE_WORDS),
            write_data: signals(LINE_WORDS), gradient: signals(LINE_WORDS), above: signals(LINE_WORDS),
            queue: Fifo::new(2, 1)?, gradients: Fifo::new(GRADIENTS, LINE_WORDS + 1)?,
            walker: PositionWalker::new(false),
            places: many(read_latency - word_ram::LATENCY), groups: many(read_latency),
            finishes: many(read_latency), words: many(LINE_WORDS),
            lane: (0..LINE_WORDS).map(constant).collect(),
            last_group: constant(groups - 1), zero: constant(0), most_waiting: constant(GRADIENTS),
            no_finish: Constant::new(Finish::default()),
        ))
    }
}

impl Logic for Results {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Results: from the groups to the map buffer or the gradients");
        clock!(self, clock, queue, walker, gradients);
        dff_setup!(
            self, clock, compute, starting, running, left, slot, group_at, half, passes, line, waiting, finished
        );
        for i in 0..self.places.len() {
            dff_setup!(self, clock, places[i]);
        }
        for i in 0..self.groups.len() {
            dff_setup!(self, clock, groups[i], finishes[i]);
        }
        self.queue.reset.next = self.reset.val();
        self.queue.in_valid.next = self.in_valid.val();
        self.in_ready.next = self.queue.in_ready.val();
        self.queue.in_data[0].next = self.in_compute.val();
        self.queue.out_ready.next = !self.running.q.val() & !self.starting.q.val();
        if self.queue.out_ready.val() & self.queue.out_valid.val() {
            self.starting.d.next = true;
            self.compute.d.next = self.queue.out_data[0].val();
        }
        if self.starting.q.val() {
            self.starting.d.next = false;
            self.running.d.next = true;
            self.left.d.next = self.compute.q.val().results;
            self.line.d.next = self.compute.q.val().result_start;
            self.slot.d.next = bits::<4>(0);
            self.group_at.d.next = bits::<3>(0);
        }
        self.walker.restart.next = self.starting.q.val();
        self.walker.restore.next = false;
        self.walker.save.next = false;
        self.walker.columns.next = self.compute.q.val().columns;
        self.walker.rows.next = self.compute.q.val().rows;
        self.walker.maps.next = bits::<8>(0);
        self.walker.start.next = self.compute.q.val().result_start;
        self.walker.step_x.next = self.compute.q.val().result_step_x;
        self.walker.step_y.next = self.compute.q.val().result_step_y;
        self.walker.step_map.next = self.compute.q.val().result_step_map;

        self.is_gradient.next = self.compute.q.val().stage == bits::<2>(2);
        self.issue.next = self.running.q.val()
            & self.passes.q.val().any()
            & (!self.is_gradient.val() | (self.waiting.q.val() != self.most_waiting.val()));
        self.walker.advance.next = self.issue.val();
        self.last.next = self.left.q.val() == bits::<20>(1);
        self.last_slot.next = self.slot.q.val() + 1 == self.compute.q.val().slots;
        self.pass_end.next = self.issue.val()
            & (self.last.val() | (self.last_slot.val() & (self.group_at.q.val() == self.last_group.val())));
        self.drained.next = self.pass_end.val();
        if self.issue.val() {
            self.left.d.next = self.left.q.val() - 1;
            self.line.d.next = self.line.q.val() + 1;
            self.slot.d.next = self.slot.q.val() + 1;
            if self.last_slot.val() {
                self.slot.d.next = bits::<4>(0);
                self.group_at.d.next = self.group_at.q.val() + 1;
            }
            if self.last.val() {
                self.running.d.next = false;
            }
        }
        if self.pass_end.val() {
            self.slot.d.next = bits::<4>(0);
            self.group_at.d.next = bits::<3>(0);
            self.half.d.next = !self.half.q.val();
        }
        if self.pass.val() & !self.pass_end.val() {
            self.passes.d.next = self.passes.q.val() + 1;
        } else if self.pass_end.val() & !self.pass.val() {
            self.passes.d.next = self.passes.q.val() - 1;
        }

        // Both reads come at the same time.
        self.mask_read.next = self.issue.val() & (self.compute.q.val().stage == bits::<2>(1));
        self.mask_address.next = self.walker.address.val() + self.compute.q.val().second_start;
        self.places[0].d.next = self.slot.q.val();
        if self.half.q.val() {
            self.places[0].d.next = self.slot.q.val() | 8;
        }
        for i in 1..self.places.len() {
            self.places[i].d.next = self.places[i - 1].q.val();
        }
        self.place.next = self.places[self.places.len() - 1].q.val();
        self.groups[0].d.next = self.group_at.q.val();
        for i in 1..self.groups.len() {
            self.groups[i].d.next = self.groups[i - 1].q.val();
        }
        self.group.next = self.groups[self.groups.len() - 1].q.val();

        self.finishes[0].d.next.valid = self.issue.val();
        self.finishes[0].d.next.gradient = self.is_gradient.val();
        if self.is_gradient.val() {
            self.finishes[0].d.next.address = self.line.q.val();
        } else {
            self.finishes[0].d.next.address = self.walker.address.val();
        }
        self.finishes[0].d.next.lanes = self.compute.q.val().lanes;
        self.finishes[0].d.next.rectified = self.compute.q.val().rectified.any();
        self.finishes[0].d.next.masked = self.mask_read.val();
        self.finishes[0].d.next.nothing =
            self.is_gradient.val() & (self.left.q.val() <= bit_cast::<20, 4>(self.compute.q.val().padding));
        self.finishes[0].d.next.last = self.last.val();
        for i in 1..self.finishes.len() {
            self.finishes[i].d.next = self.finishes[i - 1].q.val();
        }
        self.finish.next = self.finishes[self.finishes.len() - 1].q.val();
        self.finished.d.next = self.finish.val();

        self.write_any.next = self.finished.q.val().valid & !self.finished.q.val().gradient;
        self.write_address.next = self.finished.q.val().address;
        self.push.next = self.finished.q.val().valid & self.finished.q.val().gradient;
        self.retired.next = self.finished.q.val().valid & self.finished.q.val().last;
        self.gradients.reset.next = self.reset.val();
        self.gradients.in_valid.next = self.push.val();
        for j in 0..self.words.len() {
            dff_setup!(self, clock, words[j]);
            // Above zero: positive, not subnormal, a number or infinite.
            self.above[j].next = !self.mask[j].val().get_bit(31)
                & self.mask[j].val().get_bits::<8>(23).any()
                & !((self.mask[j].val().get_bits::<8>(23) == bits::<8>(255))
                    & self.mask[j].val().get_bits::<23>(0).any());
            self.words[j].d.next = self.vector[j].val();
            if (self.finish.val().rectified & self.vector[j].val().get_bit(31))
                | (self.finish.val().masked & !self.above[j].val())
                | self.finish.val().nothing
                | (self.finish.val().gradient & (self.lane[j].val() >= self.finish.val().lanes))
            {
                self.words[j].d.next = self.zero.val();
            }
            self.write_data[j].next = self.words[j].q.val();
            self.write_enable[j].next = self.write_any.val() & (self.lane[j].val() < self.finished.q.val().lanes);
            self.gradients.in_data[j].next = self.words[j].q.val();
            self.gradient[j].next = self.gradients.out_data[j].val();
        }
        self.gradients.in_data[self.words.len()].next = bit_cast::<32, 20>(self.finished.q.val().address);
        self.gradient_line.next = self.gradients.out_data[self.words.len()].val().get_bits::<20>(0);
        self.gradient_valid.next = self.gradients.out_valid.val();
        self.gradients.out_ready.next = self.gradient_ready.val();
        self.pop.next = self.gradients.out_valid.val() & self.gradient_ready.val();
        if self.issue.val() & self.is_gradient.val() & !self.pop.val() {
            self.waiting.d.next = self.waiting.q.val() + 1;
        } else if self.pop.val() & !(self.issue.val() & self.is_gradient.val()) {
            self.waiting.d.next = self.waiting.q.val() - 1;
        }

        if self.reset.val() {
            self.running.d.next = false;
            self.starting.d.next = false;
            self.half.d.next = false;
            self.passes.d.next = bits::<2>(0);
            self.waiting.d.next = bits::<5>(0);
            self.finished.d.next = self.no_finish.val();
            for i in 0..self.finishes.len() {
                self.finishes[i].d.next = self.no_finish.val();
            }
        }
    }
}
