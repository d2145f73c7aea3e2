//! ONNX networks: the published MNIST-8 gives its published answer, constants of one value do not
//! fill memory, and quantised operators are refused by name.

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
fn quantised_operators_are_refused_for_their_rounding() {
    for (name, operator) in [("qdq", "DequantizeLinear"), ("qop", "QLinearConv")] {
        let Some(bytes) = data(&format!("onnx/mnist8_{name}_pc.onnx")) else { return };
        let said = import(name, &bytes).expect_err("refused").to_string();
        let expected = format!("E-ONNX-OPERATOR: \"{operator}\" is not supported; its rounding (half to even)");
        assert!(said.contains(&expected), "{said}");
        assert!(!inspect(name, &bytes).expect("the file reads").importable);
    }
}
