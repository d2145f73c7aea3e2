//! From float to int8: the result is a model like any other, and computes what the float network does.

mod common;

use common::{data, digits};
use cortado_graph::caffe;
use cortado_graph::calibrate::{quantise, Quantised, Ranges};
use cortado_graph::float::{fold, FloatGraph};
use cortado_graph::ir::Op;
use cortado_graph::{onnx, tflite};

/// Quantised on `count` digits of which a byte is worth `scale`.
fn on_digits(graph: &FloatGraph, scale: f32, count: usize) -> Option<Quantised> {
    let (images, _) = digits()?;
    let mut ranges = Ranges::new(graph);
    for image in images.iter().take(count) {
        let input: Vec<f32> = image.iter().map(|&pixel| f32::from(pixel) * scale).collect();
        ranges.observe(graph, &input).expect("one image runs");
    }
    Some(quantise(graph, &ranges).expect("it quantises"))
}

#[test]
fn mnist8_becomes_an_int8_model_with_its_biases_and_relus_folded() {
    let Some(bytes) = data("onnx/mnist8_model.onnx") else { return };
    let graph = fold(&onnx::import("mnist8", &bytes).expect("MNIST-8 imports"));
    let Some(quantised) = on_digits(&graph, 1.0, 20) else { return };
    assert!(quantised.notes.is_empty(), "{:?}", quantised.notes);
    let integer = tflite::import("mnist8", &quantised.bytes).expect("the file is a sound model");
    let kinds: Vec<&str> = integer.nodes.iter().map(|node| &node.name[3..]).collect();
    assert_eq!(kinds, ["conv2d", "max_pool2d", "conv2d", "max_pool2d", "reshape", "fully_connected"]);
    let input = &integer.tensors[integer.inputs[0]];
    assert_eq!((input.scale, input.zero_point, &input.shape[..]), (1.0, -128, &[1, 28, 28, 1][..]));
    let Op::Conv2d(first) = &integer.nodes[0].op else { panic!("a convolution") };
    assert_eq!(first.output.multipliers.len(), 8);
    assert_eq!((first.output.zero_point, first.output.min), (-128, -128));
    assert!(first.bias.iter().any(|&bias| bias != 0));
}

#[test]
fn layers_without_an_int8_form_are_refused_by_name_all_at_once() {
    let definition =
        b"layer { name: 'data' type: 'Input' top: 'data' input_param { shape { dim: 1 dim: 2 dim: 4 dim: 4 } } }
        layer { name: 'n' type: 'LRN' bottom: 'data' top: 'n' }
        layer { name: 'a' type: 'Pooling' bottom: 'data' top: 'a' pooling_param { pool: AVE kernel_size: 3 pad: 1 } }";
    let graph = fold(&caffe::import("m", definition, None).expect("it imports"));
    let mut ranges = Ranges::new(&graph);
    ranges.observe(&graph, &[1.0; 32]).expect("it runs");
    let said = quantise(&graph, &ranges).expect_err("refused").to_string();
    let expected = "m: layer \"n\" (local response normalisation): int8 engines have no normalisation across channels; \
                    train without it, or run it on the host\n\
                    m: layer \"a\" (average pool): an average with the padding in it; an average without padding is needed";
    assert_eq!(said, expected);
    let said = quantise(&graph, &Ranges::new(&graph)).expect_err("refused").to_string();
    assert!(said.starts_with("m: no calibration; "), "{said}");
}
