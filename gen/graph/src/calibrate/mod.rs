//! Post-training quantisation: a float graph and a calibration set become a TensorFlow Lite file of int8, or of
//! int16 fixed point, which the importer reads like any other. So there is one arithmetic of each type, and every tool
//! that takes a `.tflite` file takes the result.
//!
//! Int8 activations are per tensor, asymmetric, over the smallest and largest value seen in calibration
//! (widened to hold zero). Convolution weights are symmetric per output channel, fully connected
//! weights symmetric per tensor, as TensorFlow Lite has them. Biases are int32.
//!
//! Int16 is Caffeine's fixed point (ICCAD 2016; its values are 16-bit, what its scales are is not published): every
//! scale is a power of two, one for each tensor and for each output channel's weights, all symmetric; the finest that
//! holds what calibration saw. Biases are int64. A softmax at the end is left out, and noted.

mod error;
mod layers;
mod place;
mod ranges;
mod walk;
mod weights;

pub use error::{QuantiseErrors, QuantiseFault};
pub use ranges::Ranges;
pub use walk::{quantise, Quantised};
