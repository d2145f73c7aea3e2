//! Int16 layers against sums of SciPy's and roundings of Python's decimals, recorded by `scripts/int16_oracle.sh`.

use cortado_golden::run;
use cortado_graph::ir::{
    Conv2d, DataType, DepthwiseConv2d, Graph, Multiplier, Node, Op, Pool2d, PoolKind, Requantise, Tensor, Window,
};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
struct Case {
    kind: String,
    /// Rows, columns, channels.
    input: [usize; 3],
    kernel: (usize, usize),
    output: (usize, usize),
    stride: (usize, usize),
    dilation: (usize, usize),
    padding: (usize, usize),
    channels: usize,
    shift: u32,
    bias_bits: u32,
    min: i32,
    max: i32,
    stream: u64,
    result: Vec<i16>,
}

/// The highest `bits` bits, signed, of SplitMix64's output for counters `stream * 2^32 + 1` and on.
fn values(stream: u64, count: usize, bits: u32) -> Vec<i64> {
    let mix = |counter: u64| {
        let z = ((stream << 32) + counter).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) as i64 >> (64 - bits)
    };
    (1..=count as u64).map(mix).collect()
}

fn shorts(stream: u64, count: usize) -> Vec<i16> {
    values(stream, count, 16).into_iter().map(|value| value as i16).collect()
}

impl Case {
    fn op(&self) -> Op {
        let window =
            Window { kernel: self.kernel, stride: self.stride, dilation: self.dilation, padding: self.padding };
        let (min, max, out) = (self.min, self.max, self.channels);
        let shifts = (0..out as u32).map(|o| Multiplier::halving(self.shift + o % 3));
        let output = Requantise { multipliers: shifts.collect(), zero_point: 0, min, max };
        let bias = values(self.stream + 2, out, self.bias_bits);
        let taps = self.kernel.0 * self.kernel.1;
        match self.kind.as_str() {
            "conv" => {
                let weights = shorts(self.stream + 1, out * taps * self.input[2]);
                Op::Conv2d(Conv2d { window, weights, bias, input_zero_point: 0, output })
            }
            "depthwise" => {
                let by_channel = shorts(self.stream + 1, out * taps);
                let weights = (0..taps).flat_map(|tap| (0..out).map(move |o| o * taps + tap));
                let weights = weights.map(|at| by_channel[at]).collect();
                Op::DepthwiseConv2d(DepthwiseConv2d {
                    window,
                    depth_multiplier: 1,
                    weights,
                    bias,
                    input_zero_point: 0,
                    output,
                })
            }
            "average" => Op::Pool2d(Pool2d { kind: PoolKind::Average, window, min, max }),
            _ => Op::Pool2d(Pool2d { kind: PoolKind::Max, window, min, max }),
        }
    }

    fn graph(&self) -> Graph {
        let [height, width, channels] = self.input;
        let tensor = |name: &str, shape: Vec<usize>| Tensor { name: name.into(), shape, scale: 1.0, zero_point: 0 };
        Graph {
            name: self.kind.clone(),
            data_type: DataType::Int16,
            tensors: vec![
                tensor("in", vec![1, height, width, channels]),
                tensor("out", vec![1, self.output.0, self.output.1, self.channels]),
            ],
            nodes: vec![Node { name: "00".to_string(), op: self.op(), inputs: vec![0], output: 1 }],
            inputs: vec![0],
            outputs: vec![1],
        }
    }
}

#[test]
fn int16_layers_equal_integer_correlation_and_decimal_rounding() {
    let vectors: Vectors = serde_json::from_str(include_str!("oracle/int16.json")).expect("the vectors are JSON");
    assert!(vectors.cases.len() >= 14);
    for case in &vectors.cases {
        let input = shorts(case.stream, case.input.iter().product());
        let got = run(&case.graph(), &input).unwrap_or_else(|error| panic!("{case:?}: {error}"));
        assert_eq!(got[1], case.result, "{} {:?} by {:?}", case.kind, case.input, case.kernel);
    }
}
