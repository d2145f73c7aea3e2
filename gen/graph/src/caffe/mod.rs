//! Caffe networks: a definition (prototxt, with `layer` or legacy `layers`, and inputs in all three
//! forms) and its trained weights (caffemodel), into the float graph.
//!
//! The batch of a definition is how many images were run at once in training; one image is taken.
//! Both files are untrusted: any bytes give a graph or errors, in memory of the files' own order.

mod context;
mod convert;
mod layers;
mod parameters;
mod text;
mod weights;

use crate::error::{Code, Fault, Format, ImportErrors};
use crate::float::{summarise, FloatGraph};
use crate::inspection::Inspection;
use context::Context;
use text::Message;

/// The layers [`import`] takes, by Caffe's names.
pub const SUPPORTED: [&str; 13] = [
    "BatchNorm",
    "Convolution",
    "Dropout",
    "Eltwise",
    "Flatten",
    "InnerProduct",
    "Input",
    "LRN",
    "Pooling",
    "ReLU",
    "Scale",
    "Softmax",
    "Split",
];

/// Reads a definition and, where there is one, its trained file into a float graph called `name`.
/// Without the trained file the graph has shapes and no values.
///
/// # Errors
/// Every fault at once, each with its layer, what came and what would do.
pub fn import(name: &str, definition: &[u8], trained: Option<&[u8]>) -> Result<FloatGraph, ImportErrors> {
    let (graph, _, errors) = read(name, definition, trained)?;
    if errors.is_empty() {
        Ok(graph)
    } else {
        Err(errors)
    }
}

/// Lists every layer with its size, and with its faults where it has any.
///
/// # Errors
/// Only when one of the files cannot be read at all.
pub fn inspect(name: &str, definition: &[u8], trained: Option<&[u8]>) -> Result<Inspection, ImportErrors> {
    let (graph, kinds, errors) = read(name, definition, trained)?;
    Ok(summarise(kinds, &graph, &errors))
}

type Read = (FloatGraph, Vec<String>, ImportErrors);

fn read(name: &str, definition: &[u8], trained: Option<&[u8]>) -> Result<Read, ImportErrors> {
    let refuse = |came: String, would_do: &str| {
        let mut errors = ImportErrors::new(name);
        errors.push(Fault::new(Code::File, came, would_do).at(Format::Caffe, None));
        errors
    };
    let text = std::str::from_utf8(definition).map_err(|error| {
        refuse(format!("{error}"), "give the network's definition as text (.prototxt), its weights apart from it")
    })?;
    let definition = Message::parse(text)
        .map_err(|error| refuse(error.to_string(), "the definition must be Caffe's text format"))?;
    let weights = trained.map(weights::read).transpose().map_err(|damage| {
        refuse(format!("weights damaged: {damage}"), "give a .caffemodel as Caffe writes it, or fetch it again")
    })?;
    Ok(convert::convert(Context::new(name, weights), &definition))
}
