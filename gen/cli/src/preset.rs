//! Which engine is meant: a preset's name or a TOML file.

use crate::failure::Failure;
use crate::files;
use clap::Args;
use cortado_arch::preset::trainer::{is_trainer, parse_trainer, trainer, trainer_names, trainers};
use cortado_arch::trainer::TrainerArchitecture;
use cortado_arch::{preset, Architecture, Family};
use std::path::Path;

/// The preset every verb works on when none is named.
pub const DEFAULT: &str = "ulx3s-85f-16x8";

/// No preset is anywhere near as long.
const MOST_BYTES: u64 = 1 << 16;

/// The choice of an engine, for verbs that need one.
#[derive(Args, Debug)]
pub struct PresetChoice {
    /// Engine: a preset's name (`cortado presets` lists them) or a .toml file
    #[arg(long, value_name = "PRESET", default_value = DEFAULT)]
    pub preset: String,
}

impl PresetChoice {
    /// The inference engine chosen.
    ///
    /// # Errors
    /// As [`load`].
    pub fn load(&self) -> Result<Architecture, Failure> {
        load(&self.preset)
    }

    /// The engine chosen, of whichever family.
    ///
    /// # Errors
    /// As [`Engine::load`].
    pub fn engine(&self) -> Result<Engine, Failure> {
        Engine::load(&self.preset)
    }
}

/// An engine of either family.
#[derive(Clone, Debug)]
pub enum Engine {
    Inference(Architecture),
    Training(TrainerArchitecture),
}

impl Engine {
    /// Every preset, those of training engines last.
    pub fn all() -> Vec<Engine> {
        let inference = preset::builtin().into_iter().map(Engine::Inference);
        inference.chain(trainers().into_iter().map(Engine::Training)).collect()
    }

    /// The engine of a preset's name or of a .toml file.
    ///
    /// # Errors
    /// No preset has the name, or the file cannot be read or has faults, which are all listed.
    pub fn load(name: &str) -> Result<Engine, Failure> {
        if trainer_names().any(|known| known == name) {
            return trainer(name).map(Engine::Training).map_err(Failure::refused);
        }
        if !name.ends_with(".toml") {
            return preset::by_name(name).map(Engine::Inference).map_err(Failure::refused);
        }
        let bytes = files::read(Path::new(name), MOST_BYTES, "a preset")?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Failure::Refused(format!("{name}: not UTF-8 text; a preset is a TOML file")))?;
        match is_trainer(&text) {
            true => parse_trainer(name, &text).map(Engine::Training).map_err(Failure::refused),
            false => preset::parse(name, &text).map(Engine::Inference).map_err(Failure::refused),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Engine::Inference(arch) => &arch.name,
            Engine::Training(arch) => &arch.name,
        }
    }

    /// Its part's family.
    pub fn family(&self) -> &Family {
        match self {
            Engine::Inference(arch) => &arch.family,
            Engine::Training(arch) => &arch.family,
        }
    }

    /// The clock asked for, in MHz; 0 when there is no part.
    pub fn clock_mhz(&self) -> u32 {
        match self {
            Engine::Inference(arch) => arch.clock_mhz,
            Engine::Training(arch) => arch.clock_mhz,
        }
    }

    /// Multiply-accumulates a cycle, at most: of an inference engine's array, of all units of a training engine.
    pub fn macs(&self) -> usize {
        match self {
            Engine::Inference(arch) => arch.macs(),
            Engine::Training(arch) => arch.pairs * arch.units * arch.processing_elements(),
        }
    }

    /// The name of its top module.
    pub fn top(&self) -> &'static str {
        match self {
            Engine::Inference(_) => cortado_hw::engine::TOP,
            Engine::Training(_) => cortado_hw::trainer::top::TOP,
        }
    }
}

/// The inference engine of a preset's name or of a .toml file.
///
/// # Errors
/// As [`Engine::load`], or it is a training engine.
pub fn load(name: &str) -> Result<Architecture, Failure> {
    match Engine::load(name)? {
        Engine::Inference(arch) => Ok(arch),
        Engine::Training(arch) => Err(Failure::Refused(format!(
            "{} is a training engine, which runs no inference program; use it with `cortado train`, or another preset here",
            arch.name
        ))),
    }
}

/// The training engine of a preset's name or of a .toml file.
///
/// # Errors
/// As [`Engine::load`], or it is an inference engine.
pub fn load_trainer(name: &str) -> Result<TrainerArchitecture, Failure> {
    match Engine::load(name)? {
        Engine::Training(arch) => Ok(arch),
        Engine::Inference(arch) => Err(Failure::Refused(format!(
            "{} is an inference engine, which does not train; there are {}",
            arch.name,
            trainer_names().collect::<Vec<_>>().join(", ")
        ))),
    }
}

/// The inference engines that are for a part, in the order of `cortado presets`.
pub fn with_parts() -> Vec<Architecture> {
    preset::builtin().into_iter().filter(|arch| arch.part().is_some()).collect()
}
