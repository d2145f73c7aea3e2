//! Memories of words: the lanes of line memories.

use crate::make;
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;

/// Cycles from a [`WordRam`]'s address to its data.
pub const LATENCY: usize = 2;

/// Words below which a memory is made of logic cells, where the part can.
const FEW_WORDS: usize = 64;

/// A memory of words that reads and writes at once; data come [`LATENCY`] cycles after the address.
///
/// Addresses count modulo the number of words, a power of two. A word written in the cycle of its address or the one
/// after reads as anything.
#[derive(LogicBlock)]
pub struct WordRam {
    pub clock: Signal<In, Clock>,
    pub read_address: Signal<In, Bits<16>>,
    pub read_data: Signal<Out, Bits<32>>,
    pub write_enable: Signal<In, Bit>,
    pub write_address: Signal<In, Bits<16>>,
    pub write_data: Signal<In, Bits<32>>,
    _words: usize,
}

impl WordRam {
    /// Of `words` words, a power of two from 2 to 65536.
    pub fn new(words: usize) -> Self {
        make!(clock read_address read_data write_enable write_address write_data; _words: words)
    }
}

impl Logic for WordRam {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        let words = self._words;
        let style = if words > FEW_WORDS { ", ram_style = \"block\"" } else { "" };
        Verilog::Custom(format!(
            "// WordRam: {words} words, data {LATENCY} cycles after the address
    (* no_rw_check{style} *)
    reg [31:0] words [0:{last}];
    reg [31:0] stage;
    always @(posedge clock) begin
        if (write_enable) words[write_address[{high}:0]] <= write_data;
        stage <= words[read_address[{high}:0]];
        read_data <= stage;
    end
",
            last = words - 1,
            high = words.trailing_zeros() - 1,
        ))
    }
}
