//! Small random networks: whatever the mapper accepts computes what golden computes.

mod map_support;

use cortado_arch::preset::by_name;
use cortado_arch::Architecture;
use cortado_graph::geometry::{slide, Padding};
use cortado_graph::ir::{
    Add, Conv2d, DataType, DepthwiseConv2d, FullyConnected, Graph, Multiplier, Node, Op, Pool2d, PoolKind, Requantise, Tensor,
    Window,
};
use cortado_map::Format;
use map_support::{check, Random};

struct Maker {
    random: Random,
    graph: Graph,
}

impl Maker {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let shape = vec![1, random.below(12) + 1, random.below(12) + 1, random.below(7) + 1];
        let input = Tensor { name: "input".into(), shape, scale: 1.0, zero_point: 0 };
        let graph = Graph {
            name: format!("random {seed}"),
            data_type: DataType::Int8,
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

    fn node(&mut self, what: &str, op: Op, inputs: Vec<usize>, shape: Vec<usize>) -> usize {
        let output = self.graph.tensors.len();
        let name = format!("{what} {}", self.graph.nodes.len());
        self.graph.tensors.push(Tensor { name: name.clone(), shape, scale: 1.0, zero_point: 0 });
        self.graph.nodes.push(Node { name, op, inputs, output });
        output
    }

    fn requantise(&mut self, channels: usize, summed: usize) -> Requantise {
        let bits = (usize::BITS - summed.leading_zeros()) as i32;
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

    fn biases(&mut self, channels: usize) -> Vec<i32> {
        (0..channels).map(|_| self.random.within(-3000, 3000)).collect()
    }

    fn convolution(&mut self, from: usize) -> Option<usize> {
        let shape = self.shape(from);
        let (window, height, width) = self.window(&shape, true)?;
        let channels = self.random.below(20) + 1;
        let per = window.kernel.0 * window.kernel.1 * shape[3];
        let conv = Conv2d {
            window,
            weights: self.random.bytes(per * channels),
            bias: self.biases(channels),
            input_zero_point: self.random.within(-30, 30),
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
            weights: self.random.bytes(taps * channels),
            bias: self.biases(channels),
            input_zero_point: self.random.within(-30, 30),
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

    fn add(&mut self, a: usize, b: usize) -> usize {
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

    fn fully_connected(&mut self, from: usize) -> usize {
        let features: usize = self.shape(from).iter().product();
        let flat = if self.random.below(2) == 0 {
            from
        } else {
            self.node("reshape", Op::Reshape, vec![from], vec![1, features])
        };
        let channels = self.random.below(24) + 1;
        let layer = FullyConnected {
            weights: self.random.bytes(features * channels),
            bias: self.biases(channels),
            input_zero_point: self.random.within(-30, 30),
            output: self.requantise(channels, features),
        };
        self.node("dense", Op::FullyConnected(layer), vec![flat], vec![1, channels])
    }

    /// With sums where `sums`.
    fn network(mut self, sums: bool) -> Graph {
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

/// `preset` with `words` of weight and an eighth of them of parameter memory, so that programs stream.
fn cramped(preset: &str, words: usize) -> Architecture {
    let arch = by_name(preset).expect("a built-in preset");
    Architecture { name: format!("cramped {preset}"), weight_words: words, parameter_words: words / 8, ..arch }
}

/// Compiles and runs the networks of `seeds`; at most `most_refused` compilations may be refused.
/// Answers how many programs stream weights or parameters, and how many turn their maps.
fn agree(arch: &Architecture, seeds: std::ops::Range<u64>, most_refused: usize) -> (usize, usize) {
    let mut refused = Vec::new();
    let (mut streaming, mut transposed) = (0, 0);
    let total = seeds.end - seeds.start;
    for seed in seeds {
        let graph = Maker::new(seed).network(arch.residual_unit);
        for observe in [true, false] {
            let options = cortado_map::CompileOptions { observe };
            match cortado_map::compile(&graph, arch, &options) {
                Ok(_) => {
                    let (compiled, _) = check(&graph, arch, observe, seed);
                    streaming += usize::from(compiled.estimate.bytes_streamed > 0);
                    transposed += usize::from(compiled.transposed);
                }
                Err(e) => refused.push(format!("seed {seed}, observe {observe}: {e}")),
            }
        }
    }
    println!("{}: {} of {} refused", arch.name, refused.len(), 2 * total);
    for reason in refused.iter().take(5) {
        println!("  {reason}");
    }
    assert!(refused.len() <= most_refused, "{}: {refused:#?}", arch.name);
    println!("{}: {streaming} programs stream, {transposed} turn their maps", arch.name);
    (streaming, transposed)
}

#[test]
fn random_networks_agree_on_2x2() {
    let (_, transposed) = agree(&by_name("tiny-2x2").expect("a built-in preset"), 0..200, 0);
    assert!(transposed > 10, "only {transposed} programs turn their maps");
}

#[test]
fn random_networks_agree_on_icebreaker() {
    let arch = by_name("icebreaker-4x4").expect("a built-in preset");
    agree(&arch, 200..300, 0);
    agree(&Architecture { name: "icebreaker with residuals".into(), residual_unit: true, ..arch }, 300..400, 0);
}

#[test]
fn random_networks_agree_on_16x8() {
    agree(&by_name("ulx3s-85f-16x8").expect("a built-in preset"), 400..600, 0);
}

#[test]
fn random_networks_agree_when_weights_stream() {
    let presets = [("tiny-2x2", 320, 600, 0), ("icebreaker-4x4", 320, 700, 0), ("ulx3s-25f-8x2", 160, 800, 20)];
    for (preset, words, first, most_refused) in presets {
        let (streaming, _) = agree(&cramped(preset, words), first..first + 100, most_refused);
        assert!(streaming > 10, "{preset}: only {streaming} programs stream");
    }
}

#[test]
fn random_networks_agree_when_activation_memory_is_scarce() {
    let arch = by_name("ulx3s-25f-8x2").expect("a built-in preset");
    agree(&Architecture { name: "scarce".into(), activation_words: 160, ..arch }, 900..1000, 100);
}

#[test]
fn a_sum_takes_its_residuals_place_when_nothing_else_fits() {
    let mut maker = Maker::new(7);
    maker.graph.tensors[0].shape = vec![1, 6, 6, 4];
    let point = |maker: &mut Maker, from: usize| {
        let window = Window { kernel: (1, 1), stride: (1, 1), dilation: (1, 1), padding: (0, 0) };
        let conv = Conv2d {
            window,
            weights: maker.random.bytes(16),
            bias: maker.biases(4),
            input_zero_point: 3,
            output: maker.requantise(4, 4),
        };
        maker.node("conv", Op::Conv2d(conv), vec![from], vec![1, 6, 6, 4])
    };
    let residual = point(&mut maker, 0);
    let middle = point(&mut maker, residual);
    let own = point(&mut maker, middle);
    let sum = maker.add(own, residual);
    maker.graph.outputs = vec![sum];
    let arch = by_name("icebreaker-4x4").expect("a built-in preset");
    // Room for two of the three maps that live while the sum is made.
    let arch = Architecture { activation_words: 72, residual_unit: true, ..arch };
    let (compiled, _) = check(&maker.graph, &arch, false, 7);
    assert_eq!(compiled.estimate.activation_words, 72, "{}", compiled.listing);
}

#[test]
fn an_input_lies_unfolded_where_there_is_room() {
    let mut maker = Maker::new(8);
    maker.graph.tensors[0].shape = vec![1, 12, 12, 1];
    let window = Window { kernel: (5, 5), stride: (1, 1), dilation: (1, 1), padding: (2, 2) };
    let conv = Conv2d {
        window,
        weights: maker.random.bytes(100),
        bias: maker.biases(4),
        input_zero_point: 3,
        output: maker.requantise(4, 25),
    };
    let output = maker.node("conv", Op::Conv2d(conv), vec![0], vec![1, 12, 12, 4]);
    maker.graph.outputs = vec![output];
    let arch = by_name("icebreaker-4x4").expect("a built-in preset");
    // A run of 5 bytes takes two words of 4: 288 words for the input, and 144 for the output.
    for (activation_words, unfolded) in [(432, true), (431, false)] {
        let arch = Architecture { activation_words, ..arch.clone() };
        let (compiled, report) = check(&maker.graph, &arch, false, 8);
        let format = compiled.input.layout.format;
        assert_eq!(matches!(format, Format::Unfolded(_)), unfolded, "{activation_words} words: {format:?}");
        // 25 steps an output, or 5 rows of 2.
        assert_eq!(report.cycles < 12 * 12 * 25, unfolded, "{} cycles", report.cycles);
    }
}
