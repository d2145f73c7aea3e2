//! TensorFlow Lite models, fully integer quantised (int8 in, int8 out), into the integer graph.
//!
//! The arithmetic a file implies is fixed by TensorFlow Lite's reference kernels; this importer
//! turns scales into that arithmetic's integers and refuses whatever it cannot reproduce to the bit.
//! The file is untrusted: any bytes give a graph or errors, in memory of the file's own order.

mod context;
mod convert;
mod convolution;
mod elementwise;
mod flatbuffer;
mod inspect;
mod names;
mod pool;
mod schema;
mod tensor;
pub mod write;

use crate::error::{Code, Fault, Format, ImportErrors};
use crate::inspection::Inspection;
use crate::ir::Graph;
use schema::{Model, Unreadable};

/// The operators [`import`] takes, by TensorFlow Lite's names.
pub const SUPPORTED: [&str; 8] =
    ["ADD", "AVERAGE_POOL_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "MAX_POOL_2D", "RESHAPE", "SOFTMAX"];

/// Reads `bytes`, a `.tflite` file, into a graph called `name`. Nodes stand in the file's operator
/// order, one a supported operator; `name` also opens every error line.
///
/// # Errors
/// Every fault of the file at once, each with its operator, what came and what would do.
pub fn import(name: &str, bytes: &[u8]) -> Result<Graph, ImportErrors> {
    let conversion = convert::convert(name, &read(name, bytes)?);
    if conversion.errors.is_empty() {
        Ok(conversion.graph)
    } else {
        Err(conversion.errors)
    }
}

/// Reads `bytes` and lists every operator with its size, and with its faults where it has any;
/// a model that cannot be imported can still be inspected.
///
/// # Errors
/// Only when the bytes are not a readable TensorFlow Lite file.
pub fn inspect(name: &str, bytes: &[u8]) -> Result<Inspection, ImportErrors> {
    let model = read(name, bytes)?;
    Ok(inspect::summarise(name, &model))
}

fn read<'a>(name: &str, bytes: &'a [u8]) -> Result<Model<'a>, ImportErrors> {
    Model::read(bytes).map_err(|reason| {
        let mut errors = ImportErrors::new(name);
        errors.push(unreadable(reason, bytes.len()).at(Format::Tflite, None));
        errors
    })
}

fn unreadable(reason: Unreadable, size: usize) -> Fault {
    let (came, would_do) = match reason {
        Unreadable::NotTflite => (
            format!("{size} bytes without the identifier TFL3 at byte 4"),
            "give a .tflite file as TensorFlow Lite's converter writes it",
        ),
        Unreadable::Version(version) => {
            (format!("schema version {version}"), "convert again with TensorFlow 2, which writes version 3")
        }
        Unreadable::NoSubgraph => ("a model without a subgraph".to_string(), "convert the model again"),
        Unreadable::TooMany(count) => {
            (format!("{count} tensors or operators"), "at most 65536 of each; the file is probably damaged")
        }
        Unreadable::Damaged(damage) => {
            (format!("damaged: {damage}"), "the file is cut short or overwritten: fetch or convert it again")
        }
    };
    Fault::new(Code::File, came, would_do)
}
