//! What can be chosen when a model is built.

use std::path::PathBuf;

/// File format of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceFormat {
    /// Value change dump: text, read by everything.
    Vcd,
    /// GTKWave's compressed form; building it needs the headers of zlib and, with newer Verilators, of lz4.
    Fst,
}

impl TraceFormat {
    /// File name extension, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            TraceFormat::Vcd => "vcd",
            TraceFormat::Fst => "fst",
        }
    }
}

/// What registers and memories hold before anything was written to them, and what an `x` in the text becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InitialValues {
    /// Zero, and whatever is cheapest for `x`: the fastest simulation.
    #[default]
    Fast,
    /// Random by the seed of each instance: shows a design that leans on values nobody set.
    Random,
}

/// How to build a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildOptions {
    /// Directory that keeps built models, one sub-directory each, named by a hash of all that went into it.
    /// It is made when absent; several processes may share it.
    pub cache: PathBuf,
    /// Values of what was never set.
    pub initial: InitialValues,
    /// Builds a model that can write traces of this format; it simulates more slowly even while none is open.
    pub trace: Option<TraceFormat>,
    /// Input toggled by [`crate::Instance::tick`]; a design without it can only be evaluated.
    pub clock: String,
    /// The runs will be short: the model is compiled without optimisation, in half the time, and simulates several times
    /// more slowly.
    pub short: bool,
    /// C++ text put after the shim, for loops of a caller's own; see [`crate::Model::symbol`].
    pub extra_cpp: String,
}

impl BuildOptions {
    /// The fastest model, without trace, with a clock named `clock`, kept in `cache`.
    pub fn new(cache: impl Into<PathBuf>) -> Self {
        BuildOptions {
            cache: cache.into(),
            initial: InitialValues::Fast,
            trace: None,
            clock: "clock".into(),
            short: false,
            extra_cpp: String::new(),
        }
    }
}
