//! Content hashes that name the folders of cached results.

use super::error::SynthError;
use std::fs;
use std::path::Path;

/// 128-bit FNV-1a over length-prefixed pieces: stable over versions of Rust, which `std`'s hashers are not.
///
/// It guards against stale results, not against an adversary.
#[derive(Clone)]
pub(super) struct Key(u128);

impl Key {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

    /// A key for results made in the manner of `scheme`; a new manner needs a new word.
    pub(super) fn new(scheme: &str) -> Key {
        Key(Key::OFFSET).text(scheme)
    }

    /// Adds a piece. Its length goes first, so that "ab","c" and "a","bc" differ.
    pub(super) fn bytes(self, piece: &[u8]) -> Key {
        let length = (piece.len() as u64).to_le_bytes();
        Key(Key::fold(Key::fold(self.0, &length), piece))
    }

    fn fold(hash: u128, bytes: &[u8]) -> u128 {
        bytes.iter().fold(hash, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(Key::PRIME))
    }

    /// Adds a piece of text.
    pub(super) fn text(self, piece: &str) -> Key {
        self.bytes(piece.as_bytes())
    }

    /// Adds a file's contents, not its name: a moved file gives the same result.
    pub(super) fn file(self, path: &Path) -> Result<Key, SynthError> {
        Ok(self.bytes(&fs::read(path).map_err(SynthError::io(path))?))
    }

    /// Sixteen hexadecimal digits, for a folder's name.
    pub(super) fn short(&self) -> String {
        format!("{:016x}", (self.0 >> 64) as u64 ^ self.0 as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_match_the_published_fnv_values() {
        assert_eq!(Key::fold(Key::OFFSET, b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
    }

    #[test]
    fn keys_tell_apart_where_one_piece_ends_and_the_next_begins() {
        let ab_c = Key::new("1").text("ab").text("c").short();
        let a_bc = Key::new("1").text("a").text("bc").short();
        assert_ne!(ab_c, a_bc);
        assert_eq!(ab_c, Key::new("1").text("ab").text("c").short());
    }
}
