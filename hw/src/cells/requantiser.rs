//! From a 30-bit number to an int8 output: TensorFlow Lite's double rounding.

use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;

/// Bits of the operand: `(9-bit difference) << 20` and sums of two halves of such must fit.
pub const OPERAND_BITS: usize = 30;

/// Cycles from operand to `rounded`.
pub const ROUNDED_LATENCY: usize = 7;

/// Cycles from operand to `clamped`.
pub const CLAMPED_LATENCY: usize = 8;

/// `rounded = round_shift(high_mul(operand, q), shift)`;
/// `clamped = clamp(rounded + zero_point, minimum, maximum)`, where
/// `high_mul(a, q) = floor((a*q + 2^30) / 2^31)` and `round_shift` rounds half away from zero.
///
/// One number per cycle, [`ROUNDED_LATENCY`] and [`CLAMPED_LATENCY`] cycles later. `zero_point`,
/// `minimum` and `maximum` belong to the result, not the operand: they are taken when `rounded` is out.
/// The product is made of four 15 x 16 bit ones, one per 18 x 18 multiplier with its own registers.
#[derive(LogicBlock, Default)]
pub struct Requantiser {
    pub clock: Signal<In, Clock>,
    pub operand: Signal<In, Signed<OPERAND_BITS>>,
    pub q: Signal<In, Bits<31>>,
    pub shift: Signal<In, Bits<5>>,
    pub zero_point: Signal<In, Bits<8>>,
    pub minimum: Signal<In, Bits<8>>,
    pub maximum: Signal<In, Bits<8>>,
    pub rounded: Signal<Out, Signed<OPERAND_BITS>>,
    pub clamped: Signal<Out, Bits<8>>,
}

impl Logic for Requantiser {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.rounded.connect();
        self.clamped.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(
            "// Requantiser: Q31 factor, rounding shift, zero point and clamp; 8 cycles
    // operand = high * 2^15 + low, q = q_high * 2^16 + q_low
    reg signed [14:0] high;
    reg signed [15:0] low;
    reg signed [15:0] q_high;
    reg signed [16:0] q_low;
    reg signed [30:0] high_high;
    reg signed [31:0] high_low;
    reg signed [31:0] low_high;
    reg signed [32:0] low_low;
    reg signed [33:0] middle;
    reg signed [17:0] carry;
    reg signed [30:0] high_high_3, high_high_4;
    reg signed [34:0] lower;
    reg signed [29:0] product;
    reg signed [31:0] nudged;
    reg signed [29:0] rounded_q;
    reg signed [7:0] clamped_q;
    reg [4:0] shift_1, shift_2, shift_3, shift_4, shift_5, shift_6;
    wire signed [33:0] low_low_nudged = low_low + 34'sd1073741824;
    // Half away from zero: one less than a half for negative numbers.
    wire [31:0] half = (32'd1 << shift_5) >> 1;
    wire signed [31:0] half_or_less = half - {31'd0, product[29] & (shift_5 != 0)};
    wire signed [30:0] shifted = rounded_q + $signed(zero_point);
    always @(posedge clock) begin
        high <= operand[29:15];
        low <= {1'b0, operand[14:0]};
        q_high <= {1'b0, q[30:16]};
        q_low <= {1'b0, q[15:0]};
        shift_1 <= shift;

        high_high <= high * q_high;
        high_low <= high * q_low;
        low_high <= low * q_high;
        low_low <= low * q_low;
        shift_2 <= shift_1;

        middle <= high_low + (low_high <<< 1);
        carry <= low_low_nudged[32:15];
        high_high_3 <= high_high;
        shift_3 <= shift_2;

        lower <= middle + carry;
        high_high_4 <= high_high_3;
        shift_4 <= shift_3;

        product <= high_high_4 + (lower >>> 16);
        shift_5 <= shift_4;

        nudged <= product + half_or_less;
        shift_6 <= shift_5;

        rounded_q <= nudged >>> shift_6;

        if (shifted < $signed(minimum)) clamped_q <= minimum;
        else if (shifted > $signed(maximum)) clamped_q <= maximum;
        else clamped_q <= shifted[7:0];
    end
    assign rounded = rounded_q;
    assign clamped = clamped_q;
"
            .into(),
        )
    }
}
