//! The trainer in simulation.

use crate::error::DriverError;
use crate::places::Places;
use cortado_agents::{Trainer, TrainerError};
use cortado_arch::trainer::network::{self, Network as Shapes};
use cortado_arch::trainer::task::{Kind, Status, Task};
use cortado_arch::trainer::{TrainerArchitecture, LINE_WORDS};
use cortado_cosim::engine::Jitter;
use cortado_cosim::{BuildOptions, MemoryModel, TaskReport, TrainerCounts, TrainerHarness, TrainerShape, Verilator};
use cortado_golden::a3c::arithmetic::{operand, subtract};
use cortado_golden::a3c::{Layer, Layout, LearnerError, Map, Network, Optimiser, State};

/// Cycles after which a task that has not ended never will.
const MOST_CYCLES: u64 = 200_000_000;

/// What a simulation is made of.
pub struct Simulation<'a> {
    pub arch: &'a TrainerArchitecture,
    /// Its Verilog, and the name of the top module in it.
    pub verilog: &'a str,
    pub top: &'a str,
    pub verilator: &'a Verilator,
    pub build: &'a BuildOptions,
    /// Stalls of the memory, on top of the preset's latency and bandwidth.
    pub jitter: Jitter,
    pub seed: u64,
}

/// An agent, as the host keeps count of it.
#[derive(Clone, Copy, Default)]
struct Local {
    /// It has been synchronised, or is being.
    synchronised: bool,
    /// Inferences since then.
    inferences: usize,
}

/// A training engine under Verilator, and what the host must know of it.
pub struct Simulated {
    network: Network,
    layout: Layout,
    places: Places,
    map_bytes: usize,
    output_bytes: usize,
    pairs: usize,
    harness: TrainerHarness,
    agents: Vec<Local>,
    turn: u16,
    tag: u16,
    /// Reports that nobody has waited for yet.
    reports: Vec<TaskReport>,
}

impl Simulated {
    /// An engine for `agents` agents with routines of at most `steps` steps, that goes on from `state`.
    ///
    /// # Errors
    /// The network does not fit the engine, the state not the network, or the simulation cannot be built.
    pub fn new(
        simulation: &Simulation<'_>,
        network: Network,
        optimiser: Optimiser,
        (agents, steps): (usize, usize),
        state: &State,
    ) -> Result<Self, DriverError> {
        let arch = simulation.arch;
        let layout = Layout::new(&network);
        for (what, words) in [("the parameters", &state.theta), ("the statistics", &state.statistics)] {
            length(what, words.len(), layout.words())?;
        }
        let shapes = shapes(&network);
        let (places, programs) = Places::new(arch, &shapes, agents, steps).map_err(DriverError::Program)?;
        fits(arch, &shapes, &places)?;
        let registers = [
            ("parameters", places.parameters as u32),
            ("statistics", places.statistics as u32),
            ("parameter_lines", shapes.parameter_lines() as u32),
            ("alpha", optimiser.alpha.to_bits()),
            ("fresh", subtract(1.0, optimiser.alpha).to_bits()),
            ("epsilon", optimiser.epsilon.to_bits()),
            ("limit", optimiser.clip.unwrap_or(f32::INFINITY).to_bits()),
        ];
        let memory = MemoryModel {
            latency: arch.external.latency_cycles,
            bandwidth: (arch.external.bandwidth_bytes, arch.external.bandwidth_cycles),
            shared_bandwidth: true,
            burst_cycles: arch.external.burst_cycles,
            max_outstanding: 16,
            jitter: simulation.jitter,
        };
        let shape = TrainerShape { pairs: arch.pairs, units: arch.units, port_bytes: 4 * arch.port_words };
        let harness = TrainerHarness::new(
            simulation.verilator,
            (simulation.top, simulation.verilog),
            simulation.build,
            shape,
            (&memory, places.bytes, simulation.seed),
            &registers,
        )?;
        let mut made = Self {
            layout,
            map_bytes: shapes.map_lines() * LINE_WORDS * 4,
            output_bytes: shapes.output_lines() * LINE_WORDS * 4,
            pairs: arch.pairs,
            harness,
            agents: vec![Local::default(); agents],
            turn: 0,
            tag: 0,
            reports: Vec::new(),
            network,
            places,
        };
        for (at, program) in &programs {
            made.harness.memory_mut()[*at..at + program.len()].copy_from_slice(program);
        }
        made.write(made.places.parameters, &state.theta);
        made.write(made.places.statistics, &state.statistics);
        Ok(made)
    }

    /// Counts since reset.
    pub fn counts(&self) -> TrainerCounts {
        self.harness.counts()
    }

    /// Hands over a sync; returns the task's tag.
    ///
    /// # Errors
    /// There is no such agent.
    pub fn begin_sync(&mut self, agent: usize) -> Result<u16, DriverError> {
        *self.local(agent)? = Local { synchronised: true, inferences: 0 };
        let [parameters, copy] = [self.places.parameters, self.places.agents[agent].copy].map(|at| at as u32);
        self.begin(agent, Task { kind: Kind::Sync as u32, parameters, copy, ..Task::default() })
    }

    /// Hands over an inference; with `sync`, one that reads the global parameters and copies them for the agent.
    ///
    /// # Errors
    /// There is no such agent, it has never been synchronised, `observation` has not the words of the network's input, or
    /// the agent's maps are full.
    pub fn begin_infer(&mut self, agent: usize, observation: &[f32], sync: bool) -> Result<u16, DriverError> {
        length("the observation", observation.len(), self.network.input_words())?;
        let local = self.local(agent)?;
        if sync {
            *local = Local { synchronised: true, inferences: 0 };
        }
        let Local { synchronised, inferences } = *local;
        let words = if synchronised { self.layout.words() } else { 0 };
        length("the agent's copy of the parameters (sync makes it)", words, self.layout.words())?;
        if inferences == self.places.inferences {
            return Err(DriverError::Size {
                what: "inferences of an agent since its sync",
                needed: inferences + 1,
                has: inferences,
                instead: "synchronise the agent",
            });
        }
        self.agents[agent].inferences += 1;
        let places = self.places.agents[agent];
        let maps = places.maps + inferences * self.map_bytes;
        let outputs = places.outputs + inferences * self.output_bytes;
        self.write(maps, observation);
        let (kind, program, parameters) = match sync {
            true => (Kind::SyncInfer, self.places.sync_infer, self.places.parameters),
            false => (Kind::Infer, self.places.infer, places.copy),
        };
        let [program_address, parameters, copy, maps, outputs] =
            [program, parameters, places.copy, maps, outputs].map(|at| at as u32);
        self.begin(
            agent,
            Task { kind: kind as u32, program_address, parameters, copy, maps, outputs, ..Task::default() },
        )
    }

    /// Hands over a training.
    ///
    /// # Errors
    /// There is no such agent, or `errors` are not those of its inferences.
    pub fn begin_train(&mut self, agent: usize, errors: &[Vec<f32>], rate: f32) -> Result<u16, DriverError> {
        let inferences = self.local(agent)?.inferences;
        let programs = self.places.train.len();
        if errors.is_empty() || errors.len() > inferences.min(programs) {
            return Err(LearnerError::Steps { came: errors.len(), inferences: inferences.min(programs) }.into());
        }
        let places = self.places.agents[agent];
        for (step, error) in errors.iter().enumerate() {
            length("a gradient at the output layer", error.len(), self.network.output_words())?;
            self.write(places.errors + step * self.output_bytes, error);
        }
        let [program_address, parameters, maps, outputs] =
            [self.places.train[errors.len() - 1], places.copy, places.maps, places.errors].map(|at| at as u32);
        let rate = operand(rate).to_bits();
        self.begin(
            agent,
            Task { kind: Kind::Train as u32, program_address, parameters, maps, outputs, rate, ..Task::default() },
        )
    }

    /// Waits for the task's end; other tasks may end before it.
    ///
    /// # Errors
    /// The engine fails, or the gradient of a training is not finite: nothing is changed then.
    pub fn wait(&mut self, tag: u16) -> Result<(), DriverError> {
        let report = match self.reports.iter().position(|report| report.tag() == tag) {
            Some(at) => self.reports.swap_remove(at),
            None => loop {
                let report = self.harness.next_report(MOST_CYCLES)?;
                if report.tag() == tag {
                    break report;
                }
                self.reports.push(report);
            },
        };
        match report.status() {
            status if status == Status::Good as u32 => Ok(()),
            status if status == Status::NotFinite as u32 => {
                let (word, bits) = report.not_finite();
                Err(DriverError::not_finite(self.layout.place(word), word, bits))
            }
            status => Err(DriverError::Status(status)),
        }
    }

    /// The output layer of the agent's last inference, when it has ended.
    pub fn outputs(&self, agent: usize) -> Vec<f32> {
        let last = self.agents[agent].inferences.saturating_sub(1);
        self.read(self.places.agents[agent].outputs + last * self.output_bytes, self.network.output_words())
    }

    /// Global parameters and statistics as they lie in memory.
    pub fn global(&self) -> State {
        let words = self.layout.words();
        State { theta: self.read(self.places.parameters, words), statistics: self.read(self.places.statistics, words) }
    }

    fn begin(&mut self, agent: usize, task: Task) -> Result<u16, DriverError> {
        let tag = self.tag;
        let task = Task { tag: tag.into(), turn: self.turn.into(), ..task };
        self.tag = tag.wrapping_add(1);
        if task.kind != Kind::Infer as u32 {
            self.turn = self.turn.wrapping_add(1);
        }
        let words = task.encode().map_err(DriverError::Field)?;
        self.harness.push(agent % self.pairs, &words);
        Ok(tag)
    }

    fn local(&mut self, agent: usize) -> Result<&mut Local, DriverError> {
        let agents = self.agents.len();
        self.agents.get_mut(agent).ok_or_else(|| LearnerError::Agent { came: agent, agents }.into())
    }

    fn write(&mut self, at: usize, words: &[f32]) {
        for (bytes, &word) in self.harness.memory_mut()[at..].chunks_exact_mut(4).zip(words) {
            bytes.copy_from_slice(&operand(word).to_le_bytes());
        }
    }

    fn read(&self, at: usize, count: usize) -> Vec<f32> {
        let bytes = self.harness.memory()[at..].chunks_exact(4).take(count);
        bytes.map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).collect()
    }
}

/// The network as the engine's side names it.
pub fn shapes(network: &Network) -> Shapes {
    let map = |map: Map| network::Map { height: map.height, width: map.width, channels: map.channels };
    let layer = |layer: &Layer| network::Layer {
        input: map(layer.input),
        output: map(layer.output),
        kernel: layer.kernel,
        stride: layer.stride,
        rectified: layer.rectified,
    };
    Shapes::new(network.layers().iter().map(layer).collect())
}

fn length(what: &'static str, came: usize, needed: usize) -> Result<(), DriverError> {
    match came == needed {
        true => Ok(()),
        false => Err(LearnerError::Length { what, came, needed }.into()),
    }
}

fn fits(arch: &TrainerArchitecture, shapes: &Shapes, places: &Places) -> Result<(), DriverError> {
    let too_small = |what, needed, has, instead| Err(DriverError::Size { what, needed, has, instead });
    if shapes.parameter_lines() > arch.gradient_lines {
        let instead = "use a smaller network or a preset with more gradient_lines";
        return too_small("lines of gradient", shapes.parameter_lines(), arch.gradient_lines, instead);
    }
    let memory = arch.external.bytes as usize;
    if places.bytes > memory {
        return too_small("bytes of external memory", places.bytes, memory, "use fewer agents or a preset with more");
    }
    Ok(())
}

impl Trainer for Simulated {
    fn network(&self) -> &Network {
        &self.network
    }

    fn sync(&mut self, agent: usize) -> Result<(), TrainerError> {
        let tag = self.begin_sync(agent)?;
        Ok(self.wait(tag)?)
    }

    fn infer(&mut self, agent: usize, observation: &[f32]) -> Result<Vec<f32>, TrainerError> {
        let tag = self.begin_infer(agent, observation, false)?;
        self.wait(tag)?;
        Ok(self.outputs(agent))
    }

    fn train(&mut self, agent: usize, gradients: &[Vec<f32>], rate: f32) -> Result<(), TrainerError> {
        let tag = self.begin_train(agent, gradients, rate)?;
        Ok(self.wait(tag)?)
    }

    fn state(&mut self) -> Result<State, TrainerError> {
        Ok(self.global())
    }
}
