//! Where the operands of one output lane come from.

use crate::make;
use crate::make::signals;
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;

/// A chain of the last `taps` elements of the lane's own channel, and the Tn operands: the bytes all
/// lanes share, or the window of elements (`load`), or its next Tn taps (`shift`).
///
/// Operands appear one cycle after `load`, `shift` or the shared bytes; `load` takes the chain as it
/// stands, so an element shifted in one cycle before is tap 0. Without taps `load` gives the element of one
/// cycle before to the first operand: what Channelwise needs.
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
    /// For `lanes` = Tn operands and `taps` elements, a multiple of `lanes`; none without a depthwise unit.
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
        let operand_top = 8 * lanes - 1;
        Verilog::Custom(match taps {
            0 => format!(
                "// ElementWindow: operands of one output lane; its own byte in the first
    reg [7:0] own;
    reg [{operand_top}:0] taken;
    always @(posedge clock) begin
        own <= element;
        taken <= shared;
        if (load) taken[7:0] <= own;
    end
    assign operands = taken;
"
            ),
            _ => format!(
                "// ElementWindow: operands of one output lane; {taps} taps, {lanes} a step
    reg [{top}:0] chain;
    reg [{top}:0] taken;
    always @(posedge clock) begin
        if (element_valid) chain <= {{chain[{below}:0], element}};
        if (load) taken <= chain;
        else if (shift) taken <= taken >> {low};
        else taken[{operand_top}:0] <= shared;
    end
    assign operands = taken[{operand_top}:0];
",
                top = 8 * taps - 1,
                below = 8 * taps - 9,
                low = 8 * lanes,
            ),
        })
    }
}
