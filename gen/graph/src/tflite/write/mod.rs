//! TensorFlow Lite files (schema version 3) of int8, or of int16 with scales that are powers of two, written tensor by
//! tensor and operator by operator.

pub mod flatbuffer;

use super::names::{INT32, INT64};
use super::tensor::element_number;
use crate::geometry::Padding;
use crate::ir::DataType;
use crate::quantise::Activation;
use flatbuffer::{finish, Field, Node};

const FILE_IDENTIFIER: &[u8; 4] = b"TFL3";
const SCHEMA_VERSION: i32 = 3;

/// Index of a tensor in the file.
pub type Index = i32;

/// Sliding parts of an operator; pairs are (vertical, horizontal).
#[derive(Debug, Clone, Copy)]
pub struct Sliding {
    pub padding: Padding,
    pub stride: (usize, usize),
    pub dilation: (usize, usize),
}

/// One operator with its options.
#[derive(Debug, Clone, Copy)]
pub enum Operator {
    Conv2d(Sliding, Activation),
    DepthwiseConv2d(Sliding, usize, Activation),
    FullyConnected(Activation),
    AveragePool2d(Sliding, (usize, usize), Activation),
    MaxPool2d(Sliding, (usize, usize), Activation),
    Add(Activation),
    Reshape,
    Softmax,
}

/// Builtin code, version (the first with int8) and options' member of each operator.
fn identity(operator: &Operator) -> (u8, i32, u8) {
    match operator {
        Operator::Add(_) => (0, 2, 11),
        Operator::AveragePool2d(..) => (1, 2, 5),
        Operator::Conv2d(..) => (3, 3, 1),
        Operator::DepthwiseConv2d(..) => (4, 3, 2),
        Operator::FullyConnected(_) => (9, 4, 8),
        Operator::MaxPool2d(..) => (17, 2, 5),
        Operator::Reshape => (22, 1, 17),
        Operator::Softmax => (25, 2, 9),
    }
}

/// A file that is being written.
#[derive(Debug)]
pub struct Writer {
    data_type: DataType,
    tensors: Vec<Node>,
    operators: Vec<Node>,
    buffers: Vec<Node>,
    codes: Vec<(u8, i32)>,
}

fn int(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

impl Writer {
    /// A file without tensors, of activations and weights of `data_type`. Buffer 0 is empty by convention: it stands for "no constant data".
    pub fn new(data_type: DataType) -> Writer {
        Writer { data_type, tensors: vec![], operators: vec![], buffers: vec![Node::Table(vec![])], codes: vec![] }
    }

    /// An activation.
    pub fn activation(&mut self, name: &str, shape: &[usize], scale: f32, zero_point: i32) -> Index {
        self.tensor(name, shape, element_number(self.data_type), None, Some(quantisation(vec![scale], zero_point, 0)))
    }

    /// Weights, symmetric, with one scale or one a channel along dimension `axis`.
    pub fn weights(&mut self, name: &str, shape: &[usize], values: &[i16], scales: Vec<f32>, axis: i32) -> Index {
        let bytes = self.data_type.to_bytes(values);
        self.tensor(name, shape, element_number(self.data_type), Some(bytes), Some(quantisation(scales, 0, axis)))
    }

    /// Biases, of 32 bits at int8 and 64 at int16, in units of input scale times weight scale.
    pub fn bias(&mut self, name: &str, values: &[i64], scales: Vec<f32>) -> Index {
        let (element, bytes) = match self.data_type {
            DataType::Int8 => (INT32, 4),
            DataType::Int16 => (INT64, 8),
        };
        let bytes = values.iter().flat_map(|value| value.to_le_bytes().into_iter().take(bytes)).collect();
        self.tensor(name, &[values.len()], element, Some(bytes), Some(quantisation(scales, 0, 0)))
    }

    /// The new shape of a RESHAPE.
    pub fn shape(&mut self, name: &str, shape: &[usize]) -> Index {
        let bytes = shape.iter().flat_map(|&dim| int(dim).to_le_bytes()).collect();
        self.tensor(name, &[shape.len()], INT32, Some(bytes), None)
    }

    fn tensor(
        &mut self,
        name: &str,
        shape: &[usize],
        element: i8,
        constant: Option<Vec<u8>>,
        code: Option<Node>,
    ) -> Index {
        let buffer = constant.map_or(0, |bytes| {
            self.buffers.push(Node::Table(vec![(0, Field::Child(Node::Bytes(bytes)))]));
            int(self.buffers.len() - 1)
        });
        let mut fields = vec![
            (0, Field::Child(Node::Ints(shape.iter().map(|&dim| int(dim)).collect()))),
            (1, Field::Byte(element as u8)),
            (2, Field::Int(buffer)),
            (3, Field::Child(Node::Text(name.to_owned()))),
        ];
        fields.extend(code.map(|code| (4, Field::Child(code))));
        self.tensors.push(Node::Table(fields));
        int(self.tensors.len() - 1)
    }

    /// Adds an operator; operators stand in execution order.
    pub fn operator(&mut self, operator: Operator, inputs: &[Index], output: Index) {
        let (code, version, options_type) = identity(&operator);
        let known = self.codes.iter().position(|&(known, _)| known == code);
        let opcode = known.unwrap_or_else(|| {
            self.codes.push((code, version));
            self.codes.len() - 1
        });
        self.operators.push(Node::Table(vec![
            (0, Field::Int(int(opcode))),
            (1, Field::Child(Node::Ints(inputs.to_vec()))),
            (2, Field::Child(Node::Ints(vec![output]))),
            (3, Field::Byte(options_type)),
            (4, Field::Child(Node::Table(options(operator)))),
        ]));
    }

    /// The file's bytes. Two equal walks give equal bytes.
    pub fn finish(self, name: &str, inputs: &[Index], outputs: &[Index]) -> Vec<u8> {
        let codes = self.codes.iter().map(|&(code, version)| {
            Node::Table(vec![
                (0, Field::Byte(code)), // deprecated_builtin_code, which older readers look at
                (2, Field::Int(version)),
                (3, Field::Int(i32::from(code))),
            ])
        });
        let graph = Node::Table(vec![
            (0, Field::Child(Node::Vector(self.tensors))),
            (1, Field::Child(Node::Ints(inputs.to_vec()))),
            (2, Field::Child(Node::Ints(outputs.to_vec()))),
            (3, Field::Child(Node::Vector(self.operators))),
            (4, Field::Child(Node::Text(name.to_owned()))),
        ]);
        let root = Node::Table(vec![
            (0, Field::Int(SCHEMA_VERSION)),
            (1, Field::Child(Node::Vector(codes.collect()))),
            (2, Field::Child(Node::Vector(vec![graph]))),
            (3, Field::Child(Node::Text(format!("cortado {name}")))),
            (4, Field::Child(Node::Vector(self.buffers))),
        ]);
        finish(&root, FILE_IDENTIFIER)
    }
}

/// Per tensor with one scale, else per channel along dimension `axis`.
fn quantisation(scales: Vec<f32>, zero_point: i32, axis: i32) -> Node {
    let zero_points = vec![i64::from(zero_point); scales.len()];
    Node::Table(vec![
        (2, Field::Child(Node::Floats(scales))),
        (3, Field::Child(Node::Longs(zero_points))),
        (6, Field::Int(axis)),
    ])
}

fn fused(activation: Activation) -> Field {
    Field::Byte(match activation {
        Activation::None => 0,
        Activation::Relu => 1,
        Activation::ReluN1To1 => 2,
        Activation::Relu6 => 3,
    })
}

fn options(operator: Operator) -> Vec<(u16, Field)> {
    let sliding = |sliding: Sliding| {
        let padding = match sliding.padding {
            Padding::Same => 0,
            Padding::Valid => 1,
        };
        vec![(0, Field::Byte(padding)), (1, Field::Int(int(sliding.stride.1))), (2, Field::Int(int(sliding.stride.0)))]
    };
    match operator {
        Operator::Conv2d(window, activation) => {
            let mut fields = sliding(window);
            fields.push((3, fused(activation)));
            fields.push((4, Field::Int(int(window.dilation.1))));
            fields.push((5, Field::Int(int(window.dilation.0))));
            fields
        }
        Operator::DepthwiseConv2d(window, multiplier, activation) => {
            let mut fields = sliding(window);
            fields.push((3, Field::Int(int(multiplier))));
            fields.push((4, fused(activation)));
            fields.push((5, Field::Int(int(window.dilation.1))));
            fields.push((6, Field::Int(int(window.dilation.0))));
            fields
        }
        Operator::AveragePool2d(window, kernel, activation) | Operator::MaxPool2d(window, kernel, activation) => {
            let mut fields = sliding(window);
            fields.push((3, Field::Int(int(kernel.1))));
            fields.push((4, Field::Int(int(kernel.0))));
            fields.push((5, fused(activation)));
            fields
        }
        Operator::FullyConnected(activation) | Operator::Add(activation) => vec![(0, fused(activation))],
        Operator::Reshape => vec![],
        Operator::Softmax => vec![(0, Field::Float(1.0))],
    }
}
