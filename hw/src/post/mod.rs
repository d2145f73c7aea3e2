//! From accumulators to activation memory: bias, requantisation, activation clamp, residual add.

pub mod assembler;
pub mod pass_operand;
pub mod post_processor;
pub mod result_walker;
pub mod scheduler;
pub mod shift_requantiser;
