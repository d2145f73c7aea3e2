//! What a block needs beside rust-hdl's prelude to be written for this emitter.

use rust_hdl::prelude::{bit_cast, Bits};

/// Zero-extends or truncates to `M` bits, like `bit_cast`, and also works on an element chosen by a
/// loop index, where `bit_cast` does not compile under `#[hdl_gen]`.
pub fn unsigned_cast_bits<const M: usize, const N: usize>(x: Bits<N>) -> Bits<M> {
    bit_cast::<M, N>(x)
}

/// A comment in the emitted Verilog. As a block's first statement it heads the module, and a
/// CamelCase word before a colon names it: `comment!("Requantiser: int32 sums to int8")`.
#[macro_export]
macro_rules! comment {
    ($($text:tt)*) => {};
}

/// Wires the clock of registers and gives their `d` the default `q`:
/// `dff_setup!(self, clock, count, taps[i])`.
///
/// It carries the name of rust-hdl's macro because `#[hdl_gen]` translates macros by name; unlike
/// that one it also takes elements of vectors.
#[macro_export]
macro_rules! dff_setup {
    ($self:ident, $clock:ident, $($register:ident $([$index:expr])*),+ $(,)?) => {
        $($self.$register $([$index])*.clock.next = $self.$clock.val();)+
        $($self.$register $([$index])*.d.next = $self.$register $([$index])*.q.val();)+
    };
}

/// Wires the clock of sub-blocks, elements of vectors included: `clock!(self, clock, pe[i])`.
#[macro_export]
macro_rules! clock {
    ($self:ident, $clock:ident, $($block:ident $([$index:expr])*),+ $(,)?) => {
        $($self.$block $([$index])*.clock.next = $self.$clock.val();)+
    };
}
