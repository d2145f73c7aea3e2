//! Sums the steps of one output.

use crate::make;
use cortado_arch::DataType;
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;

/// `total` follows each valid `sum` by one cycle: the sum itself on the first step, then the running
/// total, or the largest sum so far when `maximum`, of which the lowest [`DataType::maximum_bits`]
/// are compared.
///
/// Its own text because rust-hdl does not compare a part of a signed number. The choice stands behind the
/// adder: an iCE40's logic cell holds both, which it does not with what is kept chosen before.
#[derive(LogicBlock)]
pub struct Accumulator<const SUM: usize> {
    pub clock: Signal<In, Clock>,
    pub valid: Signal<In, Bit>,
    pub first: Signal<In, Bit>,
    pub maximum: Signal<In, Bit>,
    pub sum: Signal<In, Signed<SUM>>,
    pub total: Signal<Out, Signed<SUM>>,
    _data_type: DataType,
}

impl<const SUM: usize> Accumulator<SUM> {
    /// Of sums of products of `data_type`.
    pub fn new(data_type: DataType) -> Self {
        make!(clock valid first maximum sum total; _data_type: data_type)
    }
}

impl<const SUM: usize> Logic for Accumulator<SUM> {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.total.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(format!(
            "// Accumulator: total or maximum of an output's steps
    reg signed [{top}:0] held;
    // Kept apart: else every bit makes its own choice of the two, in a second table beside the adder's.
    (* keep *) wire fresh = first | maximum;
    wire larger = $signed(sum[{compared}:0]) > $signed(held[{compared}:0]);
    always @(posedge clock)
        if (valid & (first | ~maximum | larger)) held <= fresh ? sum : held + sum;
    assign total = held;
",
            top = SUM - 1,
            compared = self._data_type.maximum_bits() - 1,
        ))
    }
}
