//! A word some cycles later, in a memory where registers would be many.

use crate::make;
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;

/// `q` is what `d` was a fixed number of cycles ago.
///
/// The words go round in a memory that is read one word ahead of where it is written, so no cycle reads the word it
/// writes. What comes out before that many cycles have passed may be anything.
#[derive(LogicBlock)]
pub struct Delay {
    pub clock: Signal<In, Clock>,
    pub d: Signal<In, Bits<32>>,
    pub q: Signal<Out, Bits<32>>,
    _cycles: usize,
}

impl Delay {
    /// Of `cycles` cycles; fewer than 2 count as 2.
    pub fn new(cycles: usize) -> Self {
        make!(clock d q; _cycles: cycles.max(2))
    }
}

impl Logic for Delay {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.q.connect();
    }

    fn hdl(&self) -> Verilog {
        let cycles = self._cycles;
        let last = cycles - 1;
        let bits = usize::BITS - last.leading_zeros();
        Verilog::Custom(format!(
            "// Delay: {cycles} cycles
    (* no_rw_check *)
    reg [31:0] words [0:{last}];
    reg [{top}:0] at;
    reg [31:0] read;
    wire [{top}:0] next = (at == {bits}'d{last}) ? {bits}'d0 : at + {bits}'d1;
    initial at = {bits}'d0;
    always @(posedge clock) begin
        words[at] <= d;
        read <= words[next];
        at <= next;
    end
    assign q = read;
",
            top = bits - 1,
        ))
    }
}
