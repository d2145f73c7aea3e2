//! The golden A3C: a network's forward and backward stages and its optimiser in single precision, in the
//! order `docs/training.md` states, one rounded operation at a time.
//!
//! Loops run over sixteen outputs at once where the parameters lie so in memory; no sum's own order changes by that.

pub mod arithmetic;
mod error;
mod layout;
mod learner;
mod network;
mod optimiser;
mod stages;

pub use error::{LearnerError, ShapeError};
pub use layout::{Layout, Place, TILE};
pub use learner::{Learner, State};
pub use network::{Hidden, Layer, Map, Network};
pub use optimiser::{clip, root_mean_square_step, Optimiser};
pub use stages::{backward, forward, gradient};
