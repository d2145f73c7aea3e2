//! The host link of a board: frames over a serial line that write and read external memory and start the engine.
//!
//! ```text
//! rx ─▶ uart_receiver ─▶ frame_receiver ─▶ executor ─▶ frame_sender ─▶ uart_transmitter ─▶ tx
//!                        (checks, keeps)      │ ▲        (checks)
//!                                          memory, engine
//! ```
//!
//! A frame does nothing before all of it has come and its checksum is right, and a request is done only in its turn
//! (`docs/link.md`), so whatever comes down the line costs at most time. Encodings are `cortado_arch::link`'s.

pub mod check;
pub mod executor;
pub mod frame_receiver;
pub mod frame_sender;
pub mod host_link;
pub mod uart_receiver;
pub mod uart_transmitter;
