//! The small set of cells all hardware is built from.

pub mod dot_product;
pub mod element_window;
pub mod multiplier;
pub mod ram;
pub mod reg;
pub mod requantiser;
pub mod stream;
