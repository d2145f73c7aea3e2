//! Cortado's hardware: rust-hdl blocks and the backend that makes Verilog of them.
//!
//! [`engine::Engine`] is the inference engine; [`feed`], [`array`], [`post`] and [`control`] are its
//! parts, [`cells`] what they are built from. The hardware knows the machine contract
//! (`cortado-arch`, `docs/machine.md`) and no model.

pub mod array;
pub mod boards;
pub mod cells;
pub mod config;
pub mod control;
pub mod emit;
pub mod engine;
pub mod feed;
pub mod float;
pub mod link;
pub mod make;
pub mod memory;
pub mod post;
pub mod trainer;
