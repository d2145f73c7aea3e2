//! Networks of the data folder.

use cortado_graph::ir::Graph;
use std::path::PathBuf;

/// A model of the data folder, or `None` with a line that says what is skipped.
pub fn model(file: &str) -> Option<Graph> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let data = std::env::var("CORTADO_DATA").map_or_else(|_| root.join("../shared/data"), PathBuf::from);
    let path = data.join("mlperf_tiny").join(file);
    let Ok(bytes) = std::fs::read(&path) else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{} is missing", path.display());
        eprintln!("skipped: {} is missing; CORTADO_DATA names the folder of models", path.display());
        return None;
    };
    Some(cortado_graph::tflite::import(file, &bytes).unwrap_or_else(|e| panic!("{file}: {e}")))
}
