//! Why a board could not be used, in words that say what to do.

use std::fmt;
use std::io;

/// Why a call to a board failed.
#[derive(Debug)]
pub enum LinkError {
    /// The serial port could not be opened, read or written.
    Port {
        /// Its path, or what it was being used for.
        what: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The board does not answer. What came before stays done: a transfer may go on from there.
    Silent {
        /// Bytes, or requests where no bytes are moved, that were confirmed.
        done: usize,
        /// How often the last request was sent.
        tries: u32,
    },
    /// The board expects another request than the next one: it was reset, or someone else talks to it.
    Lost {
        /// Bytes that were confirmed before.
        done: usize,
    },
    /// The board understood a request and will not do it.
    Refused(String),
    /// The caller asks for what cannot be: nothing was sent.
    Request(String),
    /// The board speaks another version of the protocol.
    Version(u8),
    /// A program did not come to its end in the time given.
    Running,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkError::Port { what, source } => write!(f, "{what}: {source}"),
            LinkError::Silent { done, tries } => write!(
                f,
                "the board does not answer ({tries} tries, {done} bytes done before): is it powered, programmed and on this port?"
            ),
            LinkError::Lost { done } => {
                write!(f, "the board was reset or is used by another program ({done} bytes done before): start again")
            }
            LinkError::Refused(what) => write!(f, "the board refused {what}"),
            LinkError::Request(what) => write!(f, "{what}"),
            LinkError::Version(version) => {
                write!(f, "the board speaks version {version} of the link, not {}: program it anew", cortado_arch::link::VERSION)
            }
            LinkError::Running => write!(f, "the program has not ended; wait longer, or reset the engine"),
        }
    }
}

impl std::error::Error for LinkError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            LinkError::Port { source, .. } => Some(source),
            _ => None,
        }
    }
}
