//! One agent: its environment, its chance, and its routine of a synchronisation, some inferences and a training.

use crate::environments::{Environment, EnvironmentError};
use crate::objective::{gradient, returns, Policy};
use crate::{Rng, Settings};
use std::sync::mpsc::{Receiver, Sender};

/// What an agent asks of the trainer.
pub(crate) enum Task {
    Sync,
    /// `acts` when the answer becomes a step of the environment, not only a bootstrap value.
    Infer {
        observation: Vec<f32>,
        acts: bool,
    },
    Train {
        gradients: Vec<Vec<f32>>,
    },
    /// The epoch is over for this agent.
    Finished,
}

/// An agent's end of its channels to whoever hands tasks to the trainer.
pub(crate) struct Port {
    pub tasks: Sender<Task>,
    /// Output layers, and an empty answer for every other task.
    pub answers: Receiver<Vec<f32>>,
}

/// Why an agent stopped before its end.
#[derive(Debug)]
pub(crate) enum Stopped {
    Environment(EnvironmentError),
    /// Nobody takes its tasks any more: whoever did knows why.
    Dismissed,
}

impl Port {
    fn ask(&self, task: Task) -> Result<Vec<f32>, Stopped> {
        self.tasks.send(task).map_err(|_| Stopped::Dismissed)?;
        self.answers.recv().map_err(|_| Stopped::Dismissed)
    }
}

/// An agent between two routines.
pub(crate) struct Agent {
    pub environment: Box<dyn Environment>,
    pub rng: Rng,
    /// The return so far of the episode under way, undiscounted.
    pub so_far: f64,
    /// Returns of episodes that ended since they were last taken.
    pub ended: Vec<f64>,
}

impl Agent {
    /// An agent at the beginning of its first episode.
    pub fn new(mut environment: Box<dyn Environment>, mut rng: Rng) -> Result<Agent, EnvironmentError> {
        environment.reset(&mut rng)?;
        Ok(Agent { environment, rng, so_far: 0.0, ended: Vec::new() })
    }

    /// Goes through `routines` routines.
    pub fn run(&mut self, routines: usize, settings: &Settings, port: &Port) -> Result<(), Stopped> {
        for _ in 0..routines {
            self.routine(settings, port)?;
        }
        port.tasks.send(Task::Finished).map_err(|_| Stopped::Dismissed)
    }

    fn observation(&self) -> Vec<f32> {
        let mut observation = vec![0.0; self.environment.input().words()];
        self.environment.observe(&mut observation);
        observation
    }

    fn routine(&mut self, settings: &Settings, port: &Port) -> Result<(), Stopped> {
        port.ask(Task::Sync)?;
        let mut steps = Vec::new();
        let mut rewards = Vec::new();
        let mut over = false;
        while !over && steps.len() < settings.t_max {
            let outputs = port.ask(Task::Infer { observation: self.observation(), acts: true })?;
            let action = Policy::new(&outputs).draw(&mut self.rng);
            let outcome = self.environment.step(action, &mut self.rng).map_err(Stopped::Environment)?;
            self.so_far += f64::from(outcome.reward);
            steps.push((outputs, action));
            rewards.push(outcome.reward);
            over = outcome.ended;
        }
        let mut bootstrap = 0.0;
        if over {
            self.ended.push(std::mem::take(&mut self.so_far));
            self.environment.reset(&mut self.rng).map_err(Stopped::Environment)?;
        } else {
            let outputs = port.ask(Task::Infer { observation: self.observation(), acts: false })?;
            bootstrap = outputs.last().copied().unwrap_or(0.0);
        }
        let returns = returns(&rewards, bootstrap, settings.gamma);
        let gradients = steps
            .iter()
            .zip(returns)
            .map(|((outputs, action), of_return)| gradient(outputs, *action, of_return, settings.beta))
            .collect();
        port.ask(Task::Train { gradients })?;
        Ok(())
    }
}
