//! A training engine's Verilog as what trains.

use crate::execution;
use crate::failure::Failure;
use crate::{files, rtl};
use cortado_agents::Settings;
use cortado_arch::trainer::TrainerArchitecture;
use cortado_cosim::engine::Jitter;
use cortado_cosim::BuildOptions;
use cortado_driver::{Simulated, Simulation};
use cortado_golden::a3c::{Network, State};
use cortado_hw::trainer::top;

/// The engine under Verilator, with a memory as the preset describes it, that goes on from `state`.
///
/// # Errors
/// Verilator is missing, or the network or a routine does not fit the engine.
pub fn simulated(
    arch: &TrainerArchitecture,
    network: &Network,
    settings: &Settings,
    state: &State,
) -> Result<Simulated, Failure> {
    let verilator = execution::verilator()?;
    let simulation = Simulation {
        arch,
        verilog: &rtl::trainer_verilog(arch)?,
        top: top::TOP,
        verilator: &verilator,
        build: &BuildOptions::new(files::build().join("cosim")),
        jitter: Jitter::default(),
        seed: settings.seed,
    };
    let size = (settings.agents, settings.t_max);
    Simulated::new(&simulation, network.clone(), settings.optimiser, size, state)
        .map_err(|error| Failure::Refused(format!("{}: {error}", arch.name)))
}
