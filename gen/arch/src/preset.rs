//! Presets: an engine described in TOML, checked whole before anything is built from it.
//!
//! A preset has six sections; every key names its unit and all keys are required but
//! `data_type`, which is `int8` where it is not given (a `[part]` of family `generic` has no other keys). [`parse`] reports every fault of a text at once.
//!
//! | section | keys |
//! |---|---|
//! | `[preset]` | `name`, `summary` |
//! | `[part]` | `family` (`generic`, `ice40`, `ecp5`), `device`, `package`, `speed_grade` (ecp5), `clock_mhz` |
//! | `[array]` | `tm_lanes`, `tn_lanes`, `requantise_lanes`, `requantise_cycles`, `residual_unit`, `window_taps`, `patch_bytes`, `data_type` (`int8`, `int16`) |
//! | `[memory]` | `activation_kind` (`bram`, `spram`), `activation_words`, `weight_words`, `parameter_words` |
//! | `[port]` | `port_bytes`, `burst_beats`, `address_bits` |
//! | `[external]` | `size_bytes`, `latency_cycles`, `bandwidth_bytes` per `bandwidth_cycles`; `burst_cycles` that each burst costs beside its beats, 0 where left out |

mod check;
mod document;
mod error;
pub mod part;
mod rule;
mod section;
pub mod trainer;
mod write;

pub use check::parse;
pub use error::{Fault, PresetErrors, UnknownPreset};

use crate::architecture::Architecture;

/// Name and text of every preset, smallest engine first.
const EMBEDDED: &[(&str, &str)] = &[
    ("tiny-2x2", include_str!("../presets/tiny-2x2.toml")),
    ("icebreaker-4x4", include_str!("../presets/icebreaker-4x4.toml")),
    ("hx8k-4x4", include_str!("../presets/hx8k-4x4.toml")),
    ("ulx3s-25f-8x2", include_str!("../presets/ulx3s-25f-8x2.toml")),
    ("ulx3s-85f-16x8", include_str!("../presets/ulx3s-85f-16x8.toml")),
    ("ulx3s-85f-16x8-int16", include_str!("../presets/ulx3s-85f-16x8-int16.toml")),
    ("ulx3s-85f-max", include_str!("../presets/ulx3s-85f-max.toml")),
    ("datacentre-32x32", include_str!("../presets/datacentre-32x32.toml")),
    ("datacentre-32x32-int16", include_str!("../presets/datacentre-32x32-int16.toml")),
];

/// Names of the presets, smallest engine first.
pub fn names() -> impl Iterator<Item = &'static str> {
    EMBEDDED.iter().map(|(name, _)| *name)
}

/// Names of all presets, those of training engines last.
fn all_names() -> impl Iterator<Item = &'static str> {
    names().chain(trainer::trainer_names())
}

/// The text of a preset.
///
/// # Errors
/// When no preset has this name.
pub fn embedded(name: &str) -> Result<&'static str, UnknownPreset> {
    EMBEDDED
        .iter()
        .find(|(n, _)| *n == name)
        .map(|(_, text)| *text)
        .ok_or_else(|| UnknownPreset { name: name.to_owned(), near: error::near(name, all_names(), 3) })
}

/// Every preset, smallest engine first.
pub fn builtin() -> Vec<Architecture> {
    // A test holds that every embedded text parses.
    EMBEDDED.iter().filter_map(|(name, text)| parse(&format!("{name}.toml"), text).ok()).collect()
}

/// The preset of this name.
///
/// # Errors
/// When no preset has it; the error lists near names and all names.
pub fn by_name(name: &str) -> Result<Architecture, UnknownPreset> {
    embedded(name)?;
    builtin()
        .into_iter()
        .find(|a| a.name == name)
        .ok_or_else(|| UnknownPreset { name: name.to_owned(), near: Vec::new() })
}
