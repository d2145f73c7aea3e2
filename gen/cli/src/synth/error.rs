//! What can go wrong between Verilog and a routed design, in words that say what to do next.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a design could not be synthesised or routed.
#[derive(Debug)]
pub enum SynthError {
    /// The request contradicts itself or names what does not exist; nothing was run.
    Request(String),
    /// A tool is neither in the private environment nor on the path.
    ToolMissing {
        /// The tool's common name.
        tool: &'static str,
        /// The private environment's folder, looked in first.
        searched: PathBuf,
    },
    /// A tool ran and refused.
    ToolFailed {
        /// The tool's common name.
        tool: &'static str,
        /// Its last error line, as printed.
        line: String,
        /// Everything it printed.
        log: PathBuf,
    },
    /// A tool's report or netlist lacks what this module reads from it.
    Report {
        /// The file at fault.
        path: PathBuf,
        /// What was expected in it.
        what: String,
    },
    /// A file could not be read or written.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl SynthError {
    /// Names the file an I/O error belongs to, for use with `map_err`.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> SynthError + '_ {
        move |source| SynthError::Io { path: path.to_owned(), source }
    }

    /// The same error after the folder `from` became `to`.
    pub(super) fn moved(mut self, from: &Path, to: &Path) -> SynthError {
        if let SynthError::ToolFailed { log: path, .. }
        | SynthError::Report { path, .. }
        | SynthError::Io { path, .. } = &mut self
        {
            if let Ok(inner) = path.strip_prefix(from) {
                *path = to.join(inner);
            }
        }
        self
    }

    /// A report at `path` that does not hold `what`.
    pub(super) fn report(path: &Path, what: impl Into<String>) -> SynthError {
        SynthError::Report { path: path.to_owned(), what: what.into() }
    }
}

impl fmt::Display for SynthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SynthError::Request(what) => write!(f, "{what}"),
            SynthError::ToolMissing { tool, searched } => {
                write!(f, "{tool} not found in {} nor on the path; `make tools` installs it", searched.display())
            }
            SynthError::ToolFailed { tool, line, log } => {
                write!(f, "{tool}: {line} (log: {})", log.display())
            }
            SynthError::Report { path, what } => write!(f, "{}: {what}", path.display()),
            SynthError::Io { path, source } => write!(f, "{}: {source}", path.display()),
        }
    }
}

impl std::error::Error for SynthError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SynthError::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
