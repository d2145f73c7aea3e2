//! What an importer says when it refuses: where, what came, what would do.

use std::fmt;

/// The most faults one report lists; the rest are counted.
pub const MAX_LISTED: usize = 64;

/// The file format an importer reads; the middle of every code it prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Tflite,
    Caffe,
    Onnx,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Tflite => "TFLITE",
            Format::Caffe => "CAFFE",
            Format::Onnx => "ONNX",
        })
    }
}

/// The kind of fault, stable across versions; printed after the format, as in `E-TFLITE-SHAPE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The bytes are not a readable file of the format.
    File,
    /// The model computes in floating point.
    Float,
    /// The operator, or a form of it, is not one the engine runs.
    Operator,
    /// The wiring between tensors and operators does not hold.
    Graph,
    /// A tensor has the wrong element type.
    Type,
    /// A shape, or the sizes it implies, do not fit together.
    Shape,
    /// A constant is absent, or its length does not match its shape.
    Data,
    /// Scales or zero points are unusable.
    Quantisation,
    /// The file expands beyond what its own size justifies.
    Size,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Code::File => "FILE",
            Code::Float => "FLOAT",
            Code::Operator => "OPERATOR",
            Code::Graph => "GRAPH",
            Code::Type => "TYPE",
            Code::Shape => "SHAPE",
            Code::Data => "DATA",
            Code::Quantisation => "QUANTISATION",
            Code::Size => "SIZE",
        })
    }
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportError {
    pub format: Format,
    pub code: Code,
    /// Index and name of the operator at fault; `None` when the fault is the file's.
    pub operator: Option<(usize, String)>,
    pub came: String,
    pub would_do: String,
}

impl ImportError {
    /// The error without the operator it belongs to.
    pub fn fault(&self) -> String {
        format!("E-{}-{}: {}; {}", self.format, self.code, self.came, self.would_do)
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((index, name)) = &self.operator {
            write!(f, "operator {index} ({name}): ")?;
        }
        f.write_str(&self.fault())
    }
}

/// All faults of one file, in file order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportErrors {
    /// The model's name as the caller gave it.
    pub model: String,
    /// At least one, at most [`MAX_LISTED`].
    pub errors: Vec<ImportError>,
    /// Faults found beyond the listed ones.
    pub unlisted: usize,
}

impl ImportErrors {
    pub(crate) fn new(model: &str) -> ImportErrors {
        ImportErrors { model: model.to_string(), errors: Vec::new(), unlisted: 0 }
    }

    pub(crate) fn push(&mut self, error: ImportError) {
        if self.errors.len() < MAX_LISTED {
            self.errors.push(error);
        } else {
            self.unlisted += 1;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }
}

impl fmt::Display for ImportErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{}: {error}", self.model)?;
        }
        if self.unlisted > 0 {
            write!(f, "\n{}: and {} more faults", self.model, self.unlisted)?;
        }
        Ok(())
    }
}

impl std::error::Error for ImportErrors {}

/// A fault before it is known which operator it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub code: Code,
    pub came: String,
    pub would_do: String,
}

impl Fault {
    pub fn new(code: Code, came: impl Into<String>, would_do: impl Into<String>) -> Fault {
        Fault { code, came: came.into(), would_do: would_do.into() }
    }

    pub fn at(self, format: Format, operator: Option<(usize, String)>) -> ImportError {
        ImportError { format, code: self.code, operator, came: self.came, would_do: self.would_do }
    }
}

/// A name from the file, safe and short enough to print: quoted, escaped, cut at 60 characters.
pub(crate) fn quoted(name: &str) -> String {
    const SHOWN: usize = 60;
    let total = name.chars().count();
    if total <= SHOWN {
        return format!("{name:?}");
    }
    // Fused names differ at their end, so the end is what is shown.
    let tail: String = name.chars().skip(total - SHOWN).collect();
    format!("{:?}", format!("...{tail}"))
}
