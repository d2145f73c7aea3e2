//! What the suites share: the tool or a visible skip, what emitted text is headed with, and a preset's memory.

use cortado_arch::ExternalMemory;
use cortado_cosim::engine::Jitter;
use cortado_cosim::{find_verilator, MemoryModel, Verilator};
use cortado_hw::emit::Header;

/// Verilator; `None`, said aloud, where it is missing.
///
/// # Panics
/// When it is missing and `CI=true`.
pub fn verilator() -> Option<Verilator> {
    match find_verilator() {
        Ok(found) => Some(found),
        Err(error) => {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{error}");
            eprintln!("skipped: {error}");
            None
        }
    }
}

/// What the emitted text of `preset` is headed with.
pub fn header(preset: &str) -> Header {
    Header {
        version: "test".into(),
        preset: preset.into(),
        architecture_hash: "test".into(),
        command: "cargo test".into(),
    }
}

/// The memory that a preset describes, stalling as `jitter` says.
pub fn memory_model(external: &ExternalMemory, jitter: Jitter) -> MemoryModel {
    MemoryModel {
        latency: external.latency_cycles,
        bandwidth: (external.bandwidth_bytes, external.bandwidth_cycles),
        burst_cycles: external.burst_cycles,
        jitter,
        ..MemoryModel::default()
    }
}
