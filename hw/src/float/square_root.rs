//! The square root of a number, one bit a cycle of its pipeline.

use super::{classes, delay, pack};
use crate::cells::{WIDTHS_OFF, WIDTHS_ON};
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;
use std::fmt::Write;

/// Bits of root: 24 and one to round by.
const STEPS: usize = 25;

/// Cycles from number to root.
pub const LATENCY: usize = STEPS + 2;

/// `root = sqrt(a)`, a number every cycle, [`LATENCY`] cycles later. Of `-0` it is `-0`, of other negative
/// numbers NaN.
///
/// Digit recurrence without restoring: each cycle adds or subtracts by the sign of the remainder. The bit
/// behind the 24th decides the rounding alone: a tie would be a root of 25 significant bits, whose square has
/// more than 48 and so is no number.
#[derive(LogicBlock, Default)]
pub struct FloatSquareRoot {
    pub clock: Signal<In, Clock>,
    pub a: Signal<In, Bits<32>>,
    pub root: Signal<Out, Bits<32>>,
}

/// Bits of the radicand that may be set; the rest of its 50 are zero.
const RADICAND_BITS: usize = 26;

/// Cycle 1 takes the radicand; each later one takes two bits of it and makes one of the root.
///
/// After step k the root has k bits and the remainder k + 2, sign included.
fn recurrence() -> String {
    let mut text = String::from(
        "    // Of an odd power of two one factor goes into the radicand.
    reg [25:0] radicand_0;
    always @(posedge clock) radicand_0 <= a[23] ? {2'b01, a[22:0], 1'b0} : {1'b1, a[22:0], 2'b00};
",
    );
    for step in 1..=STEPS {
        let before = step - 1;
        let left = RADICAND_BITS.saturating_sub(2 * before);
        let pair = if left > 0 { format!("radicand_{before}[{}:{}]", left - 1, left - 2) } else { "2'b00".to_string() };
        // remainder * 4 + pair - (root * 4 + 1), or + (root * 4 + 3) after a negative one.
        let next = match step {
            1 => format!("{{1'b0, {pair}}} + 3'b111"),
            _ => format!(
                "{{remainder_{before}[{before}:0], {pair}}} + {{~remainder_{before}[{step}], root_{before} ^ {{{before}{{~remainder_{before}[{step}]}}}}, 2'b11}}"
            ),
        };
        let top = step + 1;
        let earlier = if step == 1 { String::new() } else { format!("root_{before}, ") };
        let _ = write!(
            text,
            "    wire [{top}:0] next_{step} = {next};
    reg [{top}:0] remainder_{step};
    reg [{before}:0] root_{step};
    always @(posedge clock) begin
        remainder_{step} <= next_{step};
        root_{step} <= {{{earlier}~next_{step}[{top}]}};
    end
"
        );
        if left > 2 {
            let _ = write!(
                text,
                "    reg [{}:0] radicand_{step};\n    always @(posedge clock) radicand_{step} <= radicand_{before}[{0}:0];\n",
                left - 3
            );
        }
    }
    text
}

impl Logic for FloatSquareRoot {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.root.connect();
    }

    fn hdl(&self) -> Verilog {
        let late = STEPS + 1;
        Verilog::Custom(format!(
            "// FloatSquareRoot: square root; {LATENCY} cycles\n{WIDTHS_OFF}{}    \
             wire [3:0] result = {{a[31], a_nan | (a[31] & ~a_zero), a_infinite, a_zero}};\n{}    \
             wire [8:0] twice = {{1'b0, a[30:23]}} + 9'd127;\n{}{}    \
             wire negative, is_nan, is_infinite, is_zero;
    assign {{negative, is_nan, is_infinite, is_zero}} = result_{late};
    wire signed [9:0] exponent = {{2'b00, exponents_{late}}};
    wire [22:0] kept = root_{STEPS}[23:1];
    wire up = root_{STEPS}[0];
{}{WIDTHS_ON}",
            classes("a"),
            delay("result", 4, "result", late),
            delay("exponents", 8, "twice[8:1]", late),
            recurrence(),
            pack("root"),
        ))
    }
}
