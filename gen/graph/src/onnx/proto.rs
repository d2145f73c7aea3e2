//! The parts of ONNX's messages that are read, borrowed from the file.

use crate::protobuf::{Damage, Message, Value};

/// A model's graph, shallow: nodes and constants are read where they are needed.
#[derive(Debug, Default)]
pub struct Model<'a> {
    pub nodes: Vec<Node<'a>>,
    pub constants: Vec<Tensor<'a>>,
    pub inputs: Vec<ValueInfo<'a>>,
    pub outputs: Vec<&'a str>,
    /// Version of the standard operators' set; 0 when the file states none.
    pub opset: i64,
}

#[derive(Debug, Default, Clone)]
pub struct Node<'a> {
    pub inputs: Vec<&'a str>,
    pub outputs: Vec<&'a str>,
    pub name: &'a str,
    pub kind: &'a str,
    pub domain: &'a str,
    attributes: Vec<(&'a str, Message<'a>)>,
}

/// A constant array, its values still as bytes.
#[derive(Debug, Default, Clone)]
pub struct Tensor<'a> {
    pub name: &'a str,
    pub dims: Vec<i64>,
    pub element_type: i64,
    raw: &'a [u8],
    floats: Vec<Value<'a>>,
    /// Of up to 32 bits, and of 64.
    small_ints: Vec<Value<'a>>,
    ints: Vec<Value<'a>>,
    is_external: bool,
}

/// Element types of a [`Tensor`].
pub const FLOAT: i64 = 1;
pub const UINT8: i64 = 2;
pub const INT8: i64 = 3;
pub const INT32: i64 = 6;
pub const INT64: i64 = 7;

#[derive(Debug, Default)]
pub struct ValueInfo<'a> {
    pub name: &'a str,
    /// `None` for a dimension without a number; absent without a shape.
    pub shape: Option<Vec<Option<i64>>>,
}

/// Reads a `ModelProto`.
///
/// # Errors
/// The bytes are not one.
pub fn model(bytes: &[u8]) -> Result<Model<'_>, Damage> {
    let mut model = Model::default();
    for field in Message::new(bytes) {
        match field? {
            (7, Value::Bytes(bytes)) => graph(bytes, &mut model)?,
            (8, Value::Bytes(bytes)) => {
                let (mut domain, mut version) = ("", 0);
                for field in Message::new(bytes) {
                    match field? {
                        (1, value) => domain = value.text(),
                        (2, value) => version = value.int(),
                        _ => {}
                    }
                }
                if matches!(domain, "" | "ai.onnx") {
                    model.opset = version;
                }
            }
            _ => {}
        }
    }
    Ok(model)
}

fn graph<'a>(bytes: &'a [u8], model: &mut Model<'a>) -> Result<(), Damage> {
    // An empty message takes two bytes in the file and much more here; no real one is empty.
    const LEAST: usize = 4;
    for field in Message::new(bytes) {
        match field? {
            (1, Value::Bytes(bytes)) if bytes.len() >= LEAST => model.nodes.push(node(bytes)?),
            (5, Value::Bytes(bytes)) if bytes.len() >= LEAST => model.constants.push(tensor(bytes)?),
            (11, Value::Bytes(bytes)) if bytes.len() >= LEAST => model.inputs.push(value_info(bytes)?),
            (12, Value::Bytes(bytes)) if bytes.len() >= LEAST => model.outputs.push(value_info(bytes)?.name),
            _ => {}
        }
    }
    Ok(())
}

fn node(bytes: &[u8]) -> Result<Node<'_>, Damage> {
    let mut node = Node::default();
    for field in Message::new(bytes) {
        match field? {
            (1, value) => node.inputs.push(value.text()),
            (2, value) => node.outputs.push(value.text()),
            (3, value) => node.name = value.text(),
            (4, value) => node.kind = value.text(),
            (5, Value::Bytes(bytes)) => {
                for field in Message::new(bytes) {
                    if let (1, value) = field? {
                        node.attributes.push((value.text(), Message::new(bytes)));
                    }
                }
            }
            (7, value) => node.domain = value.text(),
            _ => {}
        }
    }
    Ok(node)
}

fn value_info(bytes: &[u8]) -> Result<ValueInfo<'_>, Damage> {
    let mut info = ValueInfo::default();
    for field in Message::new(bytes) {
        match field? {
            (1, value) => info.name = value.text(),
            (2, value) => info.shape = shape(value.bytes())?,
            _ => {}
        }
    }
    Ok(info)
}

/// The dimensions inside a `TypeProto` of a tensor.
fn shape(bytes: &[u8]) -> Result<Option<Vec<Option<i64>>>, Damage> {
    let mut shape = None;
    for field in Message::new(bytes) {
        let (1, tensor_type) = field? else { continue };
        for field in Message::new(tensor_type.bytes()) {
            let (2, dims) = field? else { continue };
            let mut found = Vec::new();
            for field in Message::new(dims.bytes()) {
                let (1, dim) = field? else { continue };
                let mut value = None;
                for field in Message::new(dim.bytes()) {
                    if let (1, number) = field? {
                        value = Some(number.int());
                    }
                }
                found.push(value);
            }
            shape = Some(found);
        }
    }
    Ok(shape)
}

/// Reads a `TensorProto`.
///
/// # Errors
/// The bytes are not one.
pub fn tensor(bytes: &[u8]) -> Result<Tensor<'_>, Damage> {
    let mut tensor = Tensor::default();
    for field in Message::new(bytes) {
        match field? {
            (1, value) => value.push_ints(&mut tensor.dims)?,
            (2, value) => tensor.element_type = value.int(),
            (4, value) => tensor.floats.push(value),
            (5, value) => tensor.small_ints.push(value),
            (7, value) => tensor.ints.push(value),
            (8, value) => tensor.name = value.text(),
            (9, value) => tensor.raw = value.bytes(),
            (14, value) => tensor.is_external = value.int() != 0,
            _ => {}
        }
    }
    Ok(tensor)
}

fn words(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]))
}

impl Tensor<'_> {
    /// The values as floats; `None` when the array is of another type or not in the file.
    pub fn floats(&self) -> Option<Vec<f32>> {
        if self.element_type != FLOAT || self.is_external {
            return None;
        }
        Some(words(self.raw).chain(self.floats.iter().flat_map(|value| words(value.words()))).collect())
    }

    /// The values as 64-bit integers; `None` as [`Tensor::floats`].
    pub fn ints(&self) -> Option<Vec<i64>> {
        if self.element_type != INT64 || self.is_external {
            return None;
        }
        let mut values: Vec<i64> =
            self.raw.chunks_exact(8).map(|eight| i64::from_le_bytes(eight.try_into().unwrap_or_default())).collect();
        for value in &self.ints {
            value.push_ints(&mut values).ok()?;
        }
        Some(values)
    }
}

impl Tensor<'_> {
    /// The values of a quantised array (INT8, UINT8, INT32); `None` as [`Tensor::floats`].
    pub fn codes(&self) -> Option<Vec<i32>> {
        if self.is_external {
            return None;
        }
        let mut codes: Vec<i32> = match self.element_type {
            INT8 => self.raw.iter().map(|&byte| i32::from(byte as i8)).collect(),
            UINT8 => self.raw.iter().map(|&byte| i32::from(byte)).collect(),
            INT32 => {
                self.raw.chunks_exact(4).map(|four| i32::from_le_bytes(four.try_into().unwrap_or_default())).collect()
            }
            _ => return None,
        };
        let mut values = Vec::new();
        for value in &self.small_ints {
            value.push_ints(&mut values).ok()?;
        }
        codes.extend(values.iter().map(|&value| value as i32));
        Some(codes)
    }
}

impl<'a> Node<'a> {
    /// The same operator under another type's name.
    pub fn of_kind(&self, kind: &'a str) -> Node<'a> {
        Node { kind, ..self.clone() }
    }

    fn attribute(&self, name: &str) -> Option<Message<'a>> {
        self.attributes.iter().rev().find(|attribute| attribute.0 == name).map(|attribute| attribute.1.clone())
    }

    /// The last field `number` of an attribute. Damage inside it reads as absence, and every user checks for that.
    fn field(&self, name: &str, number: u64) -> Option<Value<'a>> {
        self.attribute(name)?.filter_map(Result::ok).filter(|field| field.0 == number).map(|field| field.1).last()
    }

    pub fn int(&self, name: &str, default: i64) -> i64 {
        self.field(name, 3).map_or(default, Value::int)
    }

    pub fn float(&self, name: &str, default: f32) -> f32 {
        self.field(name, 2).map_or(default, Value::float)
    }

    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.field(name, 4).map(Value::text)
    }

    /// A constant given as an attribute.
    pub fn tensor(&self, name: &str) -> Option<Tensor<'a>> {
        tensor(self.field(name, 5)?.bytes()).ok()
    }

    /// A list of integers; empty when absent.
    pub fn ints(&self, name: &str) -> Vec<i64> {
        let mut values = Vec::new();
        for (number, value) in self.attribute(name).into_iter().flatten().filter_map(Result::ok) {
            if number == 8 && value.push_ints(&mut values).is_err() {
                values.clear();
            }
        }
        values
    }
}
