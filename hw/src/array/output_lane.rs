//! One output lane: operands, products, tree, accumulator.

use super::accumulator::Accumulator;
use crate::cells::dot_product::{DotProduct, SUM_BITS};
use crate::cells::element_window::ElementWindow;
use crate::make::signals;
use crate::{clock, comment, make};
use rust_hdl::prelude::*;

/// Sums for one output channel of a group, one step per cycle.
///
/// Operands are chosen one cycle after `load` and `shift`; `weights` meet them there;
/// `sum_valid`, `sum_first` come [`crate::cells::dot_product::latency`] cycles after that, and
/// `total` one cycle later.
#[derive(LogicBlock)]
pub struct OutputLane {
    pub clock: Signal<In, Clock>,
    pub element_valid: Signal<In, Bit>,
    pub element: Signal<In, Bits<8>>,
    pub load: Signal<In, Bit>,
    pub shift: Signal<In, Bit>,
    pub shared: Vec<Signal<In, Bits<8>>>,
    pub weights: Vec<Signal<In, Bits<8>>>,
    pub sum_valid: Signal<In, Bit>,
    pub sum_first: Signal<In, Bit>,
    pub maximum: Signal<In, Bit>,
    pub total: Signal<Out, Signed<SUM_BITS>>,
    window: ElementWindow,
    dot_product: DotProduct,
    accumulator: Accumulator,
}

impl OutputLane {
    /// Of `tn` multipliers, `in_blocks` of them in multiplier blocks, with windows of `taps` elements.
    pub fn new(tn: usize, in_blocks: usize, taps: usize) -> Self {
        make!(
            clock element_valid element load shift sum_valid sum_first maximum total accumulator;
            shared: signals(tn), weights: signals(tn),
            window: ElementWindow::new(tn, taps), dot_product: DotProduct::new(tn, in_blocks),
        )
    }
}

impl Logic for OutputLane {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("OutputLane: operands, products, tree and accumulator of one output channel");
        clock!(self, clock, window, dot_product, accumulator);
        self.window.element_valid.next = self.element_valid.val();
        self.window.element.next = self.element.val();
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
