//! Tn signed multipliers and the tree that adds their products.

use super::multiplier::{byte_pair, byte_rows, short};
use super::{WIDTHS_OFF, WIDTHS_ON};
use crate::make;
use crate::make::signals;
use cortado_arch::DataType;
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;
use std::fmt::Write;

/// Bits of a sum as the accumulators take it, at int8 and at int16.
pub const INT8_SUM: usize = DataType::Int8.accumulator_bits();
pub const INT16_SUM: usize = DataType::Int16.accumulator_bits();

/// Registers of the tree: one behind every level of adders.
pub fn tree_stages(lanes: usize) -> usize {
    lanes.next_power_of_two().trailing_zeros() as usize
}

/// Cycles from operands to their sum: operand register, product register, tree.
pub fn latency(lanes: usize) -> usize {
    2 + tree_stages(lanes)
}

/// `sum = sum over n of a[n] * b[n]`, signed elements, a new set every cycle, [`latency`] cycles later.
///
/// Its own text because rust-hdl multiplies 16-bit numbers only and loses the width of a signed
/// product under a cast. Registers stand before and behind each product: a multiplier block's own.
#[derive(LogicBlock)]
pub struct DotProduct<const SUM: usize> {
    pub clock: Signal<In, Clock>,
    /// Bytes of the elements, the lowest first; as `b`.
    pub a: Vec<Signal<In, Bits<8>>>,
    pub b: Vec<Signal<In, Bits<8>>>,
    pub sum: Signal<Out, Signed<SUM>>,
    _data_type: DataType,
    _in_blocks: usize,
}

impl<const SUM: usize> DotProduct<SUM> {
    /// Of `lanes` pairs, a power of two. The first `in_blocks` of them, at int8 rounded down to an even number, go to
    /// multiplier blocks where the part has such, the others to logic; at int16 all go to blocks.
    pub fn new(data_type: DataType, lanes: usize, in_blocks: usize) -> Self {
        let bytes = lanes * data_type.bytes();
        make!(
            clock sum;
            a: signals(bytes), b: signals(bytes), _data_type: data_type, _in_blocks: in_blocks.min(lanes) & !1,
        )
    }

    fn lanes(&self) -> usize {
        self.a.len() / self._data_type.bytes()
    }

    fn products(&self) -> String {
        let bits = self._data_type.bits();
        let lane = |port: char, n: usize| format!("$signed({port}[{}:{}])", bits * n + bits - 1, bits * n);
        if self._data_type == DataType::Int16 {
            return (0..self.lanes()).map(|n| short(&format!("product_{n}"), &lane('a', n), &lane('b', n))).collect();
        }
        let mut text = String::new();
        for n in (0..self._in_blocks).step_by(2) {
            let names = [format!("product_{n}"), format!("product_{}", n + 1)];
            let (a, b) = ([lane('a', n), lane('a', n + 1)], [lane('b', n), lane('b', n + 1)]);
            text += &byte_pair([&names[0], &names[1]], [&a[0], &a[1]], [&b[0], &b[1]]);
        }
        for n in self._in_blocks..self.lanes() {
            text += &byte_rows(&format!("product_{n}"), &lane('a', n), &lane('b', n));
        }
        text
    }

    fn text(&self) -> String {
        let lanes = self.lanes();
        let mut text = format!("// DotProduct: {lanes} signed products and their sum, {} cycles\n", latency(lanes));
        text += WIDTHS_OFF;
        text += &self.products();
        let mut terms: Vec<String> = (0..lanes).map(|n| format!("product_{n}")).collect();
        let mut width = 2 * self._data_type.bits();
        for stage in 0..tree_stages(lanes) {
            width += 1;
            let mut next = Vec::new();
            for (i, pair) in terms.chunks(2).enumerate() {
                let name = format!("sum_{stage}_{i}");
                let _ = write!(
                    text,
                    "    reg signed [{}:0] {name};\n    always @(posedge clock) {name} <= {};\n",
                    width - 1,
                    pair.join(" + "),
                );
                next.push(name);
            }
            terms = next;
        }
        let _ = writeln!(text, "    assign sum = {{{{{}{{{t}[{}]}}}}, {t}}};", SUM - width, width - 1, t = terms[0]);
        text += WIDTHS_ON;
        text
    }
}

impl<const SUM: usize> Logic for DotProduct<SUM> {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.sum.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(self.text())
    }
}
