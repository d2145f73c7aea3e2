//! Quantised forms: QuantizeLinear and DequantizeLinear round float operators, and QLinear operators.
//!
//! They are read as what they stand for in real numbers: constants as the numbers of their codes, an activation as
//! itself, with the range its code has ([`crate::float::Tensor::range`]). A QLinear operator is its float one between
//! the two. What is left out is the rounding of activations; the quantiser rounds them again, in the engine's way.

use super::context::{Context, Known};
use super::layers::{self, Built, Inputs};
use super::proto::{Node, Tensor, INT8, UINT8};
use crate::error::{quoted, Code, Fault};
use crate::float::Constant;
use std::rc::Rc;

fn quantisation(came: impl Into<String>, would_do: impl Into<String>) -> Fault {
    Fault::new(Code::Quantisation, came, would_do)
}

/// Scales and zero points: one of each, or one for each place along an axis.
struct Codes {
    scales: Vec<f32>,
    zero_points: Vec<i32>,
    /// Smallest and largest code.
    bounds: (i32, i32),
}

impl Codes {
    /// Those in input `slot` and, where there is one, the next.
    fn of<'a>(context: &mut Context<'a>, inputs: &Inputs<'a>, slot: usize) -> Result<Codes, Fault> {
        let scales = match inputs.0.get(slot) {
            Some(Some(known)) => context.floats(known)?.and_then(|scales| scales.values),
            _ => None,
        };
        let scales =
            scales.ok_or_else(|| quantisation(format!("input {slot} is no constant"), "a constant scale is needed"))?;
        if let Some(scale) = scales.iter().find(|scale| !(scale.is_normal() && **scale > 0.0)) {
            return Err(quantisation(format!("the scale {scale}"), "positive, finite scales are needed"));
        }
        let (zero_points, element_type) = match inputs.0.get(slot + 1) {
            Some(Some(known)) => {
                let tensor = stored(known);
                let values = tensor.and_then(Tensor::codes);
                let values = values.ok_or_else(|| {
                    quantisation(
                        format!("input {} is no constant of 8 bits", slot + 1),
                        "a constant zero point is needed",
                    )
                })?;
                (values, tensor.map_or(UINT8, |tensor| tensor.element_type))
            }
            _ => (vec![0; scales.len()], UINT8),
        };
        if zero_points.len() != scales.len() {
            return Err(quantisation(
                format!("{} scales and {} zero points", scales.len(), zero_points.len()),
                "as many of the one as of the other are needed",
            ));
        }
        let bounds = if element_type == INT8 { (-128, 127) } else { (0, 255) };
        // Biases have 32 bits and no zero point.
        if let Some(point) = zero_points.iter().find(|&&point| point != 0 && !(bounds.0..=bounds.1).contains(&point)) {
            return Err(quantisation(format!("the zero point {point}"), "one of 8 bits is needed"));
        }
        Ok(Codes { scales, zero_points, bounds })
    }

    /// What `code` stands for; exact, a product of 24 and 9 bits, but for biases.
    fn real(&self, index: usize, code: i32) -> f64 {
        (f64::from(code) - f64::from(self.zero_points[index])) * f64::from(self.scales[index])
    }

    /// The code nearest `value`, halves to even, and what it stands for.
    fn rounded(&self, index: usize, value: f32) -> f32 {
        let code = f64::from((value / self.scales[index]).round_ties_even()) + f64::from(self.zero_points[index]);
        let (low, high) = self.bounds;
        self.real(index, code.clamp(low.into(), high.into()) as i32) as f32
    }

    /// Which scale each element of an array of `shape` has, along `axis` where there are several.
    fn places(&self, shape: &[usize], axis: usize) -> Result<impl Fn(usize) -> usize, Fault> {
        let count = self.scales.len();
        if count != 1 && shape.get(axis) != Some(&count) {
            return Err(quantisation(
                format!("{count} scales along axis {axis} of shape {shape:?}"),
                "one scale, or one for each place along the axis, is needed",
            ));
        }
        let inner: usize = shape.iter().skip(axis + 1).product();
        Ok(move |element: usize| if count == 1 { 0 } else { element / inner.max(1) % count })
    }
}

/// A constant of the file.
fn stored<'t>(known: &'t Known) -> Option<&'t Tensor<'t>> {
    match known {
        Known::Stored(tensor, _) => Some(tensor),
        Known::Made(tensor, _) => Some(tensor),
        _ => None,
    }
}

fn axis(node: &Node, default: i64, shape: &[usize]) -> usize {
    let axis = node.int("axis", default);
    let axis = if axis < 0 { axis + shape.len() as i64 } else { axis };
    usize::try_from(axis).unwrap_or(usize::MAX)
}

/// Input `slot`, whose codes are in the next two, in real numbers.
fn dequantised<'a>(context: &mut Context<'a>, node: &Node, inputs: &Inputs<'a>, slot: usize, along: i64) -> Built<'a> {
    let known = match inputs.0.get(slot) {
        Some(Some(known)) => known,
        _ => return Err(quantisation(format!("no input {slot}"), "one is needed")),
    };
    let shape = match known {
        Known::Stored(_, shape) | Known::Made(_, shape) => shape,
        Known::Filled(..) => {
            return Err(quantisation(format!("input {slot} is filled with floats"), "codes are needed"))
        }
        // An activation, or a constant that QuantizeLinear made: real numbers already.
        Known::Activation(_) | Known::Dequantised(..) | Known::Refused => return Ok(known.clone()),
    };
    let codes = Codes::of(context, inputs, slot + 1)?;
    let place = codes.places(shape, axis(node, along, shape))?;
    let values = stored(known).and_then(Tensor::codes).filter(|values| values.len() == shape.iter().product::<usize>());
    let values = values.ok_or_else(|| {
        quantisation(
            format!("input {slot} of other elements than its shape"),
            "as many INT8, UINT8 or INT32 values are needed",
        )
    })?;
    context.charge(values.len())?;
    let values = values.iter().enumerate().map(|(element, &code)| codes.real(place(element), code) as f32).collect();
    Ok(Known::Dequantised(Rc::new(values), shape.clone()))
}

/// An operator's result, quantised by the codes in inputs `slot` and the next.
fn quantised<'a>(
    context: &mut Context<'a>,
    node: &Node,
    known: Known<'a>,
    inputs: &Inputs<'a>,
    slot: usize,
) -> Built<'a> {
    let codes = Codes::of(context, inputs, slot)?;
    if let Known::Activation(id) = known {
        let ([_], (low, high)) = (&codes.scales[..], codes.bounds) else {
            return Err(quantisation("an activation of several scales", "one scale is needed"));
        };
        context.builder.quantised(id, (codes.real(0, low), codes.real(0, high)));
        return Ok(known);
    }
    let Some(Constant { shape, values: Some(values) }) = context.floats(&known)? else { return Ok(known) };
    let place = codes.places(&shape, axis(node, 1, &shape))?;
    let values = values.iter().enumerate().map(|(element, &value)| codes.rounded(place(element), value)).collect();
    Ok(Known::Dequantised(Rc::new(values), shape))
}

/// QuantizeLinear and DequantizeLinear.
pub fn linear<'a>(context: &mut Context<'a>, node: &Node, inputs: &Inputs<'a>) -> Built<'a> {
    if node.int("block_size", 0) != 0 {
        return Err(quantisation("scales for blocks", "one scale, or one a channel, is needed"));
    }
    match (node.kind, inputs.0.first()) {
        ("QuantizeLinear", Some(Some(known))) => quantised(context, node, known.clone(), inputs, 1),
        _ => dequantised(context, node, inputs, 0, 1),
    }
}

/// QLinearConv, QLinearMatMul and QLinearAdd: the float operator on what the codes stand for.
pub fn operator<'a>(context: &mut Context<'a>, node: &Node<'a>, inputs: &Inputs<'a>) -> Built<'a> {
    let a = dequantised(context, node, inputs, 0, 1)?;
    // Weights of a convolution have their output channels first, a matrix's are its columns.
    let b = dequantised(context, node, inputs, 3, if node.kind == "QLinearConv" { 0 } else { -1 })?;
    let known = match node.kind {
        "QLinearConv" => {
            let bias = bias(context, inputs)?;
            layers::convolution(context, &node.of_kind("Conv"), &Inputs(vec![Some(a), Some(b), bias]))
        }
        "QLinearMatMul" => layers::gemm(context, &node.of_kind("MatMul"), &Inputs(vec![Some(a), Some(b)])),
        _ => layers::arithmetic(context, &node.of_kind("Add"), &Inputs(vec![Some(a), Some(b)])),
    }?;
    quantised(context, node, known, inputs, 6)
}

/// The bias of a QLinearConv: int32 in units of the input's scale times the weights'.
fn bias<'a>(context: &mut Context<'a>, inputs: &Inputs<'a>) -> Result<Option<Known<'a>>, Fault> {
    let Some(Some(known)) = inputs.0.get(8) else { return Ok(None) };
    let (input, weights) = (Codes::of(context, inputs, 1)?, Codes::of(context, inputs, 4)?);
    let values = stored(known).and_then(|tensor| Some((quoted(tensor.name), tensor.codes()?)));
    let Some((name, values)) = values else {
        return Err(quantisation("a bias that is no INT32 constant", "one a channel is needed"));
    };
    if input.scales.len() != 1 || weights.scales.len() != 1 && weights.scales.len() != values.len() {
        let came = format!("{} biases in {name} for {} scales of weights", values.len(), weights.scales.len());
        return Err(quantisation(came, "one scale, or one a bias, is needed"));
    }
    context.charge(values.len())?;
    let of = |channel: usize| weights.scales.get(channel).unwrap_or(&weights.scales[0]) * input.scales[0];
    let real: Vec<f32> = values.iter().enumerate().map(|(channel, &code)| code as f32 * of(channel)).collect();
    Ok(Some(Known::Dequantised(Rc::new(real), vec![values.len()])))
}
