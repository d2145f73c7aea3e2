//! rust-hdl's connection check, without its printing: every atom must be driven.

use rust_hdl::core::atom::AtomKind;

use super::collect::Scope;
use super::error::{EmitError, EmitErrorKind, Fault};
use super::names::rust_spelling;

/// Refuses a design with a signal nothing drives; the inputs of the top come from outside.
pub(super) fn check_connected(top: &Scope, path: &str) -> Result<(), EmitError> {
    check(top, path, true)
}

fn check(scope: &Scope, path: &str, is_top: bool) -> Result<(), EmitError> {
    for atom in &scope.atoms {
        let from_outside = matches!(atom.kind, AtomKind::InputParameter | AtomKind::InOutParameter);
        if !(atom.connected || is_top && from_outside) {
            let way_out = if from_outside {
                "assign it in the parent's update()"
            } else {
                "assign it in update(); a block with its own hdl() calls connect() on it"
            };
            let name = rust_spelling(&atom.raw);
            return Err(Fault::new(EmitErrorKind::Open, name, "is not driven", way_out).at(path));
        }
    }
    for child in &scope.children {
        check(child, &format!("{path}.{}", rust_spelling(&child.raw)), false)?;
    }
    Ok(())
}
