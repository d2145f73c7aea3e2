//! What a float network computes. Layouts: maps NCHW, vectors `[batch, features]`.

use crate::geometry::span;

/// Index of a tensor in [`FloatGraph::tensors`].
pub type TensorId = usize;

/// A network: nodes in execution order over a table of activation tensors.
#[derive(Debug, Clone)]
pub struct FloatGraph {
    pub name: String,
    pub tensors: Vec<Tensor>,
    pub nodes: Vec<Node>,
    pub inputs: Vec<TensorId>,
    pub outputs: Vec<TensorId>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    pub name: String,
    pub shape: Vec<usize>,
    /// Where the file quantises the tensor: the smallest and largest value it has a code for. Others saturate.
    pub range: Option<(f64, f64)>,
}

/// One operation. `inputs` has two entries for [`Op::Add`], one otherwise.
#[derive(Debug, Clone)]
pub struct Node {
    pub name: String,
    pub op: Op,
    pub inputs: Vec<TensorId>,
    pub output: TensorId,
    /// Position of the operator in the file it came from.
    pub source: usize,
}

#[derive(Debug, Clone)]
pub enum Op {
    Convolution(Convolution),
    FullyConnected(FullyConnected),
    Pool(Pool),
    Affine(Affine),
    /// ReLU, ReLU6 and clips: `min(max(x, low), high)`; a bound may be infinite.
    Clamp {
        low: f32,
        high: f32,
    },
    Add,
    /// Same values in the same (NCHW) order, new shape.
    Reshape,
    /// Over everything but the first dimension.
    Softmax,
    Lrn(Lrn),
}

/// A trained array. `values` is `None` when the definition came without its weights, or when the
/// file gives one value for an array far larger than itself.
#[derive(Debug, Clone)]
pub struct Constant {
    pub shape: Vec<usize>,
    pub values: Option<Vec<f32>>,
}

impl Constant {
    /// Elements of the array, present or not.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A sliding window; all pairs are (vertical, horizontal).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub kernel: (usize, usize),
    pub stride: (usize, usize),
    pub dilation: (usize, usize),
    /// Padding above and left, in elements of the input.
    pub before: (usize, usize),
    /// Padding below and right.
    pub after: (usize, usize),
}

/// What becomes of the last window when the stride does not divide the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Dropped.
    Floor,
    /// Taken as far as it lies in the map (Caffe's pools, ONNX's `ceil_mode`), unless it would begin in the padding.
    Ceil,
}

impl Window {
    /// Output (height, width) on a map of `input`; `None` when nothing fits or a factor is zero.
    pub fn slide(&self, input: (usize, usize), rounding: Rounding) -> Option<(usize, usize)> {
        let axis = |input: usize, kernel, stride: usize, dilation, before: usize, after: usize| {
            let span = span(kernel, dilation)?;
            let padded = input.checked_add(before)?.checked_add(after)?;
            let reach = padded.checked_sub(span)?;
            if stride == 0 || input == 0 || before >= span || after >= span {
                return None;
            }
            match rounding {
                Rounding::Floor => Some(reach / stride + 1),
                Rounding::Ceil => {
                    let steps = reach.div_ceil(stride);
                    let begins_in_padding = steps.checked_mul(stride)? >= input.checked_add(before)?;
                    Some(steps + usize::from(!begins_in_padding))
                }
            }
        };
        Some((
            axis(input.0, self.kernel.0, self.stride.0, self.dilation.0, self.before.0, self.after.0)?,
            axis(input.1, self.kernel.1, self.stride.1, self.dilation.1, self.before.1, self.after.1)?,
        ))
    }
}

/// `out[o][y][x] = bias[o] + sum w[o][i][ky][kx] * in[group's first channel + i][..]`.
#[derive(Debug, Clone)]
pub struct Convolution {
    pub window: Window,
    pub groups: usize,
    /// OIHW, `I` the input channels of one group.
    pub weights: Constant,
    pub bias: Option<Constant>,
}

/// `out[b][o] = bias[o] + sum w[o][i] * in[b][i]`; a map is read in NCHW order.
#[derive(Debug, Clone)]
pub struct FullyConnected {
    /// OI.
    pub weights: Constant,
    pub bias: Option<Constant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolKind {
    Max,
    /// Mean over the positions inside the map, or inside map and padding.
    Average {
        count_padding: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    pub kind: PoolKind,
    pub window: Window,
}

/// `out[c] = scale[c] * in[c] + shift[c]`, `c` the second dimension: batch normalisation, scales, biases.
#[derive(Debug, Clone)]
pub struct Affine {
    /// Values that count as the network's parameters (a bias alone counts once, a normalisation four times).
    pub parameters: u64,
    pub channels: usize,
    /// `(scale, shift)`; `None` as in [`Constant::values`].
    pub values: Option<(Vec<f32>, Vec<f32>)>,
}

/// Local response normalisation across channels:
/// `out = in / (k + alpha / size * sum in^2)^beta` over `size` channels around each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lrn {
    pub size: usize,
    pub alpha: f32,
    pub beta: f32,
    pub k: f32,
}

impl Node {
    /// The operation's name in the field.
    pub fn kind(&self) -> &'static str {
        match &self.op {
            Op::Convolution(_) => "convolution",
            Op::FullyConnected(_) => "fully connected",
            Op::Pool(Pool { kind: PoolKind::Max, .. }) => "max pool",
            Op::Pool(_) => "average pool",
            Op::Affine(_) => "affine",
            Op::Clamp { .. } => "clamp",
            Op::Add => "add",
            Op::Reshape => "reshape",
            Op::Softmax => "softmax",
            Op::Lrn(_) => "local response normalisation",
        }
    }

    /// Multiply-accumulates for the whole batch: one for each weight each output element meets,
    /// positions in the padding included; only layers with weight matrices count.
    pub fn macs(&self, graph: &FloatGraph) -> u64 {
        let weights = match &self.op {
            Op::Convolution(convolution) => &convolution.weights,
            Op::FullyConnected(dense) => &dense.weights,
            _ => return 0,
        };
        let product = |shape: &[usize]| shape.iter().fold(1u64, |product, &dim| product.saturating_mul(dim as u64));
        let outputs = graph.tensors.get(self.output).map_or(0, |tensor| product(&tensor.shape));
        outputs.saturating_mul(product(weights.shape.get(1..).unwrap_or(&[])))
    }

    /// Trained values of the node.
    pub fn parameters(&self) -> u64 {
        let of = |weights: &Constant, bias: &Option<Constant>| {
            (weights.len() + bias.as_ref().map_or(0, Constant::len)) as u64
        };
        match &self.op {
            Op::Convolution(convolution) => of(&convolution.weights, &convolution.bias),
            Op::FullyConnected(dense) => of(&dense.weights, &dense.bias),
            Op::Affine(affine) => affine.parameters,
            _ => 0,
        }
    }
}
