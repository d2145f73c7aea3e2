//! A caffemodel's blobs by layer, read from the wire: `NetParameter` with `layer` or legacy `layers`.

use crate::protobuf::{Damage, Message, Value};
use std::collections::HashMap;

/// One trained array: its shape as stored, and its values' bytes in pieces (packed, or one by one).
#[derive(Debug, Clone, Default)]
pub struct Blob<'a> {
    pub shape: Vec<i64>,
    legacy: [Option<i64>; 4],
    data: Vec<&'a [u8]>,
    values: usize,
}

impl Blob<'_> {
    /// The number of values stored.
    pub fn len(&self) -> usize {
        self.values
    }

    pub fn values(&self) -> Vec<f32> {
        let mut values = Vec::with_capacity(self.values);
        for piece in &self.data {
            values.extend(piece.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])));
        }
        values
    }
}

/// Blobs by layer name, those of a layer in the file's order.
pub type Weights<'a> = HashMap<&'a str, Vec<Blob<'a>>>;

/// Reads a caffemodel.
///
/// # Errors
/// The bytes are not a `NetParameter`.
pub fn read(bytes: &[u8]) -> Result<Weights<'_>, Damage> {
    const LEGACY_LAYERS: u64 = 2;
    const LAYERS: u64 = 100;
    let mut weights = Weights::new();
    for field in Message::new(bytes) {
        let (name_field, blob_field, layer) = match field? {
            (LEGACY_LAYERS, Value::Bytes(layer)) => (4, 6, layer),
            (LAYERS, Value::Bytes(layer)) => (1, 7, layer),
            _ => continue,
        };
        let mut name = "";
        let mut blobs = Vec::new();
        for field in Message::new(layer) {
            match field? {
                (number, value) if number == name_field => name = value.text(),
                (number, value) if number == blob_field => {
                    let blob = blob(value.bytes())?;
                    blobs.extend((blob.values > 0).then_some(blob));
                }
                _ => {}
            }
        }
        if !blobs.is_empty() {
            weights.insert(name, blobs);
        }
    }
    Ok(weights)
}

fn blob(bytes: &[u8]) -> Result<Blob<'_>, Damage> {
    let mut blob = Blob::default();
    for field in Message::new(bytes) {
        match field? {
            (number @ 1..=4, value) => blob.legacy[number as usize - 1] = Some(value.int()),
            (5, Value::Bytes(bytes)) if bytes.len() % 4 == 0 => {
                blob.values += bytes.len() / 4;
                // Empty pieces are free to write and not to keep.
                blob.data.extend((!bytes.is_empty()).then_some(bytes));
            }
            (5, Value::Bytes(_)) => return Err(Damage { at: 0, what: "values that end inside a number" }),
            (5, Value::Fixed32(_)) => return Err(Damage { at: 0, what: "values stored unpacked" }),
            (7, value) => {
                for field in Message::new(value.bytes()) {
                    if let (1, dims) = field? {
                        dims.push_ints(&mut blob.shape)?;
                    }
                }
            }
            _ => {}
        }
    }
    if blob.shape.is_empty() {
        blob.shape.extend(blob.legacy.iter().flatten());
    }
    Ok(blob)
}
