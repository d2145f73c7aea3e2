//! Which network is meant: a file, or one that is embedded.

use crate::failure::Failure;
use crate::files;
use clap::Args;
use cortado_graph::float::FloatGraph;
use cortado_graph::inspection::Inspection;
use cortado_graph::ir::{DataType, Graph};
use cortado_graph::synthetic::synthetic;
use cortado_graph::{caffe, onnx, tflite};
use std::path::{Path, PathBuf};

/// Larger than any model that could run on these engines (VGG16's weights are 553 MB), and still held in memory.
const MOST_BYTES: u64 = 1 << 30;

const VGG16: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/definitions/vgg16.prototxt"));
const ALEXNET: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/definitions/alexnet.prototxt"));

/// Seed of random weights.
const WEIGHTS_SEED: u64 = 1;

/// The choice of a network.
#[derive(Args, Debug)]
pub struct ModelChoice {
    /// Network: a .tflite file, the embedded @fashion or @tiny, @vgg16 or @alexnet with random weights; inspect, quantise
    /// and explore take .onnx and .prototxt too
    #[arg(value_name = "MODEL", default_value = "@fashion")]
    pub model: String,
}

/// What a file's ending says of its contents.
#[derive(Debug)]
pub enum Contents {
    Tflite,
    Onnx,
    /// A Caffe definition, with its trained file where there is one.
    Caffe(Option<Vec<u8>>),
    /// A Caffe definition that gets random weights.
    Untrained,
}

/// A network's file.
#[derive(Debug)]
pub struct ModelFile {
    /// Short name: the file's without its extension, or the embedded network's without its `@`.
    pub name: String,
    pub bytes: Vec<u8>,
    pub contents: Contents,
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
        let (bytes, contents) = match name {
            "fashion" => (cortado_models::FASHION, Contents::Tflite),
            "tiny" => (cortado_models::TINY, Contents::Tflite),
            "vgg16" => (VGG16, Contents::Untrained),
            "alexnet" => (ALEXNET, Contents::Untrained),
            _ => {
                return Err(Failure::Refused(format!(
                    "no embedded network is called {model:?}; there are @fashion and @tiny, and with random weights @vgg16 \
                     and @alexnet"
                )))
            }
        };
        let embedded = matches!(contents, Contents::Tflite);
        return Ok(ModelFile { name: name.to_owned(), bytes: bytes.to_vec(), contents, embedded });
    }
    let path = Path::new(model);
    let bytes = files::read(path, MOST_BYTES, "a model")?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let contents = match ending.as_str() {
        "onnx" => Contents::Onnx,
        "prototxt" => {
            let beside = path.with_extension("caffemodel");
            Contents::Caffe(beside.is_file().then(|| trained(&beside)).transpose()?)
        }
        _ => Contents::Tflite,
    };
    Ok(ModelFile { name, bytes, contents, embedded: false })
}

fn trained(path: &Path) -> Result<Vec<u8>, Failure> {
    files::read(path, MOST_BYTES, "trained weights")
}

impl ModelFile {
    /// The same definition with the trained file at `path`, where one is given.
    ///
    /// # Errors
    /// The file cannot be read, or the model has its weights within it.
    pub fn with_weights(mut self, path: Option<&PathBuf>) -> Result<ModelFile, Failure> {
        if let Some(path) = path {
            match &mut self.contents {
                Contents::Caffe(weights) => *weights = Some(trained(path)?),
                _ => return Err(Failure::Refused(format!("--weights is for a .prototxt; {} has its own", self.name))),
            }
        }
        Ok(self)
    }

    /// The integer graph.
    ///
    /// # Errors
    /// Every fault of the file, or that it is not quantised.
    pub fn import(&self) -> Result<Graph, Failure> {
        match self.contents {
            Contents::Tflite => tflite::import(&self.name, &self.bytes).map_err(Failure::refused),
            Contents::Untrained => {
                synthetic(&self.import_float()?, DataType::Int8, WEIGHTS_SEED).map_err(Failure::refused)
            }
            _ => Err(Failure::Refused(format!(
                "{} is read as a network in floating point and engines compute in int8 or int16; make such a model first: \
                 cortado quantise MODEL --calibrate IMAGES -o {}.tflite",
                self.name, self.name
            ))),
        }
    }

    /// The float graph of an ONNX or Caffe file.
    ///
    /// # Errors
    /// Every fault of the file, or that it is quantised already.
    pub fn import_float(&self) -> Result<FloatGraph, Failure> {
        match &self.contents {
            Contents::Onnx => onnx::import(&self.name, &self.bytes).map_err(Failure::refused),
            Contents::Caffe(weights) => {
                caffe::import(&self.name, &self.bytes, weights.as_deref()).map_err(Failure::refused)
            }
            Contents::Untrained => caffe::import(&self.name, &self.bytes, None).map_err(Failure::refused),
            Contents::Tflite => Err(Failure::Refused(format!(
                "{} is taken as a .tflite file, which is quantised where it was trained; give an .onnx or .prototxt",
                self.name
            ))),
        }
    }

    /// What is in the file, whatever its format.
    ///
    /// # Errors
    /// The file cannot be read as its format.
    pub fn inspect(&self) -> Result<Inspection, Failure> {
        match &self.contents {
            Contents::Tflite => tflite::inspect(&self.name, &self.bytes),
            Contents::Onnx => onnx::inspect(&self.name, &self.bytes),
            Contents::Caffe(weights) => caffe::inspect(&self.name, &self.bytes, weights.as_deref()),
            Contents::Untrained => caffe::inspect(&self.name, &self.bytes, None),
        }
        .map_err(Failure::refused)
    }
}
