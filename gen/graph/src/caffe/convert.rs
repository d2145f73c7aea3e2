//! The walk over a definition: inputs, layers in order, outputs.

use super::context::Context;
use super::layers;
use super::parameters::dims;
use super::text::Message;
use super::{Read, SUPPORTED};
use crate::error::{quoted, Code, Fault};
use crate::float::TensorId;

/// Legacy names of layers, as the enumeration of `layers` has them, and today's.
const LEGACY: [(&str, &str); 18] = [
    ("BNLL", "BNLL"),
    ("CONCAT", "Concat"),
    ("CONVOLUTION", "Convolution"),
    ("DATA", "Data"),
    ("DECONVOLUTION", "Deconvolution"),
    ("DROPOUT", "Dropout"),
    ("ELTWISE", "Eltwise"),
    ("FLATTEN", "Flatten"),
    ("INNER_PRODUCT", "InnerProduct"),
    ("LRN", "LRN"),
    ("POOLING", "Pooling"),
    ("POWER", "Power"),
    ("RELU", "ReLU"),
    ("SIGMOID", "Sigmoid"),
    ("SOFTMAX", "Softmax"),
    ("SOFTMAX_LOSS", "SoftmaxWithLoss"),
    ("SPLIT", "Split"),
    ("TANH", "TanH"),
];

/// Converts a definition, noting everything that stands in the way; also the layers' types in order.
pub fn convert<'a>(mut context: Context<'a>, definition: &Message<'a>) -> Read {
    header_inputs(&mut context, definition);
    let mut kinds = Vec::new();
    let layers = definition.messages("layer").chain(definition.messages("layers")).filter(|layer| runs_in_test(layer));
    for (index, layer) in layers.enumerate() {
        let kind = kind(layer);
        let shown = quoted(kind);
        kinds.push(shown.trim_matches('"').to_string());
        context.operator = Some((index, format!("{} {}", kinds[index], quoted(layer.scalar("name").unwrap_or("")))));
        one(&mut context, index, kind, layer);
    }
    context.operator = None;
    let outputs = context.outputs();
    if outputs.is_empty() && context.errors.is_empty() {
        context.fault(Fault::new(
            Code::Graph,
            "a definition without layers",
            "give a network's definition; solver settings (solver.prototxt) are not one",
        ));
    }
    (context.builder.finish(outputs), kinds, context.errors)
}

fn kind<'a>(layer: &Message<'a>) -> &'a str {
    let kind = layer.scalar("type").unwrap_or("");
    LEGACY.iter().find(|(legacy, _)| *legacy == kind).map_or(kind, |(_, today)| today)
}

/// Whether the layer is there when the network is used, not only when it is trained.
fn runs_in_test(layer: &Message) -> bool {
    let phases = |name| layer.messages(name).filter_map(|rule| rule.scalar("phase"));
    let included = layer.message("include").is_none() || phases("include").any(|phase| phase == "TEST");
    included && phases("exclude").all(|phase| phase != "TEST")
}

/// `input: "data"` with `input_shape { dim: ... }` or four `input_dim`, at the head of a definition.
fn header_inputs<'a>(context: &mut Context<'a>, definition: &Message<'a>) {
    let shapes: Vec<&Message> = definition.messages("input_shape").collect();
    for (index, name) in definition.scalars("input").enumerate() {
        let shape = match shapes.get(index) {
            Some(shape) => dims("dim", shape.scalars("dim")),
            None => dims("input_dim", definition.scalars("input_dim").skip(4 * index).take(4)),
        };
        let built = shape.and_then(|shape| input(context, name, shape));
        let id = built.map_err(|fault| context.fault(fault)).ok();
        context.make(name, id);
    }
}

/// An input of the shape, one image of it.
fn input(context: &mut Context, name: &str, mut shape: Vec<usize>) -> Result<TensorId, Fault> {
    match shape.first_mut() {
        Some(batch) => *batch = 1,
        None => {
            return Err(Fault::new(
                Code::Shape,
                format!("the input {} has no shape", quoted(name)),
                "input_shape, input_dim or an Input layer with a shape is needed",
            ))
        }
    }
    context.builder.input(name, shape)
}

fn one<'a>(context: &mut Context<'a>, index: usize, kind: &str, layer: &Message<'a>) {
    let name = layer.scalar("name").unwrap_or("");
    context.builder.enter(name, index);
    if kind == "Input" {
        let shape = layer.message("input_param").and_then(|parameters| parameters.message("shape"));
        let shape = shape.map_or_else(|| Ok(Vec::new()), |shape| dims("dim", shape.scalars("dim")));
        for top in layer.scalars("top") {
            let built = shape.clone().and_then(|shape| input(context, top, shape));
            let id = built.map_err(|fault| context.fault(fault)).ok();
            context.make(top, id);
        }
        return;
    }
    let built = build(context, name, kind, layer);
    let id = built.map_err(|fault| context.fault(fault)).ok().flatten();
    let tops = layer.scalars("top").filter(|_| id.is_none() || kind == "Split");
    let first = layer.scalar("top").into_iter().filter(|_| id.is_some() && kind != "Split");
    for top in first.chain(tops) {
        context.make(top, id);
    }
}

/// The layer's output; `Ok(None)` when one of its inputs comes from a refused layer.
fn build(context: &mut Context, name: &str, kind: &str, layer: &Message) -> Result<Option<TensorId>, Fault> {
    let mut inputs = Vec::new();
    let mut is_refused = false;
    // A sum has two; more would be refused anyway.
    for bottom in layer.scalars("bottom").take(8) {
        match context.read(bottom)? {
            Some(id) => inputs.push(id),
            None => is_refused = true,
        }
    }
    let outputs = layer.scalars("top").take(2).count();
    if outputs == 0 || outputs > 1 && kind != "Split" {
        return Err(Fault::new(Code::Graph, "no top, or several", "one output is needed"));
    }
    if !is_known(kind) {
        return Err(unsupported(kind));
    }
    if is_refused {
        return Ok(None);
    }
    if kind == "Eltwise" {
        return layers::eltwise(context, layer, &inputs).map(Some);
    }
    let [input] = inputs[..] else {
        return Err(Fault::new(Code::Graph, format!("{} bottoms", inputs.len()), "one input is needed"));
    };
    match kind {
        "Convolution" => layers::convolution(context, name, layer, input),
        "InnerProduct" => layers::inner_product(context, name, layer, input),
        "Pooling" => layers::pooling(context, layer, input),
        "ReLU" => layers::relu(context, layer, input),
        "BatchNorm" => layers::batch_norm(context, name, layer, input),
        "Scale" => layers::scale(context, name, layer, input),
        "Flatten" => layers::flatten(context, layer, input),
        "Softmax" => layers::softmax(context, layer, input),
        "LRN" => layers::lrn(context, layer, input),
        // Nothing happens in them when a network is used.
        _ => Ok(input),
    }
    .map(Some)
}

fn is_known(kind: &str) -> bool {
    SUPPORTED.contains(&kind)
}

fn unsupported(kind: &str) -> Fault {
    let would_do = match kind {
        "Data" | "ImageData" | "HDF5Data" | "MemoryData" | "SoftmaxWithLoss" | "Accuracy" => {
            "give the network's deploy definition, whose input has a shape and whose end is no loss".to_string()
        }
        "Concat" => "joined maps are not taken; networks without branches, or with sums, are".to_string(),
        _ => format!("supported are {}", SUPPORTED.join(", ")),
    };
    Fault::new(Code::Operator, format!("the layer type {} is not supported", quoted(kind)), would_do)
}
