//! Small networks trained by this project's own trainer, and the trainer that made them.
//!
//! For users of the networks: [`FASHION`], [`TINY`], [`samples`] and [`references`] (module
//! [`assets`]). For the recipe: an [`Architecture`] becomes a float [`Network`] ([`train`]), the
//! network a [`QuantisedNetwork`] ([`quantise`]), and that a `.tflite` file ([`tflite`]).
//!
//! The crate reads no paths: bytes come in and go out, and the `cortado-train-classifier` binary
//! owns the files. Of the project it knows `cortado-graph`, for its writer of files alone, and `cortado-random`.

pub mod adam;
pub mod architecture;
pub mod assets;
pub mod dataset;
pub mod error;
pub mod gemm;
pub mod integer;
pub mod layers;
pub mod network;
pub mod quantise;
pub mod tflite;
pub mod train;

pub use architecture::{Architecture, LayerSpec, Padding, Shape};
pub use assets::{
    pixel_to_int8, references, samples, Reference, Sample, FASHION, FASHION_CLASSES, INPUT_SCALE, INPUT_ZERO_POINT,
    SAMPLE_SIDE, TINY,
};
pub use error::Error;
pub use network::Network;
pub use quantise::QuantisedNetwork;
