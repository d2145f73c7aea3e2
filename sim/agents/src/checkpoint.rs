//! Checkpoints: all of a run between two epochs, so that it goes on bit for bit.
//!
//! Little endian: [`MAGIC`], the version (4 bytes), the length of the body (8), the body, and the FNV-1a hash (8) of
//! everything before it. Texts and lists have their length (8) before them. The body's fields are in the order of
//! [`Checkpoint::write`].

use crate::{CurvePoint, Settings};
use cortado_golden::a3c::{Optimiser, State};
use std::fmt;

/// What a checkpoint begins with.
pub const MAGIC: &[u8; 16] = b"cortado a3c run\n";
/// Changes with the format, and with anything a run is determined by.
pub const VERSION: u32 = 1;

/// One agent between two routines.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedAgent {
    pub rng: u64,
    pub so_far: f64,
    /// The environment's own bytes.
    pub environment: Vec<u8>,
}

/// A run between two epochs.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The environment's name.
    pub environment: String,
    /// The network, as it displays itself.
    pub network: String,
    pub settings: Settings,
    pub steps: u64,
    pub episodes: u64,
    /// Returns of the last episodes.
    pub recent: Vec<f64>,
    pub curve: Vec<CurvePoint>,
    pub state: State,
    pub agents: Vec<SavedAgent>,
}

/// Why bytes are not a checkpoint that can be gone on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckpointError {
    /// It does not begin like one.
    Foreign,
    Version {
        came: u32,
    },
    /// Its length is not what its header says.
    Length {
        came: u64,
        needed: u64,
    },
    Checksum,
    /// The field does not hold what it should.
    Inside(&'static str),
    /// It is of another environment or network than asked for.
    Another {
        what: &'static str,
        came: String,
        needed: String,
    },
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CheckpointError::Foreign => f.write_str("not a checkpoint of cortado train"),
            CheckpointError::Version { came } => {
                write!(f, "a checkpoint of format {came}; this program reads format {VERSION}, so begin a new run")
            }
            CheckpointError::Length { came, needed } => {
                write!(f, "a damaged checkpoint: {came} bytes of {needed}; use another one or begin a new run")
            }
            CheckpointError::Checksum => {
                f.write_str("a damaged checkpoint: its checksum does not hold; use another one or begin a new run")
            }
            CheckpointError::Inside(what) => write!(f, "a damaged checkpoint: {what} cannot be; begin a new run"),
            CheckpointError::Another { what, came, needed } => {
                write!(f, "a checkpoint of the {what} {came:?}; this run has {needed:?}")
            }
        }
    }
}

impl std::error::Error for CheckpointError {}

fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

impl Checkpoint {
    /// The file's bytes.
    pub fn write(&self) -> Vec<u8> {
        let mut body = Vec::new();
        let number = |body: &mut Vec<u8>, number: u64| body.extend(number.to_le_bytes());
        let text = |body: &mut Vec<u8>, bytes: &[u8]| {
            body.extend((bytes.len() as u64).to_le_bytes());
            body.extend(bytes);
        };
        text(&mut body, self.environment.as_bytes());
        text(&mut body, self.network.as_bytes());
        let Settings { seed, steps, agents, t_max, gamma, beta, rate, optimiser, statistics } = self.settings;
        let Optimiser { alpha, epsilon, clip } = optimiser;
        for integer in [seed, steps, agents as u64, t_max as u64, self.steps, self.episodes] {
            number(&mut body, integer);
        }
        // No clipping is a limit that no norm is above.
        let words = [gamma, beta, rate, alpha, epsilon, clip.unwrap_or(f32::INFINITY), statistics];
        words.iter().for_each(|word| body.extend(word.to_le_bytes()));
        number(&mut body, self.recent.len() as u64);
        self.recent.iter().for_each(|value| body.extend(value.to_le_bytes()));
        number(&mut body, self.curve.len() as u64);
        for point in &self.curve {
            number(&mut body, point.steps);
            number(&mut body, point.episodes);
            body.extend(point.mean_return.to_le_bytes());
        }
        for memory in [&self.state.theta, &self.state.statistics] {
            number(&mut body, memory.len() as u64);
            memory.iter().for_each(|word| body.extend(word.to_le_bytes()));
        }
        number(&mut body, self.agents.len() as u64);
        for agent in &self.agents {
            number(&mut body, agent.rng);
            body.extend(agent.so_far.to_le_bytes());
            text(&mut body, &agent.environment);
        }
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((body.len() as u64).to_le_bytes());
        bytes.extend(body);
        bytes.extend(hash(&bytes).to_le_bytes());
        bytes
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// They are not a checkpoint, not of this format, or damaged.
    pub fn read(bytes: &[u8]) -> Result<Checkpoint, CheckpointError> {
        const HEADER: usize = MAGIC.len() + 12;
        if !bytes.starts_with(MAGIC) {
            return Err(CheckpointError::Foreign);
        }
        let mut header = Reader(&bytes[MAGIC.len()..]);
        let came = bytes.len() as u64;
        let short = CheckpointError::Length { came, needed: HEADER as u64 + 8 };
        let version = header.array().map(u32::from_le_bytes).ok_or(short.clone())?;
        if version != VERSION {
            return Err(CheckpointError::Version { came: version });
        }
        let length = header.integer().ok_or(short.clone())?;
        let needed = length.saturating_add(HEADER as u64 + 8);
        if came != needed {
            return Err(CheckpointError::Length { came, needed });
        }
        let (before, checksum) = bytes.split_at(bytes.len() - 8);
        if Reader(checksum).integer() != Some(hash(before)) {
            return Err(CheckpointError::Checksum);
        }
        Reader(&before[HEADER..]).checkpoint()
    }

    /// Refuses a checkpoint of another environment or network.
    ///
    /// # Errors
    /// It is of another.
    pub fn expect(&self, environment: &str, network: &str) -> Result<(), CheckpointError> {
        for (what, came, needed) in
            [("environment", &self.environment, environment), ("network", &self.network, network)]
        {
            if came != needed {
                let (came, needed) = (came.clone(), needed.to_owned());
                return Err(CheckpointError::Another { what, came, needed });
            }
        }
        Ok(())
    }
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, left) = self.0.split_at_checked(count)?;
        self.0 = left;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn integer(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn single(&mut self) -> Option<f32> {
        self.array().map(f32::from_le_bytes)
    }

    fn double(&mut self) -> Option<f64> {
        self.array().map(f64::from_le_bytes)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let count = usize::try_from(self.integer()?).ok()?;
        self.take(count)
    }

    /// A list; what it is asked to allocate is never more than there are bytes for.
    fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.integer()?;
        let mut list = Vec::new();
        for _ in 0..count {
            list.push(one(self)?);
        }
        Some(list)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    fn settings(&mut self) -> Option<(Settings, u64, u64)> {
        let [seed, steps] = [self.integer()?, self.integer()?];
        let [agents, t_max] = [usize::try_from(self.integer()?).ok()?, usize::try_from(self.integer()?).ok()?];
        let [done, episodes] = [self.integer()?, self.integer()?];
        let [gamma, beta, rate] = [self.single()?, self.single()?, self.single()?];
        let [alpha, epsilon, clip, statistics] = [self.single()?, self.single()?, self.single()?, self.single()?];
        let clip = clip.is_finite().then_some(clip);
        let optimiser = Optimiser { alpha, epsilon, clip };
        let settings = Settings { seed, steps, agents, t_max, gamma, beta, rate, optimiser, statistics };
        Some((settings, done, episodes))
    }

    fn point(&mut self) -> Option<CurvePoint> {
        Some(CurvePoint { steps: self.integer()?, episodes: self.integer()?, mean_return: self.double()? })
    }

    fn agent(&mut self) -> Option<SavedAgent> {
        Some(SavedAgent { rng: self.integer()?, so_far: self.double()?, environment: self.bytes()?.to_vec() })
    }

    fn checkpoint(mut self) -> Result<Checkpoint, CheckpointError> {
        let wrong = |what| move || CheckpointError::Inside(what);
        let environment = self.text().ok_or_else(wrong("the environment's name"))?;
        let network = self.text().ok_or_else(wrong("the network"))?;
        let (settings, steps, episodes) = self.settings().ok_or_else(wrong("the settings"))?;
        settings.check().map_err(|error| CheckpointError::Inside(error.what))?;
        let recent = self.list(Self::double).ok_or_else(wrong("the list of returns"))?;
        let curve = self.list(Self::point).ok_or_else(wrong("the learning curve"))?;
        let theta = self.list(Self::single).ok_or_else(wrong("the list of parameters"))?;
        let statistics = self.list(Self::single).ok_or_else(wrong("the list of statistics"))?;
        let agents = self.list(Self::agent).ok_or_else(wrong("the list of agents"))?;
        if !self.0.is_empty() {
            return Err(CheckpointError::Inside("the length of the body"));
        }
        let state = State { theta, statistics };
        Ok(Checkpoint { environment, network, settings, steps, episodes, recent, curve, state, agents })
    }
}
