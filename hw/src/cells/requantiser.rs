//! From a 30-bit number to an int8 output: TensorFlow Lite's double rounding.

use super::folded;
use super::multiplier::{up5k_wide, wide, Operand};
use super::{WIDTHS_OFF, WIDTHS_ON};
use crate::make;
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;

/// Bits of the operand: `(9-bit difference) << 20` and sums of two halves of such must fit.
pub const OPERAND_BITS: usize = 30;

/// Multiplier blocks of an ECP5 that a requantiser takes which has `cycles` for a number.
pub fn ecp5_blocks(cycles: usize) -> usize {
    if cycles == 1 {
        3
    } else {
        1
    }
}

/// The same of a UP5K.
pub fn up5k_blocks(cycles: usize) -> usize {
    if cycles == 1 {
        4
    } else {
        1
    }
}

/// Cycles from operand to `rounded` with `cycles` for a number.
pub fn rounded_latency(cycles: usize) -> usize {
    if cycles == 1 {
        9
    } else {
        folded::ROUNDED_LATENCY
    }
}

/// Cycles from operand to `clamped` with `cycles` for a number.
pub fn clamped_latency(cycles: usize) -> usize {
    rounded_latency(cycles) + 2
}

/// `rounded = round_shift(high_mul(operand, q), shift)`;
/// `clamped = clamp(rounded + zero_point, minimum, maximum)`, where
/// `high_mul(a, q) = floor((a*q + 2^30) / 2^31)` and `round_shift` rounds half away from zero.
///
/// [`rounded_latency`] and [`clamped_latency`] cycles later. `zero_point`, `minimum` and `maximum` belong
/// to the result, not the operand: `zero_point` is taken when `rounded` is out, the others one cycle later.
///
/// With one cycle for a number, it takes one in every cycle, and the product is made of halves: three
/// 18 x 18 bit products (Karatsuba), or four of 16 x 16 bits in the UP5K's blocks, which are too narrow
/// for the product of the sums. With four cycles, one multiplier takes the four products in turn:
/// `start` is high one cycle before the operand comes, at least four cycles after the last; `q` and
/// `shift` hold for four cycles from `start` on, the operand for four from the next cycle on.
#[derive(LogicBlock)]
pub struct Requantiser {
    pub clock: Signal<In, Clock>,
    /// An operand comes in the next cycle; not looked at with one cycle for a number.
    pub start: Signal<In, Bit>,
    pub operand: Signal<In, Signed<OPERAND_BITS>>,
    pub q: Signal<In, Bits<31>>,
    pub shift: Signal<In, Bits<5>>,
    pub zero_point: Signal<In, Bits<8>>,
    pub minimum: Signal<In, Bits<8>>,
    pub maximum: Signal<In, Bits<8>>,
    pub rounded: Signal<Out, Signed<OPERAND_BITS>>,
    pub clamped: Signal<Out, Bits<8>>,
    _cycles: usize,
}

impl Requantiser {
    /// With `cycles` for a number, 1 or 4.
    pub fn new(cycles: usize) -> Self {
        make!(
            clock start operand q shift zero_point minimum maximum rounded clamped;
            _cycles: cycles,
        )
    }
}

/// Cycles 1 to 4: `lower`, the product without its highest part and its lowest 16 bits, and `top`, the
/// highest part.
fn products() -> String {
    let signed = |text, bits| Operand { text, bits };
    let three = wide("top_product", signed("high", 14), signed("q_high", 16))
        + &wide("low_product", signed("low", 17), signed("q_low", 17))
        + &wide("sums_product", signed("sum", 18), signed("q_sum", 18));
    let four = up5k_wide("top_product", "{{2{high[13]}}, high}", true, "q_high")
        + &up5k_wide("low_product", "low[15:0]", false, "q_low[15:0]")
        + &up5k_wide("high_low", "{{2{high[13]}}, high}", true, "q_low[15:0]")
        + &up5k_wide("low_high", "low[15:0]", false, "q_high");
    format!(
        "    // operand = high * 2^16 + low, q = q_high * 2^16 + q_low
    wire signed [13:0] high = operand[29:16];
    wire signed [16:0] low = {{1'b0, operand[15:0]}};
    wire signed [15:0] q_high = {{1'b0, q[30:16]}};
    wire signed [16:0] q_low = {{1'b0, q[15:0]}};
    reg signed [28:0] top_3, top;
    reg signed [33:0] lower;
`ifdef CORTADO_CELLS_UP5K
{four}    reg signed [32:0] middle;
    reg [15:0] low_top;
    always @(posedge clock) begin
        middle <= $signed(high_low) + $signed(low_high);
        low_top <= low_product[31:16];
        lower <= middle + $signed({{1'b0, low_top}});
    end
`else
    wire signed [17:0] sum = high + low;
    wire signed [17:0] q_sum = q_high + q_low;
{three}    reg signed [33:0] outer, inner;
    always @(posedge clock) begin
        outer <= top_product + low_product;
        inner <= sums_product + $signed({{1'b0, low_product[31:16]}});
        lower <= inner - outer;
    end
`endif
    always @(posedge clock) begin
        top_3 <= top_product[28:0];
        top <= top_3;
    end
"
    )
}

/// Cycles 5 to 9, and the two to the clamped byte.
const ROUNDING: &str = "
    reg [4:0] shift_1, shift_2, shift_3, shift_4, shift_5, shift_6, shift_7;
    reg [1:0] shift_8;
    reg signed [29:0] product, product_6;
    reg [30:0] nudge;
    reg signed [31:0] nudged, coarse;
    reg signed [29:0] rounded_q;
    reg signed [10:0] biased;
    reg signed [7:0] clamped_q;
    reg below, above;
    // Half away from zero: one less than a half for negative numbers.
    wire [31:0] half = (32'd1 << shift_5) >> 1;
    wire [31:0] ones = ~(32'hffffffff << shift_5) >> 1;
    // What leaves these bits leaves the clamp's range with any zero point.
    wire outside = ~(&rounded_q[29:9]) & (|rounded_q[29:9]);
    always @(posedge clock) begin
        shift_1 <= shift;
        shift_2 <= shift_1;
        shift_3 <= shift_2;
        shift_4 <= shift_3;
        // The rounding 2^30 enters as the bit below the result.
        product <= $signed({top, lower[14]}) + $signed(lower[33:15]);
        shift_5 <= shift_4;

        product_6 <= product;
        nudge <= product[29] ? ones[30:0] : half[30:0];
        shift_6 <= shift_5;

        nudged <= product_6 + $signed({1'b0, nudge});
        shift_7 <= shift_6;

        coarse <= nudged >>> {shift_7[4:2], 2'b00};
        shift_8 <= shift_7[1:0];

        rounded_q <= coarse >>> shift_8;

        biased <= $signed(rounded_q[9:0]) + $signed(zero_point);
        below <= outside & rounded_q[29];
        above <= outside & ~rounded_q[29];

        if (below | (~above & (biased < $signed(minimum)))) clamped_q <= minimum;
        else if (above | (biased > $signed(maximum))) clamped_q <= maximum;
        else clamped_q <= biased[7:0];
    end
    assign rounded = rounded_q;
    assign clamped = clamped_q;
";

impl Logic for Requantiser {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.rounded.connect();
        self.clamped.connect();
    }

    fn hdl(&self) -> Verilog {
        let (body, latency) = match self._cycles {
            1 => (products() + ROUNDING, clamped_latency(1)),
            cycles => (folded::body(), clamped_latency(cycles)),
        };
        Verilog::Custom(format!(
            "// Requantiser: Q31 factor, rounding shift, zero point and clamp; {latency} cycles\n{WIDTHS_OFF}{body}{WIDTHS_ON}"
        ))
    }
}
