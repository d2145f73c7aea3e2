//! A run: agents on threads, their tasks in one order.
//!
//! A run is a sequence of epochs. In an epoch each agent goes through [`ROUTINES`] routines. In turn, agent after
//! agent, each hands over one task; agent k joins at turn k, so that agents are at different places of their
//! routines. While others have their turn, an agent's environment runs on its own thread. The order depends on
//! nothing but the run's settings, so every trainer that computes the same gives the same run.

use crate::agent::{Agent, Port, Stopped, Task};
use crate::checkpoint::{Checkpoint, CheckpointError, SavedAgent};
use crate::environments::{Environment, EnvironmentError};
use crate::{Rng, Settings, SettingsError, Trainer, TrainerError};
use cortado_golden::a3c::State;
use std::fmt;
use std::sync::mpsc::{channel, Receiver, Sender};

/// Routines of each agent in an epoch, at whose end there are no routines under way.
pub const ROUTINES: usize = 25;

/// Episodes a mean return is taken over, at least, as soon as there have been so many.
const WINDOW: usize = 100;

/// Where a run was at the end of an epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// Environment steps so far, all agents together.
    pub steps: u64,
    /// Episodes that have ended so far.
    pub episodes: u64,
    /// Mean return of the epoch's episodes and, if they are fewer than 100, of those before; NaN without any.
    pub mean_return: f64,
}

/// Why a run stopped.
#[derive(Debug)]
pub enum TrainingError {
    Settings(SettingsError),
    Environment {
        agent: usize,
        error: EnvironmentError,
    },
    /// A task failed: which agent's, and after how many steps of the run.
    Trainer {
        agent: usize,
        steps: u64,
        error: TrainerError,
    },
    Checkpoint(CheckpointError),
}

impl fmt::Display for TrainingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrainingError::Settings(error) => error.fmt(f),
            TrainingError::Environment { agent, error } => write!(f, "the environment of agent {agent}: {error}"),
            TrainingError::Trainer { agent, steps, error } => {
                write!(f, "after {steps} steps, at a task of agent {agent}: {error}")
            }
            TrainingError::Checkpoint(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TrainingError {}

/// A run between two epochs.
pub struct Training {
    settings: Settings,
    agents: Vec<Agent>,
    steps: u64,
    episodes: u64,
    /// Returns of the last episodes, at most [`WINDOW`].
    recent: Vec<f64>,
    curve: Vec<CurvePoint>,
}

impl Training {
    /// A run at its beginning; `make` gives each agent its environment.
    ///
    /// # Errors
    /// A setting cannot be, or an environment does not start.
    pub fn begin(settings: Settings, make: impl Fn() -> Box<dyn Environment>) -> Result<Training, TrainingError> {
        settings.check().map_err(TrainingError::Settings)?;
        let agent = |agent| {
            Agent::new(make(), Rng::part(settings.seed, agent as u64))
                .map_err(|error| TrainingError::Environment { agent, error })
        };
        let agents = (0..settings.agents).map(agent).collect::<Result<_, _>>()?;
        Ok(Training { settings, agents, steps: 0, episodes: 0, recent: Vec::new(), curve: Vec::new() })
    }

    /// The run a checkpoint was made of, as it was then.
    ///
    /// # Errors
    /// An environment does not take its saved state, or the settings cannot be.
    pub fn resume(checkpoint: &Checkpoint, make: impl Fn() -> Box<dyn Environment>) -> Result<Training, TrainingError> {
        checkpoint.settings.check().map_err(TrainingError::Settings)?;
        if checkpoint.agents.len() != checkpoint.settings.agents {
            return Err(TrainingError::Checkpoint(CheckpointError::Inside("the number of agents")));
        }
        let agent = |(agent, saved): (usize, &SavedAgent)| {
            let mut environment = make();
            let restored = environment.restore(&saved.environment);
            restored.map_err(|error| TrainingError::Environment { agent, error })?;
            Ok(Agent { environment, rng: Rng::new(saved.rng), so_far: saved.so_far, ended: Vec::new() })
        };
        let agents = checkpoint.agents.iter().enumerate().map(agent).collect::<Result<_, _>>()?;
        Ok(Training {
            settings: checkpoint.settings.clone(),
            agents,
            steps: checkpoint.steps,
            episodes: checkpoint.episodes,
            recent: checkpoint.recent.clone(),
            curve: checkpoint.curve.clone(),
        })
    }

    /// All there is, between two epochs; `state` is the trainer's, the names are kept to be compared.
    pub fn checkpoint(&self, environment: &str, network: &str, state: State) -> Checkpoint {
        let saved = |agent: &Agent| SavedAgent {
            rng: agent.rng.state(),
            so_far: agent.so_far,
            environment: agent.environment.save(),
        };
        Checkpoint {
            environment: environment.to_owned(),
            network: network.to_owned(),
            settings: self.settings.clone(),
            steps: self.steps,
            episodes: self.episodes,
            recent: self.recent.clone(),
            curve: self.curve.clone(),
            state,
            agents: self.agents.iter().map(saved).collect(),
        }
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Environment steps so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Whether the run has come to its end.
    pub fn finished(&self) -> bool {
        self.steps >= self.settings.steps
    }

    /// The learning curve so far, one point an epoch.
    pub fn curve(&self) -> &[CurvePoint] {
        &self.curve
    }

    /// One epoch. After an error the run cannot go on; a checkpoint from before can.
    ///
    /// # Errors
    /// A task or an environment fails, the gradient at an output is not finite, or an environment panics.
    pub fn epoch(&mut self, trainer: &mut dyn Trainer) -> Result<CurvePoint, TrainingError> {
        let Training { settings, agents, steps, .. } = self;
        let settings: &Settings = settings;
        std::thread::scope(|scope| {
            let mut ends = Vec::new();
            let mut threads = Vec::new();
            for agent in agents.iter_mut() {
                let (tasks, from_agent) = channel();
                let (to_agent, answers) = channel();
                let port = Port { tasks, answers };
                ends.push(Some((from_agent, to_agent)));
                threads.push(scope.spawn(move || agent.run(ROUTINES, settings, &port)));
            }
            let handed = hand_over(&mut ends, settings, steps, trainer);
            // Whoever still waits for an answer is dismissed by this.
            drop(ends);
            let mut died = Ok(());
            for (agent, thread) in threads.into_iter().enumerate() {
                let error = match thread.join() {
                    Ok(Ok(()) | Err(Stopped::Dismissed)) => continue,
                    Ok(Err(Stopped::Environment(error))) => error,
                    Err(_) => EnvironmentError("it panicked".to_owned()),
                };
                died = died.and(Err(TrainingError::Environment { agent, error }));
            }
            handed.and(died)
        })?;
        Ok(self.close())
    }

    /// Takes stock of an epoch's episodes.
    fn close(&mut self) -> CurvePoint {
        let ended: Vec<f64> = self.agents.iter_mut().flat_map(|agent| std::mem::take(&mut agent.ended)).collect();
        self.episodes += ended.len() as u64;
        self.recent.extend(&ended);
        let window = ended.len().max(WINDOW).min(self.recent.len());
        let counted = &self.recent[self.recent.len() - window..];
        let mean_return = counted.iter().sum::<f64>() / counted.len() as f64;
        self.recent.drain(..self.recent.len().saturating_sub(WINDOW));
        let point = CurvePoint { steps: self.steps, episodes: self.episodes, mean_return };
        self.curve.push(point);
        point
    }
}

/// The other ends of an agent's channels; gone when it has finished.
type End = Option<(Receiver<Task>, Sender<Vec<f32>>)>;

/// Hands the agents' tasks to the trainer, one of each agent a turn, until all have finished or one has died.
fn hand_over(
    ends: &mut [End],
    settings: &Settings,
    steps: &mut u64,
    trainer: &mut dyn Trainer,
) -> Result<(), TrainingError> {
    let mut turn = 0;
    while ends.iter().any(Option::is_some) {
        for (agent, end) in ends.iter_mut().enumerate().take(turn + 1) {
            let Some((tasks, answers)) = end else { continue };
            let Ok(task) = tasks.recv() else { return Ok(()) };
            let failed = |error| TrainingError::Trainer { agent, steps: *steps, error };
            let answer = match task {
                Task::Finished => {
                    *end = None;
                    continue;
                }
                Task::Sync => trainer.sync(agent).map(|()| Vec::new()),
                Task::Infer { observation, acts } => {
                    let outputs = trainer.infer(agent, &observation).map_err(failed)?;
                    *steps += u64::from(acts);
                    Ok(outputs)
                }
                Task::Train { gradients } => finite(&gradients)
                    .and_then(|()| trainer.train(agent, &gradients, settings.rate_at(*steps)))
                    .map(|()| Vec::new()),
            };
            let answer = answer.map_err(|error| TrainingError::Trainer { agent, steps: *steps, error })?;
            // An agent that is gone has said why to whoever joins it.
            if answers.send(answer).is_err() {
                return Ok(());
            }
        }
        turn = (turn + 1).min(settings.agents);
    }
    Ok(())
}

/// Refuses a gradient at the output layer that is not finite: the network's outputs were not.
fn finite(gradients: &[Vec<f32>]) -> Result<(), TrainerError> {
    for (step, gradient) in gradients.iter().enumerate() {
        if let Some(output) = gradient.iter().position(|word| !word.is_finite()) {
            let message = format!(
                "the objective's gradient at output {output} of the routine's step {step} is {}; \
                 a lower learning rate may help",
                gradient[output]
            );
            return Err(TrainerError { not_finite: true, message });
        }
    }
    Ok(())
}
