//! The register: `q` takes `d` at each rising edge of `clock`.
//!
//! Latency one cycle. The emitter writes it inside its parent (`reg [..] name_q`), so it costs no
//! module and no clock wire; as the top of a design it is a module of its own.

use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;

/// First words of a register's text; the initial value follows.
const MARK: &str = "// Reg: starts at ";

/// A register of any type, starting at the type's default.
///
/// | port | what |
/// |---|---|
/// | `clock` | rising edge |
/// | `d` | next value |
/// | `q` | value |
#[derive(Clone, Debug, Default, LogicBlock)]
pub struct Reg<T: Synth> {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Next value.
    pub d: Signal<In, T>,
    /// Value.
    pub q: Signal<Out, T>,
}

impl<T: Synth> Logic for Reg<T> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self.q.next = self.d.val();
        }
    }

    fn connect(&mut self) {
        self.q.connect();
    }

    fn hdl(&self) -> Verilog {
        let initial = T::default().verilog();
        let digits = format!("{initial:x}");
        let digits = digits.split_once("'h").map_or("0", |(_, digits)| digits);
        let initial = format!("{}'h{digits}", T::BITS);
        Verilog::Custom(format!("{MARK}{initial}\n    initial q = {initial};\n\n    always @(posedge clock) q <= d;\n"))
    }
}

/// The initial value in a register's text; none for any other text.
pub(crate) fn initial_value(code: &Verilog) -> Option<&str> {
    match code {
        Verilog::Custom(text) => text.strip_prefix(MARK)?.lines().next(),
        _ => None,
    }
}
