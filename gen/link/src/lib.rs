//! Cortado: a host's side of a board. [`Link`] writes and reads the board's memory, starts programs and waits for them,
//! over a serial port or whatever else is a [`Line`].
//!
//! ```no_run
//! use cortado_link::{open, Settings};
//!
//! let mut board = open("/dev/ttyUSB1", 3_000_000, Settings::default())?;
//! board.write(0, &std::fs::read("image.bin")?)?;
//! board.start(0)?;
//! let state = board.wait(std::time::Duration::from_secs(10))?;
//! println!("{} cycles", state.cycles);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `include/cortado_link.h` is the same for C.
//!
//! Whatever the line loses, damages, doubles or mixes up is sent again or thrown away: a call returns either what was
//! asked for, done once, or an error. `docs/link.md` has the rules.

mod c;
mod error;
pub mod faulty;
pub mod frame;
mod line;
mod session;

pub use cortado_arch::link::Status;
pub use error::LinkError;
pub use line::{open, Line};
pub use serial2::SerialPort;
pub use session::{Link, Settings};
