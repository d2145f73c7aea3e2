//! Why a task, or a trainer, cannot be.

use cortado_agents::TrainerError;
use cortado_arch::isa::EncodeError;
use cortado_arch::trainer::program::ProgramError;
use cortado_cosim::TrainerSimError;
use cortado_golden::a3c::{LearnerError, Place};
use std::fmt;

/// Why a task, or a trainer, cannot be.
#[derive(Debug)]
pub enum DriverError {
    /// The network does not fit the engine.
    Program(ProgramError),
    /// Memories of the engine that are too small for the network.
    Size {
        what: &'static str,
        needed: usize,
        has: usize,
        instead: &'static str,
    },
    /// As the golden trainer's.
    Task(LearnerError),
    /// A gradient's padding was not finite: the engine is at fault.
    Padding {
        word: usize,
        bits: u32,
    },
    /// The engine ended a task with this status.
    Status(u32),
    Field(EncodeError),
    Simulation(TrainerSimError),
}

impl DriverError {
    pub(crate) fn not_finite(place: Option<Place>, word: usize, bits: u32) -> Self {
        match place {
            Some(place) => DriverError::Task(LearnerError::NotFinite { place, value: f32::from_bits(bits) }),
            None => DriverError::Padding { word, bits },
        }
    }
}

impl fmt::Display for DriverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DriverError::Program(error) => error.fmt(f),
            DriverError::Size { what, needed, has, instead } => {
                write!(f, "{what}: {needed} needed, the preset has {has}; {instead}")
            }
            DriverError::Task(error) => error.fmt(f),
            DriverError::Padding { word, bits } => {
                write!(f, "word {word} of the gradient, which is padding, is {}", f32::from_bits(*bits))
            }
            DriverError::Status(status) => write!(f, "the engine ended the task with status {status}"),
            DriverError::Field(error) => error.fmt(f),
            DriverError::Simulation(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DriverError {}

impl From<TrainerSimError> for DriverError {
    fn from(error: TrainerSimError) -> Self {
        DriverError::Simulation(error)
    }
}

impl From<LearnerError> for DriverError {
    fn from(error: LearnerError) -> Self {
        DriverError::Task(error)
    }
}

impl From<DriverError> for TrainerError {
    fn from(error: DriverError) -> Self {
        match error {
            DriverError::Task(error) => error.into(),
            other => TrainerError { not_finite: false, message: other.to_string() },
        }
    }
}
