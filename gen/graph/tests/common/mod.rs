//! A writer of small TensorFlow Lite files, one sound model that uses every operator, and the data
//! folder's files.
#![allow(dead_code)] // Each test binary uses its own part.

pub mod flatbuffer;
pub mod model;

use std::path::{Path, PathBuf};

/// The four int8 networks of MLPerf Tiny.
pub const NETWORKS: [&str; 4] = ["ad_autoencoder_int8", "ic_resnet8_int8", "kws_dscnn_int8", "vww_mobilenetv1_int8"];

/// A model of the data folder; `None` as [`data`].
pub fn network(name: &str) -> Option<Vec<u8>> {
    data(&format!("mlperf_tiny/{name}.tflite"))
}

/// A file of the data folder; `None`, said plainly, when it is absent (a failure when `CI=true`).
pub fn data(name: &str) -> Option<Vec<u8>> {
    let data = std::env::var_os("CORTADO_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    match std::fs::read(data.join(name)) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            let skipped = format!("skipped: {name}: {error}; set CORTADO_DATA to the data folder");
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{skipped}");
            println!("{skipped}");
            None
        }
    }
}

/// The first thousand test images of MNIST (28 x 28 bytes each) and their labels.
pub fn digits() -> Option<(Vec<Vec<u8>>, Vec<u8>)> {
    let images = data("mnist/t10k-images-first1000-idx3-ubyte")?;
    let labels = data("mnist/t10k-labels-first1000-idx1-ubyte")?;
    Some((images[16..].chunks_exact(28 * 28).map(<[u8]>::to_vec).collect(), labels[8..].to_vec()))
}

/// Position of the largest value; the first of equals.
pub fn largest<T: PartialOrd>(values: &[T]) -> usize {
    (1..values.len()).fold(0, |best, index| if values[index] > values[best] { index } else { best })
}
