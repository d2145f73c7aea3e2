//! What a requantiser multiplies in each pass.

use crate::cells::requantiser::{rounded_latency, OPERAND_BITS};
use crate::cells::{WIDTHS_OFF, WIDTHS_ON};
use crate::make;
use crate::make::signals;
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;

/// Cycles from a part's issue to the requantiser's operand.
pub const OPERAND_LATENCY: usize = 3;

/// Cycles from a part's issue to `take`.
pub const TAKE_DELAY: usize = 2;

/// Operand, factor and shift of one channel, [`OPERAND_LATENCY`] cycles after `pass`.
///
/// | pass | operand | factor, shift |
/// |---|---|---|
/// | 0 result | `total + bias` | the channel's parameters, which arrive two cycles after `pass` |
/// | 1 scaling | `(r - residual_zero_point) << 20`, or of the own result | `scale_q`, `scale_shift` |
/// | 2 sum | `partial` | `sum_q`, `sum_shift` |
///
/// `half` is `(the operand not scaled) << 19`, delayed to meet the rounded product of pass 1, and
/// `partial_out` their sum one cycle later.
///
/// With one cycle for a number, `total`, `own`, `residual` and `partial` are taken with `pass`. With
/// four, they are taken with `take`, two cycles after `pass`; the operand holds until the next, and
/// factor and shift are there one cycle before it, from the parameter word itself.
#[derive(LogicBlock)]
pub struct PassOperand<const SUM: usize> {
    pub clock: Signal<In, Clock>,
    /// Not looked at with one cycle for a number.
    pub take: Signal<In, Bit>,
    pub pass: Signal<In, Bits<2>>,
    pub total: Signal<In, Signed<SUM>>,
    pub channel: Vec<Signal<In, Bits<8>>>,
    pub own: Signal<In, Bits<8>>,
    pub residual: Signal<In, Bits<8>>,
    pub partial: Signal<In, Bits<OPERAND_BITS>>,
    pub scale_residual: Signal<In, Bits<1>>,
    pub own_zero_point: Signal<In, Bits<8>>,
    pub residual_zero_point: Signal<In, Bits<8>>,
    pub scale_q: Signal<In, Bits<31>>,
    pub scale_shift: Signal<In, Bits<5>>,
    pub sum_q: Signal<In, Bits<31>>,
    pub sum_shift: Signal<In, Bits<5>>,
    pub rounded: Signal<In, Signed<OPERAND_BITS>>,
    pub operand: Signal<Out, Signed<OPERAND_BITS>>,
    pub q: Signal<Out, Bits<31>>,
    pub shift: Signal<Out, Bits<5>>,
    pub partial_out: Signal<Out, Bits<OPERAND_BITS>>,
    _cycles: usize,
}

impl<const SUM: usize> PassOperand<SUM> {
    /// For requantisers with `cycles` for a number, 1 or 4.
    pub fn new(cycles: usize) -> Self {
        make!(
            clock take pass total own residual partial scale_residual own_zero_point residual_zero_point scale_q
            scale_shift sum_q sum_shift rounded operand q shift partial_out;
            channel: signals(8), _cycles: cycles,
        )
    }
}

impl<const SUM: usize> Logic for PassOperand<SUM> {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.operand.connect();
        self.q.connect();
        self.shift.connect();
        self.partial_out.connect();
    }

    fn hdl(&self) -> Verilog {
        // The operand not scaled, one place in front of the sum that it enters.
        let (body, depth) = match self._cycles {
            1 => (PIPELINED, OPERAND_LATENCY + rounded_latency(1)),
            cycles => (HELD, OPERAND_LATENCY + rounded_latency(cycles) - TAKE_DELAY),
        };
        Verilog::Custom(format!(
            "// PassOperand: operand, factor and shift of one channel in each pass
{WIDTHS_OFF}    wire signed [8:0] own_difference = $signed(own) - $signed(own_zero_point);
    wire signed [8:0] residual_difference = $signed(residual) - $signed(residual_zero_point);
    wire signed [8:0] scaled = scale_residual ? residual_difference : own_difference;
    wire signed [8:0] other = scale_residual ? own_difference : residual_difference;
    reg [{delay_top}:0] other_delay;
    reg signed [29:0] partial_q;
    wire signed [27:0] bias = channel[27:0];
    wire signed [8:0] other_late = other_delay[{delay_top}:{delay_low}];
    always @(posedge clock) begin
        other_delay <= {{other_delay[{delay_below}:0], other}};
        partial_q <= rounded + $signed({{other_late[8], other_late, 19'd0}});
    end
    assign partial_out = partial_q;
{body}{WIDTHS_ON}",
            delay_top = 9 * depth - 1,
            delay_low = 9 * (depth - 1),
            delay_below = 9 * (depth - 1) - 1,
        ))
    }
}

/// Every stage a register.
const PIPELINED: &str = "    reg signed [29:0] early, early_2, operand_q;
    reg [1:0] pass_1, pass_2;
    reg [30:0] q_q;
    reg [4:0] shift_q;
    always @(posedge clock) begin
        case (pass)
            2'd0: early <= total;
            2'd1: early <= {scaled[8], scaled, 20'd0};
            default: early <= partial;
        endcase
        pass_1 <= pass;
        early_2 <= early;
        pass_2 <= pass_1;
        case (pass_2)
            2'd0: begin
                operand_q <= early_2 + bias;
                q_q <= channel[63:33];
                shift_q <= channel[32:28];
            end
            2'd1: begin
                operand_q <= early_2;
                q_q <= scale_q;
                shift_q <= scale_shift;
            end
            default: begin
                operand_q <= early_2;
                q_q <= sum_q;
                shift_q <= sum_shift;
            end
        endcase
    end
    assign operand = operand_q;
    assign q = q_q;
    assign shift = shift_q;
";

/// The operand held, factor and shift where they come from.
const HELD: &str = "    reg signed [29:0] operand_q;
    reg [1:0] pass_1, pass_2;
    always @(posedge clock) begin
        pass_1 <= pass;
        pass_2 <= pass_1;
        if (take) begin
            case (pass_2)
                2'd0: operand_q <= $signed(total) + bias;
                2'd1: operand_q <= {scaled[8], scaled, 20'd0};
                default: operand_q <= partial;
            endcase
        end
    end
    assign operand = operand_q;
    assign q = pass_2 == 2'd0 ? channel[63:33] : pass_2 == 2'd1 ? scale_q : sum_q;
    assign shift = pass_2 == 2'd0 ? channel[32:28] : pass_2 == 2'd1 ? scale_shift : sum_shift;
";
