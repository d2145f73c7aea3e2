//! `cortado quantise`: from a float network to a TensorFlow Lite file of int8 or int16, and what that costs.

use crate::console::Console;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::idx::Items;
use crate::model::ModelChoice;
use crate::table::thousands;
use clap::{Args, ValueEnum};
use cortado_graph::calibrate::{quantise, Ranges};
use cortado_graph::float::{evaluate, fold, FloatGraph};
use cortado_graph::ir::{DataType, Graph};
use cortado_graph::tflite;
use cortado_models::network::argmax;
use serde::Serialize;
use std::path::PathBuf;
use std::thread;

/// Arguments of `cortado quantise`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelChoice,
    /// Trained weights of a .prototxt, when they are not beside it under its name
    #[arg(long, value_name = "FILE.caffemodel")]
    weights: Option<PathBuf>,
    /// Inputs like those the network will see: an IDX file of bytes, each input in NHWC order
    #[arg(long, value_name = "IDX")]
    calibrate: PathBuf,
    /// Inputs of it that are used, from the first on
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    inputs: u32,
    /// What a byte is multiplied by before the network sees it
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    scale: f32,
    /// Inputs to measure the accuracy on, before and after (IDX)
    #[arg(long, value_name = "IDX", requires = "labels")]
    test: Option<PathBuf>,
    /// The class of each of them (IDX)
    #[arg(long, value_name = "IDX", requires = "test")]
    labels: Option<PathBuf>,
    /// What the engine computes in
    #[arg(long, value_enum, value_name = "TYPE", default_value = "int8")]
    data_type: Target,
    /// The quantised model
    #[arg(short, long, value_name = "FILE.tflite")]
    out: PathBuf,
}

/// The data types of engines.
#[derive(ValueEnum, Clone, Copy, Debug)]
enum Target {
    /// TensorFlow Lite's int8
    Int8,
    /// 16-bit fixed point: every scale a power of two
    Int16,
}

impl Target {
    fn data_type(self) -> DataType {
        match self {
            Target::Int8 => DataType::Int8,
            Target::Int16 => DataType::Int16,
        }
    }
}

#[derive(Serialize)]
struct Accuracy {
    inputs: usize,
    /// Share of inputs whose class has the largest output.
    float: f64,
    quantised: f64,
}

#[derive(Serialize)]
struct Report {
    model: String,
    data_type: &'static str,
    out: String,
    bytes: usize,
    calibration_inputs: usize,
    /// The input's code: real = scale * (q - zero_point).
    input_scale: f32,
    input_zero_point: i32,
    notes: Vec<String>,
    accuracy: Option<Accuracy>,
}

/// Writes the quantised model.
///
/// # Errors
/// Model or data set is refused, or a layer has no form in the data type; no file is written then.
pub fn run(arguments: &Arguments, console: Console) -> Outcome {
    if !(arguments.scale.is_finite() && arguments.scale != 0.0) {
        return Err(Failure::Refused(format!("--scale {}: a number other than 0 is needed", arguments.scale)));
    }
    let model = arguments.model.read()?.with_weights(arguments.weights.as_ref())?;
    let graph = fold(&model.import_float()?);
    let [input] = graph.inputs[..] else {
        return Err(Failure::Refused(format!("{}: {} inputs; one is taken", model.name, graph.inputs.len())));
    };
    let shape = &graph.tensors[input].shape;
    let items = fitting(&arguments.calibrate, shape)?;
    let mut ranges = Ranges::new(&graph);
    let mut used = 0;
    for item in items.iter().take(arguments.inputs as usize) {
        ranges.observe(&graph, &real(item, shape, arguments.scale)).map_err(Failure::refused)?;
        used += 1;
    }
    let quantised = quantise(&graph, &ranges, arguments.data_type.data_type()).map_err(Failure::refused)?;
    // Read back before it is written: what leaves here, every other verb takes.
    let integer = tflite::import(&model.name, &quantised.bytes).map_err(Failure::refused)?;
    let code = integer.inputs.first().map(|&id| &integer.tensors[id]);
    let (input_scale, input_zero_point) = code.map_or((0.0, 0), |tensor| (tensor.scale, tensor.zero_point));
    let accuracy = match (&arguments.test, &arguments.labels) {
        (Some(test), Some(labels)) => {
            let (test, labels) = (fitting(test, shape)?, Items::read(labels)?);
            Some(compare(&graph, &integer, &test, &labels, arguments.scale)?)
        }
        _ => None,
    };
    files::write(&arguments.out, &quantised.bytes)?;
    let report = Report {
        model: model.name,
        data_type: integer.data_type.name(),
        out: arguments.out.display().to_string(),
        bytes: quantised.bytes.len(),
        calibration_inputs: used,
        input_scale,
        input_zero_point,
        notes: quantised.notes,
        accuracy,
    };
    console.answer(&report, text)
}

/// A data set whose items fill a tensor of `shape`.
fn fitting(path: &std::path::Path, shape: &[usize]) -> Result<Items, Failure> {
    let items = Items::read(path)?;
    let wanted: usize = shape.iter().product();
    match items.size == wanted {
        true => Ok(items),
        false => Err(Failure::Refused(format!(
            "{}: {} bytes an item; the network's input of shape {shape:?} (NCHW) needs {wanted}",
            path.display(),
            items.size
        ))),
    }
}

/// Bytes in NHWC order as values in NCHW order.
fn real(item: &[u8], shape: &[usize], scale: f32) -> Vec<f32> {
    let channels = if shape.len() == 4 { shape[1] } else { 1 };
    let one = |channel| item.iter().skip(channel).step_by(channels).map(|&byte| f32::from(byte) * scale);
    (0..channels).flat_map(one).collect()
}

/// The nearest codes, in the bytes' own order.
fn codes(item: &[u8], scale: f32, integer: &Graph) -> Vec<i16> {
    let tensor = &integer.tensors[integer.inputs[0]];
    let (low, high) = integer.data_type.range();
    let code = |&byte: &u8| {
        let q = (f32::from(byte) * scale / tensor.scale).round() + tensor.zero_point as f32;
        q.clamp(low as f32, high as f32) as i16
    };
    item.iter().map(code).collect()
}

fn compare(graph: &FloatGraph, integer: &Graph, test: &Items, labels: &Items, scale: f32) -> Result<Accuracy, Failure> {
    let pairs: Vec<(&[u8], usize)> =
        test.iter().zip(labels.iter()).map(|(item, label)| (item, usize::from(label[0]))).collect();
    if test.iter().count() != labels.iter().count() || labels.size != 1 {
        return Err(Failure::Refused(format!(
            "{} test inputs and {} labels of {} bytes; one label of one byte an input is needed",
            test.iter().count(),
            labels.iter().count(),
            labels.size
        )));
    }
    let shape = &graph.tensors[graph.inputs[0]].shape;
    let (Some(&float_out), Some(&int_out)) = (graph.outputs.first(), integer.outputs.first()) else {
        return Err(Failure::Refused(format!("{}: no output", graph.name)));
    };
    let count = |pairs: &[(&[u8], usize)]| -> Result<(usize, usize), Failure> {
        let (mut float, mut quantised) = (0, 0);
        for (item, label) in pairs {
            let answer = evaluate(graph, &real(item, shape, scale)).map_err(Failure::refused)?;
            float += usize::from(argmax(&answer[float_out]) == *label);
            let answer = cortado_golden::run(integer, &codes(item, scale, integer)).map_err(Failure::refused)?;
            quantised += usize::from(argmax(&answer[int_out]) == *label);
        }
        Ok((float, quantised))
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let counts = thread::scope(|scope| {
        let parts = pairs.chunks(pairs.len().div_ceil(workers).max(1));
        let running: Vec<_> = parts.map(|part| scope.spawn(|| count(part))).collect();
        running.into_iter().map(|part| part.join()).collect::<Vec<_>>()
    });
    let (mut float, mut quantised) = (0, 0);
    for part in counts {
        let part = part.map_err(|_| Failure::Refused("a worker of the accuracy test stopped".to_owned()))??;
        (float, quantised) = (float + part.0, quantised + part.1);
    }
    let share = |right: usize| right as f64 / pairs.len() as f64;
    Ok(Accuracy { inputs: pairs.len(), float: share(float), quantised: share(quantised) })
}

fn text(report: &Report) -> String {
    let mut text = format!(
        "{} in {}: {} ({} bytes), calibrated on {} inputs\ninput: real = {} * (q - {})\n",
        report.model,
        report.data_type,
        report.out,
        thousands(report.bytes as u64),
        report.calibration_inputs,
        report.input_scale,
        report.input_zero_point
    );
    text.extend(report.notes.iter().map(|note| format!("note: {note}\n")));
    if let Some(Accuracy { inputs, float, quantised }) = report.accuracy {
        text.push_str(&format!(
            "accuracy on {} inputs: {:.2} % in float, {:.2} % in {}\n",
            thousands(inputs as u64),
            100.0 * float,
            100.0 * quantised,
            report.data_type
        ));
    }
    text
}
