//! The product of two numbers.

use super::{classes, delay, pack};
use crate::cells::multiplier::{wide, Operand};
use crate::cells::{WIDTHS_OFF, WIDTHS_ON};
use crate::make;
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;

/// How the factors are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Factors {
    /// 24 significant bits.
    #[default]
    Single,
    /// Rounded to bfloat16, 8 significant bits, to nearest, ties to even. Their product is exact.
    Bfloat16,
}

impl Factors {
    /// Cycles from factors to product.
    pub const fn latency(self) -> usize {
        match self {
            Factors::Single => 7,
            Factors::Bfloat16 => 5,
        }
    }

    /// Multiplier blocks a product takes of an ECP5.
    pub const fn ecp5_blocks(self) -> usize {
        match self {
            Factors::Single => 2,
            Factors::Bfloat16 => 1,
        }
    }
}

/// `product = a * b`, a pair every cycle, [`Factors::latency`] cycles later.
///
/// The 24-bit significands meet in two multiplier blocks and logic: the lower 17 bits of `b` by both parts of
/// `a` in the blocks, its upper 7 bits by `a` in rows of adders. With four blocks a product, the blocks of an
/// LFE5U-85F would run out well before its logic.
#[derive(LogicBlock)]
pub struct FloatMultiply {
    pub clock: Signal<In, Clock>,
    pub a: Signal<In, Bits<32>>,
    pub b: Signal<In, Bits<32>>,
    pub product: Signal<Out, Bits<32>>,
    _factors: Factors,
}

impl FloatMultiply {
    /// Of factors taken so.
    pub fn new(factors: Factors) -> Self {
        make!(clock a b product; _factors: factors)
    }

    fn text(&self) -> String {
        let (what, body) = match self._factors {
            Factors::Single => ("single precision", single()),
            Factors::Bfloat16 => ("factors rounded to bfloat16", bfloat16()),
        };
        format!(
            "// FloatMultiply: product, {what}; {} cycles\n{WIDTHS_OFF}{body}{}{WIDTHS_ON}",
            self._factors.latency(),
            pack("product")
        )
    }
}

/// What the operands' signs and classes say of the product, `depth` cycles later.
fn flags(a_sign: &str, b_sign: &str, depth: usize) -> String {
    format!(
        "    wire [3:0] result = {{{a_sign} ^ {b_sign}, a_nan | b_nan | (a_infinite & b_zero) | (a_zero & b_infinite),
        a_infinite | b_infinite, a_zero | b_zero}};
{}    wire negative, is_nan, is_infinite, is_zero;
    assign {{negative, is_nan, is_infinite, is_zero}} = result_{depth};
",
        delay("result", 4, "result", depth)
    )
}

/// Cycles 1 to 6.
fn single() -> String {
    let signed = |text, bits| Operand { text, bits };
    let parts = "    // a = a_high * 2^17 + a_low, b likewise. The blocks' operands are signed.
    wire signed [17:0] a_low = {1'b0, a[16:0]};
    wire signed [7:0] a_high = {2'b01, a[22:17]};
    wire signed [17:0] b_low = {1'b0, b[16:0]};
";
    let rows = "    // a * b_high, whose top bit is always 1.
    reg [23:0] a_1;
    reg [5:0] b_high_1;
    reg [25:0] rows_01, rows_23, rows_45;
    reg [23:0] row_6;
    reg [27:0] rows_low;
    reg [26:0] rows_high;
    reg [24:0] blocks;
    reg [29:0] most;
    reg [26:0] rows_high_4;
    reg [30:0] upper;
    reg [16:0] lower_3;
    reg lower_any_4, lower_any_5;
    reg signed [9:0] exponent;
    reg [22:0] kept;
    reg up;
    // The product is upper * 2^17 + lower, of 48 bits or 47.
    wire long = upper[30];
    always @(posedge clock) begin
        a_1 <= {1'b1, a[22:0]};
        b_high_1 <= b[22:17];

        rows_01 <= {2'b00, a_1 & {24{b_high_1[0]}}} + {1'b0, a_1 & {24{b_high_1[1]}}, 1'b0};
        rows_23 <= {2'b00, a_1 & {24{b_high_1[2]}}} + {1'b0, a_1 & {24{b_high_1[3]}}, 1'b0};
        rows_45 <= {2'b00, a_1 & {24{b_high_1[4]}}} + {1'b0, a_1 & {24{b_high_1[5]}}, 1'b0};
        row_6 <= a_1;

        rows_low <= rows_01 + {rows_23, 2'b00};
        rows_high <= rows_45 + {row_6, 2'b00};
        blocks <= high_low[24:0] + low_low[33:17];
        lower_3 <= low_low[16:0];

        most <= rows_low + blocks;
        rows_high_4 <= rows_high;
        lower_any_4 <= |lower_3;

        upper <= most + {rows_high_4, 4'b0000};
        lower_any_5 <= lower_any_4;

        exponent <= exponents_5 + {9'd0, long};
        kept <= long ? upper[29:7] : upper[28:6];
        up <= long ? upper[6] & (upper[7] | (|upper[5:0]) | lower_any_5)
                   : upper[5] & (upper[6] | (|upper[4:0]) | lower_any_5);
    end
";
    classes("a")
        + &classes("b")
        + &flags("a[31]", "b[31]", 6)
        + parts
        + &wide("low_low", signed("a_low", 18), signed("b_low", 18))
        + &wide("high_low", signed("a_high", 8), signed("b_low", 18))
        + &delay("exponents", 10, "{2'b00, a[30:23]} + {2'b00, b[30:23]} - 10'd127", 5)
        + rows
}

/// Cycles 1 to 4.
fn bfloat16() -> String {
    let mut text = String::new();
    for x in ["a", "b"] {
        // The carry goes on into the exponent, at its end to infinity. NaN has a flag of its own, and so has zero,
        // for rounding makes a number of the largest subnormal ones.
        text += &format!(
            "    reg [31:16] {x}_near;
    reg {x}_nan, {x}_zero;
    always @(posedge clock) begin
        {x}_near <= {x}[31:16] + {{15'd0, {x}[15] & ({x}[16] | (|{x}[14:0]))}};
        {x}_nan <= &{x}[30:23] & |{x}[22:0];
        {x}_zero <= ~|{x}[30:23];
    end
    wire {x}_infinite = &{x}_near[30:23];
    wire signed [8:0] {x}_significand = {{2'b01, {x}_near[22:16]}};
"
        );
    }
    let nine = |text| Operand { text, bits: 9 };
    text + &flags("a_near[31]", "b_near[31]", 3)
        + &wide("significands", nine("a_significand"), nine("b_significand"))
        + &delay("exponents", 10, "{2'b00, a_near[30:23]} + {2'b00, b_near[30:23]} - 10'd127", 2)
        + "    reg signed [9:0] exponent;
    reg [22:0] kept;
    wire up = 1'b0;
    always @(posedge clock) begin
        exponent <= exponents_2 + {9'd0, significands[15]};
        kept <= significands[15] ? {significands[14:0], 8'd0} : {significands[13:0], 9'd0};
    end
"
}

impl Logic for FloatMultiply {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.product.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(self.text())
    }
}
