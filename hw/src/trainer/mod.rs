//! The training engine (FA3C): what carries out an agent's tasks (docs/training.md).

pub mod unit;
