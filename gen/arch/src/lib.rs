//! The machine contract: what a preset says, every width derived from it, the instruction set and
//! the layout of the memories. Nothing else in the workspace computes a width, an address or an
//! encoding.

pub mod architecture;
pub mod board;
pub mod board_top;
mod data_type;
pub mod isa;
pub mod link;
pub mod listing;
pub mod preset;
pub mod trainer;

pub use architecture::{ActivationKind, Architecture, ExternalMemory, Family};
pub use data_type::DataType;
