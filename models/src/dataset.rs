//! Images and labels in the IDX format of MNIST, plain or gzipped.

use std::io::Read;

use crate::error::Error;

/// Largest file taken after decompression; Fashion-MNIST's training images are 47,040,016 bytes.
const MAX_BYTES: u64 = 1 << 28;
const IMAGES_MAGIC: u32 = 0x0000_0803;
const LABELS_MAGIC: u32 = 0x0000_0801;

/// Greyscale images of one size with a label each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    height: usize,
    width: usize,
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl Dataset {
    /// From the bytes of an IDX image file and an IDX label file.
    ///
    /// # Errors
    /// [`Error::Data`] when a file is no IDX file of the right kind, is cut short or too long, or
    /// the two disagree on the count.
    pub fn from_idx(images: &[u8], labels: &[u8]) -> Result<Self, Error> {
        let (dims, pixels) = parse_idx("image file", images, IMAGES_MAGIC, 3)?;
        let (_, labels) = parse_idx("label file", labels, LABELS_MAGIC, 1)?;
        let count = dims.first().copied().unwrap_or(0);
        if count != labels.len() {
            return Err(data(
                "label file",
                format!("{} labels for {count} images; take both from one set", labels.len()),
            ));
        }
        let (height, width) = (dims.get(1).copied().unwrap_or(0), dims.get(2).copied().unwrap_or(0));
        if height * width == 0 {
            return Err(data("image file", format!("images of {height}x{width} have no pixels")));
        }
        Ok(Self { height, width, pixels, labels })
    }

    /// From parts; `pixels` holds one `height * width` image after another.
    ///
    /// # Errors
    /// [`Error::Data`] when the lengths do not agree.
    pub fn new(height: usize, width: usize, pixels: Vec<u8>, labels: Vec<u8>) -> Result<Self, Error> {
        let wanted = height.checked_mul(width).and_then(|n| n.checked_mul(labels.len()));
        if height == 0 || width == 0 || wanted != Some(pixels.len()) {
            let detail = format!("{} pixels for {} images of {height}x{width}", pixels.len(), labels.len());
            return Err(data("data set", detail));
        }
        Ok(Self { height, width, pixels, labels })
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// True without images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Height and width of every image.
    pub fn size(&self) -> (usize, usize) {
        (self.height, self.width)
    }

    /// Pixels (row by row) and label of image `index`, if there is one.
    pub fn get(&self, index: usize) -> Option<(&[u8], u8)> {
        let len = self.height * self.width;
        let start = index.checked_mul(len)?;
        Some((self.pixels.get(start..start.checked_add(len)?)?, *self.labels.get(index)?))
    }

    /// All images in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], u8)> {
        self.pixels.chunks_exact(self.height * self.width).zip(self.labels.iter().copied())
    }
}

fn data(what: &str, detail: String) -> Error {
    Error::Data { what: what.to_owned(), detail }
}

/// Dimensions and body of an IDX file of bytes.
fn parse_idx(what: &str, file: &[u8], magic: u32, rank: usize) -> Result<(Vec<usize>, Vec<u8>), Error> {
    let plain = decompress(what, file)?;
    let word = |i: usize| -> Result<u32, Error> {
        let bytes = plain.get(i * 4..i * 4 + 4).and_then(|b| <[u8; 4]>::try_from(b).ok());
        bytes.map(u32::from_be_bytes).ok_or_else(|| data(what, "ends within its header".to_owned()))
    };
    let found = word(0)?;
    if found != magic {
        return Err(data(what, format!("starts with {found:#010x}; an IDX file of this kind with {magic:#010x}")));
    }
    let dims = (1..=rank).map(|i| word(i).map(|d| d as usize)).collect::<Result<Vec<_>, _>>()?;
    let body = plain.get(4 + 4 * rank..).unwrap_or(&[]);
    let wanted = dims.iter().try_fold(1usize, |acc, &d| acc.checked_mul(d));
    if wanted != Some(body.len()) {
        return Err(data(what, format!("header says {dims:?}, {} bytes follow", body.len())));
    }
    Ok((dims, body.to_vec()))
}

fn decompress(what: &str, file: &[u8]) -> Result<Vec<u8>, Error> {
    if !file.starts_with(&[0x1f, 0x8b]) {
        return Ok(file.to_vec());
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(file)
        .take(MAX_BYTES)
        .read_to_end(&mut plain)
        .map_err(|e| data(what, format!("gzip: {e}; fetch the file again")))?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn idx(magic: u32, dims: &[u32], body: &[u8]) -> Vec<u8> {
        let mut file = magic.to_be_bytes().to_vec();
        dims.iter().for_each(|d| file.extend(d.to_be_bytes()));
        file.extend(body);
        file
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("writing to memory");
        encoder.finish().expect("writing to memory")
    }

    #[test]
    fn plain_and_gzipped_files_give_the_same_images() {
        let images = idx(IMAGES_MAGIC, &[2, 1, 3], &[1, 2, 3, 4, 5, 6]);
        let labels = idx(LABELS_MAGIC, &[2], &[7, 9]);
        let plain = Dataset::from_idx(&images, &labels).expect("valid files");
        assert_eq!(plain, Dataset::from_idx(&gzip(&images), &gzip(&labels)).expect("valid files"));
        assert_eq!(plain.get(1), Some((&[4u8, 5, 6][..], 9)));
        assert_eq!(plain.get(2), None);
        assert_eq!(plain.get(usize::MAX), None);
        assert_eq!(plain.iter().count(), 2);
    }

    #[test]
    fn broken_files_are_refused_with_the_reason() {
        let images = idx(IMAGES_MAGIC, &[2, 1, 3], &[1, 2, 3, 4, 5, 6]);
        let labels = idx(LABELS_MAGIC, &[2], &[7, 9]);
        let huge = idx(IMAGES_MAGIC, &[u32::MAX, u32::MAX, u32::MAX], &[1]);
        let cut = &gzip(&images)[..15];
        for (images, labels, words) in [
            (&labels[..], &labels[..], "starts with 0x00000801"),
            (&images[..10], &labels[..], "within its header"),
            (&images[..20], &labels[..], "4 bytes follow"),
            (&huge[..], &labels[..], "1 bytes follow"),
            (cut, &labels[..], "gzip"),
            (&[][..], &labels[..], "within its header"),
            (&images[..], &idx(LABELS_MAGIC, &[1], &[7])[..], "1 labels for 2 images"),
            (&idx(IMAGES_MAGIC, &[2, 0, 3], &[])[..], &labels[..], "no pixels"),
        ] {
            let error = Dataset::from_idx(images, labels).expect_err(words).to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
