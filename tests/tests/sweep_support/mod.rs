//! The layers of the sweep: one operation each, of any shape an engine may meet.

use crate::map_support::Random;
use cortado_graph::ir::{
    Add, Conv2d, DataType, DepthwiseConv2d, FullyConnected, Graph, Multiplier, Node, Op, Pool2d, PoolKind, Requantise,
    Tensor, Window,
};

/// Layer `seed` of the sweep in `data_type`; without adds where `adds` is false. The graph's name says what it is.
pub fn layer(seed: u64, data_type: DataType, adds: bool) -> Graph {
    let mut random = Random::new(seed.wrapping_add(0x5eed));
    // A generator's first numbers follow its seed too closely.
    for _ in 0..8 {
        let _ = random.below(2);
    }
    let kind = random.below(if adds { 10 } else { 9 });
    let mut maker = Maker { random, data_type, tensors: Vec::new(), nodes: Vec::new() };
    let name = match kind {
        0..=3 => maker.convolution(),
        4 | 5 => maker.depthwise(),
        6 => maker.dense(),
        7 => maker.pool(PoolKind::Max),
        8 => maker.pool(PoolKind::Average),
        _ => maker.add(),
    };
    let outputs = vec![maker.tensors.len() - 1];
    Graph { name, data_type, tensors: maker.tensors, nodes: maker.nodes, inputs: vec![0], outputs }
}

struct Maker {
    random: Random,
    data_type: DataType,
    tensors: Vec<Tensor>,
    nodes: Vec<Node>,
}

/// One axis of a window: kernel, stride, dilation, padding before, output.
type Axis = (usize, usize, usize, usize, usize);

impl Maker {
    fn tensor(&mut self, name: &str, shape: Vec<usize>) -> usize {
        self.tensors.push(Tensor { name: name.to_owned(), shape, scale: 1.0, zero_point: 0 });
        self.tensors.len() - 1
    }

    fn node(&mut self, name: &str, op: Op, inputs: Vec<usize>, shape: Vec<usize>) -> usize {
        let output = self.tensor(name, shape);
        self.nodes.push(Node { name: name.to_owned(), op, inputs, output });
        output
    }

    /// A map of few channels, as first layers have, or of a count that divides no lanes.
    fn input(&mut self, most_channels: usize) -> [usize; 3] {
        let channels = match self.random.below(3) {
            0 => self.random.below(4) + 1,
            _ => self.random.below(most_channels) + 1,
        };
        let shape = [self.random.below(16) + 1, self.random.below(16) + 1, channels];
        self.tensor("input", vec![1, shape[0], shape[1], shape[2]]);
        shape
    }

    /// An axis over `length` elements: any kernel, stride (larger than the kernel too), dilation and padding on
    /// either side, short of a window that lies in the padding alone.
    fn axis(&mut self, length: usize, dilated: bool) -> Axis {
        let r = &mut self.random;
        loop {
            let kernel = r.below(5) + 1;
            let stride = r.below(5) + 1;
            let dilation = if dilated && r.below(4) == 0 { r.below(3) + 1 } else { 1 };
            let span = (kernel - 1) * dilation + 1;
            let (before, after) = (r.below(span), r.below(span));
            if span <= length + before + after {
                let output = (length + before + after - span) / stride + 1;
                return (kernel, stride, dilation, before, output);
            }
        }
    }

    fn window(&mut self, shape: [usize; 3], dilated: bool) -> (Window, usize, usize) {
        let (y, x) = (self.axis(shape[0], dilated), self.axis(shape[1], dilated));
        let window = Window { kernel: (y.0, x.0), stride: (y.1, x.1), dilation: (y.2, x.2), padding: (y.3, x.3) };
        (window, y.4, x.4)
    }

    fn requantise(&mut self, channels: usize, summed: usize) -> Requantise {
        let bits = (usize::BITS - summed.leading_zeros()) as i32;
        let r = &mut self.random;
        if self.data_type == DataType::Int16 {
            let multipliers =
                (0..channels).map(|_| Multiplier::halving((r.within(12, 17) + bits / 2) as u32)).collect();
            let (min, max) = if r.below(3) == 0 { (-1000, 30000) } else { self.data_type.range() };
            return Requantise { multipliers, zero_point: 0, min, max };
        }
        let multiplier =
            |r: &mut Random| Multiplier { q: r.within(1 << 30, i32::MAX), shift: -r.within(4, 7) - bits / 2 };
        let multipliers = (0..channels).map(|_| multiplier(r)).collect();
        let (min, max) = if r.below(3) == 0 { (-100, 90) } else { (-128, 127) };
        Requantise { multipliers, zero_point: r.within(-20, 20), min, max }
    }

    fn zero_point(&mut self) -> i32 {
        match self.data_type {
            DataType::Int8 => self.random.within(-128, 127),
            DataType::Int16 => 0,
        }
    }

    fn biases(&mut self, channels: usize) -> Vec<i64> {
        (0..channels).map(|_| self.random.within(-3000, 3000).into()).collect()
    }

    /// In groups every few times: weights of the other groups' inputs are zero, as importers lay them out.
    fn convolution(&mut self) -> String {
        let shape = self.input(40);
        let (window, height, width) = self.window(shape, true);
        let groups = match (self.random.below(4), shape[2]) {
            (0, channels) => [4, 3, 2, 1].into_iter().find(|groups| channels % groups == 0).unwrap_or(1),
            _ => 1,
        };
        let channels = groups * (self.random.below(40 / groups) + 1);
        let taps = window.kernel.0 * window.kernel.1;
        let mut weights = self.random.values(self.data_type, taps * shape[2] * channels);
        for (at, weight) in weights.iter_mut().enumerate() {
            let (input, output) = (at % shape[2], at / (taps * shape[2]));
            if input / (shape[2] / groups) != output / (channels / groups) {
                *weight = 0;
            }
        }
        let conv = Conv2d {
            window,
            weights,
            bias: self.biases(channels),
            input_zero_point: self.zero_point(),
            output: self.requantise(channels, taps * shape[2] / groups),
        };
        self.node("conv", Op::Conv2d(conv), vec![0], vec![1, height, width, channels]);
        format!("conv {shape:?} to {channels} channels, groups {groups}, {}", said(&window))
    }

    fn depthwise(&mut self) -> String {
        let shape = self.input(40);
        let (window, height, width) = self.window(shape, true);
        let depth_multiplier = if self.random.below(5) == 0 { self.random.below(3) + 1 } else { 1 };
        let channels = shape[2] * depth_multiplier;
        let taps = window.kernel.0 * window.kernel.1;
        let conv = DepthwiseConv2d {
            window,
            depth_multiplier,
            weights: self.random.values(self.data_type, taps * channels),
            bias: self.biases(channels),
            input_zero_point: self.zero_point(),
            output: self.requantise(channels, taps),
        };
        self.node("depthwise", Op::DepthwiseConv2d(conv), vec![0], vec![1, height, width, channels]);
        format!("depthwise {shape:?}, multiplier {depth_multiplier}, {}", said(&window))
    }

    fn dense(&mut self) -> String {
        let features = self.random.below(300) + 1;
        self.tensor("input", vec![1, features]);
        let channels = self.random.below(60) + 1;
        let layer = FullyConnected {
            weights: self.random.values(self.data_type, features * channels),
            bias: self.biases(channels),
            input_zero_point: self.zero_point(),
            output: self.requantise(channels, features),
        };
        self.node("dense", Op::FullyConnected(layer), vec![0], vec![1, channels]);
        format!("dense {features} to {channels}")
    }

    fn pool(&mut self, kind: PoolKind) -> String {
        let shape = self.input(40);
        let (window, height, width) = self.window(shape, false);
        let (lowest, max) = self.data_type.range();
        let pool = Pool2d { kind, window, min: lowest + 8, max };
        self.node("pool", Op::Pool2d(pool), vec![0], vec![1, height, width, shape[2]]);
        format!("{} pool {shape:?}, {}", if kind == PoolKind::Max { "max" } else { "mean" }, said(&window))
    }

    /// A sum of a map and its own pointwise convolution.
    fn add(&mut self) -> String {
        let shape = self.input(40);
        let point = Window { kernel: (1, 1), stride: (1, 1), dilation: (1, 1), padding: (0, 0) };
        let conv = Conv2d {
            window: point,
            weights: self.random.values(self.data_type, shape[2] * shape[2]),
            bias: self.biases(shape[2]),
            input_zero_point: self.zero_point(),
            output: self.requantise(shape[2], shape[2]),
        };
        let whole = vec![1, shape[0], shape[1], shape[2]];
        let other = self.node("conv", Op::Conv2d(conv), vec![0], whole.clone());
        let half = Multiplier { q: 1 << 30, shift: 0 };
        let r = &mut self.random;
        let scaled = Multiplier { q: r.within(1 << 30, i32::MAX), shift: -1 - r.within(0, 3) };
        let add = Add {
            left_shift: 20,
            input_zero_points: [r.within(-128, 127), r.within(-128, 127)],
            input_multipliers: if r.below(2) == 0 { [half, scaled] } else { [scaled, half] },
            output_multiplier: Multiplier { q: r.within(1 << 30, i32::MAX), shift: -19 },
            zero_point: r.within(-128, 127),
            min: -128,
            max: 127,
        };
        let inputs = if r.below(2) == 0 { vec![0, other] } else { vec![other, 0] };
        self.node("add", Op::Add(add), inputs, whole);
        format!("add of {shape:?} and its convolution")
    }
}

fn said(window: &Window) -> String {
    let Window { kernel, stride, dilation, padding } = window;
    format!("kernel {kernel:?}, stride {stride:?}, dilation {dilation:?}, padding {padding:?}")
}
