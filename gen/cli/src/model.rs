//! Which network is meant: a .tflite file or one that is embedded.

use crate::failure::Failure;
use crate::files;
use clap::Args;
use cortado_graph::ir::Graph;
use cortado_graph::tflite;
use std::path::Path;

/// Larger than any model that could run on these engines, and still held in memory with ease.
const MOST_BYTES: u64 = 1 << 28;

/// The choice of a network.
#[derive(Args, Debug)]
pub struct ModelChoice {
    /// Network: a .tflite file, or the embedded @fashion or @tiny
    #[arg(value_name = "MODEL", default_value = "@fashion")]
    pub model: String,
}

/// A network's file.
#[derive(Debug)]
pub struct ModelFile {
    /// Short name: the file's without its extension, or the embedded network's without its `@`.
    pub name: String,
    /// The `.tflite` file.
    pub bytes: Vec<u8>,
    /// It classifies the embedded images.
    pub embedded: bool,
}

impl ModelChoice {
    /// The file chosen.
    ///
    /// # Errors
    /// As [`read`].
    pub fn read(&self) -> Result<ModelFile, Failure> {
        read(&self.model)
    }
}

/// The model file at a path, or an embedded one.
///
/// # Errors
/// No embedded network has the name, or the file cannot be read.
pub fn read(model: &str) -> Result<ModelFile, Failure> {
    if let Some(name) = model.strip_prefix('@') {
        let bytes = match name {
            "fashion" => cortado_models::FASHION,
            "tiny" => cortado_models::TINY,
            _ => {
                return Err(Failure::Refused(format!(
                    "no embedded network is called {model:?}; there are @fashion and @tiny"
                )))
            }
        };
        return Ok(ModelFile { name: name.to_owned(), bytes: bytes.to_vec(), embedded: true });
    }
    let path = Path::new(model);
    let bytes = files::read(path, MOST_BYTES, "a model")?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(ModelFile { name, bytes, embedded: false })
}

impl ModelFile {
    /// The integer graph.
    ///
    /// # Errors
    /// Every fault of the file.
    pub fn import(&self) -> Result<Graph, Failure> {
        tflite::import(&self.name, &self.bytes).map_err(Failure::refused)
    }
}
