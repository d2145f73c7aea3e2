//! One output lane: operands, products, tree, accumulator.

use super::accumulator::Accumulator;
use crate::cells::dot_product::DotProduct;
use crate::cells::element_window::ElementWindow;
use crate::make::signals;
use crate::{clock, comment, make};
use cortado_arch::DataType;
use rust_hdl::prelude::*;

/// Sums for one output channel of a group, one step per cycle.
///
/// Operands are chosen one cycle after `load` and `shift`; `weights` meet them there;
/// `sum_valid`, `sum_first` come [`crate::cells::dot_product::latency`] cycles after that, and
/// `total` one cycle later.
#[derive(LogicBlock)]
pub struct OutputLane<const SUM: usize> {
    pub clock: Signal<In, Clock>,
    pub element_valid: Signal<In, Bit>,
    /// Bytes of elements, the lowest first; as `shared` and `weights`.
    pub element: Vec<Signal<In, Bits<8>>>,
    pub load: Signal<In, Bit>,
    pub shift: Signal<In, Bit>,
    pub shared: Vec<Signal<In, Bits<8>>>,
    pub weights: Vec<Signal<In, Bits<8>>>,
    pub sum_valid: Signal<In, Bit>,
    pub sum_first: Signal<In, Bit>,
    pub maximum: Signal<In, Bit>,
    pub total: Signal<Out, Signed<SUM>>,
    window: ElementWindow,
    dot_product: DotProduct<SUM>,
    accumulator: Accumulator<SUM>,
}

impl<const SUM: usize> OutputLane<SUM> {
    /// Of `tn` multipliers, `in_blocks` of them in multiplier blocks, with windows of `taps` elements.
    pub fn new(data_type: DataType, tn: usize, in_blocks: usize, taps: usize) -> Self {
        let bytes = data_type.bytes();
        make!(
            clock element_valid load shift sum_valid sum_first maximum total;
            element: signals(bytes), shared: signals(tn * bytes), weights: signals(tn * bytes),
            window: ElementWindow::new(data_type, tn, taps), dot_product: DotProduct::new(data_type, tn, in_blocks),
            accumulator: Accumulator::new(data_type),
        )
    }
}

impl<const SUM: usize> Logic for OutputLane<SUM> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("OutputLane: operands, products, tree and accumulator of one output channel");
        clock!(self, clock, window, dot_product, accumulator);
        self.window.element_valid.next = self.element_valid.val();
        for e in 0..self.element.len() {
            self.window.element[e].next = self.element[e].val();
        }
        self.window.load.next = self.load.val();
        self.window.shift.next = self.shift.val();
        for n in 0..self.shared.len() {
            self.window.shared[n].next = self.shared[n].val();
            self.dot_product.a[n].next = self.window.operands[n].val();
            self.dot_product.b[n].next = self.weights[n].val();
        }
        self.accumulator.valid.next = self.sum_valid.val();
        self.accumulator.first.next = self.sum_first.val();
        self.accumulator.maximum.next = self.maximum.val();
        self.accumulator.sum.next = self.dot_product.sum.val();
        self.total.next = self.accumulator.total.val();
    }
}
