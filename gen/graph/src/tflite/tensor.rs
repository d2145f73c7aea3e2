//! A file's tensors, checked: activations and constants as the operators take them.

use super::flatbuffer::Vector;
use super::names;
use super::schema::TensorView;
use crate::error::{quoted, Code, Fault};
use crate::geometry::elements;
use crate::ir::DataType;
use crate::quantise::is_power_of_two;

/// An activation in the model's data type.
#[derive(Debug, Clone)]
pub struct Activation {
    /// Index in the file's tensor table.
    pub index: usize,
    pub shape: Vec<usize>,
    pub scale: f32,
    pub zero_point: i32,
}

impl Activation {
    /// Elements; the shape was checked when the activation was made.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// The shape as batch, height, width, channels.
    pub fn nhwc(&self, role: &str) -> Result<[usize; 4], Fault> {
        self.shape.as_slice().try_into().map_err(|_| {
            Fault::new(
                Code::Shape,
                format!("{role} has shape {:?}", self.shape),
                "a map of four dimensions (batch, height, width, channels) is needed",
            )
        })
    }
}

/// Constant weights in the model's data type with one scale, or one per channel.
pub struct Weights<'a> {
    data_type: DataType,
    pub shape: Vec<usize>,
    pub bytes: &'a [u8],
    scales: Vector<'a, f32>,
}

impl Weights<'_> {
    /// The scale of output channel `channel`.
    pub fn scale(&self, channel: usize) -> f32 {
        let index = if self.scales.len() == 1 { 0 } else { channel };
        // Length and values were checked when the weights were made.
        self.scales.get(index).unwrap_or(0.0)
    }

    /// Whether each output channel has a scale of its own.
    pub fn is_per_channel(&self) -> bool {
        self.scales.len() > 1
    }

    /// The weights' values.
    pub fn values(&self) -> Vec<i16> {
        self.data_type.from_bytes(self.bytes)
    }
}

/// How a message names tensor `index`.
pub fn label(index: usize, view: &TensorView) -> String {
    format!("tensor {index} {}", quoted(view.name))
}

/// The shape of a tensor, every dimension at least 1 and the product within bounds.
pub fn shape(index: usize, view: &TensorView) -> Result<Vec<usize>, Fault> {
    const MAX_RANK: usize = 8;
    let refuse = |came: String| {
        Fault::new(
            Code::Shape,
            format!("{} has {came}", label(index, view)),
            "1 to 8 fixed dimensions of 1 or more, fewer than 2^31 elements in all, are needed",
        )
    };
    let rank = view.shape.len();
    if rank == 0 || rank > MAX_RANK {
        return Err(refuse(format!("{rank} dimensions")));
    }
    let raw: Vec<i32> = view.shape.iter().collect();
    let dims: Option<Vec<usize>> = raw.iter().map(|&dim| usize::try_from(dim).ok().filter(|&dim| dim > 0)).collect();
    dims.filter(|dims| elements(dims).is_some()).ok_or_else(|| refuse(format!("shape {raw:?}")))
}

/// The number of the data type's elements among the file's types.
pub fn element_number(data_type: DataType) -> i8 {
    match data_type {
        DataType::Int8 => names::INT8,
        DataType::Int16 => names::INT16,
    }
}

/// Checks that `scale` is one a division by it survives, and at int16 a power of two.
fn usable_scale(index: usize, view: &TensorView, data_type: DataType, scale: f32) -> Result<(), Fault> {
    if scale.is_normal() && scale > 0.0 {
        if data_type == DataType::Int8 || is_power_of_two(scale) {
            return Ok(());
        }
        return Err(Fault::new(
            Code::Quantisation,
            format!("{} is INT16 of scale {scale}", label(index, view)),
            "INT16 scales are powers of two here, as cortado quantise --data-type int16 writes them; TensorFlow Lite's \
             16x8 mode is not taken",
        ));
    }
    Err(Fault::new(
        Code::Quantisation,
        format!("{} has scale {scale}", label(index, view)),
        "a scale must be a positive, finite number: quantise the model again",
    ))
}

fn expect_type(index: usize, view: &TensorView, expected: i8) -> Result<(), Fault> {
    if view.element_type == expected {
        return Ok(());
    }
    let hint = match names::element_type(view.element_type).as_str() {
        "UINT8" => ": convert again with a converter of TensorFlow 2, which quantises to INT8",
        "INT16" => ": convert without the 16x8 mode",
        "INT8" => ": networks of INT16 activations have INT16 weights; TensorFlow Lite's 16x8 mode is not taken",
        "INT32" if expected == names::INT64 => ": biases of INT16 networks have 64 bits",
        _ => ": convert with full integer quantisation",
    };
    Err(Fault::new(
        Code::Type,
        format!("{} is {}", label(index, view), names::element_type(view.element_type)),
        format!("{} is needed{hint}", names::element_type(expected)),
    ))
}

/// Checks tensor `index` as an activation.
pub fn activation(index: usize, view: &TensorView, data_type: DataType) -> Result<Activation, Fault> {
    expect_type(index, view, element_number(data_type))?;
    if view.data.is_some() {
        return Err(Fault::new(
            Code::Operator,
            format!("{} is a constant", label(index, view)),
            "an activation is needed here: fold constants before converting",
        ));
    }
    if view.is_variable {
        return Err(Fault::new(
            Code::Operator,
            format!("{} is a variable", label(index, view)),
            "networks that keep state between runs are not taken",
        ));
    }
    let shape = shape(index, view)?;
    let (Some(scale), Some(zero_point), 1, 1) =
        (view.scales.get(0), view.zero_points.get(0), view.scales.len(), view.zero_points.len())
    else {
        return Err(Fault::new(
            Code::Quantisation,
            format!(
                "{} has {} scales and {} zero points",
                label(index, view),
                view.scales.len(),
                view.zero_points.len()
            ),
            "an activation needs exactly one of each: quantise the model again",
        ));
    };
    usable_scale(index, view, data_type, scale)?;
    if data_type == DataType::Int16 && zero_point != 0 {
        return Err(Fault::new(
            Code::Quantisation,
            format!("{} has zero point {zero_point}", label(index, view)),
            "INT16 tensors are symmetric (zero point 0): quantise the model again",
        ));
    }
    let zero_point = i8::try_from(zero_point).map_err(|_| {
        Fault::new(
            Code::Quantisation,
            format!("{} has zero point {zero_point}", label(index, view)),
            "an INT8 zero point lies in -128..=127: quantise the model again",
        )
    })?;
    Ok(Activation { index, shape, scale, zero_point: i32::from(zero_point) })
}

/// Bytes of a constant of `count` elements of `size` bytes each.
fn constant<'a>(index: usize, view: &TensorView<'a>, count: usize, size: usize) -> Result<&'a [u8], Fault> {
    let came = view.data.map_or(0, <[u8]>::len);
    match view.data {
        Some(data) if Some(came) == count.checked_mul(size) && !view.is_sparse => Ok(data),
        Some(_) if view.is_sparse => Err(Fault::new(
            Code::Data,
            format!("{} is stored sparsely", label(index, view)),
            "convert without sparsity: the weights must be stored in full",
        )),
        Some(_) => Err(Fault::new(
            Code::Data,
            format!("{} holds {came} bytes", label(index, view)),
            format!("its shape needs {count} values of {size} bytes: convert the model again"),
        )),
        None => Err(Fault::new(
            Code::Data,
            format!("{} is not a constant", label(index, view)),
            "weights and biases must be stored in the file",
        )),
    }
}

/// Checks tensor `index` as weights of `rank` dimensions whose output channels lie on `axis`.
pub fn weights<'a>(
    index: usize,
    view: &TensorView<'a>,
    data_type: DataType,
    rank: usize,
    axis: usize,
) -> Result<Weights<'a>, Fault> {
    expect_type(index, view, element_number(data_type))?;
    let shape = shape(index, view)?;
    if shape.len() != rank {
        return Err(Fault::new(
            Code::Shape,
            format!("{} has shape {shape:?}", label(index, view)),
            format!("weights of {rank} dimensions are needed here"),
        ));
    }
    let bytes = constant(index, view, shape.iter().product(), data_type.bytes())?;
    let channels = shape.get(axis).copied().unwrap_or(0);
    let on_axis = usize::try_from(view.quantised_dimension) == Ok(axis);
    let scales = view.scales.len();
    if scales != 1 && !(scales == channels && on_axis) {
        return Err(Fault::new(
            Code::Quantisation,
            format!("{} has {scales} scales along dimension {}", label(index, view), view.quantised_dimension),
            format!("one scale, or {channels} along dimension {axis}, are needed"),
        ));
    }
    for scale in view.scales.iter() {
        usable_scale(index, view, data_type, scale)?;
    }
    if let Some(zero_point) = view.zero_points.iter().find(|&zero_point| zero_point != 0) {
        return Err(Fault::new(
            Code::Quantisation,
            format!("{} has zero point {zero_point}", label(index, view)),
            format!(
                "{} weights are symmetric (zero point 0): quantise the model again",
                names::element_type(view.element_type)
            ),
        ));
    }
    Ok(Weights { data_type, shape, bytes, scales: view.scales })
}

/// Checks tensor `index` as `channels` biases, of 32 bits at int8 and 64 at int16. Their own scale is implied and not
/// read.
pub fn bias(index: usize, view: &TensorView, data_type: DataType, channels: usize) -> Result<Vec<i64>, Fault> {
    let (expected, size) = match data_type {
        DataType::Int8 => (names::INT32, 4),
        DataType::Int16 => (names::INT64, 8),
    };
    expect_type(index, view, expected)?;
    let shape = shape(index, view)?;
    if shape.iter().product::<usize>() != channels {
        return Err(Fault::new(
            Code::Shape,
            format!("{} has shape {shape:?}", label(index, view)),
            format!("one bias for each of the {channels} output channels is needed"),
        ));
    }
    let bytes = constant(index, view, channels, size)?;
    let signed = |bytes: &[u8]| {
        let unsigned = bytes.iter().rev().fold(0u64, |word, &byte| word << 8 | u64::from(byte));
        let spare = 64 - 8 * size;
        ((unsigned << spare) as i64) >> spare
    };
    Ok(bytes.chunks_exact(size).map(signed).collect())
}
