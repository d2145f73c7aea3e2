//! RMSProp with clipping over all parameters: what a training ends with.

use super::burst::{Burst, MemoryError};
use super::gradient_norm::GradientNorm;
use super::rms_prop_array::{RmsPropArray, SCALE_LATENCY};
use super::stream_reader::StreamReader;
use super::stream_writer::StreamWriter;
use crate::cells::reg::Reg;
use crate::make::{constant, many, signals};
use crate::{clock, comment, dff_setup, make};
use cortado_arch::trainer::LINE_WORDS;
use rust_hdl::prelude::*;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
pub enum RmsPropState {
    Idle,
    Norm,
    Scale,
    Waiting,
    Starting,
    Moving,
    Done,
}

/// After a `start`: reads the gradient once for its norm and whether it is finite, and, if it is, a second time
/// together with parameters and statistics, which it writes back one step along it (docs/training.md).
///
/// The gradient comes as a stream, from its beginning after each `gradient_start`. Between the passes `waiting` stands
/// until `turn`: parameters and statistics are touched from then to `done`, a cycle in which `not_finite` says that
/// nothing was changed because word `at` of the gradient is `value`.
///
/// Clients of the memory port, reading and writing: 0 for parameters, 1 for statistics. Their read data come in
/// `read_data`, their write data leave in `write_data`, one behind the other.
#[derive(LogicBlock)]
pub struct RmsProp {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    /// Only when not busy. All that follows holds until `done`.
    pub start: Signal<In, Bit>,
    /// Byte addresses.
    pub parameters: Signal<In, Bits<32>>,
    pub statistics: Signal<In, Bits<32>>,
    pub lines: Signal<In, Bits<32>>,
    pub rate: Signal<In, Bits<32>>,
    pub alpha: Signal<In, Bits<32>>,
    /// 1 - alpha.
    pub fresh: Signal<In, Bits<32>>,
    pub epsilon: Signal<In, Bits<32>>,
    /// The largest norm; infinite for no clipping.
    pub limit: Signal<In, Bits<32>>,
    pub gradient_start: Signal<Out, Bit>,
    pub gradient_valid: Signal<In, Bit>,
    pub gradient_ready: Signal<Out, Bit>,
    pub gradient: Vec<Signal<In, Bits<32>>>,
    pub waiting: Signal<Out, Bit>,
    pub turn: Signal<In, Bit>,
    /// Parameters move; for observation.
    pub moving: Signal<Out, Bit>,
    pub busy: Signal<Out, Bit>,
    pub done: Signal<Out, Bit>,
    pub not_finite: Signal<Out, Bit>,
    pub at: Signal<Out, Bits<32>>,
    pub value: Signal<Out, Bits<32>>,
    pub read_command_valid: Vec<Signal<Out, Bit>>,
    pub read_command_ready: Vec<Signal<In, Bit>>,
    pub read_command_address: Vec<Signal<Out, Bits<32>>>,
    pub read_command_beats: Vec<Signal<Out, Bits<16>>>,
    pub read_data_valid: Vec<Signal<In, Bit>>,
    pub read_data_ready: Vec<Signal<Out, Bit>>,
    pub read_data: Vec<Signal<In, Bits<32>>>,
    pub write_command_valid: Vec<Signal<Out, Bit>>,
    pub write_command_ready: Vec<Signal<In, Bit>>,
    pub write_command_address: Vec<Signal<Out, Bits<32>>>,
    pub write_command_beats: Vec<Signal<Out, Bits<16>>>,
    pub write_data_valid: Vec<Signal<Out, Bit>>,
    pub write_data_ready: Vec<Signal<In, Bit>>,
    pub write_data: Vec<Signal<Out, Bits<32>>>,
    state: Reg<RmsPropState>,
    norm: GradientNorm,
    array: RmsPropArray,
    reader: Vec<StreamReader>,
    writer: Vec<StreamWriter>,
    factor: Reg<Bits<32>>,
    total: Reg<Bits<32>>,
    count: Reg<Bits<8>>,
    /// Lines in the units and in each writer's queue.
    under_way: Vec<Reg<Bits<8>>>,
    open: Signal<Local, Bit>,
    moves: Signal<Local, Bit>,
    most: Constant<Bits<8>>,
    scale_cycles: Constant<Bits<8>>,
}

impl RmsProp {
    /// With `units` RMSProp units, 1, 2 or 4: as many as a quarter of the port's words fill it.
    ///
    /// # Errors
    /// A burst that no queue holds.
    pub fn new(units: usize, burst: Burst) -> Result<Self, MemoryError> {
        let reader = || StreamReader::new(burst);
        let writer = || StreamWriter::new(burst);
        Ok(make!(
            clock reset start parameters statistics lines rate alpha fresh epsilon limit gradient_start gradient_valid
            gradient_ready waiting turn busy done not_finite at value state factor total count open moves moving;
            gradient: signals(LINE_WORDS),
            read_command_valid: signals(2), read_command_ready: signals(2), read_command_address: signals(2),
            read_command_beats: signals(2), read_data_valid: signals(2), read_data_ready: signals(2),
            read_data: signals(LINE_WORDS),
            write_command_valid: signals(2), write_command_ready: signals(2), write_command_address: signals(2),
            write_command_beats: signals(2), write_data_valid: signals(2), write_data_ready: signals(2),
            write_data: signals(2 * LINE_WORDS),
            norm: GradientNorm::default(), array: RmsPropArray::new(units),
            reader: vec![reader()?, reader()?], writer: vec![writer()?, writer()?], under_way: many(2),
            most: constant(burst.queue), scale_cycles: constant(SCALE_LATENCY),
        ))
    }
}

impl Logic for RmsProp {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("RmsProp: clipping by the norm, then every parameter and its statistics one step");
        clock!(self, clock, norm, array);
        dff_setup!(self, clock, state, factor, total, count);
        self.busy.next = self.state.q.val() != RmsPropState::Idle;
        self.waiting.next = self.state.q.val() == RmsPropState::Waiting;
        self.moves.next = self.state.q.val() == RmsPropState::Moving;
        self.moving.next = self.moves.val();
        self.done.next = self.state.q.val() == RmsPropState::Done;
        self.not_finite.next = self.norm.not_finite.val();
        self.at.next = self.norm.at.val();
        self.value.next = self.norm.value.val();
        self.gradient_start.next = self.start.val() | (self.state.q.val() == RmsPropState::Starting);

        self.norm.reset.next = self.reset.val();
        self.norm.start.next = self.start.val();
        self.norm.lines.next = self.lines.val();
        self.norm.gradient_valid.next = self.gradient_valid.val() & (self.state.q.val() == RmsPropState::Norm);
        self.array.reset.next = self.reset.val();
        self.array.rate.next = self.rate.val();
        self.array.alpha.next = self.alpha.val();
        self.array.fresh.next = self.fresh.val();
        self.array.epsilon.next = self.epsilon.val();
        self.array.factor.next = self.factor.q.val();
        self.array.scaling.next = self.state.q.val() == RmsPropState::Scale;
        self.array.limit.next = self.limit.val();
        self.array.total.next = self.total.q.val();
        self.gradient_ready.next = self.norm.gradient_ready.val() | self.array.taken.val();
        for i in 0..self.gradient.len() {
            self.norm.gradient[i].next = self.gradient[i].val();
            self.array.gradient[i].next = self.gradient[i].val();
            self.array.parameters[i].next = self.reader[0].out_data[i].val();
            self.array.statistics[i].next = self.reader[1].out_data[i].val();
            self.writer[0].in_data[i].next = self.array.new_parameters[i].val();
            self.writer[1].in_data[i].next = self.array.new_statistics[i].val();
        }

        // A line enters when its results will find room.
        self.open.next = self.moving.val()
            & self.gradient_valid.val()
            & self.reader[0].out_valid.val()
            & self.reader[1].out_valid.val();
        for k in 0..self.reader.len() {
            dff_setup!(self, clock, under_way[k]);
            self.open.next = self.open.val() & (self.under_way[k].q.val() < self.most.val());
            if self.array.taken.val() & !(self.writer[k].data_valid.val() & self.write_data_ready[k].val()) {
                self.under_way[k].d.next = self.under_way[k].q.val() + 1;
            } else if !self.array.taken.val() & self.writer[k].data_valid.val() & self.write_data_ready[k].val() {
                self.under_way[k].d.next = self.under_way[k].q.val() - 1;
            }
            if self.reset.val() {
                self.under_way[k].d.next = bits::<8>(0);
            }

            clock!(self, clock, reader[k], writer[k]);
            self.reader[k].reset.next = self.reset.val();
            self.reader[k].start.next = self.state.q.val() == RmsPropState::Starting;
            self.reader[k].lines.next = self.lines.val();
            self.reader[k].out_ready.next = self.array.taken.val();
            self.read_command_valid[k].next = self.reader[k].command_valid.val();
            self.reader[k].command_ready.next = self.read_command_ready[k].val();
            self.read_command_address[k].next = self.reader[k].command_address.val();
            self.read_command_beats[k].next = self.reader[k].command_beats.val();
            self.reader[k].data_valid.next = self.read_data_valid[k].val();
            self.read_data_ready[k].next = self.reader[k].data_ready.val();
            self.writer[k].reset.next = self.reset.val();
            self.writer[k].start.next = self.state.q.val() == RmsPropState::Starting;
            self.writer[k].lines.next = self.lines.val();
            self.writer[k].in_valid.next = self.array.complete.val();
            self.write_command_valid[k].next = self.writer[k].command_valid.val();
            self.writer[k].command_ready.next = self.write_command_ready[k].val();
            self.write_command_address[k].next = self.writer[k].command_address.val();
            self.write_command_beats[k].next = self.writer[k].command_beats.val();
            self.write_data_valid[k].next = self.writer[k].data_valid.val();
            self.writer[k].data_ready.next = self.write_data_ready[k].val();
            for i in 0..self.gradient.len() {
                self.reader[k].data[i].next = self.read_data[i].val();
                self.write_data[k * self.gradient.len() + i].next = self.writer[k].data[i].val();
            }
        }
        self.reader[0].address.next = self.parameters.val();
        self.writer[0].address.next = self.parameters.val();
        self.reader[1].address.next = self.statistics.val();
        self.writer[1].address.next = self.statistics.val();
        self.array.valid.next = self.open.val();

        match self.state.q.val() {
            RmsPropState::Idle => {
                if self.start.val() {
                    self.state.d.next = RmsPropState::Norm;
                }
            }
            RmsPropState::Norm => {
                self.count.d.next = self.scale_cycles.val();
                if self.norm.done.val() {
                    self.total.d.next = self.norm.total.val();
                    self.state.d.next = RmsPropState::Scale;
                }
            }
            RmsPropState::Scale => {
                self.count.d.next = self.count.q.val() - 1;
                self.factor.d.next = self.array.scale.val();
                if !self.count.q.val().any() {
                    self.state.d.next = RmsPropState::Waiting;
                }
            }
            RmsPropState::Waiting => {
                if self.turn.val() {
                    if self.norm.not_finite.val() {
                        self.state.d.next = RmsPropState::Done;
                    } else {
                        self.state.d.next = RmsPropState::Starting;
                    }
                }
            }
            RmsPropState::Starting => {
                self.state.d.next = RmsPropState::Moving;
            }
            RmsPropState::Moving => {
                if self.writer[0].idle.val() & self.writer[1].idle.val() {
                    self.state.d.next = RmsPropState::Done;
                }
            }
            _ => {
                self.state.d.next = RmsPropState::Idle;
            }
        }
        if self.reset.val() {
            self.state.d.next = RmsPropState::Idle;
        }
    }
}
