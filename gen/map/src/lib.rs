//! From an integer graph to a program for one engine.
//!
//! The pipeline is [`compile`]: the graph becomes a network of maps and operations, residual adds
//! move into the layers that feed them, each operation becomes a layer with packed weights, maps
//! get places in activation memory, weights and parameters stay on chip or stream through a ring,
//! and the whole becomes a program whose waits order every pair of instructions that share words.
//!
//! This crate never sees how the engine is built or simulated: `docs/machine.md` is all it knows.

#![forbid(unsafe_code)]

mod access;
mod activation;
mod average;
mod bands;
mod build;
mod clock;
mod compile;
mod compiled;
mod cost;
mod error;
pub mod explore;
mod factors;
mod fuse;
mod hazard;
mod image;
mod input_format;
mod kernels;
mod layer;
mod layout;
mod listing;
mod lower;
mod network;
mod offchip;
mod pack;
mod parameters;
mod parts;
mod place;
mod pool;
mod program;
mod residence;
mod search;
mod spans;
mod stream;
#[cfg(test)]
mod testing;

pub use compile::{compile, CompileOptions};
pub use compiled::{Compiled, Estimate, InstructionNote};
pub use error::{MapError, MapErrors};
pub use hazard::{check_hazards, Hazard};
pub use layout::{Format, IoLayout, Layout, SizeError, TensorPlace, Unfolding};
pub use listing::describe;
