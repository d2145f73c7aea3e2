//! What the suites share: the tool or a visible skip, a place for models, and ([`copier`]) a small engine.
#![allow(dead_code, reason = "each suite uses its part")]

pub mod copier;
pub mod runs;

use cortado_cosim::{find_verilator, BuildOptions, Verilator};

/// Verilator, or `None` after saying what was skipped. With `CI=true` a skip is a failure.
pub fn verilator(group: &str) -> Option<Verilator> {
    match find_verilator() {
        Ok(found) => Some(found),
        Err(error) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{group}: {error}");
            eprintln!("skipped: {group}: {error}");
            None
        }
    }
}

/// Options with the suites' common cache.
pub fn options() -> BuildOptions {
    BuildOptions::new(concat!(env!("CARGO_TARGET_TMPDIR"), "/cosim"))
}
