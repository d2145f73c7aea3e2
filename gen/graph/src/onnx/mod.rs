//! ONNX networks, into the float graph.
//!
//! Quantised forms (QDQ and QLinear operators) are read as the float network they stand for, with the ranges of
//! their codes. They are no integer graph: onnxruntime rounds halves to even after a product in single precision, the
//! integer graph rounds twice in fixed point, and no fixed-point factor meets all of onnxruntime's thresholds. So the
//! quantiser makes the integer graph, and says that single values may differ.
//! The file is untrusted: any bytes give a graph or errors, in memory of the file's own order.

mod context;
mod convert;
mod layers;
mod proto;
mod quantised;
mod window;

use crate::error::{Code, Fault, Format, ImportErrors};
use crate::float::{summarise, FloatGraph};
use crate::inspection::Inspection;

/// The operators [`import`] takes, by ONNX's names.
pub const SUPPORTED: [&str; 26] = [
    "Add",
    "AveragePool",
    "BatchNormalization",
    "Clip",
    "Constant",
    "ConstantOfShape",
    "Conv",
    "DequantizeLinear",
    "Div",
    "Dropout",
    "Flatten",
    "Gemm",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Identity",
    "LRN",
    "MatMul",
    "MaxPool",
    "Mul",
    "QLinearAdd",
    "QLinearConv",
    "QLinearMatMul",
    "QuantizeLinear",
    "Relu",
    "Reshape",
    "Softmax",
];

/// Reads `bytes`, an `.onnx` file, into a float graph called `name`.
///
/// # Errors
/// Every fault at once, each with its operator, what came and what would do.
pub fn import(name: &str, bytes: &[u8]) -> Result<FloatGraph, ImportErrors> {
    let (graph, _, errors) = read(name, bytes)?;
    if errors.is_empty() {
        Ok(graph)
    } else {
        Err(errors)
    }
}

/// Lists every operator with its size, and with its faults where it has any.
///
/// # Errors
/// Only when the bytes are not a readable ONNX file.
pub fn inspect(name: &str, bytes: &[u8]) -> Result<Inspection, ImportErrors> {
    let (graph, kinds, errors) = read(name, bytes)?;
    Ok(summarise(kinds, &graph, &errors))
}

type Read = (FloatGraph, Vec<String>, ImportErrors);

fn read(name: &str, bytes: &[u8]) -> Result<Read, ImportErrors> {
    let refuse = |came: String, would_do: &str| {
        let mut errors = ImportErrors::new(name);
        errors.push(Fault::new(Code::File, came, would_do).at(Format::Onnx, None));
        errors
    };
    let model = proto::model(bytes)
        .map_err(|damage| refuse(format!("damaged: {damage}"), "give an .onnx file, or fetch or export it again"))?;
    if model.nodes.is_empty() {
        return Err(refuse("no operators".to_string(), "give an .onnx file with a graph"));
    }
    Ok(convert::convert(name, bytes.len(), &model))
}
