//! A3C's host side: environments, agents on threads, the objective's gradient at the output layer, the order in
//! which tasks reach a trainer, and checkpoints. `docs/training.md` is the contract.
//!
//! What computes sits behind [`Trainer`]; the golden model is one.

#![forbid(unsafe_code)]

mod agent;
mod catalogue;
pub mod checkpoint;
pub mod environments;
mod initial;
pub mod mathematics;
pub mod objective;
mod settings;
mod trainer;
mod training;

pub use catalogue::{find, Entry, CATALOGUE};
pub use cortado_random::Rng;
pub use initial::initial_state;
pub use settings::{Settings, SettingsError};
pub use trainer::{Trainer, TrainerError};
pub use training::{CurvePoint, Training, TrainingError};
