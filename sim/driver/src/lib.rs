//! Agents' tasks on a training engine in simulation: its memory, its programs, its queue.
//!
//! [`Simulated`] is a [`cortado_agents::Trainer`] that is held to the golden one bit for bit. Its own methods hand tasks
//! over without waiting for their ends, so that the units of all pairs work at the same time.

#![forbid(unsafe_code)]

mod error;
mod places;
mod simulated;

pub use error::DriverError;
pub use places::{AgentPlaces, Places};
pub use simulated::{shapes, Simulated, Simulation};
