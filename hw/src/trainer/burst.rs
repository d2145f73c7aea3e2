//! Bursts on a memory port, and the queues that hold them.

use crate::cells::stream::StreamError;

/// Sizes of a client of the memory port, in lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Burst {
    /// Most lines of a command: how long another client waits for the port at most, for each client.
    pub lines: usize,
    /// Lines of the client's queue: how much of the memory's latency it covers.
    pub queue: usize,
}

/// Why a client of the memory port cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryError(String);

impl std::fmt::Display for MemoryError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MemoryError {}

impl From<StreamError> for MemoryError {
    fn from(error: StreamError) -> Self {
        Self(error.to_string())
    }
}

impl MemoryError {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }
}

impl Burst {
    /// # Errors
    /// The queue does not hold a burst.
    pub(super) fn check(self) -> Result<(), MemoryError> {
        if self.lines == 0 || self.lines > self.queue {
            return Err(MemoryError::new(format!(
                "bursts of {} lines; 1 to {}, the lines of the queue, are possible",
                self.lines, self.queue
            )));
        }
        Ok(())
    }
}
