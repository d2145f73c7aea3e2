//! A quantised network as a TensorFlow Lite file (schema version 3).
//!
//! The graph is one CONV_2D (fused ReLU), MAX_POOL_2D or FULLY_CONNECTED for each layer, a RESHAPE
//! before the dense layer and a SOFTMAX after it. Input `[1, h, w, c]`, output `[1, classes]`.

use crate::architecture::{LayerSpec, Padding, Shape};
use crate::quantise::{Quantisation, QuantisedLayer, QuantisedNetwork, QuantisedParameters};
use cortado_graph::tflite::write::flatbuffer::{finish, Field, Node};

const FILE_IDENTIFIER: &[u8; 4] = b"TFL3";
const SCHEMA_VERSION: i32 = 3;

/// The code the reference softmax kernel fixes for its int8 output.
const PROBABILITIES: Quantisation = Quantisation { scale: 1.0 / 256.0, zero_point: -128 };

/// The operators written; the values index the file's operator table.
#[derive(Debug, Clone, Copy)]
enum Operator {
    Conv2d,
    MaxPool2d,
    Reshape,
    FullyConnected,
    Softmax,
}

/// Builtin code and version of each [`Operator`]; the versions are the first with int8.
const OPERATOR_CODES: [(u8, i32); 5] = [(3, 3), (17, 2), (22, 1), (9, 4), (25, 2)];

/// Members of the schema's union `BuiltinOptions`.
mod options {
    pub const CONV_2D: u8 = 1;
    pub const POOL_2D: u8 = 5;
    pub const FULLY_CONNECTED: u8 = 8;
    pub const SOFTMAX: u8 = 9;
    pub const RESHAPE: u8 = 17;
}

/// Members of the schema's enum `TensorType`.
mod tensor_type {
    pub const INT32: u8 = 2;
    pub const INT8: u8 = 9;
}

const PADDING_SAME: u8 = 0;
const PADDING_VALID: u8 = 1;
const ACTIVATION_RELU: u8 = 1;

/// The bytes of `network`'s model file. Two calls give the same bytes.
pub fn write(network: &QuantisedNetwork) -> Vec<u8> {
    let mut model = Builder::new();
    let first = network.layers.first();
    let shape = first.map_or(Shape::vector(1), |l| l.layer.input);
    let input = model.activation("input", &map_shape(shape), Quantisation::PIXELS);
    let mut current = input;
    for (index, layer) in network.layers.iter().enumerate() {
        current = model.layer(index, layer, current);
    }
    let classes = network.layers.last().map_or(1, |l| l.layer.output.len());
    let output = model.activation("probabilities", &[1, classes as i32], PROBABILITIES);
    model.operator(Operator::Softmax, &[current], output, options::SOFTMAX, vec![(0, Field::Float(1.0))]);
    finish(&model.root(&network.name, input, output), FILE_IDENTIFIER)
}

fn map_shape(shape: Shape) -> [i32; 4] {
    [1, shape.height as i32, shape.width as i32, shape.channels as i32]
}

/// The parts of the file while the graph is walked.
struct Builder {
    tensors: Vec<Node>,
    operators: Vec<Node>,
    buffers: Vec<Node>,
}

impl Builder {
    /// Buffer 0 is empty by convention: it stands for "no constant data".
    fn new() -> Self {
        Self { tensors: vec![], operators: vec![], buffers: vec![Node::Table(vec![])] }
    }

    /// Adds the operators of one layer and returns its output tensor.
    fn layer(&mut self, index: usize, layer: &QuantisedLayer, input: i32) -> i32 {
        let name = |what: &str| format!("layer{index}/{what}");
        match layer.layer.spec {
            LayerSpec::Conv { kernel, .. } => {
                let channels = layer.layer.input.channels as i32;
                let shape = [layer.layer.fan_out() as i32, kernel as i32, kernel as i32, channels];
                let (weights, bias) = self.parameters(index, layer, &shape);
                let shape = map_shape(layer.layer.output);
                let output = self.activation(&name("conv"), &shape, layer.output);
                let fields = conv_options(layer);
                self.operator(Operator::Conv2d, &[input, weights, bias], output, options::CONV_2D, fields);
                output
            }
            LayerSpec::MaxPool { size } => {
                let shape = map_shape(layer.layer.output);
                let output = self.activation(&name("max_pool"), &shape, layer.output);
                let fields = pool_options(size);
                self.operator(Operator::MaxPool2d, &[input], output, options::POOL_2D, fields);
                output
            }
            LayerSpec::Dense { .. } => {
                let features = layer.layer.fan_in() as i32;
                let flat = self.flatten(&name("flatten"), features, layer.input, input);
                let shape = [layer.layer.fan_out() as i32, features];
                let (weights, bias) = self.parameters(index, layer, &shape);
                let shape = [1, layer.layer.fan_out() as i32];
                let output = self.activation(&name("dense"), &shape, layer.output);
                let inputs = [flat, weights, bias];
                self.operator(Operator::FullyConnected, &inputs, output, options::FULLY_CONNECTED, vec![]);
                output
            }
        }
    }

    fn flatten(&mut self, name: &str, features: i32, code: Quantisation, input: i32) -> i32 {
        let target = vec![1, features];
        let bytes = target.iter().flat_map(|d: &i32| d.to_le_bytes()).collect();
        let shape_name = format!("{name}/shape");
        let shape = self.tensor(&shape_name, &[2], tensor_type::INT32, Some(bytes), None);
        let output = self.activation(name, &target, code);
        let fields = vec![(0, Field::Child(Node::Ints(target)))];
        self.operator(Operator::Reshape, &[input, shape], output, options::RESHAPE, fields);
        output
    }

    /// Adds the weight and bias tensors of a layer; a pool has none and gets empty ones.
    fn parameters(&mut self, index: usize, layer: &QuantisedLayer, shape: &[i32]) -> (i32, i32) {
        let none = QuantisedParameters { weights: vec![], weight_scales: vec![], bias: vec![] };
        let p = layer.parameters.as_ref().unwrap_or(&none);
        let weight_bytes = p.weights.iter().map(|&w| w as u8).collect();
        let bias_bytes = p.bias.iter().flat_map(|b| b.to_le_bytes()).collect();
        let bias_scales = p.weight_scales.iter().map(|s| layer.input.scale * s).collect();
        let weights = self.tensor(
            &format!("layer{index}/weights"),
            shape,
            tensor_type::INT8,
            Some(weight_bytes),
            Some(quantisation(p.weight_scales.clone(), 0)),
        );
        let bias = self.tensor(
            &format!("layer{index}/bias"),
            &[p.bias.len() as i32],
            tensor_type::INT32,
            Some(bias_bytes),
            Some(quantisation(bias_scales, 0)),
        );
        (weights, bias)
    }

    fn activation(&mut self, name: &str, shape: &[i32], code: Quantisation) -> i32 {
        let code = quantisation(vec![code.scale], code.zero_point);
        self.tensor(name, shape, tensor_type::INT8, None, Some(code))
    }

    fn tensor(&mut self, name: &str, shape: &[i32], element: u8, constant: Option<Vec<u8>>, code: Option<Node>) -> i32 {
        let buffer = constant.map_or(0, |bytes| {
            self.buffers.push(Node::Table(vec![(0, Field::Child(Node::Bytes(bytes)))]));
            self.buffers.len() as i32 - 1
        });
        let mut fields = vec![
            (0, Field::Child(Node::Ints(shape.to_vec()))),
            (1, Field::Byte(element)),
            (2, Field::Int(buffer)),
            (3, Field::Child(Node::Text(name.to_owned()))),
        ];
        fields.extend(code.map(|c| (4, Field::Child(c))));
        self.tensors.push(Node::Table(fields));
        self.tensors.len() as i32 - 1
    }

    fn operator(
        &mut self,
        operator: Operator,
        inputs: &[i32],
        output: i32,
        options_type: u8,
        options: Vec<(u16, Field)>,
    ) {
        self.operators.push(Node::Table(vec![
            (0, Field::Int(operator as i32)),
            (1, Field::Child(Node::Ints(inputs.to_vec()))),
            (2, Field::Child(Node::Ints(vec![output]))),
            (3, Field::Byte(options_type)),
            (4, Field::Child(Node::Table(options))),
        ]));
    }

    fn root(self, name: &str, input: i32, output: i32) -> Node {
        let codes = OPERATOR_CODES.iter().map(|&(code, version)| {
            Node::Table(vec![
                (0, Field::Byte(code)), // deprecated_builtin_code, which older readers look at
                (2, Field::Int(version)),
                (3, Field::Int(i32::from(code))),
            ])
        });
        let graph = Node::Table(vec![
            (0, Field::Child(Node::Vector(self.tensors))),
            (1, Field::Child(Node::Ints(vec![input]))),
            (2, Field::Child(Node::Ints(vec![output]))),
            (3, Field::Child(Node::Vector(self.operators))),
            (4, Field::Child(Node::Text(name.to_owned()))),
        ]);
        Node::Table(vec![
            (0, Field::Int(SCHEMA_VERSION)),
            (1, Field::Child(Node::Vector(codes.collect()))),
            (2, Field::Child(Node::Vector(vec![graph]))),
            (3, Field::Child(Node::Text(format!("cortado-models {name}")))),
            (4, Field::Child(Node::Vector(self.buffers))),
        ])
    }
}

/// Per tensor with one scale, else per channel along dimension 0.
fn quantisation(scales: Vec<f32>, zero_point: i32) -> Node {
    let zero_points = vec![i64::from(zero_point); scales.len()];
    Node::Table(vec![(2, Field::Child(Node::Floats(scales))), (3, Field::Child(Node::Longs(zero_points)))])
}

fn conv_options(layer: &QuantisedLayer) -> Vec<(u16, Field)> {
    let padding = match layer.layer.spec {
        LayerSpec::Conv { padding: Padding::Same, .. } => PADDING_SAME,
        _ => PADDING_VALID,
    };
    let stride = layer.layer.window.stride as i32;
    vec![
        (0, Field::Byte(padding)),
        (1, Field::Int(stride)),
        (2, Field::Int(stride)),
        (3, Field::Byte(ACTIVATION_RELU)),
        (4, Field::Int(1)),
        (5, Field::Int(1)),
    ]
}

fn pool_options(size: usize) -> Vec<(u16, Field)> {
    let size = size as i32;
    vec![
        (0, Field::Byte(PADDING_VALID)),
        (1, Field::Int(size)),
        (2, Field::Int(size)),
        (3, Field::Int(size)),
        (4, Field::Int(size)),
    ]
}
