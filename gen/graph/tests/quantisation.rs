//! From float to int8 and int16: the result is a model like any other, and computes what the float network does.

mod common;

use common::{data, digits};
use cortado_graph::caffe;
use cortado_graph::calibrate::{quantise, Quantised, Ranges};
use cortado_graph::float::{fold, Constant, FloatGraph, Op as FloatOp};
use cortado_graph::ir::{DataType, Op};
use cortado_graph::{onnx, tflite};

/// Quantised to `data_type` on `count` digits of which a byte is worth `scale`.
fn on_digits(graph: &FloatGraph, data_type: DataType, scale: f32, count: usize) -> Option<Quantised> {
    let (images, _) = digits()?;
    let mut ranges = Ranges::new(graph);
    for image in images.iter().take(count) {
        let input: Vec<f32> = image.iter().map(|&pixel| f32::from(pixel) * scale).collect();
        ranges.observe(graph, &input).expect("one image runs");
    }
    Some(quantise(graph, &ranges, data_type).expect("it quantises"))
}

#[test]
fn mnist8_becomes_an_int8_model_with_its_biases_and_relus_folded() {
    let Some(bytes) = data("onnx/mnist8_model.onnx") else { return };
    let graph = fold(&onnx::import("mnist8", &bytes).expect("MNIST-8 imports"));
    let Some(quantised) = on_digits(&graph, DataType::Int8, 1.0, 20) else { return };
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
fn lenet_becomes_an_int16_model_that_ends_before_its_softmax() {
    let (Some(definition), Some(weights)) = (data("caffe/lenet.prototxt"), data("caffe/lenet_iter_10000.caffemodel"))
    else {
        return;
    };
    let graph = fold(&caffe::import("lenet", &definition, Some(&weights)).expect("LeNet imports"));
    let Some(quantised) = on_digits(&graph, DataType::Int16, 1.0 / 256.0, 20) else { return };
    assert_eq!(quantised.notes, ["\"prob\" is left out: the largest output stays the largest"]);
    let integer = tflite::import("lenet", &quantised.bytes).expect("the file is a sound model");
    assert_eq!(integer.data_type, DataType::Int16);
    let kinds: Vec<&str> = integer.nodes.iter().map(|node| &node.name[3..]).collect();
    assert_eq!(
        kinds,
        ["conv2d", "max_pool2d", "conv2d", "max_pool2d", "reshape", "fully_connected", "fully_connected"]
    );
    // 255/256 is the largest input: 15 bits behind the point.
    let input = &integer.tensors[integer.inputs[0]];
    assert_eq!((input.scale, input.zero_point), (2f32.powi(-15), 0));
    // At int16 each output has a scale of its own, in fully connected layers too.
    let Op::FullyConnected(last) = &integer.nodes[6].op else { panic!("a fully connected layer") };
    let shifts: Vec<u32> = last.output.multipliers.iter().filter_map(|factor| factor.halvings()).collect();
    assert!(shifts.len() == 10 && shifts.iter().any(|shift| *shift != shifts[0]), "{shifts:?}");
}

/// A layer of one pixel and one channel: weight and bias, and the largest input of calibration.
fn point(weight: f32, bias: f32, input: f32) -> (FloatGraph, Ranges) {
    let definition = b"layer { name: 'd' type: 'Input' top: 'd' input_param { shape { dim: 1 dim: 1 dim: 1 dim: 1 } } }
        layer { name: 'c' type: 'Convolution' bottom: 'd' top: 'c' convolution_param { num_output: 1 kernel_size: 1 } }";
    let mut graph = caffe::import("m", definition, None).expect("it imports");
    let FloatOp::Convolution(op) = &mut graph.nodes[0].op else { panic!("a convolution") };
    op.weights.values = Some(vec![weight]);
    op.bias = Some(Constant { shape: vec![1], values: Some(vec![bias]) });
    let mut ranges = Ranges::new(&graph);
    ranges.observe(&graph, &[input]).expect("it runs");
    (graph, ranges)
}

#[test]
fn int16_layers_of_every_size_have_a_right_shift_and_an_accumulator_that_holds_them() {
    let sizes = [1e-9f32, 1e-3, 0.0, 1.0, 3e4, 1e9];
    for (weight, bias, input) in sizes
        .into_iter()
        .flat_map(|w| sizes.into_iter().flat_map(move |b| sizes.into_iter().map(move |x| (w, b, x))))
        .filter(|(w, b, x)| (w * x + b).is_finite())
    {
        let (graph, ranges) = point(weight, bias, input);
        let quantised = quantise(&graph, &ranges, DataType::Int16).expect("it quantises");
        let integer = tflite::import("m", &quantised.bytes)
            .unwrap_or_else(|errors| panic!("{weight} x {input} + {bias}: {errors}"));
        let Op::Conv2d(op) = &integer.nodes[0].op else { panic!("a convolution") };
        let product = i64::from(op.weights[0]) * (1 << 15);
        assert!(product + op.bias[0].abs() < 1 << 47, "{weight} x {input} + {bias}: {op:?}");
    }
}

#[test]
fn ranges_that_the_file_gives_are_kept_and_stand_for_its_relus() {
    for (range, data_type, scale, zero_point, bounds) in [
        ((0.0, 6.0), DataType::Int8, 6.0 / 255.0, -128, (-128, 127)),
        ((0.0, 6.0), DataType::Int16, 2f32.powi(-12), 0, (0, 6 << 12)),
        ((0.0, 255.0), DataType::Int16, 2f32.powi(-7), 0, (0, 32_767)),
        ((-128.0, 127.0), DataType::Int8, 1.0, 0, (-128, 127)),
    ] {
        let (mut graph, _) = point(1.0, 0.0, 10.0);
        let output = graph.outputs[0];
        graph.tensors[output].range = Some(range);
        let mut ranges = Ranges::new(&graph);
        ranges.observe(&graph, &[10.0]).expect("it runs");
        let quantised = quantise(&graph, &ranges, data_type).expect("it quantises");
        assert!(quantised.notes[0].starts_with("the file is quantised: its ranges are kept"), "{:?}", quantised.notes);
        let integer = tflite::import("m", &quantised.bytes).expect("the file is a sound model");
        let made = &integer.tensors[integer.outputs[0]];
        assert_eq!((made.scale, made.zero_point), (scale, zero_point), "{range:?} {data_type:?}");
        let Op::Conv2d(op) = &integer.nodes[0].op else { panic!("a convolution") };
        assert_eq!((op.output.min, op.output.max), bounds, "{range:?} {data_type:?}");
    }
}

#[test]
fn an_int16_addition_and_a_softmax_inside_are_refused_by_name() {
    let definition = b"layer { name: 'd' type: 'Input' top: 'd' input_param { shape { dim: 1 dim: 2 dim: 1 dim: 1 } } }
        layer { name: 's' type: 'Softmax' bottom: 'd' top: 's' }
        layer { name: 'e' type: 'Eltwise' bottom: 'd' bottom: 'd' top: 'e' }
        layer { name: 'p' type: 'Pooling' bottom: 's' top: 'p' pooling_param { pool: MAX kernel_size: 1 } }";
    let graph = fold(&caffe::import("m", definition, None).expect("it imports"));
    let mut ranges = Ranges::new(&graph);
    ranges.observe(&graph, &[1.0; 2]).expect("it runs");
    let said = quantise(&graph, &ranges, DataType::Int16).expect_err("refused").to_string();
    let expected =
        "m: layer \"s\" (softmax): a softmax inside an int16 network; only at its end is it needed by no engine: \
                    quantise to int8\n\
                    m: layer \"e\" (add): int16 engines have no residual unit; quantise to int8";
    assert_eq!(said, expected);
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
    let said = quantise(&graph, &ranges, DataType::Int8).expect_err("refused").to_string();
    let expected = "m: layer \"n\" (local response normalisation): engines have no normalisation across channels; \
                    train without it, or run it on the host\n\
                    m: layer \"a\" (average pool): an average with the padding in it; an average without padding is needed";
    assert_eq!(said, expected);
    let said = quantise(&graph, &Ranges::new(&graph), DataType::Int8).expect_err("refused").to_string();
    assert!(said.starts_with("m: no calibration; "), "{said}");
}
