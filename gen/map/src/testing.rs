//! What the unit tests of several modules need.

use cortado_arch::{ActivationKind, Architecture, DataType, ExternalMemory, Family};

/// A 4x2 engine.
pub(crate) fn engine() -> Architecture {
    Architecture {
        name: "test-4x2".into(),
        summary: String::new(),
        family: Family::Generic,
        clock_mhz: 0,
        data_type: DataType::Int8,
        tm: 4,
        tn: 2,
        requantise_lanes: 2,
        requantise_cycles: 1,
        residual_unit: true,
        window_taps: 10,
        patch_bytes: 32,
        activation_words: 1024,
        activation_kind: ActivationKind::Bram,
        weight_words: 512,
        parameter_words: 128,
        port_bytes: 4,
        burst_beats: 16,
        address_bits: 32,
        external: ExternalMemory {
            latency_cycles: 10,
            bandwidth_bytes: 4,
            bandwidth_cycles: 1,
            burst_cycles: 0,
            bytes: 1 << 20,
        },
    }
}
