//! Small random networks of either data type.

use super::Random;
use cortado_graph::geometry::{slide, Padding};
use cortado_graph::ir::{
    Add, Conv2d, DataType, DepthwiseConv2d, FullyConnected, Graph, Multiplier, Node, Op, Pool2d, PoolKind, Requantise,
    Tensor, Window,
};

/// A network in the making.
pub struct Maker {
    pub random: Random,
    pub graph: Graph,
}

impl Maker {
    /// Nothing but an input, of a shape that `seed` says.
    pub fn new(data_type: DataType, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let shape = vec![1, random.below(12) + 1, random.below(12) + 1, random.below(7) + 1];
        let input = Tensor { name: "input".into(), shape, scale: 1.0, zero_point: 0 };
        let graph = Graph {
            name: format!("random {seed}"),
            data_type,
            tensors: vec![input],
            nodes: vec![],
            inputs: vec![0],
            outputs: vec![],
        };
        Self { random, graph }
    }

    fn shape(&self, tensor: usize) -> Vec<usize> {
        self.graph.tensors[tensor].shape.clone()
    }

    pub fn node(&mut self, what: &str, op: Op, inputs: Vec<usize>, shape: Vec<usize>) -> usize {
        let output = self.graph.tensors.len();
        let name = format!("{what} {}", self.graph.nodes.len());
        self.graph.tensors.push(Tensor { name: name.clone(), shape, scale: 1.0, zero_point: 0 });
        self.graph.nodes.push(Node { name, op, inputs, output });
        output
    }

    /// Brings sums of `summed` random products into the type's range, most of them.
    pub fn requantise(&mut self, channels: usize, summed: usize) -> Requantise {
        let bits = (usize::BITS - summed.leading_zeros()) as i32;
        if self.graph.data_type == DataType::Int16 {
            let shift = |r: &mut Random| Multiplier::halving((r.within(12, 17) + bits / 2) as u32);
            let multipliers = (0..channels).map(|_| shift(&mut self.random)).collect();
            let (min, max) = if self.random.below(3) == 0 { (-1000, 30000) } else { self.graph.data_type.range() };
            return Requantise { multipliers, zero_point: 0, min, max };
        }
        let multiplier =
            |r: &mut Random| Multiplier { q: r.within(1 << 30, i32::MAX), shift: -r.within(4, 7) - bits / 2 };
        let multipliers = (0..channels).map(|_| multiplier(&mut self.random)).collect();
        let (min, max) = if self.random.below(3) == 0 { (-100, 90) } else { (-128, 127) };
        Requantise { multipliers, zero_point: self.random.within(-20, 20), min, max }
    }

    /// A window over `shape` (height, width) and its output sizes.
    fn window(&mut self, shape: &[usize], dilated: bool) -> Option<(Window, usize, usize)> {
        let r = &mut self.random;
        let padding = if r.below(2) == 0 { Padding::Same } else { Padding::Valid };
        let axis = |r: &mut Random, input: usize| {
            let dilation = if dilated && r.below(6) == 0 { 2 } else { 1 };
            let (kernel, stride) = ((r.below(4) + 1).min(2 * input), r.below(3) + 1);
            let (output, before) = slide(padding, input, kernel, stride, dilation)?;
            Some((kernel, stride, dilation, before, output))
        };
        let (y, x) = (axis(r, shape[1])?, axis(r, shape[2])?);
        let window = Window { kernel: (y.0, x.0), stride: (y.1, x.1), dilation: (y.2, x.2), padding: (y.3, x.3) };
        Some((window, y.4, x.4))
    }

    pub fn biases(&mut self, channels: usize) -> Vec<i64> {
        let scale = match self.graph.data_type {
            DataType::Int8 => 1,
            DataType::Int16 => 1 << 18,
        };
        (0..channels).map(|_| scale * i64::from(self.random.within(-3000, 3000))).collect()
    }

    /// A zero point up to `most` from 0, where the type has such.
    pub fn zero_point(&mut self, most: i32) -> i32 {
        match self.graph.data_type {
            DataType::Int8 => self.random.within(-most, most),
            DataType::Int16 => 0,
        }
    }

    /// `count` random values of the network's type.
    pub fn values(&mut self, count: usize) -> Vec<i16> {
        self.random.values(self.graph.data_type, count)
    }

    pub fn convolution(&mut self, from: usize) -> Option<usize> {
        let shape = self.shape(from);
        let (window, height, width) = self.window(&shape, true)?;
        let channels = self.random.below(20) + 1;
        let per = window.kernel.0 * window.kernel.1 * shape[3];
        let conv = Conv2d {
            window,
            weights: self.values(per * channels),
            bias: self.biases(channels),
            input_zero_point: self.zero_point(30),
            output: self.requantise(channels, per),
        };
        Some(self.node("conv", Op::Conv2d(conv), vec![from], vec![1, height, width, channels]))
    }

    fn depthwise(&mut self, from: usize) -> Option<usize> {
        let shape = self.shape(from);
        let (window, height, width) = self.window(&shape, true)?;
        let depth_multiplier = if self.random.below(5) == 0 { 2 } else { 1 };
        let channels = shape[3] * depth_multiplier;
        let taps = window.kernel.0 * window.kernel.1;
        let conv = DepthwiseConv2d {
            window,
            depth_multiplier,
            weights: self.values(taps * channels),
            bias: self.biases(channels),
            input_zero_point: self.zero_point(30),
            output: self.requantise(channels, taps),
        };
        Some(self.node("depthwise", Op::DepthwiseConv2d(conv), vec![from], vec![1, height, width, channels]))
    }

    fn pool(&mut self, from: usize) -> Option<usize> {
        let shape = self.shape(from);
        let (window, height, width) = self.window(&shape, false)?;
        let kind = if self.random.below(2) == 0 { PoolKind::Max } else { PoolKind::Average };
        let pool = Pool2d { kind, window, min: -120, max: 127 };
        Some(self.node("pool", Op::Pool2d(pool), vec![from], vec![1, height, width, shape[3]]))
    }

    pub fn add(&mut self, a: usize, b: usize) -> usize {
        let half = Multiplier { q: 1 << 30, shift: 0 };
        let other = Multiplier { q: self.random.within(1 << 30, i32::MAX), shift: -1 - self.random.within(0, 3) };
        let input_multipliers = if self.random.below(2) == 0 { [half, other] } else { [other, half] };
        let add = Add {
            left_shift: 20,
            input_zero_points: [self.random.within(-20, 20), self.random.within(-20, 20)],
            input_multipliers,
            output_multiplier: Multiplier { q: self.random.within(1 << 30, i32::MAX), shift: -19 },
            zero_point: self.random.within(-20, 20),
            min: -128,
            max: 127,
        };
        let shape = self.shape(a);
        self.node("add", Op::Add(add), vec![a, b], shape)
    }

    pub fn fully_connected(&mut self, from: usize) -> usize {
        let features: usize = self.shape(from).iter().product();
        let flat = if self.random.below(2) == 0 {
            from
        } else {
            self.node("reshape", Op::Reshape, vec![from], vec![1, features])
        };
        let channels = self.random.below(24) + 1;
        let layer = FullyConnected {
            weights: self.values(features * channels),
            bias: self.biases(channels),
            input_zero_point: self.zero_point(30),
            output: self.requantise(channels, features),
        };
        self.node("dense", Op::FullyConnected(layer), vec![flat], vec![1, channels])
    }

    /// With sums where `sums`.
    pub fn network(mut self, sums: bool) -> Graph {
        let mut last = 0;
        for _ in 0..self.random.below(5) + 1 {
            let made = match self.random.below(6) {
                0 | 1 => self.convolution(last),
                2 => self.depthwise(last),
                3 => self.pool(last),
                _ if sums => {
                    let shape = self.shape(last);
                    let same: Vec<usize> = (0..self.graph.tensors.len()).filter(|&t| self.shape(t) == shape).collect();
                    let other = same[self.random.below(same.len())];
                    Some(self.add(last, other))
                }
                _ => self.convolution(last),
            };
            last = made.unwrap_or(last);
        }
        if self.random.below(3) > 0 || self.graph.nodes.is_empty() {
            last = self.fully_connected(last);
        }
        self.graph.outputs = vec![last];
        let unread: Vec<usize> = (1..self.graph.tensors.len())
            .filter(|t| *t != last && !self.graph.nodes.iter().any(|n| n.inputs.contains(t)))
            .collect();
        self.graph.outputs.extend(unread);
        self.graph
    }
}
