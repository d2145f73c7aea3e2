//! How a verb ends when it does not end well, and the exit code of each way.

use std::fmt::Display;
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// Why a verb stopped.
#[derive(Debug)]
pub enum Failure {
    /// Input, a missing tool or the file system stands in the way; nothing half-written is left. Exit 2.
    Refused(String),
    /// Everything ran, and what was checked does not hold. Exit 1.
    Check(String),
    /// Whoever read standard output has enough. Exit 0, in silence.
    PipeClosed,
}

/// What a verb returns.
pub type Outcome = Result<(), Failure>;

impl Failure {
    /// A refusal in an error's own words.
    pub fn refused(error: impl Display) -> Failure {
        Failure::Refused(error.to_string())
    }

    /// A refusal about a file or folder.
    pub fn file(path: &Path) -> impl FnOnce(io::Error) -> Failure + '_ {
        move |error| {
            let advice = match error.kind() {
                io::ErrorKind::NotFound => "; check the path",
                io::ErrorKind::PermissionDenied => "; check the permissions or choose another folder",
                io::ErrorKind::StorageFull => "; free some space or choose another folder",
                _ => "",
            };
            Failure::Refused(format!("{}: {error}{advice}", path.display()))
        }
    }

    /// A failure of writing to standard output.
    pub fn output(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::PipeClosed,
            _ => Failure::Refused(format!("standard output: {error}")),
        }
    }

    /// What a person reads on standard error; nothing for a closed pipe.
    pub fn message(&self) -> Option<&str> {
        match self {
            Failure::Refused(message) | Failure::Check(message) => Some(message),
            Failure::PipeClosed => None,
        }
    }

    /// The process's exit code.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Refused(_) => ExitCode::from(2),
            Failure::Check(_) => ExitCode::from(1),
            Failure::PipeClosed => ExitCode::SUCCESS,
        }
    }
}
