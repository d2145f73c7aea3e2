//! The small set of cells all hardware is built from.

mod block_ram;
pub mod delay;
pub mod dot_product;
pub mod element_window;
mod folded;
pub mod multiplier;
pub mod ram;
pub mod reg;
pub mod requantiser;
pub mod stream;

/// Stands before signed arithmetic in a cell's text: operands extend to the width of their sum by the
/// language's rule, which Verilator's linter cannot tell from a slip.
pub(crate) const WIDTHS_OFF: &str =
    "    // Signed operands extend to the width of their sum; this cell's own tests stand in for the check.
    /* verilator lint_off WIDTH */
";

/// Stands behind it.
pub(crate) const WIDTHS_ON: &str = "    /* verilator lint_on WIDTH */\n";
