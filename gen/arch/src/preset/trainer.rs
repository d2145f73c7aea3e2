//! Presets of the training engine: sections of their own beside `[preset]`, `[part]` and `[external]`.
//!
//! | section | keys |
//! |---|---|
//! | `[units]` | `pairs`, `units_per_pair` (2, or 1 that infers and trains), `groups` of 16 lanes, `factors` (`single`, `bfloat16`) |
//! | `[memory]` | `map_lines`, `parameter_lines` of each unit, `gradient_lines` of each of a pair's two gradient buffers |
//! | `[port]` | `port_words`, `address_bits` |

use super::check::{external, family, names};
use super::document::{self, Entry};
use super::error::{PresetErrors, UnknownPreset};
use super::rule::{Kind, Rule};
use super::section::{Faults, Section};
use super::write::{external_toml, hash, part_toml, preset_toml};
use crate::trainer::instruction::MAP_ADDRESS_BITS;
use crate::trainer::{Factors, TrainerArchitecture, LINE_BYTES, LINE_WORDS, MOST_GROUPS};
use std::collections::BTreeMap;

/// Name and text of every preset, smallest engine first.
const EMBEDDED: &[(&str, &str)] = &[
    ("fa3c-tiny", include_str!("../../presets/fa3c-tiny.toml")),
    ("fa3c-vcu1525", include_str!("../../presets/fa3c-vcu1525.toml")),
];

/// Lines that the map buffer's word addresses reach.
const MOST_MAP_LINES: i64 = 1 << (MAP_ADDRESS_BITS - LINE_WORDS.ilog2() as usize);
/// Least lines of a parameter buffer: two tiles for each vector of a step.
const LEAST_PARAMETER_LINES: i64 = 256;

const SECTIONS: [&str; 6] = ["preset", "part", "units", "memory", "port", "external"];

/// Names of the presets, smallest engine first.
pub fn trainer_names() -> impl Iterator<Item = &'static str> {
    EMBEDDED.iter().map(|(name, _)| *name)
}

/// Every preset, smallest engine first.
pub fn trainers() -> Vec<TrainerArchitecture> {
    // A test holds that every embedded text parses.
    EMBEDDED.iter().filter_map(|(name, text)| parse_trainer(&format!("{name}.toml"), text).ok()).collect()
}

/// The text of a preset.
///
/// # Errors
/// When no preset of a training engine has this name.
pub fn embedded_trainer(name: &str) -> Result<&'static str, UnknownPreset> {
    EMBEDDED
        .iter()
        .find(|(n, _)| *n == name)
        .map(|(_, text)| *text)
        .ok_or_else(|| UnknownPreset { name: name.to_owned(), near: super::error::near(name, super::all_names(), 3) })
}

/// The preset of this name.
///
/// # Errors
/// When no preset of a training engine has it.
pub fn trainer(name: &str) -> Result<TrainerArchitecture, UnknownPreset> {
    embedded_trainer(name)?;
    trainers()
        .into_iter()
        .find(|a| a.name == name)
        .ok_or_else(|| UnknownPreset { name: name.to_owned(), near: Vec::new() })
}

/// Whether a preset's text is of a training engine: no other has `[units]`.
pub fn is_trainer(text: &str) -> bool {
    document::read(text).is_ok_and(|document| document.contains_key("units"))
}

/// Reads and checks a preset; `file_name` is only for the errors.
///
/// # Errors
/// Every fault of the text at once.
pub fn parse_trainer(file_name: &str, text: &str) -> Result<TrainerArchitecture, PresetErrors> {
    let errors = |faults| PresetErrors { file_name: file_name.to_owned(), faults };
    let mut document = document::read(text).map_err(|fault| errors(vec![fault]))?;
    let mut faults = Faults::default();
    let architecture = architecture(&mut document, &mut faults);
    for (name, entry) in &document {
        faults.unknown(entry.line, &format!("[{name}]"), name, &SECTIONS, "a trainer's preset");
    }
    match architecture {
        Some(architecture) if faults.is_empty() => Ok(architecture),
        _ => Err(errors(faults.sorted())),
    }
}

fn architecture(document: &mut BTreeMap<String, Entry>, faults: &mut Faults) -> Option<TrainerArchitecture> {
    let names = names(document, faults);
    let part = family(document, faults);
    let units = units(document, faults);
    let memory = memory(document, faults);
    let port = port(document, faults);
    let bytes = port.map(|(words, bits)| ((4 * words) as i64, bits as i64));
    let external = external(document, faults, bytes);
    let ((name, summary), (family, clock_mhz)) = (names?, part?);
    let (pairs, units, groups, factors) = units?;
    let [map_lines, parameter_lines, gradient_lines] = memory?;
    let (port_words, address_bits) = port?;
    Some(TrainerArchitecture {
        name,
        summary,
        family,
        clock_mhz,
        pairs,
        units,
        groups,
        factors,
        map_lines,
        parameter_lines,
        gradient_lines,
        port_words,
        address_bits,
        external: external?,
    })
}

fn units(document: &mut BTreeMap<String, Entry>, faults: &mut Faults) -> Option<(usize, usize, usize, Factors)> {
    let keys = ["pairs", "units_per_pair", "groups", "factors"];
    let mut s = Section::take(document, "units", &keys, faults)?;
    let pairs = s.integer("pairs", &Rule::new(Kind::Any, 1, 8, "pairs of compute units, each with a port"), faults);
    let reason = "2: one infers and one trains; 1: one does both";
    let units = s.integer("units_per_pair", &Rule::new(Kind::Any, 1, 2, reason), faults);
    let reason = "groups of 16 lanes in a compute unit";
    let groups = s.integer("groups", &Rule::new(Kind::PowerOfTwo, 1, MOST_GROUPS as i64, reason), faults);
    let factors = match s.choice("factors", &["single", "bfloat16"], faults)?.as_str() {
        "single" => Factors::Single,
        _ => Factors::Bfloat16,
    };
    Some((pairs? as usize, units? as usize, groups? as usize, factors))
}

fn memory(document: &mut BTreeMap<String, Entry>, faults: &mut Faults) -> Option<[usize; 3]> {
    let mut s = Section::take(document, "memory", &["map_lines", "parameter_lines", "gradient_lines"], faults)?;
    let map = s.integer("map_lines", &Rule::new(Kind::PowerOfTwo, 16, MOST_MAP_LINES, "lines of 16 words"), faults);
    let rule = Rule::new(Kind::PowerOfTwo, LEAST_PARAMETER_LINES, 1 << 15, "lines of 16 words");
    let parameter = s.integer("parameter_lines", &rule, faults);
    let reason = "lines of 16 words: all of a network's parameters";
    let gradient = s.integer("gradient_lines", &Rule::new(Kind::Any, 1, 1 << 16, reason), faults);
    Some([map? as usize, parameter? as usize, gradient? as usize])
}

fn port(document: &mut BTreeMap<String, Entry>, faults: &mut Faults) -> Option<(usize, usize)> {
    let mut s = Section::take(document, "port", &["port_words", "address_bits"], faults)?;
    let words = s.integer("port_words", &Rule::new(Kind::PowerOfTwo, 1, LINE_WORDS as i64, "words a beat"), faults);
    let reason = "bits of an external byte address";
    let bits = s.integer("address_bits", &Rule::new(Kind::Any, LINE_BYTES.ilog2() as i64, 32, reason), faults);
    Some((words? as usize, bits? as usize))
}

impl TrainerArchitecture {
    /// The preset text that [`parse_trainer`] reads back to this architecture.
    pub fn to_toml(&self) -> String {
        preset_toml(&self.name, &self.summary) + &self.hardware_toml() + &external_toml(&self.external)
    }

    /// A hash of all that shapes the hardware, as [`crate::Architecture::hash`].
    pub fn hash(&self) -> u64 {
        hash(&self.hardware_toml())
    }

    fn hardware_toml(&self) -> String {
        let part = part_toml(&self.family, self.clock_mhz);
        let factors = match self.factors {
            Factors::Single => "single",
            Factors::Bfloat16 => "bfloat16",
        };
        format!(
            "{part}\n\
             [units]\npairs = {}\nunits_per_pair = {}\ngroups = {}\nfactors = \"{factors}\"\n\n\
             [memory]\nmap_lines = {}\nparameter_lines = {}\ngradient_lines = {}\n\n\
             [port]\nport_words = {}\naddress_bits = {}\n",
            self.pairs,
            self.units,
            self.groups,
            self.map_lines,
            self.parameter_lines,
            self.gradient_lines,
            self.port_words,
            self.address_bits,
        )
    }
}
