//! Where the operands of one output lane come from.

use crate::make;
use crate::make::signals;
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;

/// A chain of the last `taps` elements of the lane's own channel, and the Tn operands: the bytes all
/// lanes share, or the window of elements (`load`), or its next Tn taps (`shift`).
///
/// Operands appear one cycle after `load`, `shift` or the shared bytes; `load` takes the chain as it
/// stands, so an element shifted in one cycle before is tap 0.
#[derive(LogicBlock)]
pub struct ElementWindow {
    pub clock: Signal<In, Clock>,
    pub element_valid: Signal<In, Bit>,
    pub element: Signal<In, Bits<8>>,
    pub load: Signal<In, Bit>,
    pub shift: Signal<In, Bit>,
    pub shared: Vec<Signal<In, Bits<8>>>,
    pub operands: Vec<Signal<Out, Bits<8>>>,
    _taps: usize,
}

impl ElementWindow {
    /// For `lanes` = Tn operands and `taps` elements, a multiple of `lanes`.
    pub fn new(lanes: usize, taps: usize) -> Self {
        make!(clock element_valid element load shift; shared: signals(lanes), operands: signals(lanes), _taps: taps)
    }
}

impl Logic for ElementWindow {
    fn update(&mut self) {}

    fn connect(&mut self) {
        for operand in &mut self.operands {
            operand.connect();
        }
    }

    fn hdl(&self) -> Verilog {
        let lanes = self.shared.len();
        let taps = self._taps;
        let chain = 8 * taps;
        let low = 8 * lanes;
        Verilog::Custom(format!(
            "// ElementWindow: operands of one output lane; {taps} taps, {lanes} a step\n\
             \x20   reg [{top}:0] chain;\n\
             \x20   reg [{top}:0] taken;\n\
             \x20   always @(posedge clock) begin\n\
             \x20       if (element_valid) chain <= {{chain[{below}:0], element}};\n\
             \x20       if (load) taken <= chain;\n\
             \x20       else if (shift) taken <= taken >> {low};\n\
             \x20       else taken[{operand_top}:0] <= shared;\n\
             \x20   end\n\
             \x20   assign operands = taken[{operand_top}:0];\n",
            top = chain - 1,
            below = chain - 9,
            operand_top = low - 1,
        ))
    }
}
