//! What can go wrong between a data set and a model file.

use std::fmt;

/// An error of this crate; its text says where, what came and what would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// A data file is not what it should be.
    Data { what: String, detail: String },
    /// An architecture's layers do not fit each other.
    Architecture { layer: usize, detail: String },
    /// A run was asked for that cannot be done (zero epochs, no calibration images, ...).
    Settings { detail: String },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Data { what, detail } => write!(f, "{what}: {detail}"),
            Error::Architecture { layer, detail } => write!(f, "layer {layer}: {detail}"),
            Error::Settings { detail } => f.write_str(detail),
        }
    }
}

impl std::error::Error for Error {}
