//! Worlds to learn in. Another, such as an emulator in a component of its own, implements [`Environment`].

mod cart_pole;
mod catch;
mod corridor;
mod screen;

pub use cart_pole::CartPole;
pub use catch::Catch;
pub use corridor::Corridor;
pub use screen::{Prepared, Screen};

use crate::Rng;
use cortado_golden::a3c::Map;
use std::fmt;

/// What a step gave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    pub reward: f32,
    /// Whether the episode ended with this step; `reset` must follow then.
    pub ended: bool,
}

/// An environment that died or cannot go on from what was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentError(pub String);

impl fmt::Display for EnvironmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EnvironmentError {}

/// A world of one agent. All chance comes from the generator it is handed.
pub trait Environment: Send {
    /// The shape of an observation.
    fn input(&self) -> Map;

    /// Actions there are, counted from 0.
    fn actions(&self) -> usize;

    /// Begins an episode.
    ///
    /// # Errors
    /// The environment has died.
    fn reset(&mut self, rng: &mut Rng) -> Result<(), EnvironmentError>;

    /// Writes what is to be seen, a map of [`Environment::input`].
    fn observe(&self, observation: &mut [f32]);

    /// Takes an action.
    ///
    /// # Errors
    /// The environment has died.
    fn step(&mut self, action: usize, rng: &mut Rng) -> Result<Outcome, EnvironmentError>;

    /// All it takes to go on from here.
    fn save(&self) -> Vec<u8>;

    /// Goes on from what `save` gave.
    ///
    /// # Errors
    /// The bytes are not of this environment.
    fn restore(&mut self, saved: &[u8]) -> Result<(), EnvironmentError>;
}

/// The bytes of words, for `save`.
fn pack<const N: usize>(words: [u64; N]) -> Vec<u8> {
    words.into_iter().flat_map(u64::to_le_bytes).collect()
}

/// The words of `pack`, for `restore`.
fn unpack<const N: usize>(name: &str, saved: &[u8]) -> Result<[u64; N], EnvironmentError> {
    let wrong = || EnvironmentError(format!("{name}: a saved state of {} bytes; {} are needed", saved.len(), 8 * N));
    if saved.len() != 8 * N {
        return Err(wrong());
    }
    let mut words = [0; N];
    for (word, bytes) in words.iter_mut().zip(saved.chunks_exact(8)) {
        *word = u64::from_le_bytes(bytes.try_into().map_err(|_| wrong())?);
    }
    Ok(words)
}

/// Refuses a saved word beyond `most`.
fn bounded(name: &str, word: u64, most: usize) -> Result<usize, EnvironmentError> {
    let small = usize::try_from(word).ok().filter(|&word| word <= most);
    small.ok_or_else(|| EnvironmentError(format!("{name}: a saved state with {word} where at most {most} can be")))
}
