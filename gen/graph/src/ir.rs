//! The integer graph: what a quantised network computes, with no floating point left in it except
//! the scales kept for people to read.
//!
//! Layouts: activations NHWC, convolution weights OHWI, depthwise weights HWC (one input channel
//! per output channel times `depth_multiplier`), fully connected weights OI.

use serde::Serialize;

/// Index of a tensor in [`Graph::tensors`].
pub type TensorId = usize;

/// A network: nodes in execution order over a table of activation tensors.
#[derive(Debug, Clone, Serialize)]
pub struct Graph {
    pub name: String,
    pub tensors: Vec<Tensor>,
    pub nodes: Vec<Node>,
    pub inputs: Vec<TensorId>,
    pub outputs: Vec<TensorId>,
}

/// An int8 activation tensor. Weights and biases live in the nodes, not here.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Multiplier {
    pub q: i32,
    pub shift: i32,
}

/// How an int32 accumulator becomes an int8 output (TensorFlow Lite's double rounding).
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
    pub weights: Vec<i8>,
    #[serde(skip)]
    pub bias: Vec<i32>,
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
    pub weights: Vec<i8>,
    #[serde(skip)]
    pub bias: Vec<i32>,
    pub input_zero_point: i32,
    pub output: Requantise,
}

/// `out[b][o] = requantise(bias[o] + sum_i w[o][i] * (in[b][i] - input_zero_point))`.
#[derive(Debug, Clone, Serialize)]
pub struct FullyConnected {
    /// OI.
    #[serde(skip)]
    pub weights: Vec<i8>,
    #[serde(skip)]
    pub bias: Vec<i32>,
    pub input_zero_point: i32,
    pub output: Requantise,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum PoolKind {
    Max,
    /// Mean over the positions inside the map, rounded half away from zero.
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
