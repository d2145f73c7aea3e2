//! The sum of two numbers.

use super::{classes, delay, pack};
use crate::cells::{WIDTHS_OFF, WIDTHS_ON};
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;

/// Cycles from terms to sum.
pub const LATENCY: usize = 7;

/// `sum = a + b`, or `a - b` when `subtract`, a pair every cycle, [`LATENCY`] cycles later. What cancels
/// gives `+0`; two zeros of one sign keep it.
#[derive(LogicBlock, Default)]
pub struct FloatAdd {
    pub clock: Signal<In, Clock>,
    pub a: Signal<In, Bits<32>>,
    pub b: Signal<In, Bits<32>>,
    pub subtract: Signal<In, Bit>,
    pub sum: Signal<Out, Bits<32>>,
}

/// Cycle by cycle: order, exchange, align, add, two of normalising; `pack` is the last.
const BODY: &str = "
    wire differ = a[31] ^ b[31] ^ subtract;
    wire [2:0] result = {differ, a_nan | b_nan | (a_infinite & b_infinite & differ), a_infinite | b_infinite};
    reg [31:0] a_1, b_1;
    reg exchange;
    reg [7:0] major_exponent, apart;
    reg [23:0] major, minor;
    reg major_negative;
    reg [23:0] major_3;
    reg [26:0] aligned;
    reg [27:0] total, total_5;
    reg [4:3] left_5;
    reg [27:0] total_6;
    reg signed [9:0] exponent;
    // Two bits below the larger number's last, and one that says whether anything lies below those. When the larger
    // loses more than one bit at the top, nothing did.
    wire [25:0] wide_minor = {minor, 2'b00};
    wire [25:0] by_16 = apart[4] ? {16'd0, wide_minor[25:16]} : wide_minor;
    wire [25:0] by_8 = apart[3] ? {8'd0, by_16[25:8]} : by_16;
    wire [25:0] by_4 = apart[2] ? {4'd0, by_8[25:4]} : by_8;
    wire [25:0] by_2 = apart[1] ? {2'd0, by_4[25:2]} : by_4;
    wire [25:0] by_1 = apart[0] ? {1'd0, by_2[25:1]} : by_2;
    wire lost = (apart[4] & (|wide_minor[15:0])) | (apart[3] & (|by_16[7:0])) | (apart[2] & (|by_8[3:0]))
        | (apart[1] & (|by_4[1:0])) | (apart[0] & by_2[0]);
    wire far = |apart[7:5];
    wire [27:0] left_16 = ~|total[27:12] ? {total[11:0], 16'd0} : total;
    wire left_by_8 = ~|left_16[27:20];
    wire left_by_4 = ~|total_5[27:24];
    wire [27:0] left_4 = left_by_4 ? {total_5[23:0], 4'd0} : total_5;
    wire left_by_2 = ~|left_4[27:26];
    wire [27:0] left_2 = left_by_2 ? {left_4[25:0], 2'd0} : left_4;
    wire left_by_1 = ~left_2[27];
    always @(posedge clock) begin
        a_1 <= a;
        b_1 <= {b[31] ^ subtract, b[30:0]};
        exchange <= a[30:0] < b[30:0];

        major_exponent <= exchange ? b_1[30:23] : a_1[30:23];
        apart <= exchange ? b_1[30:23] - a_1[30:23] : a_1[30:23] - b_1[30:23];
        major <= exchange ? {|b_1[30:23], b_1[22:0]} : {|a_1[30:23], a_1[22:0]};
        minor <= exchange ? {24{|a_1[30:23]}} & {1'b1, a_1[22:0]} : {24{|b_1[30:23]}} & {1'b1, b_1[22:0]};
        major_negative <= exchange ? b_1[31] : a_1[31];

        major_3 <= major & {24{major[23]}};
        aligned <= far ? {26'd0, |minor} : {by_1, lost};

        total <= result_3[2] ? {1'b0, major_3, 3'd0} - {1'b0, aligned} : {1'b0, major_3, 3'd0} + {1'b0, aligned};

        total_5 <= left_by_8 ? {left_16[19:0], 8'd0} : left_16;
        left_5 <= {~|total[27:12], left_by_8};

        total_6 <= left_by_1 ? {left_2[26:0], 1'b0} : left_2;
        exponent <= {2'b00, major_exponent_3} + 10'd1 - {5'd0, left_5, left_by_4, left_by_2, left_by_1};
    end
    wire is_nan = result_6[1];
    wire is_infinite = result_6[0];
    wire is_zero = ~total_6[27];
    // A difference of nothing is positive.
    wire negative = major_negative_4 & ~(is_zero & result_6[2]);
    wire [22:0] kept = total_6[26:4];
    wire up = total_6[3] & (total_6[4] | (|total_6[2:0]));
";

impl Logic for FloatAdd {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.sum.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(format!(
            "// FloatAdd: sum or difference; {LATENCY} cycles\n{WIDTHS_OFF}{}{}{BODY}{}{}{}{WIDTHS_ON}",
            classes("a"),
            classes("b"),
            delay("result", 3, "result", 6),
            delay("major_exponent", 8, "major_exponent", 3),
            delay("major_negative", 1, "major_negative", 4) + &pack("sum"),
        ))
    }
}
