//! Where a network's programs, parameters and maps lie in a trainer's external memory.

use cortado_arch::trainer::network::Network;
use cortado_arch::trainer::program::{infer, train, ProgramError};
use cortado_arch::trainer::{TrainerArchitecture, LINE_BYTES};

/// One agent's regions; byte addresses.
#[derive(Debug, Clone, Copy)]
pub struct AgentPlaces {
    pub copy: usize,
    /// Maps of inference 0; those of the others follow.
    pub maps: usize,
    /// Its outputs, likewise.
    pub outputs: usize,
    /// Errors of step 0; those of the others follow.
    pub errors: usize,
}

/// The memory map of hw/docs/trainer.md for one network; byte addresses.
#[derive(Debug, Clone)]
pub struct Places {
    pub infer: usize,
    pub sync_infer: usize,
    /// The program of a training of n steps is number n - 1.
    pub train: Vec<usize>,
    pub parameters: usize,
    pub statistics: usize,
    pub agents: Vec<AgentPlaces>,
    /// Inferences an agent has maps for between two syncs.
    pub inferences: usize,
    /// Bytes of all.
    pub bytes: usize,
}

impl Places {
    /// For `agents` agents whose routines have `steps` steps at most, and an inference for the bootstrap value; the
    /// programs' bytes beside their addresses.
    ///
    /// # Errors
    /// The network does not fit the engine.
    #[allow(clippy::type_complexity)]
    pub fn new(
        arch: &TrainerArchitecture,
        network: &Network,
        agents: usize,
        steps: usize,
    ) -> Result<(Places, Vec<(usize, Vec<u8>)>), ProgramError> {
        let mut programs = Vec::new();
        let mut end = 0;
        let mut put = |bytes: Vec<u8>| {
            let at = end;
            end += bytes.len().next_multiple_of(LINE_BYTES);
            programs.push((at, bytes));
            at
        };
        let infer_at = put(infer(arch, network, false)?);
        let sync_infer = put(infer(arch, network, true)?);
        let train = (1..=steps).map(|steps| train(arch, network, steps).map(&mut put)).collect::<Result<_, _>>()?;
        let mut region = |lines: usize| {
            let at = end;
            end += lines * LINE_BYTES;
            at
        };
        let inferences = steps + 1;
        let parameters = region(network.parameter_lines());
        let statistics = region(network.parameter_lines());
        let agents = (0..agents)
            .map(|_| AgentPlaces {
                copy: region(network.parameter_lines()),
                maps: region(inferences * network.map_lines()),
                outputs: region(inferences * network.output_lines()),
                errors: region(steps * network.output_lines()),
            })
            .collect();
        let places =
            Places { infer: infer_at, sync_infer, train, parameters, statistics, agents, inferences, bytes: end };
        Ok((places, programs))
    }
}
