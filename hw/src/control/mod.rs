//! Fetching, dispatching and retiring instructions, and moving data between external memory and the
//! memories on chip.

pub mod beat_assembler;
pub mod compute_control;
pub mod dispatcher;
pub mod instruction_register;
pub mod reader;
pub mod store_turn;
pub mod transfer;
pub mod writer;
