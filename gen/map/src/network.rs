//! The graph as the engine sees it: maps (tensors that share storage are one map) and the
//! operations between them. Reshapes are gone, fully connected layers are convolutions, and what
//! the host does is set apart.

use crate::layout::{Format, Layout};
use cortado_arch::Architecture;
use cortado_graph::ir::{Requantise, TensorId};

/// Index into [`Network::maps`].
pub(crate) type MapId = usize;

/// Rows, columns, channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

impl Shape {
    pub fn pixels(&self) -> usize {
        self.height * self.width
    }

    pub fn elements(&self) -> usize {
        self.pixels() * self.channels
    }

    pub fn transposed(self) -> Self {
        Self { height: self.width, width: self.height, ..self }
    }

    /// Whether maps of both shapes have the same bytes in blocked layout.
    pub fn same_blocks(&self, other: &Shape, word_channels: usize) -> bool {
        let aligned = |s: &Shape| s.channels % word_channels == 0;
        self.elements() == other.elements() && (self.channels == other.channels || aligned(self) && aligned(other))
    }
}

/// Storage of one or more tensors with the same bytes.
#[derive(Debug, Clone)]
pub(crate) struct Map {
    pub shape: Shape,
    /// Every tensor that lies here.
    pub tensors: Vec<TensorId>,
    pub name: String,
}

/// A sliding window without dilation: (vertical, horizontal) pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grid {
    pub kernel: (usize, usize),
    pub stride: (usize, usize),
    pub padding: (usize, usize),
}

impl Grid {
    pub const POINT: Grid = Grid { kernel: (1, 1), stride: (1, 1), padding: (0, 0) };

    pub fn transposed(self) -> Self {
        let swap = |(y, x)| (x, y);
        Self { kernel: swap(self.kernel), stride: swap(self.stride), padding: swap(self.padding) }
    }

    pub fn taps(&self) -> usize {
        self.kernel.0 * self.kernel.1
    }
}

/// What a convolution of either kind multiplies with.
#[derive(Debug, Clone)]
pub(crate) struct Kernel {
    pub grid: Grid,
    /// OHWI; a depthwise kernel has one input channel per output, so it is OHW.
    pub weights: Vec<i16>,
    pub bias: Vec<i64>,
    pub input_zero_point: i32,
    pub output: Requantise,
}

impl Kernel {
    /// Output channel `o`'s weights.
    pub fn of_channel(&self, o: usize) -> &[i16] {
        let size = self.weights.len() / self.bias.len().max(1);
        self.weights.get(o * size..(o + 1) * size).unwrap_or(&[])
    }

    fn transposed(&self) -> Self {
        let (kh, kw) = self.grid.kernel;
        let taps = self.grid.taps();
        let channels = (self.weights.len() / self.bias.len().max(1)) / taps;
        let mut weights = Vec::with_capacity(self.weights.len());
        for o in 0..self.bias.len() {
            let own = self.of_channel(o);
            for (kx, ky) in (0..kw).flat_map(|kx| (0..kh).map(move |ky| (kx, ky))) {
                weights.extend_from_slice(&own[(ky * kw + kx) * channels..][..channels]);
            }
        }
        Self { grid: self.grid.transposed(), weights, ..self.clone() }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Pool {
    pub average: bool,
    pub grid: Grid,
    pub min: i32,
    pub max: i32,
}

/// What an operation does before its sum.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// All input channels to each output channel.
    Convolution(Kernel),
    /// Each channel on its own.
    Depthwise(Kernel),
    Pool(Pool),
    /// The input itself: a residual add that nothing could take in.
    Identity,
}

/// TensorFlow Lite's ADD as the post-processor does it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sum {
    pub residual: MapId,
    pub own_zero_point: i32,
    pub residual_zero_point: i32,
    /// Which operand is scaled; the other's factor is exactly 1/2.
    pub scale_residual: bool,
    /// Q31 factor and right shift.
    pub scale: (u32, u32),
    pub total: (u32, u32),
    pub zero_point: i32,
    pub min: i32,
    pub max: i32,
}

#[derive(Debug, Clone)]
pub(crate) struct Operation {
    /// Nodes of the graph this does, in order.
    pub nodes: Vec<usize>,
    pub name: String,
    pub kind: Kind,
    pub input: MapId,
    /// The input as this operation sees it; its storage may be shaped otherwise.
    pub input_shape: Shape,
    pub output: MapId,
    pub sum: Option<Sum>,
    /// Multiply-accumulates that count as work.
    pub macs: u64,
}

impl Operation {
    /// Maps read: the input, then the residual.
    pub fn reads(&self) -> impl Iterator<Item = MapId> {
        std::iter::once(self.input).chain(self.sum.map(|sum| sum.residual))
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Network {
    pub maps: Vec<Map>,
    /// In execution order.
    pub operations: Vec<Operation>,
    pub input: MapId,
    /// Maps the host reads.
    pub outputs: Vec<MapId>,
    /// Nodes left to the host.
    pub host: Vec<usize>,
    /// Rows and columns are swapped against the graph.
    pub transposed: bool,
}

impl Network {
    /// Whether swapping rows and columns keeps every operation's meaning: nothing sees a map in
    /// another shape than it is stored in.
    pub fn can_transpose(&self) -> bool {
        self.operations.iter().all(|op| op.input_shape == self.maps[op.input].shape)
    }

    /// The same network on transposed maps.
    pub fn transposed(&self) -> Self {
        let mut other = self.clone();
        other.transposed = !self.transposed;
        for map in &mut other.maps {
            map.shape = map.shape.transposed();
        }
        for op in &mut other.operations {
            op.input_shape = op.input_shape.transposed();
            op.kind = match &op.kind {
                Kind::Convolution(kernel) => Kind::Convolution(kernel.transposed()),
                Kind::Depthwise(kernel) => Kind::Depthwise(kernel.transposed()),
                Kind::Pool(pool) => Kind::Pool(Pool { grid: pool.grid.transposed(), ..*pool }),
                Kind::Identity => Kind::Identity,
            };
        }
        other
    }

    /// How `map` lies in the activation words of `arch`, in `format`.
    pub fn layout(&self, map: MapId, format: Format, arch: &Architecture) -> Layout {
        let Shape { height, width, channels } = self.maps[map].shape;
        Layout {
            format,
            height,
            width,
            channels,
            transposed: self.transposed,
            word_bytes: arch.activation_word_bytes(),
            element_bytes: arch.data_type.bytes(),
        }
    }

    /// How many operations read `map`.
    pub fn readers(&self, map: MapId) -> usize {
        self.operations.iter().flat_map(Operation::reads).filter(|&read| read == map).count()
    }
}
