//! Which engine is meant: a preset's name or a TOML file.

use crate::failure::Failure;
use crate::files;
use clap::Args;
use cortado_arch::{preset, Architecture};
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
    /// The architecture chosen.
    ///
    /// # Errors
    /// As [`load`].
    pub fn load(&self) -> Result<Architecture, Failure> {
        load(&self.preset)
    }
}

/// The architecture of a preset's name or of a .toml file.
///
/// # Errors
/// No preset has the name, or the file cannot be read or has faults, which are all listed.
pub fn load(name: &str) -> Result<Architecture, Failure> {
    if !name.ends_with(".toml") {
        return preset::by_name(name).map_err(Failure::refused);
    }
    let bytes = files::read(Path::new(name), MOST_BYTES, "a preset")?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::Refused(format!("{name}: not UTF-8 text; a preset is a TOML file")))?;
    preset::parse(name, &text).map_err(Failure::refused)
}

/// The presets that are for a part, in the order of `cortado presets`.
pub fn with_parts() -> Vec<Architecture> {
    preset::builtin().into_iter().filter(|arch| arch.part().is_some()).collect()
}
