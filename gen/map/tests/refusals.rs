//! What does not map is refused by name, with what would do, and all reasons at once.

use cortado_arch::preset::by_name;
use cortado_arch::{Architecture, ExternalMemory};
use cortado_graph::ir::{
    Add, Conv2d, DataType, Graph, Multiplier, Node, Op, Pool2d, PoolKind, Requantise, Softmax, Tensor, Window,
};
use cortado_map::{compile, CompileOptions};

const SMALL: Multiplier = Multiplier { q: 1 << 30, shift: -8 };
const HALF: Multiplier = Multiplier { q: 1 << 30, shift: 0 };

fn window(kernel: usize, stride: usize, dilation: usize) -> Window {
    Window { kernel: (kernel, kernel), stride: (stride, stride), dilation: (dilation, dilation), padding: (0, 0) }
}

fn tensor(name: &str, side: usize, channels: usize) -> Tensor {
    Tensor { name: name.into(), shape: vec![1, side, side, channels], scale: 1.0, zero_point: 0 }
}

fn convolution(window: Window, channels: usize, weight: i16, multiplier: Multiplier) -> Op {
    Op::Conv2d(Conv2d {
        window,
        weights: vec![weight; window.kernel.0 * window.kernel.1 * channels * channels],
        bias: vec![0; channels],
        input_zero_point: 0,
        output: Requantise { multipliers: vec![multiplier; channels], zero_point: 0, min: -128, max: 127 },
    })
}

/// A chain of `steps`, each an operation and the side of its output map.
fn chain(side: usize, channels: usize, steps: Vec<(Op, usize)>) -> Graph {
    let mut graph = Graph {
        name: "chain".into(),
        data_type: DataType::Int8,
        tensors: vec![tensor("input", side, channels)],
        nodes: vec![],
        inputs: vec![0],
        outputs: vec![steps.len()],
    };
    for (index, (op, side)) in steps.into_iter().enumerate() {
        graph.tensors.push(tensor(&format!("map {index}"), side, channels));
        let inputs = if matches!(op, Op::Add(_)) { vec![index, index] } else { vec![index] };
        graph.nodes.push(Node { name: format!("node {index}"), op, inputs, output: index + 1 });
    }
    graph
}

fn add(factors: [Multiplier; 2], left_shift: u32) -> Op {
    Op::Add(Add {
        left_shift,
        input_zero_points: [0, 0],
        input_multipliers: factors,
        output_multiplier: SMALL,
        zero_point: 0,
        min: -128,
        max: 127,
    })
}

fn point() -> Op {
    convolution(window(1, 1, 1), 4, 1, SMALL)
}

fn engine() -> Architecture {
    by_name("tiny-2x2").expect("a built-in preset")
}

fn refused(graph: &Graph, arch: &Architecture, parts: &[&str]) {
    let text = match compile(graph, arch, &CompileOptions::default()) {
        Ok(compiled) => panic!("accepted where {parts:?} was expected:\n{}", compiled.listing),
        Err(errors) => errors.to_string(),
    };
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

#[test]
fn what_an_operation_needs_is_refused_by_name() {
    let softmax = Op::Softmax(Softmax { input_multiplier: 1 << 30, input_left_shift: 20, diff_min: -100 });
    let pool = |kernel, stride| {
        Op::Pool2d(Pool2d { kind: PoolKind::Max, window: window(kernel, stride, 1), min: -128, max: 127 })
    };
    let cases: Vec<(Graph, &[&str])> = vec![
        (chain(4, 4, vec![(softmax, 4), (point(), 4)]), &["node 0: ", "host"]),
        (
            chain(4, 4, vec![(convolution(window(1, 1, 1), 4, 1, Multiplier { q: 1 << 30, shift: 1 }), 4)]),
            &["node 0: ", "1.0000", "larger output scale"],
        ),
        (chain(4, 4, vec![(add([SMALL, SMALL], 20), 4)]), &["node 0: ", "exactly 1/2"]),
        (chain(4, 4, vec![(add([HALF, SMALL], 19), 4)]), &["node 0: ", "left shift 19"]),
        (chain(20, 4, vec![(convolution(window(16, 1, 1), 4, 1, SMALL), 5)]), &["node 0: ", "window (16, 16)"]),
        (chain(40, 4, vec![(pool(2, 16), 3)]), &["node 0: ", "stride (16, 16)"]),
        (chain(40, 4, vec![(convolution(window(3, 1, 8), 4, 1, SMALL), 24)]), &["node 0: ", "dilation (8, 8)"]),
        (
            chain(15, 48, vec![(convolution(window(15, 1, 1), 48, 127, SMALL), 1)]),
            &["node 0: output channel 0 may sum to", "split the input channels"],
        ),
    ];
    for (graph, parts) in cases {
        refused(&graph, &engine(), parts);
    }
}

#[test]
fn what_the_engine_lacks_is_refused_with_what_would_do() {
    let graph = chain(8, 4, vec![(point(), 8)]);
    // A row of 8 pixels of 2 words, and as much output.
    let small = Architecture { activation_words: 31, ..engine() };
    refused(&graph, &small, &["node 0: a row", "need 32 words", "activation_words = 31", "at least 32"]);
    let enough = Architecture { activation_words: 32, ..engine() };
    assert!(compile(&graph, &enough, &CompileOptions::default()).is_ok());
    let wide = chain(3, 40, vec![(convolution(window(3, 1, 1), 40, 1, SMALL), 1)]);
    let small = Architecture { weight_words: 100, ..engine() };
    refused(&wide, &small, &["node 0: one output group takes 180 words", "weight_words = 100", "at least 180"]);
    let small = Architecture { external: ExternalMemory { bytes: 512, ..engine().external }, ..engine() };
    refused(&graph, &small, &["chain: needs ", "tiny-2x2 has 512"]);
}

#[test]
fn an_add_is_refused_by_name_where_there_is_no_residual_unit() {
    let without = Architecture { residual_unit: false, ..engine() };
    let graph = chain(4, 4, vec![(point(), 4), (add([HALF, HALF], 20), 4)]);
    let words = "node 1: ADD; tiny-2x2 has no unit that adds residuals: use a preset with residual_unit = 1";
    for observe in [false, true] {
        let errors = compile(&graph, &without, &CompileOptions { observe }).expect_err("refused");
        assert_eq!(errors.to_string(), words);
    }
    assert!(compile(&chain(4, 4, vec![(point(), 4)]), &without, &CompileOptions::default()).is_ok());
}

#[test]
fn independent_reasons_come_together() {
    let graph = chain(4, 4, vec![(add([SMALL, SMALL], 20), 4), (point(), 4), (add([HALF, SMALL], 3), 4)]);
    refused(&graph, &engine(), &["node 0: ", "\nnode 2: "]);
    let mut graph = chain(4, 4, vec![(point(), 4)]);
    graph.tensors.push(tensor("second", 4, 4));
    graph.inputs.push(2);
    refused(&graph, &engine(), &["chain: 2 inputs"]);
    let mut graph = chain(4, 4, vec![(point(), 4)]);
    graph.nodes[0].inputs = vec![9];
    refused(&graph, &engine(), &["node 0: tensor 9"]);
}

#[test]
fn compiling_twice_gives_the_same_bytes() {
    let steps = vec![(point(), 8), (add([HALF, HALF], 20), 8), (point(), 8)];
    let graph = chain(8, 4, steps);
    let first = compile(&graph, &engine(), &CompileOptions::default()).expect("fits");
    let second = compile(&graph, &engine(), &CompileOptions::default()).expect("fits");
    assert_eq!(first.image, second.image);
    assert_eq!(first.listing, second.listing);
}
