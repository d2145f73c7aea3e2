//! A model as a test describes it, and the sound one the tests break.

use super::flatbuffer::{byte, bytes, file, float, floats, int, ints, longs, Value};

pub const FLOAT32: u8 = 0;
pub const INT32: u8 = 2;
pub const INT8: u8 = 9;

#[derive(Clone)]
pub struct Tensor {
    pub name: String,
    pub shape: Vec<i32>,
    pub element_type: u8,
    pub scales: Vec<f32>,
    pub zero_points: Vec<i64>,
    pub axis: i32,
    pub data: Vec<u8>,
}

#[derive(Clone)]
pub struct Operator {
    pub code: u8,
    pub inputs: Vec<i32>,
    pub outputs: Vec<i32>,
    pub options_type: u8,
    pub options: Vec<(usize, Value)>,
}

impl Operator {
    /// Replaces option field `slot`.
    pub fn set(&mut self, slot: usize, value: Value) {
        self.options.retain(|(number, _)| *number != slot);
        self.options.push((slot, value));
    }
}

#[derive(Clone)]
pub struct Model {
    pub version: i32,
    pub subgraphs: usize,
    pub tensors: Vec<Tensor>,
    pub operators: Vec<Operator>,
    pub inputs: Vec<i32>,
    pub outputs: Vec<i32>,
}

fn activation(name: &str, shape: &[i32], scale: f32, zero_point: i64) -> Tensor {
    Tensor {
        name: name.to_string(),
        shape: shape.to_vec(),
        element_type: INT8,
        scales: vec![scale],
        zero_points: vec![zero_point],
        axis: 0,
        data: Vec::new(),
    }
}

fn weights(name: &str, shape: &[i32], axis: i32, channels: usize) -> Tensor {
    let count: i32 = shape.iter().product();
    Tensor {
        scales: vec![0.02; channels],
        zero_points: vec![0; channels],
        axis,
        data: (0..count).map(|value| value as u8).collect(),
        ..activation(name, shape, 0.0, 0)
    }
}

fn bias(name: &str, channels: i32) -> Tensor {
    Tensor {
        element_type: INT32,
        data: (0..channels).flat_map(i32::to_le_bytes).collect(),
        ..activation(name, &[channels], 0.001, 0)
    }
}

fn operator(code: u8, inputs: &[i32], output: i32, options_type: u8, options: Vec<(usize, Value)>) -> Operator {
    Operator { code, inputs: inputs.to_vec(), outputs: vec![output], options_type, options }
}

/// Tensor numbers of [`sound`].
pub mod tensor {
    pub const INPUT: usize = 0;
    pub const CONV: usize = 1;
    pub const DEPTHWISE: usize = 2;
    pub const SUM: usize = 3;
    pub const POOLED: usize = 4;
    pub const FLAT: usize = 5;
    pub const LOGITS: usize = 6;
    pub const OUTPUT: usize = 7;
    pub const CONV_WEIGHTS: usize = 8;
    pub const CONV_BIAS: usize = 9;
    pub const DEPTHWISE_WEIGHTS: usize = 10;
    pub const DEPTHWISE_BIAS: usize = 11;
    pub const DENSE_WEIGHTS: usize = 12;
    pub const DENSE_BIAS: usize = 13;
    pub const SHAPE: usize = 14;
}

/// Operator numbers of [`sound`].
pub mod op {
    pub const CONV: usize = 0;
    pub const DEPTHWISE: usize = 1;
    pub const ADD: usize = 2;
    pub const POOL: usize = 3;
    pub const RESHAPE: usize = 4;
    pub const DENSE: usize = 5;
    pub const SOFTMAX: usize = 6;
}

/// Convolution, depthwise convolution, residual add of the two, average pool, reshape, fully
/// connected, softmax: 4x4x2 to 2 classes.
pub fn sound() -> Model {
    let mut shape = bias("shape", 2);
    shape.data = [1i32, 3].iter().flat_map(|v| v.to_le_bytes()).collect();
    Model {
        version: 3,
        subgraphs: 1,
        tensors: vec![
            activation("input", &[1, 4, 4, 2], 0.05, -3),
            activation("conv", &[1, 4, 4, 3], 0.1, -128),
            activation("depthwise", &[1, 4, 4, 3], 0.1, 4),
            activation("sum", &[1, 4, 4, 3], 0.15, -128),
            activation("pooled", &[1, 1, 1, 3], 0.15, -128),
            activation("flat", &[1, 3], 0.15, -128),
            activation("logits", &[1, 2], 0.2, 7),
            activation("output", &[1, 2], 1.0 / 256.0, -128),
            weights("conv/w", &[3, 3, 3, 2], 0, 3),
            bias("conv/b", 3),
            weights("depthwise/w", &[1, 3, 3, 3], 3, 3),
            bias("depthwise/b", 3),
            weights("dense/w", &[2, 3], 0, 1),
            bias("dense/b", 2),
            shape,
        ],
        operators: vec![
            operator(3, &[0, 8, 9], 1, 1, vec![(1, int(1)), (2, int(1)), (3, byte(1))]),
            operator(4, &[1, 10, 11], 2, 2, vec![(1, int(1)), (2, int(1)), (3, int(1))]),
            operator(0, &[1, 2], 3, 11, vec![(0, byte(1))]),
            operator(1, &[3], 4, 5, vec![(0, byte(1)), (1, int(4)), (2, int(4)), (3, int(4)), (4, int(4))]),
            operator(22, &[4, 14], 5, 0, Vec::new()),
            operator(9, &[5, 12, 13], 6, 8, Vec::new()),
            operator(25, &[6], 7, 9, vec![(0, float(1.0))]),
        ],
        inputs: vec![0],
        outputs: vec![7],
    }
}

impl Model {
    /// The file's bytes. Buffer 0 is the empty one; tensor `n` has buffer `n + 1`; each operator has
    /// an operator code of its own.
    pub fn bytes(&self) -> Vec<u8> {
        let codes = self.operators.iter().map(|op| {
            let older = op.code.min(127);
            Value::Table(vec![(0, byte(older)), (3, int(i32::from(op.code)))])
        });
        let buffers = std::iter::once(Value::Table(Vec::new()))
            .chain(self.tensors.iter().map(|t| Value::Table(vec![(0, bytes(&t.data))])));
        let tensors = self.tensors.iter().enumerate().map(|(index, t)| {
            let quantisation = Value::Table(vec![(2, floats(&t.scales)), (3, longs(&t.zero_points)), (6, int(t.axis))]);
            Value::Table(vec![
                (0, ints(&t.shape)),
                (1, byte(t.element_type)),
                (2, int(index as i32 + 1)),
                (3, bytes(t.name.as_bytes())),
                (4, quantisation),
            ])
        });
        let operators = self.operators.iter().enumerate().map(|(index, op)| {
            Value::Table(vec![
                (0, int(index as i32)),
                (1, ints(&op.inputs)),
                (2, ints(&op.outputs)),
                (3, byte(op.options_type)),
                (4, Value::Table(op.options.clone())),
            ])
        });
        let graph = Value::Table(vec![
            (0, Value::Tables(tensors.collect())),
            (1, ints(&self.inputs)),
            (2, ints(&self.outputs)),
            (3, Value::Tables(operators.collect())),
        ]);
        let root = Value::Table(vec![
            (0, int(self.version)),
            (1, Value::Tables(codes.collect())),
            (2, Value::Tables(vec![graph; self.subgraphs])),
            (4, Value::Tables(buffers.collect())),
        ]);
        file(b"TFL3", &root)
    }
}
