//! What the golden model refuses to run, and in which words; and the boundaries it does run.

use cortado_golden::run;
use cortado_graph::ir::{DataType, FullyConnected, Graph, Multiplier, Node, Op, Requantise, Tensor};

fn tensor(name: &str, features: usize) -> Tensor {
    Tensor { name: name.to_string(), shape: vec![1, features], scale: 1.0, zero_point: 0 }
}

/// One output: `(bias + 127 * sum of inputs) * factor`.
fn dense(features: usize, bias: i64, factor: Multiplier) -> Graph {
    let op = Op::FullyConnected(FullyConnected {
        weights: vec![127; features],
        bias: vec![bias],
        input_zero_point: 0,
        output: Requantise { multipliers: vec![factor], zero_point: 0, min: -128, max: 127 },
    });
    Graph {
        name: "dense".to_string(),
        data_type: DataType::Int8,
        tensors: vec![tensor("in", features), tensor("out", 1)],
        nodes: vec![Node { name: "00_fully_connected".to_string(), op, inputs: vec![0], output: 1 }],
        inputs: vec![0],
        outputs: vec![1],
    }
}

const HALF: Multiplier = Multiplier { q: 1 << 30, shift: 0 };

fn said(graph: &Graph, input: &[i16]) -> String {
    match run(graph, input) {
        Ok(tensors) => format!("ran: {:?}", tensors[graph.outputs[0]]),
        Err(error) => error.to_string(),
    }
}

#[test]
fn accumulators_are_held_to_int32() {
    let largest = i64::from(i32::MAX - 127);
    assert_eq!(said(&dense(1, largest, HALF), &[1]), "ran: [127]");
    assert_eq!(
        said(&dense(1, largest + 1, HALF), &[1]),
        "node 00_fully_connected: the sum of products leaves int32 at element 0 of \"out\"; quantise \
         the model again with data that covers its range"
    );
    let doubling = Multiplier { shift: 2, ..HALF };
    assert_eq!(
        said(&dense(1, 1 << 30, doubling), &[1]),
        "node 00_fully_connected: the requantiser's left shift leaves int32 at element 0 of \"out\"; \
         quantise the model again with data that covers its range"
    );
}

#[test]
fn int16_accumulators_are_held_to_48_bits() {
    let int16 = |bias, shift| {
        let mut graph = dense(1, bias, Multiplier::halving(shift));
        graph.data_type = DataType::Int16;
        if let Op::FullyConnected(fc) = &mut graph.nodes[0].op {
            (fc.weights[0], fc.output.min, fc.output.max) = (i16::MIN, i16::MIN.into(), i16::MAX.into());
        }
        graph
    };
    let least = -(1i64 << 47);
    // -2^47 + 2^30 - 2^30, by 2^32: exactly -2^15.
    assert_eq!(said(&int16(least + (1 << 30), 32), &[i16::MAX, 0][..1]), "ran: [-32768]");
    assert_eq!(said(&int16(least + (1 << 30), 47), &[i16::MAX]), "ran: [-1]");
    assert_eq!(
        said(&int16(least, 32), &[1]),
        "node 00_fully_connected: the sum of products leaves 48 bits at element 0 of \"out\"; quantise \
         the model again with data that covers its range"
    );
    assert_eq!(
        said(&int16(1 << 47, 32), &[1]),
        "the graph cannot be run\nnode 00_fully_connected: bias 140737488355328 does not fit 48 bits"
    );
    let mut scaled = int16(0, 0);
    if let Op::FullyConnected(fc) = &mut scaled.nodes[0].op {
        fc.output.multipliers[0] = Multiplier { q: 3 << 29, shift: 0 };
    }
    assert_eq!(
        said(&scaled, &[1]),
        "the graph cannot be run\nnode 00_fully_connected: Multiplier { q: 1610612736, shift: 0 } is not a right shift by \
         0 to 47"
    );
    let mut shifted = int16(0, 0);
    shifted.tensors[1].zero_point = 1;
    assert_eq!(said(&shifted, &[1]), "the graph cannot be run\ntensor 1 has zero point 1");
}

#[test]
fn int8_networks_take_int8_values() {
    assert_eq!(said(&dense(1, 0, HALF), &[128]), "the input holds 128; the network takes int8, -128 to 127");
}

#[test]
fn graphs_and_inputs_that_do_not_fit_are_refused() {
    let sound = dense(2, 0, HALF);
    assert_eq!(said(&sound, &[1, 1]), "ran: [127]");
    assert_eq!(said(&sound, &[1]), "the input has 1 values; its tensor of shape [1, 2] needs 2");
    type Break = fn(&mut Graph);
    let cases: [(Break, &str); 8] = [
        (
            |g| g.inputs.clear(),
            "the graph cannot be run\nnode 00_fully_connected: tensor 0 is read before it is produced\n\
             tensor 0 is never produced",
        ),
        (|g| g.outputs = vec![7], "the graph cannot be run\ntensor 7 is not in the table"),
        (
            |g| g.nodes[0].output = 0,
            "the graph cannot be run\nnode 00_fully_connected: tensor 0 is produced twice\ntensor 1 is \
             read before it is produced\ntensor 1 is never produced",
        ),
        (
            |g| g.nodes[0].inputs = vec![0, 0],
            "the graph cannot be run\nnode 00_fully_connected: 2 inputs where 1 are needed",
        ),
        (|g| g.tensors[0].shape = vec![1, 3], "the graph cannot be run\nnode 00_fully_connected: 2 weights for [1, 3]"),
        (|g| g.tensors[0].shape = vec![0], "the graph cannot be run\ntensor 0 has the impossible shape [0]"),
        (|g| g.tensors[0].zero_point = 300, "the graph cannot be run\ntensor 0 has zero point 300"),
        (
            |g| {
                g.nodes[0].op = Op::Reshape;
                g.tensors[0].shape = vec![1 << 30];
                g.tensors[1].shape = vec![1 << 30];
            },
            "the graph's tensors take 2147483648 bytes; at most 1073741824 are held",
        ),
    ];
    for (damage, expected) in cases {
        let mut graph = sound.clone();
        damage(&mut graph);
        assert_eq!(said(&graph, &[1, 1]), expected);
    }
}
