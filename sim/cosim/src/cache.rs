//! Directories named by content, made whole or not at all.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// 128-bit FNV-1a over length-prefixed parts, in hexadecimal. It names files; it guards nothing against malice.
pub(crate) fn content_hash(parts: &[&str]) -> String {
    const PRIME: u128 = (1 << 88) + 0x13b;
    let mut hash: u128 = 0x6c62272e07bb014262b821756295c58d;
    let mut add = |byte: u8| hash = (hash ^ u128::from(byte)).wrapping_mul(PRIME);
    for part in parts {
        (part.len() as u64).to_le_bytes().into_iter().for_each(&mut add);
        part.bytes().for_each(&mut add);
    }
    format!("{hash:032x}")
}

/// A directory being filled. It vanishes when dropped unless it was [published](Stage::publish).
pub(crate) struct Stage {
    path: PathBuf,
}

impl Stage {
    /// A new, empty directory in `cache` under a name no other process or thread uses.
    pub fn new(cache: &Path, name: &str) -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = cache.join(format!(".{name}.{}.{number}", std::process::id()));
        // A process that was killed may have left a directory with the number this one has now.
        if path.exists() {
            std::fs::remove_dir_all(&path)?;
        }
        std::fs::create_dir_all(&path)?;
        Ok(Stage { path })
    }

    /// Where it lies until it is published.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the directory its final name. Where another process was first, its result stays and this one goes.
    pub fn publish(self, place: &Path) -> io::Result<()> {
        match std::fs::rename(&self.path, place) {
            Err(_) if place.is_dir() => Ok(()),
            result => result,
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // After a rename nothing is left under this name, and a directory that cannot be removed does no harm.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_sees_where_parts_end() {
        assert_ne!(content_hash(&["ab", "c"]), content_hash(&["a", "bc"]));
        assert_eq!(content_hash(&["ab", "c"]), content_hash(&["ab", "c"]));
        assert_eq!(content_hash(&[]), "6c62272e07bb014262b821756295c58d");
    }

    #[test]
    fn the_first_to_publish_wins_and_nothing_is_left_over() {
        let cache = std::env::temp_dir().join(format!("cortado-cosim-stage-{}", std::process::id()));
        let (first, second) = (Stage::new(&cache, "x").unwrap(), Stage::new(&cache, "x").unwrap());
        std::fs::write(first.path().join("who"), "first").unwrap();
        std::fs::write(second.path().join("who"), "second").unwrap();
        first.publish(&cache.join("x")).unwrap();
        second.publish(&cache.join("x")).unwrap();
        drop(Stage::new(&cache, "y").unwrap());
        assert_eq!(std::fs::read_to_string(cache.join("x/who")).unwrap(), "first");
        assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 1);
        std::fs::remove_dir_all(&cache).unwrap();
    }
}
