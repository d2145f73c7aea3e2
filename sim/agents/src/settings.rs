//! What a run is determined by, besides its environment.

use cortado_golden::a3c::Optimiser;
use std::fmt;

/// The most agents.
pub const MOST_AGENTS: usize = 16;

/// A run's constants; with the environment and its network they determine every bit of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// What agents, environments and initial parameters are drawn from.
    pub seed: u64,
    /// Environment steps of the whole run, over which the learning rate falls to 0.
    pub steps: u64,
    /// 1 to 16.
    pub agents: usize,
    /// The most steps of a routine.
    pub t_max: usize,
    /// Discount of the return.
    pub gamma: f32,
    /// Weight of the entropy.
    pub beta: f32,
    /// The learning rate at the beginning.
    pub rate: f32,
    /// The optimiser's constants.
    pub optimiser: Optimiser,
    /// The optimiser's statistics at the beginning.
    pub statistics: f32,
}

impl Settings {
    /// The paper's constants.
    pub fn new(seed: u64, steps: u64) -> Settings {
        Settings {
            seed,
            steps,
            agents: 16,
            t_max: 5,
            gamma: 0.99,
            beta: 0.01,
            rate: 7e-4,
            optimiser: Optimiser::default(),
            statistics: 1.0,
        }
    }

    /// Checks each constant.
    ///
    /// # Errors
    /// The first that cannot be.
    pub fn check(&self) -> Result<(), SettingsError> {
        let refuse = |what, came: String, needed| Err(SettingsError { what, came, needed });
        if self.steps == 0 {
            return refuse("steps", "0".to_owned(), "at least 1");
        }
        if !(1..=MOST_AGENTS).contains(&self.agents) {
            return refuse("agents", self.agents.to_string(), "1 to 16");
        }
        if !(1..=1000).contains(&self.t_max) {
            return refuse("t_max", self.t_max.to_string(), "1 to 1000");
        }
        let Optimiser { alpha, epsilon, clip } = self.optimiser;
        for (what, value) in [("gamma", self.gamma), ("alpha", alpha)] {
            if !(0.0..=1.0).contains(&value) {
                return refuse(what, value.to_string(), "0 to 1");
            }
        }
        for (what, value) in [("beta", self.beta), ("rate", self.rate), ("statistics", self.statistics)] {
            if !(value.is_finite() && value >= 0.0) {
                return refuse(what, value.to_string(), "finite and not below 0");
            }
        }
        for (what, value) in [("epsilon", Some(epsilon)), ("clip", clip)] {
            if value.is_some_and(|value| !(value.is_finite() && value >= f32::MIN_POSITIVE)) {
                return refuse(what, value.unwrap_or_default().to_string(), "finite and above 0");
            }
        }
        Ok(())
    }

    /// The learning rate after `done` steps.
    pub fn rate_at(&self, done: u64) -> f32 {
        let left = self.steps.saturating_sub(done) as f64 / self.steps as f64;
        (f64::from(self.rate) * left) as f32
    }
}

/// A constant that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    pub what: &'static str,
    pub came: String,
    pub needed: &'static str,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}; it must be {}", self.what, self.came, self.needed)
    }
}

impl std::error::Error for SettingsError {}
