//! The TensorFlow Lite schema over the wire format: which field of which table holds what.
//! Views only; nothing here judges whether the model makes sense.

use super::flatbuffer::{Bytes, Damage, Table, Tables, Vector};
use super::names;

/// The most tensors or operators one model may list.
const MAX_LISTED: usize = 1 << 16;

/// The most bytes of one name that are kept: many tensors may share one long string.
const NAME_BYTES: usize = 512;

/// One tensor of the first subgraph.
pub struct TensorView<'a> {
    pub name: &'a str,
    pub shape: Vector<'a, i32>,
    pub element_type: i8,
    pub scales: Vector<'a, f32>,
    pub zero_points: Vector<'a, i64>,
    pub quantised_dimension: i32,
    /// The constant's bytes; `None` for an activation.
    pub data: Option<&'a [u8]>,
    pub is_variable: bool,
    pub is_sparse: bool,
}

/// One operator of the first subgraph.
pub struct OperatorView<'a> {
    pub code: i32,
    pub inputs: Vector<'a, i32>,
    pub outputs: Vector<'a, i32>,
    options_type: u8,
    options: Option<Table<'a>>,
    custom_code: &'a str,
}

impl<'a> OperatorView<'a> {
    /// The options table when it is of the `expected` kind. A missing table reads as all defaults,
    /// which the operators then judge.
    pub fn options(&self, expected: OptionsKind) -> Options<'a> {
        Options(self.options.filter(|_| self.options_type == expected as u8))
    }

    /// The operator's name; a custom operator's own name in brackets.
    pub fn name(&self) -> String {
        if self.custom_code.is_empty() {
            names::operator(self.code)
        } else {
            format!("CUSTOM {}", crate::error::quoted(self.custom_code))
        }
    }
}

/// Numbers of the options tables the importer reads.
#[derive(Debug, Clone, Copy)]
pub enum OptionsKind {
    Conv2d = 1,
    DepthwiseConv2d = 2,
    Pool2d = 5,
    FullyConnected = 8,
    Softmax = 9,
    Add = 11,
}

/// An operator's options; absent fields and an absent table read as the schema's defaults.
#[derive(Clone, Copy)]
pub struct Options<'a>(Option<Table<'a>>);

impl Options<'_> {
    /// An `i32` field by its number.
    pub fn int(&self, slot: usize, default: i32) -> Result<i32, Damage> {
        self.0.map_or(Ok(default), |table| table.scalar(slot, default))
    }

    /// A one-byte enumeration field by its number; the schema's default is always 0.
    pub fn choice(&self, slot: usize) -> Result<i8, Damage> {
        self.0.map_or(Ok(0), |table| table.scalar(slot, 0))
    }

    /// An `f32` field by its number; the schema's default is always 0.
    pub fn float(&self, slot: usize) -> Result<f32, Damage> {
        self.0.map_or(Ok(0.0), |table| table.scalar(slot, 0.0))
    }
}

/// A model file's first subgraph.
pub struct Model<'a> {
    pub file_size: usize,
    pub subgraphs: usize,
    pub tensors: Vec<TensorView<'a>>,
    pub operators: Vec<OperatorView<'a>>,
    pub inputs: Vector<'a, i32>,
    pub outputs: Vector<'a, i32>,
}

/// Why a file could not be read at all.
pub enum Unreadable {
    /// The identifier is not `TFL3`.
    NotTflite,
    /// Schema versions other than 3 lay tensors out differently.
    Version(u32),
    NoSubgraph,
    /// More tensors or operators than a model can have.
    TooMany(usize),
    Damaged(Damage),
}

impl From<Damage> for Unreadable {
    fn from(damage: Damage) -> Unreadable {
        Unreadable::Damaged(damage)
    }
}

impl<'a> Model<'a> {
    /// Reads the tables of `file`.
    pub fn read(file: &'a [u8]) -> Result<Model<'a>, Unreadable> {
        let bytes = Bytes(file);
        if bytes.identifier() != Some(*b"TFL3") {
            return Err(Unreadable::NotTflite);
        }
        let root = bytes.root()?;
        let version = root.scalar::<u32>(0, 0)?;
        if version != 3 {
            return Err(Unreadable::Version(version));
        }
        let codes = root.tables(1)?;
        let subgraphs = root.tables(2)?;
        let buffers = root.tables(4)?;
        let graph = subgraphs.get(0).ok_or(Unreadable::NoSubgraph)??;
        let tensors = graph.tables(0)?;
        let operators = graph.tables(3)?;
        for count in [tensors.len(), operators.len()] {
            if count > MAX_LISTED {
                return Err(Unreadable::TooMany(count));
            }
        }
        Ok(Model {
            file_size: file.len(),
            subgraphs: subgraphs.len(),
            tensors: tensors.iter().map(|table| tensor(table?, &buffers)).collect::<Result<_, _>>()?,
            operators: operators.iter().map(|table| operator(table?, &codes)).collect::<Result<_, _>>()?,
            inputs: graph.vector(1)?,
            outputs: graph.vector(2)?,
        })
    }
}

/// The last [`NAME_BYTES`] of a name (fused names differ at their end).
fn text(bytes: &[u8]) -> &str {
    let mut start = bytes.len().saturating_sub(NAME_BYTES);
    while bytes.get(start).is_some_and(|byte| byte & 0xc0 == 0x80) {
        start += 1;
    }
    std::str::from_utf8(&bytes[start..]).unwrap_or("(a name that is not UTF-8)")
}

fn missing(what: &'static str) -> Damage {
    Damage { at: 0, what }
}

fn tensor<'a>(table: Table<'a>, buffers: &Tables<'a>) -> Result<TensorView<'a>, Damage> {
    let quantisation = table.table(4)?;
    let buffer = table.scalar::<u32>(2, 0)? as usize;
    // Buffer 0 is empty by convention: the tensor is an activation.
    let data: &[u8] = if buffer == 0 {
        &[]
    } else {
        let buffer = buffers.get(buffer).ok_or(missing("a tensor names a buffer the file does not have"))??;
        if buffer.scalar::<u64>(1, 0)? > 1 {
            return Err(missing("a buffer lies outside the flatbuffer (the form for models over 2 GB)"));
        }
        buffer.byte_slice(0)?
    };
    Ok(TensorView {
        name: text(table.byte_slice(3)?),
        shape: table.vector(0)?,
        element_type: table.scalar(1, 0)?,
        scales: quantisation.map_or_else(|| Ok(Vector::empty()), |q| q.vector(2))?,
        zero_points: quantisation.map_or_else(|| Ok(Vector::empty()), |q| q.vector(3))?,
        quantised_dimension: quantisation.map_or(Ok(0), |q| q.scalar(6, 0))?,
        data: (!data.is_empty()).then_some(data),
        is_variable: table.scalar::<u8>(5, 0)? != 0,
        is_sparse: table.table(6)?.is_some(),
    })
}

fn operator<'a>(table: Table<'a>, codes: &Tables<'a>) -> Result<OperatorView<'a>, Damage> {
    let index = table.scalar::<u32>(0, 0)? as usize;
    let code = codes.get(index).ok_or(missing("an operator names a code the file does not list"))??;
    // Numbers from 127 up stand in the newer, wider field; the older one then holds 127.
    let older = i32::from(code.scalar::<i8>(0, 0)?);
    let newer = code.scalar::<i32>(3, 0)?;
    Ok(OperatorView {
        code: older.max(newer),
        inputs: table.vector(1)?,
        outputs: table.vector(2)?,
        options_type: table.scalar(3, 0)?,
        options: table.table(4)?,
        custom_code: text(code.byte_slice(1)?),
    })
}
