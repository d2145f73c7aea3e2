//! A group of sixteen PEs with the scalars of its slots and the results of its last two passes.

use super::control::{Capture, GroupControl};
use super::scalar_buffer::{self, ScalarBuffer};
use super::word_ram::WordRam;
use crate::cells::reg::Reg;
use crate::float::multiply::Factors;
use crate::float::multiply_accumulate::{self, FloatMultiplyAccumulate};
use crate::make;
use crate::make::{many, signals};
use crate::{clock, comment, dff_setup};
use cortado_arch::trainer::LINE_WORDS;
use rust_hdl::prelude::*;

/// Cycles from a step's control to the sum that holds its product.
pub const fn latency(factors: Factors) -> usize {
    scalar_buffer::LATENCY + multiply_accumulate::latency(factors)
}

/// `sum[slot][lane] += vector[lane] * scalar[slot]`, one slot a cycle.
///
/// `control` and `capture` go on to the next group one cycle later, and so does the vector. `result` is the line at
/// `result_place` in the result buffer, [`super::word_ram::LATENCY`] cycles later. `capture` belongs [`latency`] cycles
/// after the control of the sums.
#[derive(LogicBlock)]
pub struct Group {
    pub clock: Signal<In, Clock>,
    pub control: Signal<In, GroupControl>,
    pub next_control: Signal<Out, GroupControl>,
    pub capture: Signal<In, Capture>,
    pub next_capture: Signal<Out, Capture>,
    pub bus: Vec<Signal<In, Bits<32>>>,
    pub chained: Vec<Signal<In, Bits<32>>>,
    pub vector: Vec<Signal<Out, Bits<32>>>,
    pub write_enable: Vec<Signal<In, Bit>>,
    pub write_entry: Signal<In, Bits<4>>,
    pub write_data: Vec<Signal<In, Bits<32>>>,
    pub write_present: Signal<In, Bit>,
    pub result_place: Signal<In, Bits<4>>,
    pub result: Vec<Signal<Out, Bits<32>>>,

    scalars: ScalarBuffer,
    lanes: Vec<FloatMultiplyAccumulate>,
    results: Vec<WordRam>,
    vectors: Vec<Reg<Bits<32>>>,
    control_kept: Reg<GroupControl>,
    capture_kept: Reg<Capture>,
    active: Reg<Bit>,
    first: Reg<Bit>,
    negative: Reg<Bit>,
    is_first: Constant<Bit>,
    upper: Constant<Bits<4>>,
    slot: Signal<Local, Bits<4>>,
    half: Signal<Local, Bits<4>>,
    takes_bus: Signal<Local, Bit>,
    keeps: Signal<Local, Bit>,
    valid: Signal<Local, Bit>,
}

impl Group {
    /// Group `number` of a unit whose factors are taken so.
    pub fn new(number: usize, factors: Factors) -> Self {
        make!(
            clock control next_control capture next_capture write_entry write_present result_place scalars control_kept
            capture_kept active first negative slot half takes_bus keeps valid;
            bus: signals(LINE_WORDS), chained: signals(LINE_WORDS), vector: signals(LINE_WORDS),
            write_enable: signals(LINE_WORDS), write_data: signals(LINE_WORDS), result: signals(LINE_WORDS),
            lanes: (0..LINE_WORDS).map(|_| FloatMultiplyAccumulate::new(factors)).collect(),
            results: (0..LINE_WORDS).map(|_| WordRam::new(16)).collect(),
            vectors: many(LINE_WORDS),
            is_first: Constant::new(number == 0),
            // GC: two groups share a gathered line.
            upper: Constant::new(if number % 2 == 1 { 8 } else { 0 }.into()),
        )
    }
}

impl Logic for Group {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Group: 16 multiply-accumulates, the scalars of their slots, their results");
        clock!(self, clock, scalars);
        dff_setup!(self, clock, control_kept, capture_kept, active, first, negative);
        self.control_kept.d.next = self.control.val();
        self.next_control.next = self.control_kept.q.val();
        self.capture_kept.d.next = self.capture.val();
        self.next_capture.next = self.capture_kept.q.val();

        self.slot.next = bit_cast::<4, 3>(self.control.val().slot);
        self.half.next = bits::<4>(0);
        if self.control.val().half {
            self.half.next = bits::<4>(8);
        }
        if self.control.val().gradient {
            self.scalars.entry.next = self.half.val() | self.control.val().step;
            self.scalars.word.next = self.upper.val() | self.slot.val();
        } else if self.control.val().single {
            self.scalars.entry.next = self.half.val();
            self.scalars.word.next = self.control.val().step;
        } else {
            self.scalars.entry.next = self.half.val() | self.slot.val();
            self.scalars.word.next = self.control.val().step;
        }
        self.scalars.write_entry.next = self.write_entry.val();
        self.scalars.write_present.next = self.write_present.val();

        if self.control.val().own {
            self.takes_bus.next = self.slot.val() == bits::<4>(0);
            self.keeps.next = true;
        } else {
            self.takes_bus.next = self.is_first.val() & self.control.val().load;
            self.keeps.next = self.is_first.val();
        }
        self.active.d.next = self.control.val().active;
        self.first.d.next = self.control.val().active & self.control.val().first;
        self.negative.d.next = self.control.val().negative;
        self.valid.next = self.active.q.val() & self.scalars.present.val();
        for j in 0..self.lanes.len() {
            clock!(self, clock, lanes[j], results[j]);
            dff_setup!(self, clock, vectors[j]);
            self.scalars.write_enable[j].next = self.write_enable[j].val();
            self.scalars.write_data[j].next = self.write_data[j].val();
            if self.takes_bus.val() {
                self.vectors[j].d.next = self.bus[j].val();
            } else if !self.keeps.val() {
                self.vectors[j].d.next = self.chained[j].val();
            }
            self.vector[j].next = self.vectors[j].q.val();
            self.lanes[j].a.next = self.vectors[j].q.val();
            self.lanes[j].b.next = self.scalars.scalar.val();
            self.lanes[j].valid.next = self.valid.val();
            self.lanes[j].first.next = self.first.q.val();
            self.lanes[j].negative.next = self.negative.q.val();
            self.results[j].write_enable.next = self.capture.val().valid;
            self.results[j].write_address.next = bit_cast::<16, 4>(self.capture.val().place);
            self.results[j].write_data.next = self.lanes[j].sum.val();
            self.results[j].read_address.next = bit_cast::<16, 4>(self.result_place.val());
            self.result[j].next = self.results[j].read_data.val();
        }
    }
}
