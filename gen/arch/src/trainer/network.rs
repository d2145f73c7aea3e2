//! Shapes of a network as the training engine sees them, and where its words lie in lines of 16.
//!
//! Everything is counted in lines: `docs/training.md` lays parameters out in rows of 16 words, and maps begin at a
//! line each.

use super::LINE_WORDS;

/// A map in NHWC order, batch 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Map {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

impl Map {
    pub fn words(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Lines it takes, the last one perhaps in part.
    pub fn lines(&self) -> usize {
        self.words().div_ceil(LINE_WORDS)
    }
}

/// A layer: a convolution without padding, or a dense one as a 1x1 convolution over a 1x1 map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    pub input: Map,
    pub output: Map,
    pub kernel: usize,
    pub stride: usize,
    /// Whether the output passes a rectifier.
    pub rectified: bool,
}

impl Layer {
    /// Products in one output's sum.
    pub fn products(&self) -> usize {
        self.kernel * self.kernel * self.input.channels
    }

    /// One output position: its parameters are used once.
    pub fn dense(&self) -> bool {
        self.kernel == 1 && self.input.height == 1 && self.input.width == 1
    }

    /// Blocks of 16 outputs.
    pub fn blocks(&self) -> usize {
        self.output.channels.div_ceil(LINE_WORDS)
    }

    /// Rows of a block that hold parameters: the biases and the products.
    pub fn rows(&self) -> usize {
        1 + self.products()
    }

    /// Lines of a block, rows of padding included.
    pub fn block_lines(&self) -> usize {
        1 + self.products().next_multiple_of(LINE_WORDS)
    }
}

/// Where a network's parameters and saved maps lie, in lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    layers: Vec<Layer>,
    /// First line of each layer's parameters, and behind the last one the lines of all.
    parameters: Vec<usize>,
    /// First line of each layer's input in the maps of one inference, and behind the last one the lines of all.
    maps: Vec<usize>,
}

impl Network {
    /// Of these layers, from the input on; each one's input has the words of the output before it.
    pub fn new(layers: Vec<Layer>) -> Self {
        let starts = |lines: &dyn Fn(&Layer) -> usize| {
            let mut starts = vec![0];
            for layer in &layers {
                starts.push(starts[starts.len() - 1] + lines(layer));
            }
            starts
        };
        let parameters = starts(&|layer| layer.blocks() * layer.block_lines());
        let maps = starts(&|layer| layer.input.lines());
        Self { layers, parameters, maps }
    }

    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Lines of the parameters, of the gradient, of the statistics.
    pub fn parameter_lines(&self) -> usize {
        self.parameters[self.layers.len()]
    }

    /// First line of a layer's parameters.
    pub fn parameter_line(&self, layer: usize) -> usize {
        self.parameters[layer]
    }

    /// Lines of what one inference saves: the observation first, then the output of each hidden layer.
    pub fn map_lines(&self) -> usize {
        self.maps[self.layers.len()]
    }

    /// First line of a layer's input within those.
    pub fn map_line(&self, layer: usize) -> usize {
        self.maps[layer]
    }

    /// Lines of the output layer's map.
    pub fn output_lines(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.output.lines())
    }
}
