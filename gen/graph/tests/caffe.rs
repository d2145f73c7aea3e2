//! Caffe networks: real definitions import with the published sizes, trained weights give the
//! published accuracy, and what is not taken is refused by name.

mod common;

use common::{data, digits, largest};
use cortado_graph::caffe::{import, inspect};
use cortado_graph::float::{evaluate, FloatGraph};

fn lenet() -> Option<FloatGraph> {
    let definition = data("caffe/lenet.prototxt")?;
    let weights = data("caffe/lenet_iter_10000.caffemodel")?;
    Some(import("lenet", &definition, Some(&weights)).expect("LeNet imports"))
}

#[test]
fn lenet_tells_the_digits_apart() {
    let (Some(graph), Some((images, labels))) = (lenet(), digits()) else { return };
    // Opt-level 1 is slow and a quarter says as much.
    let right = images.iter().zip(&labels).take(250).filter(|(image, &label)| {
        let input: Vec<f32> = image.iter().map(|&pixel| f32::from(pixel) / 256.0).collect();
        let tensors = evaluate(&graph, &input).expect("one image runs");
        largest(&tensors[graph.outputs[0]]) == usize::from(label)
    });
    assert_eq!(right.count(), 248);
}

#[test]
fn definitions_have_the_sizes_their_papers_state() {
    for (name, layers, macs, parameters) in
        [("lenet", 9, 2_293_000, 431_080), ("bvlc_alexnet_deploy", 24, 724_406_816, 60_965_224)]
    {
        let Some(definition) = data(&format!("caffe/{name}.prototxt")) else { return };
        let inspection = inspect(name, &definition, None).expect("the definition reads");
        assert!(inspection.importable, "{:?}", inspection.operators);
        let came = (inspection.operators.len(), inspection.macs, inspection.parameters);
        assert_eq!(came, (layers, macs, parameters), "{name}");
    }
}

/// Keeps what the importer reads of VGG16 and AlexNet to the figures their papers' tables give.
#[test]
fn our_definitions_have_the_work_their_papers_state() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/definitions");
    for (name, convolution, all, parameters) in
        [("vgg16", 15_346_630_656, 15_470_264_320, 138_357_544), ("alexnet", 665_784_864, 724_406_816, 60_965_224)]
    {
        let definition = std::fs::read(folder.join(format!("{name}.prototxt"))).expect("a file of the project");
        let inspection = inspect(name, &definition, None).expect("the definition reads");
        assert!(inspection.importable, "{:?}", inspection.operators);
        let convolutions = inspection.operators.iter().filter(|one| one.operator == "Convolution");
        let of_convolutions: u64 = convolutions.filter_map(|one| one.macs).sum();
        assert_eq!((of_convolutions, inspection.macs, inspection.parameters), (convolution, all, parameters), "{name}");
    }
}

#[test]
fn legacy_definitions_read_like_new_ones() {
    let legacy = b"input: \"data\" input_dim: 10 input_dim: 2 input_dim: 5 input_dim: 5
        layers { name: \"c\" type: CONVOLUTION bottom: \"data\" top: \"c\" convolution_param { num_output: 4 kernel_size: 3 } }
        layers { name: \"r\" type: RELU bottom: \"c\" top: \"c\" }
        layers { name: \"p\" type: POOLING bottom: \"c\" top: \"p\" pooling_param { kernel_size: 2 stride: 2 } }";
    let today = b"layer { name: 'data' type: 'Input' top: 'data' input_param { shape { dim: 1 dim: 2 dim: 5 dim: 5 } } }
        layer { name: 'c' type: 'Convolution' bottom: 'data' top: 'c' convolution_param { num_output: 4 kernel_h: 3 kernel_w: 3 } }
        layer { name: 'r' type: 'ReLU' bottom: 'c' top: 'c' }
        layer { name: 'l' type: 'SoftmaxWithLoss' bottom: 'c' top: 'l' include { phase: TRAIN } }
        layer { name: 'p' type: 'Pooling' bottom: 'c' top: 'p' pooling_param { pool: MAX kernel_size: 2 stride: 2 } }";
    let shapes = |definition: &[u8]| {
        let graph = import("n", definition, None).expect("it imports");
        graph.tensors.iter().map(|tensor| tensor.shape.clone()).collect::<Vec<_>>()
    };
    // Caffe's pools round up: 3 to 2.
    assert_eq!(shapes(legacy), [[1, 2, 5, 5], [1, 4, 3, 3], [1, 4, 3, 3], [1, 4, 2, 2]]);
    assert_eq!(shapes(legacy), shapes(today));
}

#[test]
fn faults_are_told_all_at_once_with_what_would_do() {
    let definition = b"layer { name: 'data' type: 'Input' top: 'data' input_param { shape { dim: 1 dim: 3 dim: 5 dim: 5 } } }
        layer { name: 'c' type: 'Convolution' bottom: 'data' top: 'c' convolution_param { num_output: 4 kernel_size: 9 } }
        layer { name: 't' type: 'TanH' bottom: 'c' top: 't' }
        layer { name: 'e' type: 'Eltwise' bottom: 'data' bottom: 'data' top: 'e' eltwise_param { operation: MAX } }
        layer { name: 'x' type: 'ReLU' bottom: 'nowhere' top: 'x' }";
    let said = import("n", definition, None).expect_err("refused").to_string();
    for expected in [
        "n: operator 1 (Convolution \"c\"): E-CAFFE-SHAPE: a window of (9, 9), stride (1, 1)",
        "n: operator 2 (TanH \"t\"): E-CAFFE-OPERATOR: the layer type \"TanH\" is not supported; supported are",
        "n: operator 3 (Eltwise \"e\"): E-CAFFE-OPERATOR: an Eltwise \"MAX\"; SUM is needed",
        "n: operator 4 (ReLU \"x\"): E-CAFFE-GRAPH: the bottom \"nowhere\" is made by no layer before",
    ] {
        assert!(said.contains(expected), "{expected}\nnot in\n{said}");
    }
    let said = import("n", b"layer {\n name", None).expect_err("refused").to_string();
    assert!(said.starts_with("n: E-CAFFE-FILE: line 2: "), "{said}");
}
