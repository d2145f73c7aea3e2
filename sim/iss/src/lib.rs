//! Instruction-set simulator: what a program means (memories) and how long it takes (cycles).
//!
//! [`Machine`] executes a program as `docs/machine.md` says, one instruction after the other, in
//! plain loops: this is the program's meaning, and the Verilog is compared with it. [`RunReport`]
//! predicts when each instruction starts and retires; the prediction knows sizes and waits, never
//! data. In strict mode (the default) the machine also refuses programs that are right only by
//! luck: they read what nobody wrote, miss a wait, or rely on what lanes without a weight see.

mod accumulate;
mod check;
mod compute;
mod cycle;
mod error;
mod machine;
mod memory;
mod operand;
mod report;
mod requantise;
mod timing;

pub use cortado_arch::listing::listing;
pub use cycle::issue;
pub use error::{IssError, Output, Problem};
pub use machine::{Machine, MOST_INSTRUCTIONS};
pub use report::{InstructionReport, Issue, Kind, RunReport};
pub use timing::Timing;
