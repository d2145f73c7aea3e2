//! The scalars that a group's slots take in turn.

use crate::make;
use crate::make::signals;
use cortado_arch::trainer::LINE_WORDS;
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;

/// Cycles from `entry` and `word` to `scalar`.
pub const LATENCY: usize = 1;

/// Two halves of 8 entries of 16 words: one half is gathered while the slots read the other.
///
/// `write_enable[j]` writes word j of entry `write_entry`, and `write_present` beside it: whether the entry's words are
/// of a position inside the map. `scalar` and `present` are those of `entry` and `word`, [`LATENCY`] cycles later.
#[derive(LogicBlock)]
pub struct ScalarBuffer {
    pub clock: Signal<In, Clock>,
    pub write_enable: Vec<Signal<In, Bit>>,
    pub write_entry: Signal<In, Bits<4>>,
    pub write_data: Vec<Signal<In, Bits<32>>>,
    pub write_present: Signal<In, Bit>,
    pub entry: Signal<In, Bits<4>>,
    pub word: Signal<In, Bits<4>>,
    pub scalar: Signal<Out, Bits<32>>,
    pub present: Signal<Out, Bit>,
}

impl Default for ScalarBuffer {
    fn default() -> Self {
        make!(
            clock write_entry write_present entry word scalar present;
            write_enable: signals(LINE_WORDS), write_data: signals(LINE_WORDS),
        )
    }
}

impl Logic for ScalarBuffer {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.scalar.connect();
        self.present.connect();
    }

    fn hdl(&self) -> Verilog {
        let mut text = format!("// ScalarBuffer: 16 entries of 16 words, one word a cycle; {LATENCY} cycle\n");
        let mut choices = String::new();
        for word in 0..LINE_WORDS {
            text += &format!(
                "    reg [31:0] words_{word} [0:15];
    always @(posedge clock) if (write_enable[{word}]) words_{word}[write_entry] <= write_data[{top}:{low}];
",
                low = 32 * word,
                top = 32 * word + 31,
            );
            choices += &format!("            4'd{word}: scalar_q <= words_{word}[entry];\n");
        }
        Verilog::Custom(
            text + "    reg presents [0:15];
    reg [31:0] scalar_q;
    reg present_q;
    always @(posedge clock) begin
        if (|write_enable) presents[write_entry] <= write_present;
        present_q <= presents[entry];
        case (word)
" + &choices + "        endcase
    end
    assign scalar = scalar_q;
    assign present = present_q;
",
        )
    }
}
