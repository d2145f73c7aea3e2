//! The RMSProp units of a port, which take a line of parameters in turns.

use super::rms_prop_unit::{RmsPropUnit, LATENCY as UNIT};
use crate::cells::reg::Reg;
use crate::make::{constant, many, signals};
use crate::post::assembler::Assembler;
use crate::{clock, comment, dff_setup, make};
use cortado_arch::trainer::LINE_WORDS;
use rust_hdl::prelude::*;

/// Cycles until `scale` is there.
pub const SCALE_LATENCY: usize = UNIT;

/// Takes a line of parameters, one of statistics and one of the gradient, as many words a cycle as there are units,
/// `taken` in the last of these cycles, and gives the new lines with `complete`. Once begun, a line goes through.
///
/// While `scaling` is high, with no line inside, `scale` is `limit / sqrt(total)` or 1, whichever is less, from
/// [`SCALE_LATENCY`] cycles on: what `factor` must be after it. `factor` itself is what the gradient is multiplied by.
#[derive(LogicBlock)]
pub struct RmsPropArray {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub rate: Signal<In, Bits<32>>,
    pub alpha: Signal<In, Bits<32>>,
    pub fresh: Signal<In, Bits<32>>,
    pub epsilon: Signal<In, Bits<32>>,
    pub factor: Signal<In, Bits<32>>,
    pub scaling: Signal<In, Bit>,
    pub limit: Signal<In, Bits<32>>,
    pub total: Signal<In, Bits<32>>,
    pub scale: Signal<Out, Bits<32>>,
    pub valid: Signal<In, Bit>,
    pub taken: Signal<Out, Bit>,
    pub parameters: Vec<Signal<In, Bits<32>>>,
    pub statistics: Vec<Signal<In, Bits<32>>>,
    pub gradient: Vec<Signal<In, Bits<32>>>,
    pub complete: Signal<Out, Bit>,
    pub new_parameters: Vec<Signal<Out, Bits<32>>>,
    pub new_statistics: Vec<Signal<Out, Bits<32>>>,
    unit: Vec<RmsPropUnit>,
    parameter_line: Assembler<32>,
    statistic_line: Assembler<32>,
    turn: Reg<Bits<4>>,
    turn_out: Reg<Bits<4>>,
    inside: Vec<Reg<Bit>>,
    enter: Signal<Local, Bit>,
    leave: Signal<Local, Bit>,
    quotient: Signal<Local, Bits<32>>,
    turn_number: Vec<Constant<Bits<4>>>,
    last_turn: Constant<Bits<4>>,
    one: Constant<Bits<32>>,
    zero: Constant<Bits<32>>,
    magnitude: Constant<Bits<32>>,
}

impl RmsPropArray {
    /// Of 1, 2 or 4 units.
    pub fn new(units: usize) -> Self {
        let turns = LINE_WORDS / units;
        make!(
            clock reset rate alpha fresh epsilon factor scaling limit total scale valid taken complete turn turn_out enter
            leave quotient;
            parameters: signals(LINE_WORDS), statistics: signals(LINE_WORDS), gradient: signals(LINE_WORDS),
            new_parameters: signals(LINE_WORDS), new_statistics: signals(LINE_WORDS), unit: many(units),
            parameter_line: Assembler::new(LINE_WORDS, units), statistic_line: Assembler::new(LINE_WORDS, units),
            inside: many(UNIT), turn_number: (0..turns).map(constant).collect(), last_turn: constant(turns - 1),
            one: constant(0x3f80_0000), zero: constant(0), magnitude: constant(0x7fff_ffff),
        )
    }
}

impl Logic for RmsPropArray {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("RmsPropArray: a line of parameters through the RMSProp units");
        clock!(self, clock, parameter_line, statistic_line);
        dff_setup!(self, clock, turn, turn_out);
        for i in 0..self.inside.len() {
            dff_setup!(self, clock, inside[i]);
        }
        self.enter.next = self.valid.val() | self.turn.q.val().any();
        self.taken.next = self.turn.q.val() == self.last_turn.val();
        if self.enter.val() {
            self.turn.d.next = (self.turn.q.val() + 1) & self.last_turn.val();
        }
        self.inside[0].d.next = self.enter.val() & !self.reset.val();
        for i in 1..self.inside.len() {
            self.inside[i].d.next = self.inside[i - 1].q.val() & !self.reset.val();
        }

        for l in 0..self.unit.len() {
            clock!(self, clock, unit[l]);
            self.unit[l].theta.next = self.parameters[l].val();
            self.unit[l].statistic.next = self.statistics[l].val();
            self.unit[l].gradient.next = self.gradient[l].val();
            for t in 1..self.turn_number.len() {
                if self.turn.q.val() == self.turn_number[t].val() {
                    self.unit[l].theta.next = self.parameters[t * self.unit.len() + l].val();
                    self.unit[l].statistic.next = self.statistics[t * self.unit.len() + l].val();
                    self.unit[l].gradient.next = self.gradient[t * self.unit.len() + l].val();
                }
            }
            self.unit[l].scale.next = self.factor.val();
            self.unit[l].alpha.next = self.alpha.val();
            self.unit[l].fresh.next = self.fresh.val();
            self.unit[l].rate.next = self.rate.val();
            self.unit[l].epsilon.next = self.epsilon.val();
            self.parameter_line.part[l].next = self.unit[l].new_theta.val();
            self.statistic_line.part[l].next = self.unit[l].new_statistic.val();
        }
        // The first unit makes 0 - limit / sqrt(total).
        if self.scaling.val() {
            self.unit[0].theta.next = self.zero.val();
            self.unit[0].statistic.next = self.total.val();
            self.unit[0].gradient.next = self.limit.val();
            self.unit[0].scale.next = self.one.val();
            self.unit[0].alpha.next = self.one.val();
            self.unit[0].fresh.next = self.zero.val();
            self.unit[0].rate.next = self.one.val();
            self.unit[0].epsilon.next = self.zero.val();
        }
        // It is below 1 exactly when the norm is above the limit. As bits, NaN (0 / 0) is above 1 too.
        self.quotient.next = self.unit[0].new_theta.val() & self.magnitude.val();
        if self.quotient.val() < self.one.val() {
            self.scale.next = self.quotient.val();
        } else {
            self.scale.next = self.one.val();
        }

        self.leave.next = self.inside[self.inside.len() - 1].q.val();
        if self.leave.val() {
            self.turn_out.d.next = (self.turn_out.q.val() + 1) & self.last_turn.val();
        }
        self.parameter_line.valid.next = self.leave.val();
        self.parameter_line.last.next = self.turn_out.q.val() == self.last_turn.val();
        self.statistic_line.valid.next = self.leave.val();
        self.statistic_line.last.next = self.turn_out.q.val() == self.last_turn.val();
        self.complete.next = self.parameter_line.complete.val();
        for i in 0..self.new_parameters.len() {
            self.new_parameters[i].next = self.parameter_line.whole[i].val();
            self.new_statistics[i].next = self.statistic_line.whole[i].val();
        }
        if self.reset.val() {
            self.turn.d.next = bits::<4>(0);
            self.turn_out.d.next = bits::<4>(0);
        }
    }
}
