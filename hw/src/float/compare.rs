//! The order of two numbers, and the greater one.

use super::{classes, NAN};
use crate::cells::{WIDTHS_OFF, WIDTHS_ON};
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;

/// Cycles from numbers to all results.
pub const LATENCY: usize = 2;

/// `less`, `equal`, `greater` of `a` to `b`, none of them with NaN; `maximum` is the greater one, `+0` above
/// `-0`, and NaN when one of them is. A pair every cycle, [`LATENCY`] cycles later.
///
/// With `b` at `+0`, `maximum` is ReLU and `greater` the mask of its derivative.
#[derive(LogicBlock, Default)]
pub struct FloatCompare {
    pub clock: Signal<In, Clock>,
    pub a: Signal<In, Bits<32>>,
    pub b: Signal<In, Bits<32>>,
    pub less: Signal<Out, Bit>,
    pub equal: Signal<Out, Bit>,
    pub greater: Signal<Out, Bit>,
    pub maximum: Signal<Out, Bits<32>>,
}

const BODY: &str = "
    wire [31:0] a_flat = {a[31], a[30:0] & {31{~a_zero}}};
    wire [31:0] b_flat = {b[31], b[30:0] & {31{~b_zero}}};
    reg [31:0] a_1, b_1;
    reg a_below, same, zeros, unordered;
    reg less_q, equal_q, greater_q;
    reg [31:0] maximum_q;
    // Numbers of one sign lie as their other bits do, negative ones the other way round.
    wire smaller = (a_1[31] & ~b_1[31]) | ((a_1[31] ~^ b_1[31]) & ~same & (a_1[31] ^ a_below));
    always @(posedge clock) begin
        a_1 <= a_flat;
        b_1 <= b_flat;
        a_below <= a[30:0] < b[30:0];
        same <= a_flat == b_flat;
        zeros <= a_zero & b_zero;
        unordered <= a_nan | b_nan;

        less_q <= smaller & ~zeros & ~unordered;
        equal_q <= (same | zeros) & ~unordered;
        greater_q <= ~smaller & ~same & ~zeros & ~unordered;
        if (unordered) maximum_q <= ";

impl Logic for FloatCompare {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.less.connect();
        self.equal.connect();
        self.greater.connect();
        self.maximum.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(format!(
            "// FloatCompare: order and maximum; {LATENCY} cycles\n{WIDTHS_OFF}{}{}{BODY}{NAN};
        else maximum_q <= smaller ? b_1 : a_1;
    end
    assign less = less_q;
    assign equal = equal_q;
    assign greater = greater_q;
    assign maximum = maximum_q;
{WIDTHS_ON}",
            classes("a"),
            classes("b"),
        ))
    }
}
