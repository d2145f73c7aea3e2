//! Keeps results apart: the post-processor takes a result vector every `interval` cycles, so that
//! nothing behind the issue ever stalls.

use crate::cells::reg::Reg;
use crate::make::{constant, mask};
use crate::{comment, dff_setup, make};
use rust_hdl::prelude::*;

/// `open` when the last step of an output may issue; `issued` says that one did.
///
/// Two last steps are at least `interval` cycles apart: `plain` cycles, or `residual` when the
/// instruction adds a residual (`Architecture::vector_interval`).
#[derive(LogicBlock)]
pub struct Pacer {
    pub clock: Signal<In, Clock>,
    pub issued: Signal<In, Bit>,
    pub residual: Signal<In, Bits<1>>,
    pub open: Signal<Out, Bit>,
    left: Reg<Bits<11>>,
    /// Set while `left` is not zero: known a cycle ahead, it keeps the comparison out of every step.
    shut: Reg<Bit>,
    next_left: Signal<Local, Bits<11>>,
    left_mask: Constant<Bits<11>>,
    plain_reload: Constant<Bits<11>>,
    residual_reload: Constant<Bits<11>>,
}

impl Pacer {
    /// For intervals of `plain` and `residual` cycles, 1 to 2048 each; the longest of an architecture is
    /// 6 * 64 * 4 + 4.
    pub fn new(plain: usize, residual: usize) -> Self {
        make!(
            clock issued residual open left shut next_left;
            left_mask: mask(plain.max(residual) - 1), plain_reload: constant(plain - 1), residual_reload: constant(residual - 1),
        )
    }
}

impl Logic for Pacer {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Pacer: least distance between two results");
        dff_setup!(self, clock, left, shut);
        self.open.next = !self.shut.q.val();
        self.next_left.next = self.left.q.val();
        if self.issued.val() {
            if self.residual.val().any() {
                self.next_left.next = self.residual_reload.val();
            } else {
                self.next_left.next = self.plain_reload.val();
            }
        } else if self.left.q.val().any() {
            self.next_left.next = (self.left.q.val() - 1) & self.left_mask.val();
        }
        self.left.d.next = self.next_left.val();
        self.shut.d.next = self.next_left.val().any();
    }
}
