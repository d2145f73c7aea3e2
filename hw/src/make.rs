//! Making blocks: rust-hdl's `Constant` has no default and run-time counts need vectors, so
//! constructors name their plain fields once and give values to the others.

use rust_hdl::prelude::*;

/// `make!(a b c; depth: Constant::new(..), lanes: signals(n))`: `Self` with `a`, `b`, `c` at their
/// defaults and the others as given.
#[macro_export]
macro_rules! make {
    ($($field:ident)* ; $($given:ident : $value:expr),* $(,)?) => {
        Self { $($field: Default::default(),)* $($given: $value,)* }
    };
}

/// `count` signals: one packed vector in the Verilog.
pub fn signals<D: Direction, T: Synth>(count: usize) -> Vec<Signal<D, T>> {
    (0..count).map(|_| Signal::default()).collect()
}

/// `count` blocks, each at its default.
pub fn many<B: Default>(count: usize) -> Vec<B> {
    (0..count).map(|_| B::default()).collect()
}

/// A constant of `N` bits.
pub fn constant<const N: usize>(value: usize) -> Constant<Bits<N>> {
    Constant::new((value as u64).into())
}

/// Ones in the bits that numbers up to `most` take: what is always masked is no register after synthesis.
pub fn mask<const N: usize>(most: usize) -> Constant<Bits<N>> {
    constant((most + 1).next_power_of_two() - 1)
}
