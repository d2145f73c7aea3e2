//! The training engine (FA3C): what carries out an agent's tasks (docs/training.md).

pub mod burst;
pub mod gradient_buffer;
pub mod gradient_norm;
pub mod memory_port;
pub mod pair;
pub mod parameter_copy;
pub mod port_width;
pub mod rms_prop;
pub mod rms_prop_array;
pub mod rms_prop_unit;
pub mod stream_reader;
pub mod stream_writer;
pub mod task;
pub mod top;
pub mod unit;
pub mod unit_control;
pub mod update_control;
