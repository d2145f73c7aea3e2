//! What the engine does with its memory: one global set of parameters, a copy and saved maps for each agent.

use super::arithmetic::operand;
use super::error::LearnerError;
use super::layout::Layout;
use super::network::Network;
use super::optimiser::{clip, root_mean_square_step, Optimiser};
use super::stages::{backward, forward, gradient};

/// What learning has reached: all there is between two routines.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The global parameters in [`Layout`]'s order.
    pub theta: Vec<f32>,
    /// The optimiser's statistics, likewise.
    pub statistics: Vec<f32>,
}

/// One agent's part of the memory.
#[derive(Debug, Clone, Default)]
struct Local {
    theta: Vec<f32>,
    /// For each inference since the last synchronisation, the input of each layer.
    maps: Vec<Vec<Vec<f32>>>,
}

/// The golden model of the training engine.
#[derive(Debug, Clone)]
pub struct Learner {
    network: Network,
    layout: Layout,
    optimiser: Optimiser,
    state: State,
    locals: Vec<Local>,
}

impl Learner {
    /// A learner for `agents` agents that goes on from `state`.
    ///
    /// # Errors
    /// The state has not the words of the network's layout.
    pub fn new(network: Network, optimiser: Optimiser, agents: usize, state: State) -> Result<Learner, LearnerError> {
        let layout = Layout::new(&network);
        for (what, words) in [("the parameters", &state.theta), ("the statistics", &state.statistics)] {
            check(what, words, layout.words())?;
        }
        let flushed = |words: Vec<f32>| words.into_iter().map(operand).collect();
        let state = State { theta: flushed(state.theta), statistics: flushed(state.statistics) };
        Ok(Learner { network, layout, optimiser, state, locals: vec![Local::default(); agents] })
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Parameters and statistics as they are.
    pub fn state(&self) -> &State {
        &self.state
    }

    fn local(&mut self, agent: usize) -> Result<&mut Local, LearnerError> {
        let agents = self.locals.len();
        self.locals.get_mut(agent).ok_or(LearnerError::Agent { came: agent, agents })
    }

    /// Copies the global parameters to the agent and forgets its maps.
    ///
    /// # Errors
    /// There is no such agent.
    pub fn sync(&mut self, agent: usize) -> Result<(), LearnerError> {
        self.local(agent)?;
        let local = &mut self.locals[agent];
        local.theta.clone_from(&self.state.theta);
        local.maps.clear();
        Ok(())
    }

    /// One inference with the agent's parameters; its maps are saved. Returns the output layer.
    ///
    /// # Errors
    /// There is no such agent, it has never been synchronised, or `input` is not an observation.
    pub fn infer(&mut self, agent: usize, input: &[f32]) -> Result<Vec<f32>, LearnerError> {
        check("the observation", input, self.network.input_words())?;
        let words = self.layout.words();
        check("the agent's copy of the parameters (sync makes it)", &self.local(agent)?.theta, words)?;
        let local = &mut self.locals[agent];
        let mut map: Vec<f32> = input.iter().copied().map(operand).collect();
        let mut maps = Vec::new();
        for (number, layer) in self.network.layers().iter().enumerate() {
            let output = forward(layer, &local.theta[self.layout.range(number)], &map);
            maps.push(std::mem::replace(&mut map, output));
        }
        local.maps.push(maps);
        Ok(map)
    }

    /// The gradient of the agent's parameters in [`Layout`]'s order, summed over its first inferences since the
    /// synchronisation: `errors` has the objective's gradient at the output layer for each.
    ///
    /// # Errors
    /// There is no such agent, or `errors` are not those of its inferences.
    pub fn gradient(&self, agent: usize, errors: &[Vec<f32>]) -> Result<Vec<f32>, LearnerError> {
        let agents = self.locals.len();
        let local = self.locals.get(agent).ok_or(LearnerError::Agent { came: agent, agents })?;
        if errors.is_empty() || errors.len() > local.maps.len() {
            return Err(LearnerError::Steps { came: errors.len(), inferences: local.maps.len() });
        }
        for error in errors {
            check("a gradient at the output layer", error, self.network.output_words())?;
        }
        let mut sums = vec![0.0; self.layout.words()];
        let mut errors: Vec<Vec<f32>> =
            errors.iter().map(|error| error.iter().copied().map(operand).collect()).collect();
        for (number, layer) in self.network.layers().iter().enumerate().rev() {
            let range = self.layout.range(number);
            for (error, maps) in errors.iter().zip(&local.maps) {
                gradient(layer, &mut sums[range.clone()], error, &maps[number]);
            }
            if number > 0 {
                errors = backward(layer, &local.theta[range], &errors);
                // Every layer but the last is rectified: what it gave tells where its derivative is 1.
                for (error, maps) in errors.iter_mut().zip(&local.maps) {
                    for (word, &output) in error.iter_mut().zip(&maps[number]) {
                        *word = if output > 0.0 { *word } else { 0.0 };
                    }
                }
            }
        }
        Ok(sums)
    }

    /// Trains: the gradient as [`Learner::gradient`], clipped, and one step of the global parameters along it.
    ///
    /// # Errors
    /// As [`Learner::gradient`], or the gradient is not finite; parameters and statistics are as before then.
    pub fn train(&mut self, agent: usize, errors: &[Vec<f32>], rate: f32) -> Result<(), LearnerError> {
        let mut gradient = self.gradient(agent, errors)?;
        if let Some(at) = gradient.iter().position(|word| !word.is_finite()) {
            if let Some(place) = self.layout.place(at) {
                return Err(LearnerError::NotFinite { place, value: gradient[at] });
            }
        }
        if let Some(limit) = self.optimiser.clip {
            clip(&mut gradient, limit);
        }
        let State { theta, statistics } = &mut self.state;
        root_mean_square_step(&self.optimiser, rate, theta, statistics, &gradient);
        Ok(())
    }
}

fn check(what: &'static str, words: &[f32], needed: usize) -> Result<(), LearnerError> {
    match words.len() == needed {
        true => Ok(()),
        false => Err(LearnerError::Length { what, came: words.len(), needed }),
    }
}
