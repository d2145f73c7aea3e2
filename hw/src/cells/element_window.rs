//! Where the operands of one output lane come from.

use crate::make;
use crate::make::signals;
use cortado_arch::DataType;
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;

/// A chain of the last `taps` elements of the lane's own channel, and the Tn operands: the elements all
/// lanes share, or the window of elements (`load`), or its next Tn taps (`shift`).
///
/// Operands appear one cycle after `load`, `shift` or the shared elements; `load` takes the chain as it
/// stands, so an element shifted in one cycle before is tap 0. Without taps `load` gives the element of one
/// cycle before to the first operand: what Channelwise needs.
#[derive(LogicBlock)]
pub struct ElementWindow {
    pub clock: Signal<In, Clock>,
    pub element_valid: Signal<In, Bit>,
    /// Bytes of an element, the lowest first; so in all that follow.
    pub element: Vec<Signal<In, Bits<8>>>,
    pub load: Signal<In, Bit>,
    pub shift: Signal<In, Bit>,
    pub shared: Vec<Signal<In, Bits<8>>>,
    pub operands: Vec<Signal<Out, Bits<8>>>,
    _data_type: DataType,
    _taps: usize,
}

impl ElementWindow {
    /// For `lanes` = Tn operands and `taps` elements, a multiple of `lanes`; none without a depthwise unit.
    pub fn new(data_type: DataType, lanes: usize, taps: usize) -> Self {
        let bytes = data_type.bytes();
        make!(
            clock element_valid load shift;
            element: signals(bytes), shared: signals(lanes * bytes), operands: signals(lanes * bytes),
            _data_type: data_type, _taps: taps,
        )
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
        let bits = self._data_type.bits();
        let lanes = self.shared.len() / self._data_type.bytes();
        let taps = self._taps;
        let operand_top = bits * lanes - 1;
        let own_top = bits - 1;
        let own = if bits == 8 { "byte" } else { "element" };
        Verilog::Custom(match taps {
            0 => format!(
                "// ElementWindow: operands of one output lane; its own {own} in the first
    reg [{own_top}:0] own;
    reg [{operand_top}:0] taken;
    always @(posedge clock) begin
        own <= element;
        taken <= shared;
        if (load) taken[{own_top}:0] <= own;
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
                top = bits * taps - 1,
                below = bits * (taps - 1) - 1,
                low = bits * lanes,
            ),
        })
    }
}
