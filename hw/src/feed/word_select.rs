//! Words from activation memory on their way to the lanes.

use crate::make;
use crate::make::signals;
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;

/// Puts padding in place of words outside the map, holds a word for its later substeps, and picks
/// the Tn bytes that all output lanes share.
///
/// `elements` are the word's bytes in the same cycle; `shared` come one cycle later: the substep's
/// bytes of the word, or `patch_lanes` in a patch step.
#[derive(LogicBlock)]
pub struct WordSelect {
    pub clock: Signal<In, Clock>,
    pub word: Vec<Signal<In, Bits<8>>>,
    pub word_valid: Signal<In, Bit>,
    pub pad: Signal<In, Bit>,
    pub pad_value: Signal<In, Bits<8>>,
    pub patch_lanes: Vec<Signal<In, Bits<8>>>,
    pub patch: Signal<In, Bit>,
    pub substep: Signal<In, Bits<6>>,
    pub elements: Vec<Signal<Out, Bits<8>>>,
    pub shared: Vec<Signal<Out, Bits<8>>>,
}

impl WordSelect {
    /// For words of `tm` bytes and `tn` input lanes.
    pub fn new(tm: usize, tn: usize) -> Self {
        make!(
            clock word_valid pad pad_value patch substep;
            word: signals(tm), patch_lanes: signals(tn), elements: signals(tm), shared: signals(tn),
        )
    }
}

impl Logic for WordSelect {
    fn update(&mut self) {}

    fn connect(&mut self) {
        for signal in self.elements.iter_mut().chain(&mut self.shared) {
            signal.connect();
        }
    }

    fn hdl(&self) -> Verilog {
        let tm = self.word.len();
        let tn = self.shared.len();
        let pick = if tm == tn {
            "source".to_string()
        } else {
            let bits = (tm / tn).trailing_zeros() as usize;
            format!("source[{}*substep[{}:0] +: {}]", 8 * tn, bits - 1, 8 * tn)
        };
        Verilog::Custom(format!(
            "// WordSelect: padding, and {tn} of {tm} bytes a step\n\
             \x20   reg [{top}:0] held;\n\
             \x20   reg [{lanes_top}:0] shared_q;\n\
             \x20   wire [{top}:0] padded = pad ? {{{tm}{{pad_value}}}} : word;\n\
             \x20   wire [{top}:0] source = word_valid ? padded : held;\n\
             \x20   always @(posedge clock) begin\n\
             \x20       if (word_valid) held <= padded;\n\
             \x20       shared_q <= patch ? patch_lanes : {pick};\n\
             \x20   end\n\
             \x20   assign elements = padded;\n\
             \x20   assign shared = shared_q;\n",
            top = 8 * tm - 1,
            lanes_top = 8 * tn - 1,
        ))
    }
}
