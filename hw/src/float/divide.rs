//! The quotient of two numbers, one bit a cycle of its pipeline.

use super::{classes, delay, pack};
use crate::cells::{WIDTHS_OFF, WIDTHS_ON};
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;
use std::fmt::Write;

/// Bits of quotient: 24, one to round by, and one more since the first may be 0.
const STEPS: usize = 26;

/// Cycles from numbers to quotient.
pub const LATENCY: usize = STEPS + 3;

/// `quotient = a / b`, a pair every cycle, [`LATENCY`] cycles later. A finite number by zero is infinite; zero by
/// zero and infinite by infinite are NaN.
///
/// Digit recurrence without restoring: each cycle adds or subtracts the divisor by the sign of the remainder.
/// The bit behind the 24th decides the rounding alone: a tie would be a quotient of 25 significant bits, and 25
/// bits times a divisor never give a dividend of 24.
#[derive(LogicBlock, Default)]
pub struct FloatDivide {
    pub clock: Signal<In, Clock>,
    pub a: Signal<In, Bits<32>>,
    pub b: Signal<In, Bits<32>>,
    pub quotient: Signal<Out, Bits<32>>,
}

/// Cycle 1 takes the operands, each later one makes a bit.
fn recurrence() -> String {
    let mut text = String::from(
        "    reg [25:0] remainder_0;
    reg [23:0] divisor_0;
    always @(posedge clock) begin
        remainder_0 <= {3'b001, a[22:0]};
        divisor_0 <= {1'b1, b[22:0]};
    end
",
    );
    for step in 1..=STEPS {
        let before = step - 1;
        // The first step subtracts from the dividend itself, the others take twice the remainder.
        let (from, add, digits) = match step {
            1 => ("remainder_0".to_string(), "1'b0".to_string(), String::new()),
            _ => (
                format!("{{remainder_{before}[24:0], 1'b0}}"),
                format!("remainder_{before}[25]"),
                format!("digits_{before}, "),
            ),
        };
        let _ = write!(
            text,
            "    wire [25:0] next_{step} = {from} + ({{2'b00, divisor_{before}}} ^ {{26{{~{add}}}}}) + {{25'd0, ~{add}}};
    reg [25:0] remainder_{step};
    reg [23:0] divisor_{step};
    reg [{before}:0] digits_{step};
    always @(posedge clock) begin
        remainder_{step} <= next_{step};
        divisor_{step} <= divisor_{before};
        digits_{step} <= {{{digits}~next_{step}[25]}};
    end
"
        );
    }
    text
}

impl Logic for FloatDivide {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.quotient.connect();
    }

    fn hdl(&self) -> Verilog {
        let late = STEPS + 1;
        Verilog::Custom(format!(
            "// FloatDivide: quotient; {LATENCY} cycles\n{WIDTHS_OFF}{}{}    wire [3:0] result = {{a[31] ^ b[31], \
             a_nan | b_nan | (a_infinite & b_infinite) | (a_zero & b_zero),\n        a_infinite | b_zero, a_zero | b_infinite}};\n{}{}{}    \
             wire negative, is_nan, is_infinite, is_zero;
    assign {{negative, is_nan, is_infinite, is_zero}} = result_{packed};
    reg signed [9:0] exponent;
    reg [22:0] kept;
    reg up;
    always @(posedge clock) begin
        exponent <= exponents_{late} - {{9'd0, ~digits_{STEPS}[25]}};
        kept <= digits_{STEPS}[25] ? digits_{STEPS}[24:2] : digits_{STEPS}[23:1];
        up <= digits_{STEPS}[25] ? digits_{STEPS}[1] : digits_{STEPS}[0];
    end
{}{WIDTHS_ON}",
            classes("a"),
            classes("b"),
            delay("result", 4, "result", late + 1),
            delay("exponents", 10, "{2'b00, a[30:23]} - {2'b00, b[30:23]} + 10'd127", late),
            recurrence(),
            pack("quotient"),
            packed = late + 1,
        ))
    }
}
