//! What the importer says about a file that is sound but for one thing. The words are pinned: a
//! person reads them, scripts find the codes.

mod cases;
#[path = "../common/mod.rs"]
mod common;

use cases::CASES;
use common::flatbuffer::{file, float, int, Value};
use common::model::{op, sound, tensor, Model, Operator};
use cortado_graph::ir::{Multiplier, Op, PoolKind, Window};
use cortado_graph::tflite::{import, inspect};

fn said(model: &Model) -> String {
    match import("m", &model.bytes()) {
        Ok(_) => "taken".to_string(),
        Err(errors) => errors.to_string(),
    }
}

#[test]
fn each_fault_is_said_in_its_own_words() {
    for (name, damage, expected) in CASES {
        let mut model = sound();
        damage(&mut model);
        let got = said(&model);
        // A fault near the input may leave its readers without one; the first line is the fault.
        assert_eq!(got.lines().next(), Some(*expected), "{name}\n{got}");
    }
}

#[test]
fn one_fault_draws_one_line() {
    let single = CASES.iter().filter(|(name, ..)| *name != "operators out of order");
    for (name, damage, _) in single {
        let mut model = sound();
        damage(&mut model);
        let got = said(&model);
        assert_eq!(got.lines().count(), 1, "{name}\n{got}");
    }
}

#[test]
fn all_faults_are_said_at_once() {
    let mut model = sound();
    model.tensors[tensor::CONV_BIAS].data.truncate(8);
    model.operators[op::DEPTHWISE].set(3, int(2));
    model.operators[op::POOL].code = 14;
    model.operators[op::SOFTMAX].set(0, float(0.0));
    let got = said(&model);
    let starts: Vec<&str> = got.lines().filter_map(|line| line.split(": E-").next()).collect();
    assert_eq!(
        starts,
        [
            "m: operator 0 (CONV_2D)",
            "m: operator 1 (DEPTHWISE_CONV_2D)",
            "m: operator 3 (LOGISTIC)",
            "m: operator 6 (SOFTMAX)",
        ],
        "{got}"
    );
    let inspection = inspect("m", &model.bytes()).unwrap_or_else(|errors| panic!("{errors}"));
    let faulty: Vec<usize> = inspection
        .operators
        .iter()
        .filter(|operator| !operator.faults.is_empty())
        .map(|operator| operator.index)
        .collect();
    assert_eq!(faulty, [0, 1, 3, 6]);
    // What could be read is still counted: 2 x 3 weights once.
    assert_eq!(inspection.operators[op::DENSE].macs, Some(6));
    assert!(!inspection.importable);
}

#[test]
fn a_long_list_of_faults_is_cut_and_counted() {
    let mut model = sound();
    let unknown = Operator { code: 14, outputs: Vec::new(), ..model.operators[op::SOFTMAX].clone() };
    model.operators = vec![unknown; 70];
    model.outputs = vec![0];
    let got = said(&model);
    assert_eq!(got.lines().last(), Some("m: and 6 more faults"));
    assert_eq!(got.lines().count(), 65);
}

#[test]
fn files_of_another_kind_are_refused() {
    let cases: [(&[u8], &str); 3] = [
        (
            b"",
            "m: E-TFLITE-FILE: 0 bytes without the identifier TFL3 at byte 4; give a .tflite file as \
             TensorFlow Lite's converter writes it",
        ),
        (
            b"\x08\0\0\0ONNXabcd",
            "m: E-TFLITE-FILE: 12 bytes without the identifier TFL3 at byte 4; give a .tflite file as \
             TensorFlow Lite's converter writes it",
        ),
        (
            b"\x40\0\0\0TFL3",
            "m: E-TFLITE-FILE: damaged: byte 0: the offset points past the end of the file; the file is \
             cut short or overwritten: fetch or convert it again",
        ),
    ];
    for (bytes, expected) in cases {
        let got = import("m", bytes).map(|_| ()).map_err(|e| e.to_string());
        assert_eq!(got, Err(expected.to_string()));
    }
    let empty = file(b"TFL3", &Value::Table(vec![(0, int(3))]));
    assert!(import("m", &empty).is_err());
}

#[test]
fn names_from_the_file_cannot_disturb_a_terminal() {
    let mut model = sound();
    model.tensors[tensor::INPUT].name = format!("{}\u{1b}[2J", "x".repeat(100));
    model.tensors[tensor::INPUT].shape[0] = 0;
    let got = said(&model);
    assert!(got.contains("\"...xxx") && got.contains("\\u{1b}[2J\""), "{got}");
    assert!(!got.contains('\u{1b}'), "{got}");
}

#[test]
fn the_sound_model_becomes_the_graph_it_describes() {
    let graph = import("m", &sound().bytes()).unwrap_or_else(|errors| panic!("{errors}"));
    let names: Vec<&str> = graph.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "00_conv2d",
            "01_depthwise_conv2d",
            "02_add",
            "03_average_pool2d",
            "04_reshape",
            "05_fully_connected",
            "06_softmax"
        ]
    );
    assert_eq!(graph.nodes[op::ADD].inputs, [1, 2]);
    let Op::Conv2d(conv) = &graph.nodes[op::CONV].op else { panic!("{:?}", graph.nodes[op::CONV].op) };
    let three = Window { kernel: (3, 3), stride: (1, 1), dilation: (1, 1), padding: (1, 1) };
    assert_eq!(conv.window, three);
    assert_eq!((conv.input_zero_point, conv.output.min, conv.output.max), (-3, -128, 127));
    assert_eq!(conv.bias, [0, 1, 2]);
    // 0.05 * 0.02 / 0.1 = 0.01 = 0.64 / 2^6, to within the error of the f32 scales.
    let Multiplier { q, shift } = conv.output.multipliers[0];
    assert_eq!((conv.output.multipliers.len(), shift), (3, -6));
    assert!((f64::from(q) / 2f64.powi(31) - 0.64).abs() < 1e-6);
    let Op::Pool2d(pool) = &graph.nodes[op::POOL].op else { panic!("{:?}", graph.nodes[op::POOL].op) };
    assert_eq!((pool.kind, pool.window.kernel), (PoolKind::Average, (4, 4)));
}
