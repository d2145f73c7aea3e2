//! The walk over a graph: inputs, operators in order, outputs.

use super::context::{Context, Known};
use super::layers::{self, Inputs};
use super::proto::{Model, Node, ValueInfo};
use super::quantised;
use super::{Read, SUPPORTED};
use crate::error::{quoted, Code, Fault};
use crate::float::{PoolKind, TensorId};

/// Converts a readable model, noting everything that stands in the way; also the operators' types in order.
pub fn convert(name: &str, size: usize, model: &Model) -> Read {
    let mut context = Context::new(name, size, model);
    for info in &model.inputs {
        // Older files list their constants among the inputs.
        if !context.known.contains_key(info.name) {
            let made = input(&mut context, info).map(Known::Activation);
            let known = made.map_err(|fault| context.fault(fault)).unwrap_or(Known::Refused);
            context.known.insert(info.name, known);
        }
    }
    let mut kinds = Vec::new();
    for (index, node) in model.nodes.iter().enumerate() {
        let shown = quoted(node.kind);
        kinds.push(shown.trim_matches('"').to_string());
        let label = node.outputs.first().copied().unwrap_or("");
        let label = if node.name.is_empty() { label } else { node.name };
        context.operator = Some((index, format!("{} {}", kinds[index], quoted(label))));
        context.builder.enter(label, index);
        let built = build(&mut context, node, model.opset);
        let known = built.map_err(|fault| context.fault(fault)).unwrap_or(Known::Refused);
        if let Some(first) = node.outputs.first() {
            context.known.insert(first, known);
        }
    }
    context.operator = None;
    let outputs = outputs(&mut context, model);
    (context.builder.finish(outputs), kinds, context.errors)
}

/// A model input: its batch, or whatever stands in the batch's place without a number, is one.
fn input(context: &mut Context, info: &ValueInfo) -> Result<TensorId, Fault> {
    let refuse = || {
        Fault::new(
            Code::Shape,
            format!("the model input {} has no fixed shape", quoted(info.name)),
            "export with fixed dimensions; the first alone may be free",
        )
    };
    let dims = info.shape.as_ref().ok_or_else(refuse)?;
    let fixed = |(axis, dim): (usize, &Option<i64>)| match (axis, dim) {
        (0, _) => Some(1),
        (_, Some(dim)) => usize::try_from(*dim).ok(),
        _ => None,
    };
    let shape: Vec<usize> = dims.iter().take(8).enumerate().map(fixed).collect::<Option<_>>().ok_or_else(refuse)?;
    context.builder.input(info.name, shape)
}

fn outputs(context: &mut Context, model: &Model) -> Vec<TensorId> {
    let mut ids = Vec::new();
    for name in &model.outputs {
        match context.known.get(name) {
            Some(Known::Activation(id)) => ids.push(*id),
            Some(Known::Refused) => {}
            _ => context.fault(Fault::new(
                Code::Graph,
                format!("the model output {} is never computed", quoted(name)),
                "every output must come from an operator",
            )),
        }
    }
    if model.outputs.is_empty() {
        context.fault(Fault::new(Code::Graph, "a model without an output", "at least one is needed"));
    }
    ids
}

fn build<'a>(context: &mut Context<'a>, node: &Node<'a>, opset: i64) -> Result<Known<'a>, Fault> {
    // onnxruntime's own domain has the operators that the standard lacks.
    let domain = if node.kind == "QLinearAdd" { "com.microsoft" } else { "ai.onnx" };
    let is_known = node.domain == domain || domain == "ai.onnx" && node.domain.is_empty();
    if !is_known || !SUPPORTED.contains(&node.kind) {
        return Err(unsupported(node));
    }
    let mut inputs = Vec::new();
    for slot in 0..node.inputs.len().min(9) {
        inputs.push(context.input(&node.inputs, slot)?);
    }
    if inputs.iter().flatten().any(|known| matches!(known, Known::Refused)) {
        return Ok(Known::Refused);
    }
    let inputs = Inputs(inputs);
    match node.kind {
        "Conv" => layers::convolution(context, node, &inputs),
        "MaxPool" | "AveragePool" => layers::pool(context, node, &inputs),
        "GlobalAveragePool" => {
            let kind = PoolKind::Average { count_padding: false };
            context.builder.global_pool(inputs.activation(0)?, kind).map(Known::Activation)
        }
        "GlobalMaxPool" => context.builder.global_pool(inputs.activation(0)?, PoolKind::Max).map(Known::Activation),
        "BatchNormalization" => layers::batch_normalization(context, node, &inputs),
        "Add" | "Mul" | "Div" => layers::arithmetic(context, node, &inputs),
        "Gemm" | "MatMul" => layers::gemm(context, node, &inputs),
        "Relu" => context.builder.clamp(inputs.activation(0)?, 0.0, f32::INFINITY).map(Known::Activation),
        "Clip" => layers::clip(context, node, &inputs),
        "Reshape" | "Flatten" => layers::reshape(context, node, &inputs),
        "Softmax" => layers::softmax(context, node, &inputs, opset),
        "LRN" => layers::lrn(context, node, &inputs),
        "QuantizeLinear" | "DequantizeLinear" => quantised::linear(context, node, &inputs),
        "QLinearConv" | "QLinearMatMul" | "QLinearAdd" => quantised::operator(context, node, &inputs),
        "Constant" | "ConstantOfShape" => layers::constant(node, &inputs),
        // Dropout and Identity: nothing happens in them when a network is used.
        _ => inputs.activation(0).map(Known::Activation),
    }
}

fn unsupported(node: &Node) -> Fault {
    let is_quantised = node.kind.starts_with("QLinear")
        || ["DynamicQuantizeLinear", "ConvInteger", "MatMulInteger"].contains(&node.kind);
    let would_do = if is_quantised {
        "of quantised operators QuantizeLinear, DequantizeLinear, QLinearConv, QLinearMatMul and QLinearAdd are taken: \
         give the float model and quantise it here, with a calibration set"
            .to_string()
    } else if node.kind == "Concat" {
        "joined maps are not taken; networks without branches, or with sums, are".to_string()
    } else {
        format!("supported are {}", SUPPORTED.join(", "))
    };
    Fault::new(Code::Operator, format!("{} is not supported", quoted(node.kind)), would_do)
}
