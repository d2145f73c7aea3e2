//! The integer graph: what a quantised network computes, with no floating point left in it except
//! the scales kept for people to read.
//!
//! A graph computes in one data type. Values of either are kept in 16 bits; [`DataType`] says which of them
//! there are and how an accumulator becomes one.
//!
//! Layouts: activations NHWC, convolution weights OHWI, depthwise weights HWC (one input channel
//! per output channel times `depth_multiplier`), fully connected weights OI.

use serde::Serialize;

/// Index of a tensor in [`Graph::tensors`].
pub type TensorId = usize;

/// What a graph computes in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum DataType {
    /// TensorFlow Lite's int8: zero points, int32 accumulators, Q31 factors with two roundings.
    #[default]
    Int8,
    /// 16-bit fixed point as Caffeine has it: no zero points, accumulators of [`ACCUMULATOR_BITS`], scales that
    /// are powers of two, and so one rounding right shift for a factor.
    Int16,
}

/// Bits of an int16 graph's accumulators and biases, sign included.
pub const ACCUMULATOR_BITS: u32 = 48;

impl DataType {
    /// Smallest and largest value of an element.
    pub fn range(self) -> (i32, i32) {
        match self {
            DataType::Int8 => (i8::MIN.into(), i8::MAX.into()),
            DataType::Int16 => (i16::MIN.into(), i16::MAX.into()),
        }
    }

    /// Bytes of an element where a tensor is written.
    pub fn bytes(self) -> usize {
        match self {
            DataType::Int8 => 1,
            DataType::Int16 => 2,
        }
    }

    /// The values as they are written, each little-endian.
    pub fn to_bytes(self, values: &[i16]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes().into_iter().take(self.bytes())).collect()
    }

    /// The reverse of [`DataType::to_bytes`]; bytes that make no whole value are left out.
    pub fn from_bytes(self, bytes: &[u8]) -> Vec<i16> {
        match self {
            DataType::Int8 => bytes.iter().map(|&byte| i16::from(byte as i8)).collect(),
            DataType::Int16 => bytes.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect(),
        }
    }

    /// The type's name.
    pub fn name(self) -> &'static str {
        match self {
            DataType::Int8 => "int8",
            DataType::Int16 => "int16",
        }
    }
}

/// A network: nodes in execution order over a table of activation tensors.
#[derive(Debug, Clone, Serialize)]
pub struct Graph {
    pub name: String,
    pub data_type: DataType,
    pub tensors: Vec<Tensor>,
    pub nodes: Vec<Node>,
    pub inputs: Vec<TensorId>,
    pub outputs: Vec<TensorId>,
}

/// An activation tensor. Weights and biases live in the nodes, not here.
#[derive(Debug, Clone, Serialize)]
pub struct Tensor {
    pub name: String,
    /// NHWC for maps, `[batch, features]` for vectors.
    pub shape: Vec<usize>,
    /// `real = scale * (q - zero_point)`; for people, not used by any arithmetic.
    pub scale: f32,
    pub zero_point: i32,
}

/// One operation. `inputs` has two entries for [`Op::Add`], one otherwise.
#[derive(Debug, Clone, Serialize)]
pub struct Node {
    pub name: String,
    pub op: Op,
    pub inputs: Vec<TensorId>,
    pub output: TensorId,
}

#[derive(Debug, Clone, Serialize)]
pub enum Op {
    Conv2d(Conv2d),
    DepthwiseConv2d(DepthwiseConv2d),
    FullyConnected(FullyConnected),
    Pool2d(Pool2d),
    Add(Add),
    /// Same bytes, new shape (NHWC order is kept).
    Reshape,
    Softmax(Softmax),
}

/// A Q31 fixed-point factor: `q / 2^31 * 2^shift`, `q` in `[2^30, 2^31)` or 0.
/// `shift > 0` shifts the operand left before the multiply, `shift < 0` rounds right after it.
///
/// An int16 graph's factors are `2^-n`, n from 0 to 47 ([`Multiplier::halvings`]): one right shift by n.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Multiplier {
    pub q: i32,
    pub shift: i32,
}

/// How an accumulator becomes an output: TensorFlow Lite's double rounding at int8; at int16
/// `clamp(round_shift(accumulator, n), min, max)`, halves away from zero.
#[derive(Debug, Clone, Serialize)]
pub struct Requantise {
    /// One per output channel.
    pub multipliers: Vec<Multiplier>,
    pub zero_point: i32,
    /// Clamp bounds in the output's own units (a fused activation narrows them).
    pub min: i32,
    pub max: i32,
}

/// Window geometry shared by convolutions and pools; padding is counted in elements of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Window {
    pub kernel: (usize, usize),
    pub stride: (usize, usize),
    pub dilation: (usize, usize),
    /// (top, left); bottom and right follow from the output shape.
    pub padding: (usize, usize),
}

/// `out[o][y][x] = requantise(bias[o] + sum w[o][ky][kx][i] * (in[..] - input_zero_point))`;
/// positions outside the map contribute nothing.
#[derive(Debug, Clone, Serialize)]
pub struct Conv2d {
    pub window: Window,
    /// OHWI, `O * KH * KW * I` values.
    #[serde(skip)]
    pub weights: Vec<i16>,
    #[serde(skip)]
    pub bias: Vec<i64>,
    pub input_zero_point: i32,
    pub output: Requantise,
}

/// As [`Conv2d`], each output channel seeing input channel `o / depth_multiplier` only.
#[derive(Debug, Clone, Serialize)]
pub struct DepthwiseConv2d {
    pub window: Window,
    pub depth_multiplier: usize,
    /// HWC with `C` the output channels.
    #[serde(skip)]
    pub weights: Vec<i16>,
    #[serde(skip)]
    pub bias: Vec<i64>,
    pub input_zero_point: i32,
    pub output: Requantise,
}

/// `out[b][o] = requantise(bias[o] + sum_i w[o][i] * (in[b][i] - input_zero_point))`.
#[derive(Debug, Clone, Serialize)]
pub struct FullyConnected {
    /// OI.
    #[serde(skip)]
    pub weights: Vec<i16>,
    #[serde(skip)]
    pub bias: Vec<i64>,
    pub input_zero_point: i32,
    pub output: Requantise,
}

/// Most positions of an int16 average.
pub const MOST_AVERAGED: usize = 1 << 12;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum PoolKind {
    Max,
    /// Mean over the positions inside the map, rounded half away from zero. At int16 it is
    /// `round_shift(sum * w, s)` with the reciprocal of the count n in 16 bits: `s = 14 + ceil(log2(n))` and `w` the
    /// integer nearest to `2^s / n`, ties up. n is at most [`MOST_AVERAGED`].
    Average,
}

/// Input and output share scale and zero point.
#[derive(Debug, Clone, Serialize)]
pub struct Pool2d {
    pub kind: PoolKind,
    pub window: Window,
    pub min: i32,
    pub max: i32,
}

/// `out = clamp(rescale(out_mult, rescale(a_mult, (a - za) << left_shift) + rescale(b_mult, (b - zb) << left_shift)) + zero_point)`.
#[derive(Debug, Clone, Serialize)]
pub struct Add {
    pub left_shift: u32,
    pub input_zero_points: [i32; 2],
    pub input_multipliers: [Multiplier; 2],
    pub output_multiplier: Multiplier,
    pub zero_point: i32,
    pub min: i32,
    pub max: i32,
}

/// Runs on the host. Parameters as TensorFlow Lite's int8 softmax prepares them.
#[derive(Debug, Clone, Serialize)]
pub struct Softmax {
    pub input_multiplier: i32,
    pub input_left_shift: i32,
    pub diff_min: i32,
}

impl Multiplier {
    /// The factor `2^-n`.
    pub const fn halving(n: u32) -> Multiplier {
        Multiplier { q: 1 << 30, shift: 1 - n as i32 }
    }

    /// n where the factor is `2^-n`, n from 0 to 47.
    pub fn halvings(&self) -> Option<u32> {
        let n = u32::try_from(1i32.checked_sub(self.shift)?).ok()?;
        (self.q == 1 << 30 && n < ACCUMULATOR_BITS).then_some(n)
    }
}
