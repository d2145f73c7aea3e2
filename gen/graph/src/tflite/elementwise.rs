//! Operators without weights or windows: residual add, reshape, softmax.

use super::context::Context;
use super::convolution::{clamp, Built};
use super::schema::{OperatorView, OptionsKind};
use super::tensor::Activation;
use crate::error::{Code, Fault};
use crate::ir::{Add, DataType, Multiplier, Op};
use crate::quantise::{self, add_factors, ADD_LEFT_SHIFT};

pub fn add(context: &mut Context, op: &OperatorView) -> Built {
    refuse_int16(context, "ADD", "engines of INT16 have no residual unit: quantise to int8")?;
    let options = op.options(OptionsKind::Add);
    let a = context.input(op, 0);
    let b = context.input(op, 1);
    let output = context.output(op);
    let (a, b, output) = (a?, b?, output?);
    if a.shape != b.shape || a.shape != output.shape {
        context.fault(Fault::new(
            Code::Shape,
            format!("shapes {:?} and {:?} into {:?}", a.shape, b.shape, output.shape),
            "three equal shapes are needed (broadcasting is not taken)",
        ));
        return None;
    }
    let ([real_a, real_b], real_out) = add_factors(a.scale, b.scale, output.scale);
    // The reference kernel refuses an output factor of 1 and more: it only shifts right here.
    let below_one = |real: f64| Multiplier::from_real(real).filter(|multiplier| multiplier.shift <= 0);
    let factors = (below_one(real_a), below_one(real_b), below_one(real_out));
    let (Some(of_a), Some(of_b), Some(of_output)) = factors else {
        context.fault(Fault::new(
            Code::Quantisation,
            format!(
                "input scales {} and {} into output scale {}",
                a.scale, b.scale, output.scale
            ),
            "factors below 1 are needed (an output scale under 2^-19 of the inputs' is out of range): quantise the model again",
        ));
        return None;
    };
    let fused = context.option(options.choice(0))?;
    let (min, max) = clamp(context, fused, &output)?;
    Some((
        Op::Add(Add {
            left_shift: ADD_LEFT_SHIFT,
            input_zero_points: [a.zero_point, b.zero_point],
            input_multipliers: [of_a, of_b],
            output_multiplier: of_output,
            zero_point: output.zero_point,
            min,
            max,
        }),
        vec![a.index, b.index],
    ))
}

pub fn reshape(context: &mut Context, op: &OperatorView) -> Built {
    let input = context.input(op, 0);
    let output = context.output(op);
    let (input, output) = (input?, output?);
    if let Some(shape) = op.inputs.get(1) {
        if shape != -1 && !context.is_constant(shape) {
            context.fault(Fault::new(
                Code::Operator,
                format!("the new shape is tensor {shape}, which is not a constant"),
                "a shape known at conversion is needed: fix the input's shape and convert again",
            ));
            return None;
        }
    }
    if input.elements() != output.elements() {
        context.fault(Fault::new(
            Code::Shape,
            format!("shape {:?} into {:?}", input.shape, output.shape),
            "both must hold the same number of elements",
        ));
        return None;
    }
    Some((Op::Reshape, vec![input.index]))
}

pub fn softmax(context: &mut Context, op: &OperatorView) -> Built {
    refuse_int16(context, "SOFTMAX", "let the INT16 network end in the layer before it")?;
    let options = op.options(OptionsKind::Softmax);
    let input = context.input(op, 0);
    let output = context.output(op);
    let (input, output) = (input?, output?);
    if input.shape != output.shape {
        context.fault(Fault::new(
            Code::Shape,
            format!("shape {:?} into {:?}", input.shape, output.shape),
            "both must be equal",
        ));
        return None;
    }
    if output.scale != 1.0 / 256.0 || output.zero_point != -128 {
        context.fault(Fault::new(
            Code::Quantisation,
            format!("an output of scale {} and zero point {}", output.scale, output.zero_point),
            "an INT8 softmax has scale 1/256 and zero point -128: quantise the model again",
        ));
        return None;
    }
    let beta = context.option(options.float(0))?;
    let Some(softmax) = quantise::softmax(beta, input.scale) else {
        context.fault(Fault::new(
            Code::Quantisation,
            format!("beta {beta} on an input of scale {}", input.scale),
            "their product must pass 2^-26: set beta to 1 or quantise the model again",
        ));
        return None;
    };
    Some((Op::Softmax(softmax), vec![input.index]))
}

/// Refuses an operator that int16 networks do not have.
fn refuse_int16(context: &mut Context, operator: &str, would_do: &str) -> Option<()> {
    if context.data_type == DataType::Int8 {
        return Some(());
    }
    context.fault(Fault::new(Code::Operator, format!("an INT16 {operator}"), would_do));
    None
}

/// The activation a fused number stands for.
pub fn fused_activation(number: i8) -> Result<quantise::Activation, Fault> {
    match number {
        0 => Ok(quantise::Activation::None),
        1 => Ok(quantise::Activation::Relu),
        2 => Ok(quantise::Activation::ReluN1To1),
        3 => Ok(quantise::Activation::Relu6),
        4 | 5 => Err(Fault::new(
            Code::Operator,
            if number == 4 { "a fused TANH" } else { "a fused SIGN_BIT" },
            "fused NONE, RELU, RELU_N1_TO_1 or RELU6 are taken",
        )),
        other => Err(Fault::new(
            Code::Operator,
            format!("fused activation number {other}"),
            "fused NONE (0), RELU (1), RELU_N1_TO_1 (2) or RELU6 (3) are taken",
        )),
    }
}

/// Checks that an operator that only moves values keeps their meaning.
pub fn expect_same_scale(input: &Activation, output: &Activation) -> Result<(), Fault> {
    const TOLERANCE: f32 = 1e-6;
    if (input.scale - output.scale).abs() <= TOLERANCE && input.zero_point == output.zero_point {
        return Ok(());
    }
    Err(Fault::new(
        Code::Quantisation,
        format!(
            "scale {} and zero point {} into scale {} and zero point {}",
            input.scale, input.zero_point, output.scale, output.zero_point
        ),
        "a pool's input and output must share both: quantise the model again",
    ))
}
