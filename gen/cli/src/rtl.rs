//! The Verilog of an engine, with the header every emitted file has.

use crate::failure::Failure;
use cortado_arch::Architecture;
use cortado_hw::emit::Header;
use cortado_hw::engine;

/// This generator's version, as in emitted headers and figures.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The Verilog of `arch`; its top module is [`engine::TOP`].
///
/// # Errors
/// The engine breaks a rule of the emitter.
pub fn verilog(arch: &Architecture) -> Result<String, Failure> {
    let header = Header {
        version: VERSION.to_owned(),
        preset: arch.name.clone(),
        architecture_hash: format!("{:016x}", arch.hash()),
        command: format!("cortado verilog --preset {}", arch.name),
    };
    engine::verilog(arch, &header).map_err(|error| Failure::Refused(format!("{}: {error}", arch.name)))
}
