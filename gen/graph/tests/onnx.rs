//! ONNX networks: the published MNIST-8 gives its published answer, constants of one value do not
//! fill memory, and quantised forms are the float networks they stand for.

mod common;

use common::{data, digits, largest};
use cortado_graph::float::{evaluate, fold};
use cortado_graph::onnx::{import, inspect};

/// The raw floats at the end of a small `TensorProto`.
fn recorded(name: &str, count: usize) -> Option<Vec<f32>> {
    let bytes = data(name)?;
    let words = bytes[bytes.len() - 4 * count..].chunks_exact(4);
    Some(words.map(|four| f32::from_le_bytes(four.try_into().expect("four bytes"))).collect())
}

#[test]
fn mnist8_gives_its_recorded_answer() {
    let Some(bytes) = data("onnx/mnist8_model.onnx") else { return };
    let (Some(input), Some(expected)) =
        (recorded("onnx/mnist8_input_0.pb", 784), recorded("onnx/mnist8_output_0.pb", 10))
    else {
        return;
    };
    let graph = import("mnist8", &bytes).expect("MNIST-8 imports");
    for graph in [fold(&graph), graph] {
        let tensors = evaluate(&graph, &input).expect("one image runs");
        let came = &tensors[graph.outputs[0]];
        let size = expected.iter().fold(0f32, |most, value| most.max(value.abs()));
        for (came, expected) in came.iter().zip(&expected) {
            assert!((came - expected).abs() <= 1e-4 * size, "{came} for {expected}");
        }
    }
}

#[test]
fn mnist8_tells_the_digits_apart() {
    let (Some(bytes), Some((images, labels))) = (data("onnx/mnist8_model.onnx"), digits()) else { return };
    let graph = import("mnist8", &bytes).expect("MNIST-8 imports");
    let right = images.iter().zip(&labels).take(250).filter(|(image, &label)| {
        let input: Vec<f32> = image.iter().map(|&pixel| f32::from(pixel)).collect();
        let tensors = evaluate(&graph, &input).expect("one image runs");
        largest(&tensors[graph.outputs[0]]) == usize::from(label)
    });
    assert_eq!(right.count(), 248);
}

#[test]
fn a_small_file_with_large_constants_has_their_sizes_and_not_their_values() {
    let Some(bytes) = data("onnx/light_bvlc_alexnet.onnx") else { return };
    let graph = import("alexnet", &bytes).expect("AlexNet imports");
    assert_eq!(graph.nodes.iter().map(|node| node.parameters()).sum::<u64>(), 60_965_224);
    let input = vec![0.0; 3 * 224 * 224];
    let said = evaluate(&graph, &input).expect_err("no weights").to_string();
    assert!(said.contains("has no weights"), "{said}");
}

#[test]
fn quantised_forms_are_the_float_network_they_stand_for() {
    let Some((images, labels)) = digits() else { return };
    for file in ["mnist8_qdq_pc", "mnist8_qop_pc"] {
        let Some(bytes) = data(&format!("onnx/{file}.onnx")) else { return };
        let graph = fold(&import(file, &bytes).expect("it imports"));
        assert!(inspect(file, &bytes).expect("the file reads").importable);
        let kinds: Vec<&str> = graph.nodes.iter().map(|node| node.kind()).collect();
        assert_eq!(kinds, ["convolution", "max pool", "convolution", "max pool", "reshape", "fully connected"]);
        // The input is quantised in steps of 1, and what was a ReLU is a range that begins at zero.
        assert_eq!(graph.tensors[graph.inputs[0]].range, Some((0.0, 255.0)));
        let (low, high) = graph.tensors[graph.nodes[0].output].range.expect("it is quantised");
        assert_eq!((low, high), (0.0, 255.0 * f64::from(3.7054365f32)));
        let right = images.iter().zip(&labels).take(250).filter(|(image, &label)| {
            let input: Vec<f32> = image.iter().map(|&pixel| f32::from(pixel)).collect();
            let tensors = evaluate(&graph, &input).expect("one image runs");
            largest(&tensors[graph.outputs[0]]) == usize::from(label)
        });
        assert!(right.count() >= 246, "{file}");
    }
}

#[test]
fn quantised_operators_that_are_not_taken_are_refused_by_name() {
    let Some(bytes) = data("onnx/mnist8_qop_pc.onnx") else { return };
    // Another name of the same length.
    let mut other = bytes;
    for at in 0..other.len() {
        if other[at..].starts_with(b"QLinearMatMul") {
            other[at..at + 13].copy_from_slice(b"QLinearSigMul");
        }
    }
    let said = import("other", &other).expect_err("refused").to_string();
    let expected = "E-ONNX-OPERATOR: \"QLinearSigMul\" is not supported; of quantised operators QuantizeLinear, DequantizeLinear, \
                    QLinearConv, QLinearMatMul and QLinearAdd are taken: give the float model and quantise it here";
    assert!(said.contains(expected), "{said}");
}
