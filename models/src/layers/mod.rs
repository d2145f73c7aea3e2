//! Forward and backward pass of each kind of layer, one image at a time.
//!
//! Maps are HWC. Weights are `[fan_in, outputs]` with the fan-in in the order kernel row, kernel
//! column, input channel. A backward pass *adds* to parameter gradients and *sets* input gradients.
//!
//! Slices must have the lengths their layer's shapes give; [`crate::Network`] sees to that.

pub mod conv;
pub mod dense;
pub mod loss;
pub mod pool;
