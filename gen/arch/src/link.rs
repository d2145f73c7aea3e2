//! The host link: frames, requests and replies between a host and a board. `docs/link.md` says what they mean.
//!
//! A frame is `FLAG`, its bytes, four bytes of CRC-32 (the IEEE polynomial, least significant byte first) and `FLAG`;
//! in between, `FLAG` and `ESCAPE` are sent as `ESCAPE` and the byte with [`ESCAPE_FLIP`] flipped.
//!
//! | request | byte |
//! |---|---|
//! | kind ([`Request`]) | 0 |
//! | sequence number | 1 |
//! | address, little-endian | 2 to 5 |
//! | data: WRITE's bytes, or READ's count of bytes | from 6 |
//!
//! | reply | byte |
//! |---|---|
//! | the request's kind with [`REPLY`], and [`REFUSED`] or [`OUT_OF_ORDER`] where it was not done | 0 |
//! | the request's sequence number | 1 |
//! | the sequence number the board expects next | 2 |
//! | data: READ's bytes, or STATUS's ([`Status`]) | from 3 |

/// Starts and ends a frame.
pub const FLAG: u8 = 0x7e;
/// Says that the byte after it is flipped.
pub const ESCAPE: u8 = 0x7d;
/// What a byte after [`ESCAPE`] is flipped by.
pub const ESCAPE_FLIP: u8 = 0x20;
/// Bytes of a request before its data.
pub const REQUEST_BYTES: usize = 6;
/// Bytes of a reply before its data.
pub const REPLY_BYTES: usize = 3;
/// Most bytes of data of a request or reply; a multiple of every port's width.
pub const MOST_DATA: usize = 240;
/// Bytes of the checksum.
pub const CHECK_BYTES: usize = 4;
/// Bytes a board keeps of a frame: as many as a request with its checksum needs, and a power of two.
pub const BUFFER_BYTES: usize = 256;
const _: () = assert!(REQUEST_BYTES + MOST_DATA + CHECK_BYTES < BUFFER_BYTES);
/// Version of these rules, told in [`Status`].
pub const VERSION: u8 = 1;
/// Set in the first byte of every reply.
pub const REPLY: u8 = 0x80;
/// Set where a request was understood and cannot be done.
pub const REFUSED: u8 = 0x40;
/// Set where a request came out of order; nothing was done.
pub const OUT_OF_ORDER: u8 = 0x20;
/// The CRC's polynomial, bit-reversed.
pub const POLYNOMIAL: u32 = 0xedb8_8320;
/// What the CRC's register holds before the first byte.
pub const CHECK_START: u32 = u32::MAX;
/// What it holds after a whole frame with its checksum.
pub const CHECK_GOOD: u32 = 0xdebb_20e3;

/// What a host asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Tell the state; in no order.
    Status = 1,
    /// Write data to external memory from an address on.
    Write = 2,
    /// Read so many bytes of external memory.
    Read = 3,
    /// Start the program at an address.
    Start = 4,
    /// Stop the engine at once and make it ready to start.
    Reset = 5,
}

impl Request {
    /// All of them, in the order of their numbers.
    pub const ALL: [Request; 5] = [Request::Status, Request::Write, Request::Read, Request::Start, Request::Reset];
}

/// The CRC register after one more byte.
pub fn check_byte(register: u32, byte: u8) -> u32 {
    (0..8).fold(register ^ u32::from(byte), |value, _| (value >> 1) ^ if value & 1 == 1 { POLYNOMIAL } else { 0 })
}

/// What STATUS tells. While the engine runs `cycles` moves on, so its bytes need not belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Status {
    /// [`VERSION`] of the board.
    pub version: u8,
    /// Bytes of a beat: addresses and counts are multiples of it.
    pub port_bytes: u8,
    /// External memory has 2 to this many bytes.
    pub memory_bits: u8,
    /// A program runs.
    pub busy: bool,
    /// External memory is ready.
    pub memory_ready: bool,
    /// How the last run ended (`isa::error_code`).
    pub error: u8,
    /// Cycles of the last run, from START to its end.
    pub cycles: u32,
    /// The lower half of `Architecture::hash`.
    pub identity: u32,
}

impl Status {
    /// Bytes of the encoding.
    pub const BYTES: usize = 13;

    /// The bytes of STATUS's data, in order: version, port bytes, memory bits, flags (bit 0 busy, bit 1 memory ready),
    /// error, cycles (4), identity (4).
    pub fn encode(&self) -> [u8; Self::BYTES] {
        let flags = u8::from(self.busy) | u8::from(self.memory_ready) << 1;
        let mut bytes = [0; Self::BYTES];
        bytes[..5].copy_from_slice(&[self.version, self.port_bytes, self.memory_bits, flags, self.error]);
        bytes[5..9].copy_from_slice(&self.cycles.to_le_bytes());
        bytes[9..].copy_from_slice(&self.identity.to_le_bytes());
        bytes
    }

    /// Reads [`Status::encode`]; `None` for another number of bytes.
    pub fn decode(bytes: &[u8]) -> Option<Status> {
        let &[version, port_bytes, memory_bits, flags, error, c0, c1, c2, c3, i0, i1, i2, i3] = bytes else {
            return None;
        };
        Some(Status {
            version,
            port_bytes,
            memory_bits,
            busy: flags & 1 == 1,
            memory_ready: flags & 2 == 2,
            error,
            cycles: u32::from_le_bytes([c0, c1, c2, c3]),
            identity: u32::from_le_bytes([i0, i1, i2, i3]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8]) -> u32 {
        bytes.iter().fold(CHECK_START, |register, &byte| check_byte(register, byte))
    }

    #[test]
    fn the_checksum_is_the_published_crc_32() {
        assert_eq!(!check(b"123456789"), 0xcbf4_3926);
        let framed: Vec<u8> = [&b"123456789"[..], &(!check(b"123456789")).to_le_bytes()].concat();
        assert_eq!(check(&framed), CHECK_GOOD);
    }

    #[test]
    fn a_status_is_read_back_as_written() {
        let status = Status {
            version: VERSION,
            port_bytes: 4,
            memory_bits: 16,
            busy: true,
            memory_ready: false,
            error: 1,
            cycles: 0x0102_0304,
            identity: 0xfedc_ba98,
        };
        assert_eq!(Status::decode(&status.encode()), Some(status));
        assert_eq!(Status::decode(&status.encode()[1..]), None);
    }
}
