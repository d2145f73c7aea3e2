//! What carries out agents' tasks.

use cortado_golden::a3c::{Learner, LearnerError, Network, State};
use std::fmt;

/// Why a task failed. The trainer's state is as before the task.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainerError {
    /// Whether numbers left what single precision holds, and learning with them.
    pub not_finite: bool,
    /// Where, and what came.
    pub message: String,
}

impl fmt::Display for TrainerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TrainerError {}

/// An engine that holds one network's global parameters, their statistics, and a copy and maps for each agent.
///
/// Tasks take effect in the order of the calls.
pub trait Trainer {
    /// The network.
    fn network(&self) -> &Network;

    /// Copies the global parameters to the agent and forgets the maps of its inferences.
    ///
    /// # Errors
    /// The engine fails, or there is no such agent.
    fn sync(&mut self, agent: usize) -> Result<(), TrainerError>;

    /// One inference with the agent's copy. Returns the output layer: logits, then the value.
    ///
    /// # Errors
    /// The engine fails, or `observation` has not the words of the network's input.
    fn infer(&mut self, agent: usize, observation: &[f32]) -> Result<Vec<f32>, TrainerError>;

    /// Trains the global parameters on the agent's first inferences since its synchronisation: `gradients` has the
    /// objective's gradient at the output layer for each of them, `rate` is the learning rate.
    ///
    /// # Errors
    /// The engine fails, or the gradient of the parameters is not finite.
    fn train(&mut self, agent: usize, gradients: &[Vec<f32>], rate: f32) -> Result<(), TrainerError>;

    /// Global parameters and statistics, for a checkpoint.
    ///
    /// # Errors
    /// The engine fails.
    fn state(&mut self) -> Result<State, TrainerError>;
}

impl From<LearnerError> for TrainerError {
    fn from(error: LearnerError) -> TrainerError {
        TrainerError { not_finite: matches!(error, LearnerError::NotFinite { .. }), message: error.to_string() }
    }
}

impl Trainer for Learner {
    fn network(&self) -> &Network {
        Learner::network(self)
    }

    fn sync(&mut self, agent: usize) -> Result<(), TrainerError> {
        Ok(Learner::sync(self, agent)?)
    }

    fn infer(&mut self, agent: usize, observation: &[f32]) -> Result<Vec<f32>, TrainerError> {
        Ok(Learner::infer(self, agent, observation)?)
    }

    fn train(&mut self, agent: usize, gradients: &[Vec<f32>], rate: f32) -> Result<(), TrainerError> {
        Ok(Learner::train(self, agent, gradients, rate)?)
    }

    fn state(&mut self) -> Result<State, TrainerError> {
        Ok(Learner::state(self).clone())
    }
}
