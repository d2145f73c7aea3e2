//! The emitted engine of a preset, ready to run.

use cortado_arch::Architecture;
use cortado_cosim::{BuildOptions, EngineHarness, InitialValues};
use cortado_hw::engine;

/// A harness of the preset's emitted Verilog, with registers at random before reset; `None`, said
/// aloud, where Verilator is missing.
///
/// # Panics
/// When `CI=true` and Verilator is missing, or when the engine does not build.
pub fn harness(arch: &Architecture) -> Option<EngineHarness> {
    let verilator = cortado_tests::verilator()?;
    let header = cortado_tests::header(&arch.name);
    let text = engine::verilog(arch, &header).unwrap_or_else(|e| panic!("{}: {e}", arch.name));
    let mut options = BuildOptions::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../build/cosim"));
    options.initial = InitialValues::Random;
    let built = EngineHarness::build(&verilator, engine::TOP, &text, &options);
    Some(built.unwrap_or_else(|e| panic!("{}: {e}", arch.name)))
}
