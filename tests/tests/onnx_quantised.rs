//! Networks that come quantised from ONNX: read as the float network they stand for, quantised again, and as close to
//! onnxruntime as the pages say (`scripts/onnx_oracle.py` records its answers).

mod data_support;

use cortado_graph::calibrate::{quantise, Ranges};
use cortado_graph::float::fold;
use cortado_graph::ir::{DataType, Graph};
use cortado_graph::{onnx, tflite};
use data_support::data;

/// The answers recorded, of 100 images.
const RECORDED: &str = include_str!("oracle/onnx.json");
const PIXELS: usize = 28 * 28;
/// Most codes by which a single output may be off.
const MOST_OFF: i64 = 3;
/// Least share of outputs that are off by one code at most.
const CLOSE: f64 = 0.97;

fn images() -> Option<Vec<Vec<u8>>> {
    let bytes = data("mnist/t10k-images-first1000-idx3-ubyte")?;
    Some(bytes[16..].chunks_exact(PIXELS).map(<[u8]>::to_vec).collect())
}

/// The model in `data_type`; ranges that its file does not give come from `images`.
fn quantised(file: &str, data_type: DataType, images: &[Vec<u8>]) -> Option<Graph> {
    let graph = fold(&onnx::import(file, &data(&format!("onnx/{file}.onnx"))?).expect("it imports"));
    let mut ranges = Ranges::new(&graph);
    for image in images {
        let input: Vec<f32> = image.iter().map(|&pixel| f32::from(pixel)).collect();
        ranges.observe(&graph, &input).expect("one image runs");
    }
    let made = quantise(&graph, &ranges, data_type).expect("it quantises");
    assert!(made.notes[0].contains("single outputs may differ from onnxruntime's"), "{:?}", made.notes);
    Some(tflite::import(file, &made.bytes).expect("the file is a sound model"))
}

fn largest<T: PartialOrd>(values: &[T]) -> Option<usize> {
    (0..values.len()).reduce(|best, at| if values[at] > values[best] { at } else { best })
}

#[test]
fn quantised_onnx_files_answer_as_onnxruntime_does_within_what_is_stated() {
    let Some(images) = images() else { return };
    let recorded: serde_json::Value = serde_json::from_str(RECORDED).expect("JSON");
    for file in ["mnist8_qdq_pc", "mnist8_qop_pc"] {
        let answers: Vec<Vec<i64>> = serde_json::from_value(recorded[file]["codes"].clone()).expect("rows of codes");
        let scale = recorded[file]["scale"].as_f64().expect("a scale") as f32;
        for data_type in [DataType::Int8, DataType::Int16] {
            let Some(graph) = quantised(file, data_type, &images[..20]) else { return };
            let (input, output) = (&graph.tensors[graph.inputs[0]], graph.outputs[0]);
            let step = graph.tensors[output].scale;
            let (mut most, mut close, mut same) = (0, 0, 0);
            for (image, answer) in images.iter().zip(&answers) {
                let code = |&pixel: &u8| (f32::from(pixel) / input.scale) as i16 + input.zero_point as i16;
                let codes: Vec<i16> = image.iter().map(code).collect();
                let tensors = cortado_golden::run(&graph, &codes).expect("one image runs");
                let zero = graph.tensors[output].zero_point;
                let real = |&q: &i16| f32::from(q - zero as i16) * step;
                let theirs = recorded[file]["zero_point"].as_i64().expect("a zero point");
                let ours: Vec<f32> = tensors[output].iter().map(real).collect();
                for (ours, answer) in ours.iter().zip(answer) {
                    let off = ((ours / scale).round() as i64 - (answer - theirs)).abs();
                    most = most.max(off);
                    close += usize::from(off <= 1);
                }
                same += usize::from(largest(&ours) == largest(answer));
            }
            let share = close as f64 / (10 * answers.len()) as f64;
            println!("{file} {data_type:?}: at most {most} off, {share} within one, {same} classes the same");
            if data_type == DataType::Int8 {
                assert_eq!(step, scale, "{file} keeps its scale");
                assert_eq!((input.scale, input.zero_point), (1.0, -128), "{file}");
            }
            assert!(most <= MOST_OFF && share >= CLOSE, "{file} {data_type:?}");
            assert_eq!(same, answers.len(), "{file} {data_type:?}");
        }
    }
}
