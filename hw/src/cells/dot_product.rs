//! Tn signed multipliers and the tree that adds their products.

use crate::make;
use crate::make::signals;
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;
use std::fmt::Write;

/// Bits of a sum as the accumulators take it.
pub const SUM_BITS: usize = cortado_arch::isa::BIAS_BITS;

/// Registers of the tree: one behind every two levels of adders.
pub fn tree_stages(lanes: usize) -> usize {
    (lanes.next_power_of_two().trailing_zeros() as usize).div_ceil(2)
}

/// Cycles from operands to their sum: operand register, product register, tree.
pub fn latency(lanes: usize) -> usize {
    2 + tree_stages(lanes)
}

/// `sum = sum over n of a[n] * b[n]`, signed 8-bit operands, a new set every cycle,
/// [`latency`] cycles later.
///
/// Its own text because rust-hdl multiplies 16-bit numbers only and loses the width of a signed
/// product under a cast. Registers stand before and behind each product so that they fit a DSP's own.
#[derive(LogicBlock)]
pub struct DotProduct {
    pub clock: Signal<In, Clock>,
    pub a: Vec<Signal<In, Bits<8>>>,
    pub b: Vec<Signal<In, Bits<8>>>,
    pub sum: Signal<Out, Signed<SUM_BITS>>,
}

impl DotProduct {
    /// Of `lanes` pairs, a power of two.
    pub fn new(lanes: usize) -> Self {
        make!(clock sum; a: signals(lanes), b: signals(lanes))
    }

    fn text(&self) -> String {
        let lanes = self.a.len();
        let mut text = format!("// DotProduct: {lanes} signed products and their sum, {} cycles\n", latency(lanes));
        for n in 0..lanes {
            let bits = format!("{}:{}", 8 * n + 7, 8 * n);
            let _ = write!(
                text,
                "    reg signed [7:0] a_{n}, b_{n};\n    reg signed [15:0] product_{n};\n    always @(posedge clock) begin\n        \
                 a_{n} <= a[{bits}];\n        b_{n} <= b[{bits}];\n        product_{n} <= a_{n} * b_{n};\n    end\n"
            );
        }
        let mut terms: Vec<String> = (0..lanes).map(|n| format!("product_{n}")).collect();
        let mut width = 16;
        for stage in 0..tree_stages(lanes) {
            let fan_in = if terms.len() >= 4 { 4 } else { 2 };
            width += if fan_in == 4 { 2 } else { 1 };
            let mut next = Vec::new();
            for (i, group) in terms.chunks(fan_in).enumerate() {
                let name = format!("sum_{stage}_{i}");
                let parts = if fan_in == 4 {
                    format!("({} + {}) + ({} + {})", group[0], group[1], group[2], group[3])
                } else {
                    format!("{} + {}", group[0], group[1])
                };
                let _ = write!(
                    text,
                    "    reg signed [{}:0] {name};\n    always @(posedge clock) {name} <= {parts};\n",
                    width - 1
                );
                next.push(name);
            }
            terms = next;
        }
        let _ = writeln!(text, "    assign sum = {{{{{}{{{t}[{}]}}}}, {t}}};", SUM_BITS - width, width - 1, t = terms[0]);
        text
    }
}

impl Logic for DotProduct {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.sum.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(self.text())
    }
}
