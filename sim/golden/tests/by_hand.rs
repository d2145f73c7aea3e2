//! Forms the recorded networks do not have, against sums done by hand: maximum pooling, padded
//! averages, dilation, a depth multiplier, a batch.

use cortado_golden::run;
use cortado_graph::ir::{
    Conv2d, DataType, DepthwiseConv2d, FullyConnected, Graph, Multiplier, Node, Op, Pool2d, PoolKind, Requantise,
    Tensor, Window,
};

fn check(op: Op, from: &[usize], input: &[i16], to: &[usize], expected: &[i16]) {
    check_in(DataType::Int8, op, from, input, to, expected);
}

fn check_in(data_type: DataType, op: Op, from: &[usize], input: &[i16], to: &[usize], expected: &[i16]) {
    let tensor =
        |shape: &[usize]| Tensor { name: format!("{shape:?}"), shape: shape.to_vec(), scale: 1.0, zero_point: 0 };
    let graph = Graph {
        name: "by hand".to_string(),
        data_type,
        tensors: vec![tensor(from), tensor(to)],
        nodes: vec![Node { name: "00".to_string(), op, inputs: vec![0], output: 1 }],
        inputs: vec![0],
        outputs: vec![1],
    };
    let got = run(&graph, input).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(got[1], expected);
}

/// Passes accumulators through unchanged, clamped to `min..=max` after adding the zero point.
fn unchanged(channels: usize, zero_point: i32, min: i32, max: i32) -> Requantise {
    Requantise { multipliers: vec![Multiplier { q: 1 << 30, shift: 1 }; channels], zero_point, min, max }
}

fn window(kernel: usize, stride: usize, dilation: usize, padding: usize) -> Window {
    Window {
        kernel: (kernel, kernel),
        stride: (stride, stride),
        dilation: (dilation, dilation),
        padding: (padding, padding),
    }
}

#[rustfmt::skip]
const NINE: [i16; 9] = [
    -9, 2, -3,
    4, -5, 6,
    -7, 8, -1,
];

#[test]
fn pools_look_only_inside_the_map() {
    let pool = |kind, min, max| Op::Pool2d(Pool2d { kind, window: window(2, 2, 1, 1), min, max });
    let (from, to) = ([1, 3, 3, 1], [1, 2, 2, 1]);
    // Windows: {-9}, {2, -3}, {4, -7}, {-5, 6, 8, -1}.
    check(pool(PoolKind::Max, -128, 127), &from, &NINE, &to, &[-9, 2, 4, 8]);
    check(pool(PoolKind::Max, -4, 3), &from, &NINE, &to, &[-4, 2, 3, 3]);
    // -9, -0.5, -1.5, 2.
    check(pool(PoolKind::Average, -128, 127), &from, &NINE, &to, &[-9, -1, -2, 2]);
}

#[test]
fn dilated_convolution_skips_and_pads_with_the_zero_point() {
    // A 2x2 kernel of 1, 10 / 20, 3 on every other position; outside the map contributes nothing.
    let op = Op::Conv2d(Conv2d {
        window: window(2, 2, 2, 1),
        weights: vec![1, 10, 20, 3],
        bias: vec![5],
        input_zero_point: 1,
        output: unchanged(1, -2, -128, 120),
    });
    // At (0,0): only 3 * (-5 - 1) = -18. At (0,1): 20 * (-5 - 1) = -120.
    // At (1,0): 10 * (-5 - 1) = -60. At (1,1): 1 * (-5 - 1) = -6. Bias and zero point add 3.
    let expected = [-15, -117, -57, -3];
    check(op, &[1, 3, 3, 1], &NINE, &[1, 2, 2, 1], &expected);
}

#[test]
fn a_depth_multiplier_gives_each_channel_several_outputs() {
    let op = Op::DepthwiseConv2d(DepthwiseConv2d {
        window: window(1, 1, 1, 0),
        depth_multiplier: 2,
        weights: vec![1, 2, 3, 4],
        bias: vec![0, 0, 0, 100],
        input_zero_point: 0,
        output: unchanged(4, 0, 0, 127),
    });
    let expected = [5, 10, 0, 96, 7, 14, 24, 127];
    check(op, &[1, 1, 2, 2], &[5, -1, 7, 8], &[1, 1, 2, 4], &expected);
}

#[test]
fn fully_connected_takes_each_row_of_a_batch() {
    let op = Op::FullyConnected(FullyConnected {
        weights: vec![1, 2, -3, 4],
        bias: vec![10, 20],
        input_zero_point: 1,
        output: unchanged(2, 0, -128, 127),
    });
    // Rows (1, 1) and (2, -3) after the zero point.
    check(op, &[2, 2], &[2, 2, 3, -2], &[2, 2], &[13, 21, 6, 2]);
}

#[test]
fn int16_layers_shift_where_int8_ones_scale() {
    let shifted = |shifts: &[u32]| Requantise {
        multipliers: shifts.iter().map(|&n| Multiplier::halving(n)).collect(),
        zero_point: 0,
        min: -32768,
        max: 20000,
    };
    let op = Op::FullyConnected(FullyConnected {
        weights: vec![32767, 32767, -32768, -32768, 1, 1, 2, -2],
        bias: vec![0, 0, -5, 1 << 40],
        input_zero_point: 0,
        output: shifted(&[17, 16, 1, 26]),
    });
    // 32767 * (32767 - 32768) = -32767 by 2^17; 32768 by 2^16 is a half; (-1 - 5) / 2; 2^14 + 2 * 65535 / 2^26.
    check_in(DataType::Int16, op, &[1, 2], &[32767, -32768], &[1, 4], &[0, 1, -3, 16384]);

    let pool = |kind, max| Op::Pool2d(Pool2d { kind, window: window(2, 2, 1, 1), min: -32768, max });
    let (from, to) = ([1, 3, 3, 1], [1, 2, 2, 1]);
    let wide: [i16; 9] = [-32768, 2, -3, 4, -5, 6, -7, 8, -32768];
    check_in(DataType::Int16, pool(PoolKind::Max, 7), &from, &wide, &to, &[-32768, 2, 4, 7]);
    // -32768; -1 / 2; -3 / 2; -32759 / 4.
    check_in(DataType::Int16, pool(PoolKind::Average, 32767), &from, &wide, &to, &[-32768, -1, -2, -8190]);
    // A third is 21845 / 2^16: the mean of 32767 comes out just above 32766.5, that of 1, 2, 3 just below 2.
    let row = Op::Pool2d(Pool2d {
        kind: PoolKind::Average,
        window: Window { kernel: (1, 3), stride: (1, 3), dilation: (1, 1), padding: (0, 0) },
        min: -32768,
        max: 32767,
    });
    check_in(DataType::Int16, row, &[1, 1, 6, 1], &[32767, 32767, 32767, 1, 2, 3], &[1, 1, 2, 1], &[32767, 2]);
}
