//! Networks and data of the data folder.

// Each test file uses its own part of this.
#![allow(dead_code)]

use cortado_graph::ir::Graph;
use std::path::PathBuf;

/// A file of the data folder, or `None` with a line that says what is skipped.
pub fn data(file: &str) -> Option<Vec<u8>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let data = std::env::var("CORTADO_DATA").map_or_else(|_| root.join("../shared/data"), PathBuf::from);
    let path = data.join(file);
    let Ok(bytes) = std::fs::read(&path) else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{} is missing", path.display());
        eprintln!("skipped: {} is missing; CORTADO_DATA names the folder of models", path.display());
        return None;
    };
    Some(bytes)
}

/// A model of the MLPerf Tiny networks, or `None` as [`data`].
pub fn model(file: &str) -> Option<Graph> {
    let bytes = data(&format!("mlperf_tiny/{file}"))?;
    Some(cortado_graph::tflite::import(file, &bytes).unwrap_or_else(|e| panic!("{file}: {e}")))
}
