//! Post-training quantisation: a float graph and a calibration set become an int8 TensorFlow Lite
//! file, which the importer reads like any other. So there is one int8 arithmetic, and every tool
//! that takes a `.tflite` file takes the result.
//!
//! Activations are per tensor, asymmetric, over the smallest and largest value seen in calibration
//! (widened to hold zero). Convolution weights are symmetric per output channel, fully connected
//! weights symmetric per tensor, as TensorFlow Lite has them. Biases are int32.

mod error;
mod place;
mod ranges;
mod walk;
mod weights;

pub use error::{QuantiseErrors, QuantiseFault};
pub use ranges::Ranges;
pub use walk::{quantise, Quantised};
