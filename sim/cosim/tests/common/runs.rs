//! Runs of the copying engine.
#![allow(dead_code, reason = "each suite uses its part")]

use cortado_cosim::{EngineHarness, MemoryModel, RunOptions, RunReport};

use super::copier::{copied, copier, image};
use super::{options, verilator};

/// Ends a program with error code 0.
pub const END: [u32; 4] = [0, 0, 0, 0];

/// The 4-byte engine, or `None` after saying what was skipped.
pub fn engine(group: &str) -> Option<EngineHarness> {
    let tool = verilator(group)?;
    Some(EngineHarness::build(&tool, "copier", &copier(4), &options()).unwrap_or_else(|error| panic!("{error}")))
}

/// Many cycles, with this memory.
pub fn with(memory: MemoryModel) -> RunOptions {
    RunOptions { memory, ..RunOptions::new(1_000_000) }
}

/// Runs a program that must end well with the right contents.
pub fn run(engine: &mut EngineHarness, program: &[[u32; 4]], options: &RunOptions) -> RunReport {
    let mut memory = image(4, program);
    let report = engine.run(&mut memory, options).unwrap_or_else(|error| panic!("{error}"));
    assert!(report.good(), "{:?}", report.end);
    assert!(memory == copied(4, program), "wrong contents with {options:?}");
    report
}
