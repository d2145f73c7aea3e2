//! Runs an engine: the cycle loop and the memory on the C++ side, options in and a report out.

pub mod contract;
pub(crate) mod interface;
mod options;
mod report;
mod run;

pub use options::{Begin, Jitter, MemoryModel, RunOptions, TraceRequest};
pub use report::{ChannelUse, End, Fault, FaultKind, Race, Retired, RunReport};
pub use run::{EngineHarness, RunError};
