//! The environments there are, each with its network and the constants it learns with.

use crate::environments::{CartPole, Catch, Corridor, Environment, Prepared};
use crate::Settings;
use cortado_golden::a3c::{Hidden, Network, ShapeError};

/// An environment by its name.
pub struct Entry {
    pub name: &'static str,
    /// One line for a list.
    pub about: &'static str,
    /// The best mean return there is.
    pub best: f64,
    /// Layers between the observation and the output layer.
    pub hidden: &'static [Hidden],
    /// Steps of a run that solves it, with room.
    pub steps: u64,
    /// The learning rate at its beginning.
    pub rate: f32,
    /// Agents, unless asked otherwise.
    pub agents: usize,
    /// The statistics at the beginning, and epsilon.
    pub statistics: f32,
    pub epsilon: f32,
    make: fn() -> Box<dyn Environment>,
}

impl Entry {
    /// One such environment.
    pub fn make(&self) -> Box<dyn Environment> {
        (self.make)()
    }

    /// The network for it.
    ///
    /// # Errors
    /// The layers do not fit the environment's observation.
    pub fn network(&self) -> Result<Network, ShapeError> {
        let environment = self.make();
        Network::new(environment.input(), self.hidden, environment.actions())
    }

    /// The constants it learns with.
    pub fn settings(&self, seed: u64) -> Settings {
        let mut settings = Settings::new(seed, self.steps);
        settings.agents = self.agents;
        settings.rate = self.rate;
        settings.statistics = self.statistics;
        settings.optimiser.epsilon = self.epsilon;
        settings
    }
}

/// All environments.
pub const CATALOGUE: &[Entry] = &[
    Entry {
        name: "catch",
        about: "8x8 pixels: be under the falling ball",
        best: 1.0,
        hidden: &[Hidden::Convolution { outputs: 16, kernel: 4, stride: 2 }, Hidden::Dense { outputs: 32 }],
        steps: 100_000,
        rate: 0.01,
        agents: 8,
        statistics: 0.0,
        epsilon: 0.01,
        make: || Box::new(Catch::default()),
    },
    Entry {
        name: "catch-screen",
        about: "catch on a screen of 208x160 pixels, with the A3C paper's network",
        best: 1.0,
        hidden: &[
            Hidden::Convolution { outputs: 16, kernel: 8, stride: 4 },
            Hidden::Convolution { outputs: 32, kernel: 4, stride: 2 },
            Hidden::Dense { outputs: 256 },
        ],
        steps: 60_000,
        rate: 0.003,
        agents: 8,
        statistics: 0.0,
        epsilon: 0.1,
        make: || Box::new(Prepared::new(Catch::default(), 1)),
    },
    Entry {
        name: "corridor",
        about: "ten cells: walk to the door at the other end",
        best: 0.91,
        hidden: &[Hidden::Dense { outputs: 16 }],
        steps: 20_000,
        rate: 0.01,
        agents: 16,
        statistics: 0.0,
        epsilon: 0.01,
        make: || Box::new(Corridor::default()),
    },
    Entry {
        name: "cartpole",
        about: "four numbers: keep the pole upright for 200 steps",
        best: 200.0,
        hidden: &[Hidden::Dense { outputs: 64 }],
        steps: 500_000,
        rate: 0.003,
        agents: 16,
        statistics: 0.0,
        epsilon: 0.1,
        make: || Box::new(CartPole::default()),
    },
];

/// The environment called `name`.
pub fn find(name: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|entry| entry.name == name)
}
