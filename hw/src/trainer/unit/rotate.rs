//! A line turned by some words.

use crate::make;
use crate::make::signals;
use cortado_arch::trainer::LINE_WORDS;
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;

/// Word j of `turned` is word `j + by` of `line`, modulo 16, one cycle later.
#[derive(LogicBlock)]
pub struct Rotate {
    pub clock: Signal<In, Clock>,
    pub by: Signal<In, Bits<4>>,
    pub line: Vec<Signal<In, Bits<32>>>,
    pub turned: Vec<Signal<Out, Bits<32>>>,
}

impl Default for Rotate {
    fn default() -> Self {
        make!(clock by; line: signals(LINE_WORDS), turned: signals(LINE_WORDS))
    }
}

impl Logic for Rotate {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.turned.iter_mut().for_each(|word| word.connect());
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(
            "// Rotate: a line's words turned; 1 cycle
    wire [511:0] by_8 = by[3] ? {line[255:0], line[511:256]} : line;
    wire [511:0] by_4 = by[2] ? {by_8[127:0], by_8[511:128]} : by_8;
    wire [511:0] by_2 = by[1] ? {by_4[63:0], by_4[511:64]} : by_4;
    reg [511:0] turned_q;
    always @(posedge clock) turned_q <= by[0] ? {by_2[31:0], by_2[511:32]} : by_2;
    assign turned = turned_q;
"
            .into(),
        )
    }
}
