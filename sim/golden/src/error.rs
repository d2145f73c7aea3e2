//! Why a graph could not be run.

use cortado_graph::ir::{DataType, ACCUMULATOR_BITS};
use cortado_graph::passes::GraphFault;
use std::fmt;

/// An accumulator that overflowed, before it is known in which node.
pub(crate) struct Overflow {
    pub data_type: DataType,
    /// Index into the output tensor.
    pub element: usize,
    pub what: &'static str,
}

/// Why a graph could not be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunError {
    /// The graph breaks its own rules.
    Graph(Vec<GraphFault>),
    /// The graph does not have exactly one input.
    Inputs { came: usize },
    /// The graph's tensors do not fit the limit.
    TooLarge { bytes: usize },
    /// The input's length is not its tensor's.
    Length { came: usize, shape: Vec<usize> },
    /// A value of the input is not of the graph's type.
    Value { came: i16, data_type: DataType },
    /// A sum or a shift left the accumulator: int32, where the reference kernels are undefined, or 48 bits at int16.
    Overflow {
        data_type: DataType,
        node: String,
        /// Name of the node's output.
        tensor: String,
        /// Index of the element under computation.
        element: usize,
        what: &'static str,
    },
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Graph(faults) => {
                f.write_str("the graph cannot be run")?;
                faults.iter().try_for_each(|fault| write!(f, "\n{fault}"))
            }
            RunError::Inputs { came } => {
                write!(f, "the graph has {came} inputs; one is needed")
            }
            RunError::TooLarge { bytes } => {
                write!(f, "the graph's tensors take {bytes} bytes; at most {} are held", crate::MAX_BYTES)
            }
            RunError::Length { came, shape } => {
                write!(f, "the input has {came} values; its tensor of shape {shape:?} needs {}", crate::size(shape))
            }
            RunError::Value { came, data_type } => {
                let (low, high) = data_type.range();
                write!(f, "the input holds {came}; the network takes {}, {low} to {high}", data_type.name())
            }
            RunError::Overflow { data_type, node, tensor, element, what } => {
                write!(f, "node {node}: {what} leaves ")?;
                match data_type {
                    DataType::Int8 => f.write_str("int32")?,
                    DataType::Int16 => write!(f, "{ACCUMULATOR_BITS} bits")?,
                }
                write!(
                    f,
                    " at element {element} of {tensor:?}; quantise the model again with data that covers its range"
                )
            }
        }
    }
}

impl std::error::Error for RunError {}
