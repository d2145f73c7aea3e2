//! From a trained network to the integer graph: importers, the graph's own types, and the passes
//! every importer's result goes through.
//!
//! This crate never sees an array, a tile or a program; it says what is computed, not how.

#![forbid(unsafe_code)]

pub mod geometry;
pub mod ir;
pub mod passes;
pub mod quantise;
pub mod tflite;
