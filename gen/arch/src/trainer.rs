//! The training engine: its sizes, its instructions, where things lie in memory, and the programs of its tasks.
//!
//! `docs/training.md` says what is computed, `hw/docs/trainer.md` how the compute unit does it.

mod architecture;
pub mod instruction;
pub mod network;
pub mod program;
pub mod task;

pub use architecture::{Factors, TrainerArchitecture};

/// Words of a line: of a row of parameters, of a read of the map buffer, of the unit's memory channels.
pub const LINE_WORDS: usize = 16;
/// Bytes of a line.
pub const LINE_BYTES: usize = 4 * LINE_WORDS;
/// Sums a lane keeps in turn.
pub const SLOTS: usize = 8;
/// Most groups of lanes: one vector for each must arrive in the cycles of one step.
pub const MOST_GROUPS: usize = SLOTS;
/// Most steps of one training: each has a slot of its own in a dense layer's BW.
pub const MOST_STEPS: usize = SLOTS;
