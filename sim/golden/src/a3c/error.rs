//! Why a network cannot be, or cannot learn on.

use super::layout::Place;
use std::fmt;

/// Why layers do not make a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShapeError {
    /// A map, kernel, stride or number of outputs is 0.
    Zero { layer: usize, what: &'static str },
    /// The kernel is larger than the map it slides over.
    Kernel { layer: usize, kernel: usize, height: usize, width: usize },
    /// A layer's parameters or maps are more than can be addressed here.
    TooLarge { layer: usize },
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ShapeError::Zero { layer, what } => write!(f, "layer {layer}: {what} is 0; it must be at least 1"),
            ShapeError::Kernel { layer, kernel, height, width } => write!(
                f,
                "layer {layer}: a kernel of {kernel}x{kernel} does not fit its map of {height}x{width}; \
                 use one of at most {}",
                height.min(width)
            ),
            ShapeError::TooLarge { layer } => {
                write!(f, "layer {layer}: more than {} words; use fewer outputs", super::network::MAX_WORDS)
            }
        }
    }
}

impl std::error::Error for ShapeError {}

/// Why a task was refused. Parameters and statistics are as before it.
#[derive(Debug, Clone, PartialEq)]
pub enum LearnerError {
    /// There is no such agent.
    Agent { came: usize, agents: usize },
    /// A vector has other than the words it needs.
    Length { what: &'static str, came: usize, needed: usize },
    /// More gradients than inferences since the last synchronisation, or none.
    Steps { came: usize, inferences: usize },
    /// An infinity or a NaN in the gradient, at its first place in memory.
    NotFinite { place: Place, value: f32 },
}

impl fmt::Display for LearnerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LearnerError::Agent { came, agents } => write!(f, "agent {came} of {agents}; they count from 0"),
            LearnerError::Length { what, came, needed } => write!(f, "{what} has {came} words; {needed} are needed"),
            LearnerError::Steps { came, inferences } => write!(
                f,
                "training on {came} steps after {inferences} inferences; it takes 1 to {inferences}, after inferences"
            ),
            LearnerError::NotFinite { place, value } => {
                write!(f, "the gradient of {place} is {value}; a lower learning rate may help")
            }
        }
    }
}

impl std::error::Error for LearnerError {}
