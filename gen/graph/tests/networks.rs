//! The real networks through the importer: what is taken, what is refused, what is counted.

mod common;

use common::network;
use cortado_graph::passes::layers;
use cortado_graph::tflite::{import, inspect};

#[test]
fn int8_networks_are_taken_with_their_sizes_another_reader_gives() {
    // (model, operators, multiply-accumulates, weights and biases)
    let cases = [
        ("ad_autoencoder_int8", 10, 264_192, 265_864),
        ("ic_resnet8_int8", 16, 12_501_632, 77_706),
        ("kws_dscnn_int8", 13, 2_656_768, 22_604),
        ("vww_mobilenetv1_int8", 31, 7_489_664, 210_850),
    ];
    for (name, operators, macs, parameters) in cases {
        let Some(bytes) = network(name) else { continue };
        let graph = import(name, &bytes).unwrap_or_else(|errors| panic!("{errors}"));
        let figures = layers(&graph);
        assert_eq!(graph.nodes.len(), operators, "{name}");
        assert_eq!(figures.iter().map(|l| l.macs).sum::<u64>(), macs, "{name}");
        assert_eq!(figures.iter().map(|l| l.parameters).sum::<u64>(), parameters, "{name}");
        let inspection = inspect(name, &bytes).unwrap_or_else(|errors| panic!("{errors}"));
        assert!(inspection.importable, "{name}");
        assert_eq!((inspection.macs, inspection.parameters), (macs, parameters));
    }
}

#[test]
fn float_networks_are_refused_once_and_clearly() {
    let cases = [
        (
            "kws_dscnn_float",
            "kws_dscnn_float: E-TFLITE-FLOAT: 13 of 13 operators compute in FLOAT32, the first \
             being operator 0 (CONV_2D) on tensor 0 \"input_1\"; an int8 model is needed: convert \
             with optimizations = [DEFAULT], a representative_dataset, supported_ops = \
             [TFLITE_BUILTINS_INT8] and inference_input_type = inference_output_type = int8",
        ),
        (
            "ic_resnet8_float",
            "ic_resnet8_float: E-TFLITE-FLOAT: 16 of 16 operators compute in FLOAT32, the first \
             being operator 0 (CONV_2D) on tensor 0 \"input_1\"; an int8 model is needed: convert \
             with optimizations = [DEFAULT], a representative_dataset, supported_ops = \
             [TFLITE_BUILTINS_INT8] and inference_input_type = inference_output_type = int8",
        ),
    ];
    for (name, expected) in cases {
        let Some(bytes) = network(name) else { continue };
        let said = import(name, &bytes).map(|_| ()).map_err(|e| e.to_string());
        assert_eq!(said, Err(expected.to_string()));
        let inspection = inspect(name, &bytes).unwrap_or_else(|errors| panic!("{errors}"));
        assert!(!inspection.importable && inspection.faults.len() == 1);
    }
}
