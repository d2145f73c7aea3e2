//! Between int32 and single precision.

use super::{classes, delay, pack};
use crate::cells::{WIDTHS_OFF, WIDTHS_ON};
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;

/// Cycles of both conversions.
pub const LATENCY: usize = 4;

/// `number` is the one nearest to `value`, in two's complement; one every cycle, [`LATENCY`] cycles later.
/// An unsigned byte goes in with zeros above it and comes out exact.
#[derive(LogicBlock, Default)]
pub struct FloatFromInteger {
    pub clock: Signal<In, Clock>,
    pub value: Signal<In, Bits<32>>,
    pub number: Signal<Out, Bits<32>>,
}

const FROM_INTEGER: &str = "    reg [31:0] magnitude, magnitude_2, magnitude_3;
    reg [4:3] left_2;
    reg signed [9:0] exponent;
    wire [31:0] left_16 = ~|magnitude[31:16] ? {magnitude[15:0], 16'd0} : magnitude;
    wire left_by_8 = ~|left_16[31:24];
    wire left_by_4 = ~|magnitude_2[31:28];
    wire [31:0] left_4 = left_by_4 ? {magnitude_2[27:0], 4'd0} : magnitude_2;
    wire left_by_2 = ~|left_4[31:30];
    wire [31:0] left_2_1 = left_by_2 ? {left_4[29:0], 2'd0} : left_4;
    wire left_by_1 = ~left_2_1[31];
    always @(posedge clock) begin
        magnitude <= (value ^ {32{value[31]}}) + {31'd0, value[31]};

        magnitude_2 <= left_by_8 ? {left_16[23:0], 8'd0} : left_16;
        left_2 <= {~|magnitude[31:16], left_by_8};

        magnitude_3 <= left_by_1 ? {left_2_1[30:0], 1'b0} : left_2_1;
        exponent <= 10'd158 - {5'd0, left_2, left_by_4, left_by_2, left_by_1};
    end
    wire negative = negative_3;
    wire is_nan = 1'b0;
    wire is_infinite = 1'b0;
    wire is_zero = ~magnitude_3[31];
    wire [22:0] kept = magnitude_3[30:8];
    wire up = magnitude_3[7] & (magnitude_3[8] | (|magnitude_3[6:0]));
";

impl Logic for FloatFromInteger {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.number.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(format!(
            "// FloatFromInteger: int32 to single precision; {LATENCY} cycles\n{WIDTHS_OFF}{}{}{}{WIDTHS_ON}",
            delay("negative", 1, "value[31]", 3),
            FROM_INTEGER,
            pack("number"),
        ))
    }
}

/// `value` is the one nearest to `number`, ties to even, in two's complement: at the end of int32 on its side where
/// it is beyond, 0 where it is NaN. One every cycle, [`LATENCY`] cycles later.
#[derive(LogicBlock, Default)]
pub struct FloatToInteger {
    pub clock: Signal<In, Clock>,
    pub number: Signal<In, Bits<32>>,
    pub value: Signal<Out, Bits<32>>,
}

const TO_INTEGER: &str =
    "    // 2^(158 - exponent) divides the significand at the top of 32 bits; a bit to round by follows them. Below a
    // half nothing is left.
    wire beyond = number[30:23] >= 8'd158;
    wire nothing = number_nan | (number[30:23] < 8'd126);
    wire [3:0] result = {number[31], number_nan, beyond, nothing};
    reg [32:0] wide_1, wide_2, wide_3;
    reg [5:0] right_1;
    reg [2:0] right_2;
    reg lost_2, lost_3;
    reg [31:0] value_q;
    wire [32:0] by_32 = right_1[5] ? {32'd0, wide_1[32]} : wide_1;
    wire [32:0] by_16 = right_1[4] ? {16'd0, by_32[32:16]} : by_32;
    wire [32:0] by_4 = right_2[2] ? {4'd0, wide_2[32:4]} : wide_2;
    wire [32:0] by_2 = right_2[1] ? {2'd0, by_4[32:2]} : by_4;
    wire up = wide_3[0] & (wide_3[1] | lost_3);
    wire negative = result_3[3];
    always @(posedge clock) begin
        wide_1 <= {1'b1, number[22:0], 9'd0};
        right_1 <= 6'd30 - number[28:23];

        wide_2 <= right_1[3] ? {8'd0, by_16[32:8]} : by_16;
        right_2 <= right_1[2:0];
        lost_2 <= (right_1[5] & (|wide_1[31:0])) | (right_1[4] & (|by_32[15:0])) | (right_1[3] & (|by_16[7:0]));

        wide_3 <= right_2[0] ? {1'd0, by_2[32:1]} : by_2;
        lost_3 <= lost_2 | (right_2[2] & (|wide_2[3:0])) | (right_2[1] & (|by_4[1:0])) | (right_2[0] & by_2[0]);

        if (result_3[2]) value_q <= 32'd0;
        else if (result_3[1]) value_q <= {negative, {31{~negative}}};
        else if (result_3[0]) value_q <= 32'd0;
        // -(m + 1) = ~m, and -m = ~m + 1.
        else value_q <= (wide_3[32:1] ^ {32{negative}}) + {31'd0, negative ^ up};
    end
    assign value = value_q;
";

impl Logic for FloatToInteger {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.value.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(format!(
            "// FloatToInteger: single precision to int32; {LATENCY} cycles\n{WIDTHS_OFF}{}{}{}{WIDTHS_ON}",
            classes("number"),
            delay("result", 4, "result", 3),
            TO_INTEGER,
        ))
    }
}
