//! From an accumulator to an int16 output: bias, rounding shift, clamp.

use super::pass_operand::OPERAND_LATENCY;
use crate::cells::{WIDTHS_OFF, WIDTHS_ON};
use crate::make;
use crate::make::signals;
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;

/// Cycles from a part's issue to `clamped`.
pub const SHIFT_LATENCY: usize = OPERAND_LATENCY + 4;

/// `clamped = clamp(round_shift(total + bias, shift), minimum, maximum)`, one number a cycle, [`SHIFT_LATENCY`]
/// cycles later; `round_shift` rounds half away from zero. No multiplier: int16 scales are powers of two.
///
/// `channel`, the 8 bytes of `cortado_arch::isa::ShiftParameter`, comes two cycles after `total`. The sum keeps the
/// accumulator's bits. `minimum` and `maximum` belong to the result: they are taken one cycle before it.
#[derive(LogicBlock)]
pub struct ShiftRequantiser<const SUM: usize> {
    pub clock: Signal<In, Clock>,
    pub total: Signal<In, Signed<SUM>>,
    pub channel: Vec<Signal<In, Bits<8>>>,
    /// Two bytes, the lowest first; as `maximum` and `clamped`.
    pub minimum: Vec<Signal<In, Bits<8>>>,
    pub maximum: Vec<Signal<In, Bits<8>>>,
    pub clamped: Vec<Signal<Out, Bits<8>>>,
}

impl<const SUM: usize> ShiftRequantiser<SUM> {
    pub fn new() -> Self {
        make!(
            clock total;
            channel: signals(8), minimum: signals(2), maximum: signals(2), clamped: signals(2),
        )
    }
}

impl<const SUM: usize> Default for ShiftRequantiser<SUM> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const SUM: usize> Logic for ShiftRequantiser<SUM> {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.clamped.iter_mut().for_each(|byte| byte.connect());
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(format!(
            "// ShiftRequantiser: bias, rounding shift and clamp; {SHIFT_LATENCY} cycles
{WIDTHS_OFF}    reg signed [{top}:0] early, early_2, biased;
    reg [{top}:0] half;
    reg [5:0] shift_3, shift_4;
    reg [2:0] shift_5;
    reg signed [{SUM}:0] nudged, coarse, rounded;
    reg signed [15:0] clamped_q;
    wire [5:0] shift = channel[{shift_top}:{SUM}];
    // Half away from zero: one less than a half for negative numbers.
    wire [{top}:0] less = half - {{{top}'d0, |half & biased[{top}]}};
    always @(posedge clock) begin
        early <= total;

        early_2 <= early;

        biased <= early_2 + $signed(channel[{top}:0]);
        half <= ({SUM}'d1 << shift) >> 1;
        shift_3 <= shift;

        nudged <= biased + $signed({{1'b0, less}});
        shift_4 <= shift_3;

        coarse <= nudged >>> {{shift_4[5:3], 3'b000}};
        shift_5 <= shift_4[2:0];

        rounded <= coarse >>> shift_5;

        if (rounded < $signed(minimum)) clamped_q <= minimum;
        else if (rounded > $signed(maximum)) clamped_q <= maximum;
        else clamped_q <= rounded[15:0];
    end
    assign clamped = clamped_q;
{WIDTHS_ON}",
            top = SUM - 1,
            shift_top = SUM + 5,
        ))
    }
}
