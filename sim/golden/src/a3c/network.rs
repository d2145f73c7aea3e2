//! Shapes: an input map, hidden layers with rectifiers, and an output layer of A actions and one value.

use super::error::ShapeError;
use std::fmt;

/// The most words of one layer's parameters or of one map.
pub const MAX_WORDS: usize = 1 << 26;

/// A feature map in NHWC order, batch 1: word `(y * width + x) * channels + channel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Map {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

impl Map {
    /// Words of the map.
    pub fn words(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Where the channels at `(y, x)` begin.
    pub(super) fn at(&self, y: usize, x: usize) -> usize {
        (y * self.width + x) * self.channels
    }
}

impl fmt::Display for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}", self.height, self.width, self.channels)
    }
}

/// A hidden layer as asked for; its input is what comes before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// A convolution without padding, the kernel and the stride square.
    Convolution { outputs: usize, kernel: usize, stride: usize },
    /// Fully connected to the whole map before it, in that map's own order.
    Dense { outputs: usize },
}

/// A layer with its shapes. A dense layer is a convolution with a 1x1 kernel over a 1x1 map.
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
    /// Products in one output's sum: kernel positions times input channels.
    pub fn products(&self) -> usize {
        self.kernel * self.kernel * self.input.channels
    }

    /// Checks one layer over `input`; `layer` is its number for the error.
    fn new(layer: usize, input: Map, hidden: Hidden, rectified: bool) -> Result<Layer, ShapeError> {
        let zero = |what| Err(ShapeError::Zero { layer, what });
        let (input, outputs, kernel, stride) = match hidden {
            Hidden::Convolution { outputs, kernel, stride } => (input, outputs, kernel, stride),
            Hidden::Dense { outputs } => (Map { height: 1, width: 1, channels: input.words() }, outputs, 1, 1),
        };
        for (size, what) in [(outputs, "the number of outputs"), (kernel, "the kernel"), (stride, "the stride")] {
            if size == 0 {
                return zero(what);
            }
        }
        if kernel > input.height || kernel > input.width {
            return Err(ShapeError::Kernel { layer, kernel, height: input.height, width: input.width });
        }
        let height = (input.height - kernel) / stride + 1;
        let width = (input.width - kernel) / stride + 1;
        let output = Map { height, width, channels: outputs };
        let products = kernel * kernel * input.channels;
        let fits = |a: usize, b: usize| a.checked_mul(b).is_some_and(|words| words <= MAX_WORDS);
        if !fits(height * width, outputs) || !fits(products.saturating_add(16), outputs.saturating_add(16)) {
            return Err(ShapeError::TooLarge { layer });
        }
        Ok(Layer { input, output, kernel, stride, rectified })
    }
}

/// An agent's network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    layers: Vec<Layer>,
}

impl Network {
    /// A network over `input`: the hidden layers, each rectified, then one dense layer of `actions` policy outputs
    /// (before softmax) and, last, the value.
    ///
    /// # Errors
    /// A size is 0, a kernel does not fit, or a layer is beyond [`MAX_WORDS`].
    pub fn new(input: Map, hidden: &[Hidden], actions: usize) -> Result<Network, ShapeError> {
        let words = [input.width, input.channels].iter().try_fold(input.height, |words, &by| words.checked_mul(by));
        match words {
            Some(0) => return Err(ShapeError::Zero { layer: 0, what: "the input map" }),
            Some(words) if words <= MAX_WORDS => {}
            _ => return Err(ShapeError::TooLarge { layer: 0 }),
        }
        if actions == 0 {
            return Err(ShapeError::Zero { layer: hidden.len(), what: "the number of actions" });
        }
        let mut layers = Vec::new();
        let mut map = input;
        for (number, &one) in hidden.iter().enumerate() {
            let layer = Layer::new(number, map, one, true)?;
            map = layer.output;
            layers.push(layer);
        }
        let output = Hidden::Dense { outputs: actions.saturating_add(1) };
        layers.push(Layer::new(hidden.len(), map, output, false)?);
        Ok(Network { layers })
    }

    /// The network of the A3C paper on four frames of 84x84 pixels.
    ///
    /// # Errors
    /// `actions` is 0 or beyond what a layer may have.
    pub fn atari(actions: usize) -> Result<Network, ShapeError> {
        let input = Map { height: 84, width: 84, channels: 4 };
        let hidden = [
            Hidden::Convolution { outputs: 16, kernel: 8, stride: 4 },
            Hidden::Convolution { outputs: 32, kernel: 4, stride: 2 },
            Hidden::Dense { outputs: 256 },
        ];
        Network::new(input, &hidden, actions)
    }

    /// The layers from the input on; there is at least one.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Words of an observation.
    pub fn input_words(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.input.words())
    }

    /// Policy outputs plus the value.
    pub fn output_words(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.output.words())
    }

    /// Parameters, without padding.
    pub fn parameters(&self) -> usize {
        self.layers.iter().map(|layer| (layer.products() + 1) * layer.output.channels).sum()
    }
}

/// As in `84x84x4, 8x8/4 16, 4x4/2 32, 1x1/1 256, 1x1/1 7`.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, layer) in self.layers.iter().enumerate() {
            if number == 0 {
                write!(f, "{}", layer.input)?;
            }
            let Layer { output, kernel, stride, .. } = layer;
            write!(f, ", {kernel}x{kernel}/{stride} {}", output.channels)?;
        }
        Ok(())
    }
}
