//! Why a design was refused, where, and what would do instead.

use std::fmt;

/// The rule a refused design breaks. Its code is stable and printed in front of every message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmitErrorKind {
    /// A signal nothing drives.
    Open,
    /// A write to a module's own input, to a constant or to a sub-block's output.
    WritesInput,
    /// A signal read before it has a value on every path.
    Loop,
    /// A signal with a value on some paths only.
    Latch,
    /// Two things that would carry one Verilog name, or one name with two contents.
    Collision,
    /// A name that is no Verilog identifier, or a reserved word.
    Name,
    /// A name or index in an expression that means nothing in the hardware.
    Unknown,
    /// Two widths that differ where Rust's types make them equal.
    Width,
    /// Signed arithmetic under a cast, or a signed compare with a bare literal.
    Signed,
    /// A form of the tree that has no exact Verilog.
    Unsupported,
    /// A clock that is computed rather than wired.
    Clock,
}

impl EmitErrorKind {
    /// The stable code printed in front of the message.
    pub fn code(self) -> &'static str {
        match self {
            Self::Open => "E-EMIT-OPEN",
            Self::WritesInput => "E-EMIT-INPUT",
            Self::Loop => "E-EMIT-LOOP",
            Self::Latch => "E-EMIT-LATCH",
            Self::Collision => "E-EMIT-NAME-TWICE",
            Self::Name => "E-EMIT-NAME",
            Self::Unknown => "E-EMIT-UNKNOWN",
            Self::Width => "E-EMIT-WIDTH",
            Self::Signed => "E-EMIT-SIGNED",
            Self::Unsupported => "E-EMIT-FORM",
            Self::Clock => "E-EMIT-CLOCK",
        }
    }
}

/// A refusal: which rule, in which module, about which signal, and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmitError {
    /// The rule that is broken.
    pub kind: EmitErrorKind,
    /// Instance path of the module, `top.pe[3].acc`.
    pub module: String,
    /// The signal or expression it is about, in Rust's spelling.
    pub signal: String,
    /// What is wrong.
    pub what: String,
    /// What would do.
    pub way_out: String,
}

impl fmt::Display for EmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: module {}, signal {}: {}; {}",
            self.kind.code(),
            self.module,
            self.signal,
            self.what,
            self.way_out
        )
    }
}

impl std::error::Error for EmitError {}

/// An error that does not know its module yet; [`Fault::at`] adds it.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    kind: EmitErrorKind,
    signal: String,
    what: String,
    way_out: String,
}

impl Fault {
    pub fn new(
        kind: EmitErrorKind,
        signal: impl Into<String>,
        what: impl Into<String>,
        way_out: impl Into<String>,
    ) -> Self {
        Self { kind, signal: signal.into(), what: what.into(), way_out: way_out.into() }
    }

    pub fn at(self, module: &str) -> EmitError {
        EmitError {
            kind: self.kind,
            module: module.to_string(),
            signal: self.signal,
            what: self.what,
            way_out: self.way_out,
        }
    }
}
