//! An architecture as preset text, and the hash that names it in emitted files.

use std::fmt::Write;

use crate::architecture::{ActivationKind, Architecture, Family};
use crate::DataType;

impl Architecture {
    /// The preset text that [`super::parse`] reads back to this architecture.
    pub fn to_toml(&self) -> String {
        let e = &self.external;
        let mut text = format!(
            "[preset]\nname = {}\nsummary = {}\n\n",
            toml::Value::from(self.name.as_str()),
            toml::Value::from(self.summary.as_str())
        );
        text.push_str(&self.hardware_toml());
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n[external]\nsize_bytes = {}\nlatency_cycles = {}\nbandwidth_bytes = {}\nbandwidth_cycles = {}\n",
            e.bytes, e.latency_cycles, e.bandwidth_bytes, e.bandwidth_cycles
        );
        text
    }

    /// A hash of all that shapes the hardware: the part, the array, the memories and the port, but
    /// neither the names nor the external memory. FNV-1a of 64 bits, the same on every machine and
    /// in every version that knows the same sizes.
    pub fn hash(&self) -> u64 {
        self.hardware_toml()
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
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
        let clock = self.clock_mhz;
        let part = match &self.family {
            Family::Generic => "family = \"generic\"\n".to_owned(),
            Family::Ice40 { device, package } => format!(
                "family = \"ice40\"\ndevice = \"{device}\"\npackage = \"{package}\"\nclock_mhz = {clock}\n"
            ),
            Family::Ecp5 { device, package, speed } => format!(
                "family = \"ecp5\"\ndevice = \"{device}\"\npackage = \"{package}\"\nspeed_grade = {speed}\nclock_mhz = {clock}\n"
            ),
        };
        format!(
            "[part]\n{part}\n\
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
