//! From a trained network to the integer graph: importers, the graph's own types, and the passes
//! every importer's result goes through.
//!
//! This crate never sees an array, a tile or a program; it says what is computed, not how.

#![forbid(unsafe_code)]

pub mod caffe;
pub mod calibrate;
pub mod error;
pub mod float;
pub mod geometry;
pub mod inspection;
pub mod ir;
pub mod onnx;
pub mod passes;
mod protobuf;
pub mod quantise;
pub mod synthetic;
pub mod tflite;
