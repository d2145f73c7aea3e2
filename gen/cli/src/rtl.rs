//! The Verilog of an engine, with the header every emitted file has.

use crate::failure::Failure;
use cortado_arch::board_top::BoardTop;
use cortado_arch::Architecture;
use cortado_hw::boards;
use cortado_hw::emit::Header;
use cortado_hw::engine;

/// This generator's version, as in emitted headers and figures.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The Verilog of `arch`; its top module is [`engine::TOP`].
///
/// # Errors
/// The engine breaks a rule of the emitter.
pub fn verilog(arch: &Architecture) -> Result<String, Failure> {
    engine::verilog(arch, &header(arch, "verilog")).map_err(|error| Failure::Refused(format!("{}: {error}", arch.name)))
}

/// The Verilog of `arch` on a board, whose name is the top module's.
///
/// # Errors
/// The top breaks a rule of the emitter, or the board has no clock for the preset.
pub fn board(arch: &Architecture, top: &BoardTop) -> Result<String, Failure> {
    boards::verilog(top, arch, &header(arch, "bitstream"))
        .map_err(|error| Failure::Refused(format!("{} on {}: {error}", arch.name, top.name)))
}

fn header(arch: &Architecture, verb: &str) -> Header {
    Header {
        version: VERSION.to_owned(),
        preset: arch.name.clone(),
        architecture_hash: format!("{:016x}", arch.hash()),
        command: format!("cortado {verb} --preset {}", arch.name),
    }
}
