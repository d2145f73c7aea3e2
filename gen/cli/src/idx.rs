//! IDX files, as MNIST and its like are published: unsigned bytes in up to four dimensions.

use crate::failure::Failure;
use crate::files;
use std::path::Path;

/// Larger than any of the published sets.
const MOST_BYTES: u64 = 1 << 28;

/// Items of bytes, all of one size.
#[derive(Debug)]
pub struct Items {
    bytes: Vec<u8>,
    start: usize,
    /// Bytes of one item.
    pub size: usize,
}

impl Items {
    /// Reads an IDX file of unsigned bytes.
    ///
    /// # Errors
    /// The file cannot be read, or is not one.
    pub fn read(path: &Path) -> Result<Items, Failure> {
        let bytes = files::read(path, MOST_BYTES, "a data set")?;
        let (start, size) = layout(&bytes).ok_or_else(|| {
            Failure::Refused(format!(
                "{}: not an IDX file of unsigned bytes (00 00 08, the number of dimensions, each dimension, the \
                 bytes); unpack it if it ends in .gz",
                path.display()
            ))
        })?;
        Ok(Items { bytes, start, size })
    }

    /// The items in the file's order; one at least.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes[self.start..].chunks_exact(self.size)
    }
}

/// Where the items begin, and the size of one; `None` when header and length do not agree.
fn layout(file: &[u8]) -> Option<(usize, usize)> {
    let [0, 0, 8, rank @ 1..=4] = *file.get(..4)? else { return None };
    let start = 4 + 4 * usize::from(rank);
    let dims = file.get(4..start)?.chunks_exact(4);
    let mut dims = dims.map(|four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]) as usize);
    let count = dims.next().filter(|&count| count > 0)?;
    let size = dims.try_fold(1usize, |size, dim| size.checked_mul(dim)).filter(|&size| size > 0)?;
    (size.checked_mul(count)? == file.len() - start).then_some((start, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_must_agree_with_the_length() {
        let labels = [0, 0, 8, 1, 0, 0, 0, 3, 7, 7, 7];
        let images = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 9, 9];
        assert_eq!(layout(&labels), Some((8, 1)));
        assert_eq!(layout(&images), Some((16, 2)));
        assert_eq!(layout(&images[..17]), None);
        assert_eq!(layout(&[0, 0, 8, 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(layout(&[0, 0, 13, 1, 0, 0, 0, 0]), None);
        assert_eq!(layout(&[0, 0, 8, 1, 0, 0, 0, 0]), None);
        assert_eq!(layout(b""), None);
    }
}
