//! An architecture as preset text, and the hash that names it in emitted files.

use crate::architecture::{ActivationKind, Architecture, ExternalMemory, Family};
use crate::DataType;

/// Section `[preset]` and an empty line.
pub(super) fn preset_toml(name: &str, summary: &str) -> String {
    format!("[preset]\nname = {}\nsummary = {}\n\n", toml::Value::from(name), toml::Value::from(summary))
}

/// Section `[part]`.
pub(super) fn part_toml(family: &Family, clock: u32) -> String {
    match family {
        Family::Generic => "[part]\nfamily = \"generic\"\n".to_owned(),
        Family::Ice40 { device, package } => format!(
            "[part]\nfamily = \"ice40\"\ndevice = \"{device}\"\npackage = \"{package}\"\nclock_mhz = {clock}\n"
        ),
        Family::Ecp5 { device, package, speed } => format!(
            "[part]\nfamily = \"ecp5\"\ndevice = \"{device}\"\npackage = \"{package}\"\nspeed_grade = {speed}\nclock_mhz = {clock}\n"
        ),
    }
}

/// An empty line and section `[external]`.
pub(super) fn external_toml(e: &ExternalMemory) -> String {
    let burst = if e.burst_cycles > 0 { format!("burst_cycles = {}\n", e.burst_cycles) } else { String::new() };
    format!(
        "\n[external]\nsize_bytes = {}\nlatency_cycles = {}\nbandwidth_bytes = {}\nbandwidth_cycles = {}\n{burst}",
        e.bytes, e.latency_cycles, e.bandwidth_bytes, e.bandwidth_cycles
    )
}

/// FNV-1a of 64 bits.
pub(super) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

impl Architecture {
    /// The preset text that [`super::parse`] reads back to this architecture.
    pub fn to_toml(&self) -> String {
        preset_toml(&self.name, &self.summary) + &self.hardware_toml() + &external_toml(&self.external)
    }

    /// A hash of all that shapes the hardware: the part, the array, the memories and the port, but
    /// neither the names nor the external memory. FNV-1a of 64 bits, the same on every machine and
    /// in every version that knows the same sizes.
    pub fn hash(&self) -> u64 {
        hash(&self.hardware_toml())
    }

    fn hardware_toml(&self) -> String {
        let kind = match self.activation_kind {
            ActivationKind::Bram => "bram",
            ActivationKind::Spram => "spram",
        };
        // Not said at int8: engines keep the hash they had before there was another type.
        let data_type = match self.data_type {
            DataType::Int8 => String::new(),
            other => format!("data_type = \"{}\"\n", other.name()),
        };
        let part = part_toml(&self.family, self.clock_mhz);
        format!(
            "{part}\n\
             [array]\ntm_lanes = {}\ntn_lanes = {}\nrequantise_lanes = {}\nrequantise_cycles = {}\nresidual_unit = {}\nwindow_taps = {}\npatch_bytes = {}\n{data_type}\n\
             [memory]\nactivation_kind = \"{kind}\"\nactivation_words = {}\nweight_words = {}\nparameter_words = {}\n\n\
             [port]\nport_bytes = {}\nburst_beats = {}\naddress_bits = {}\n",
            self.tm,
            self.tn,
            self.requantise_lanes,
            self.requantise_cycles,
            u8::from(self.residual_unit),
            self.window_taps,
            self.patch_bytes,
            self.activation_words,
            self.weight_words,
            self.parameter_words,
            self.port_bytes,
            self.burst_beats,
            self.address_bits,
        )
    }
}
