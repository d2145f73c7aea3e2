//! The Verilog of an engine, with the header every emitted file has.

use crate::failure::Failure;
use crate::preset::Engine;
use cortado_arch::board_top::BoardTop;
use cortado_arch::trainer::TrainerArchitecture;
use cortado_arch::Architecture;
use cortado_hw::boards;
use cortado_hw::emit::Header;
use cortado_hw::engine;
use cortado_hw::trainer::top;

/// This generator's version, as in emitted headers and figures.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The Verilog of `arch`; its top module is [`engine::TOP`].
///
/// # Errors
/// The engine breaks a rule of the emitter.
pub fn verilog(arch: &Architecture) -> Result<String, Failure> {
    let header = header(&arch.name, arch.hash(), "verilog");
    engine::verilog(arch, &header).map_err(|error| Failure::Refused(format!("{}: {error}", arch.name)))
}

/// The Verilog of a training engine; its top module is [`top::TOP`].
///
/// # Errors
/// The engine breaks a rule of the emitter.
pub fn trainer_verilog(arch: &TrainerArchitecture) -> Result<String, Failure> {
    let header = header(&arch.name, arch.hash(), "verilog");
    top::verilog(arch, &header).map_err(|error| Failure::Refused(format!("{}: {error}", arch.name)))
}

/// The Verilog of an engine of either family; its top module is [`Engine::top`].
///
/// # Errors
/// The engine breaks a rule of the emitter.
pub fn of(engine: &Engine) -> Result<String, Failure> {
    match engine {
        Engine::Inference(arch) => verilog(arch),
        Engine::Training(arch) => trainer_verilog(arch),
    }
}

/// The Verilog of `arch` on a board; its top module is [`BoardTop::module`].
///
/// # Errors
/// The top breaks a rule of the emitter, or the board has no clock for the preset.
pub fn board(arch: &Architecture, top: &BoardTop) -> Result<String, Failure> {
    boards::verilog(top, arch, &header(&arch.name, arch.hash(), "bitstream"))
        .map_err(|error| Failure::Refused(format!("{} on {}: {error}", arch.name, top.name)))
}

fn header(name: &str, hash: u64, verb: &str) -> Header {
    Header {
        version: VERSION.to_owned(),
        preset: name.to_owned(),
        architecture_hash: format!("{hash:016x}"),
        command: format!("cortado {verb} --preset {name}"),
    }
}
