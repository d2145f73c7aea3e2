//! One RMSProp unit: a parameter and its statistics a cycle (FA3C's RU).

use crate::cells::delay::Delay;
use crate::float::add::{FloatAdd, LATENCY as ADD};
use crate::float::divide::{FloatDivide, LATENCY as DIVIDE};
use crate::float::multiply::{Factors, FloatMultiply};
use crate::float::square_root::{FloatSquareRoot, LATENCY as ROOT};
use crate::{clock, comment, make};
use rust_hdl::prelude::*;

const MULTIPLY: usize = Factors::Single.latency();
/// Cycles from operands to the new statistic, and from there on to what the step is divided by.
const STATISTIC: usize = 3 * MULTIPLY + ADD;
const DIVISOR: usize = STATISTIC + ADD + ROOT;

/// Cycles from operands to both results.
pub const LATENCY: usize = DIVISOR + DIVIDE + ADD;

/// One word every cycle, [`LATENCY`] cycles later, each operation rounded by itself:
///
/// ```text
/// d             = scale * gradient
/// new_statistic = alpha * statistic + fresh * (d * d)
/// new_theta = theta - (rate * d) / sqrt(new_statistic + epsilon)
/// ```
///
/// `scale` is 1 where the gradient is not clipped, which leaves its words as they are. The constants hold while words are
/// inside.
#[derive(LogicBlock)]
pub struct RmsPropUnit {
    pub clock: Signal<In, Clock>,
    pub theta: Signal<In, Bits<32>>,
    pub statistic: Signal<In, Bits<32>>,
    pub gradient: Signal<In, Bits<32>>,
    pub scale: Signal<In, Bits<32>>,
    pub alpha: Signal<In, Bits<32>>,
    /// 1 - alpha.
    pub fresh: Signal<In, Bits<32>>,
    pub rate: Signal<In, Bits<32>>,
    pub epsilon: Signal<In, Bits<32>>,
    pub new_theta: Signal<Out, Bits<32>>,
    pub new_statistic: Signal<Out, Bits<32>>,
    scaled: FloatMultiply,
    square: FloatMultiply,
    fresh_square: FloatMultiply,
    old_statistic: Delay,
    decayed: FloatMultiply,
    mean: FloatAdd,
    shifted: FloatAdd,
    square_root: FloatSquareRoot,
    step: FloatMultiply,
    step_later: Delay,
    divide: FloatDivide,
    old_theta: Delay,
    moved: FloatAdd,
    mean_later: Delay,
    no: Constant<Bit>,
    yes: Constant<Bit>,
}

impl Default for RmsPropUnit {
    fn default() -> Self {
        let product = || FloatMultiply::new(Factors::Single);
        make!(
            clock theta statistic gradient scale alpha fresh rate epsilon new_theta new_statistic mean shifted
            square_root divide moved;
            scaled: product(), square: product(), fresh_square: product(), decayed: product(), step: product(),
            old_statistic: Delay::new(2 * MULTIPLY), step_later: Delay::new(DIVISOR - 2 * MULTIPLY),
            old_theta: Delay::new(DIVISOR + DIVIDE), mean_later: Delay::new(LATENCY - STATISTIC),
            no: Constant::new(false), yes: Constant::new(true),
        )
    }
}

impl Logic for RmsPropUnit {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("RmsPropUnit: a parameter and its statistics one step along the gradient");
        clock!(self, clock, scaled, square, fresh_square, old_statistic, decayed, mean, shifted, square_root, step);
        clock!(self, clock, step_later, divide, old_theta, moved, mean_later);
        self.scaled.a.next = self.scale.val();
        self.scaled.b.next = self.gradient.val();
        self.square.a.next = self.scaled.product.val();
        self.square.b.next = self.scaled.product.val();
        self.fresh_square.a.next = self.fresh.val();
        self.fresh_square.b.next = self.square.product.val();
        self.old_statistic.d.next = self.statistic.val();
        self.decayed.a.next = self.alpha.val();
        self.decayed.b.next = self.old_statistic.q.val();
        self.mean.a.next = self.decayed.product.val();
        self.mean.b.next = self.fresh_square.product.val();
        self.mean.subtract.next = self.no.val();
        self.mean_later.d.next = self.mean.sum.val();
        self.new_statistic.next = self.mean_later.q.val();

        self.shifted.a.next = self.mean.sum.val();
        self.shifted.b.next = self.epsilon.val();
        self.shifted.subtract.next = self.no.val();
        self.square_root.a.next = self.shifted.sum.val();
        self.step.a.next = self.rate.val();
        self.step.b.next = self.scaled.product.val();
        self.step_later.d.next = self.step.product.val();
        self.divide.a.next = self.step_later.q.val();
        self.divide.b.next = self.square_root.root.val();
        self.old_theta.d.next = self.theta.val();
        self.moved.a.next = self.old_theta.q.val();
        self.moved.b.next = self.divide.quotient.val();
        self.moved.subtract.next = self.yes.val();
        self.new_theta.next = self.moved.sum.val();
    }
}
