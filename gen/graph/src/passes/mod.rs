//! What is done to, or asked of, every graph whatever it was imported from.

mod count;
mod validate;

pub use count::{layers, Layer};
pub use validate::{validate, GraphFault};
