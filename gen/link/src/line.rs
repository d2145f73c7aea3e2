//! What frames travel on.

use crate::error::LinkError;
use crate::session::{Link, Settings};
use serial2::SerialPort;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

/// Something that carries bytes both ways, perhaps badly.
pub trait Line {
    /// Takes what has come, waiting at most `patience` for the first byte. 0: nothing came in that time.
    ///
    /// # Errors
    /// The line is gone.
    fn receive(&mut self, bytes: &mut [u8], patience: Duration) -> io::Result<usize>;

    /// Sends all of `bytes`.
    ///
    /// # Errors
    /// The line is gone.
    fn send(&mut self, bytes: &[u8]) -> io::Result<()>;
}

impl Line for SerialPort {
    fn receive(&mut self, bytes: &mut [u8], patience: Duration) -> io::Result<usize> {
        self.set_read_timeout(patience)?;
        match self.read(bytes) {
            // The caller looks at its clock and asks again.
            Err(error)
                if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
            {
                Ok(0)
            }
            other => other,
        }
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }
}

/// Opens the serial port at `path` (8 bits, no parity, one stop bit, no flow control) and greets the board on it.
///
/// # Errors
/// The port cannot be opened or set to the rate, or no board of this version answers.
pub fn open(path: impl AsRef<Path>, baud: u32, settings: Settings) -> Result<Link<SerialPort>, LinkError> {
    let path = path.as_ref();
    let failed = |source| LinkError::Port { what: path.display().to_string(), source };
    let mut port = SerialPort::open(path, baud).map_err(failed)?;
    port.set_write_timeout(settings.patience.saturating_mul(settings.tries)).map_err(failed)?;
    Link::greet(port, settings)
}
