//! What a network looks like before it has weights.

use crate::error::Error;

/// Height, width and channels of one activation map; layout HWC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

impl Shape {
    /// A vector of `n` features, as a 1x1 map.
    pub fn vector(n: usize) -> Self {
        Self { height: 1, width: 1, channels: n }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// True for a map without elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// TensorFlow's two padding rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// Output is `ceil(input / stride)`; the odd row or column of zeros goes to the bottom or right.
    Same,
    /// No padding; only whole windows count.
    Valid,
}

/// One layer. Every convolution is followed by a ReLU; the dense layer by none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerSpec {
    /// Square kernel, same stride in both directions, ReLU.
    Conv { channels: usize, kernel: usize, stride: usize, padding: Padding },
    /// Square window whose stride is its size; only whole windows count.
    MaxPool { size: usize },
    /// Fully connected over the flattened map.
    Dense { outputs: usize },
}

/// Kernel placement in one layer, both directions alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub kernel: usize,
    pub stride: usize,
    /// Zeros above and to the left; those below and to the right follow from the output shape.
    pub pad_top: usize,
    pub pad_left: usize,
}

/// A layer with its shapes worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    pub spec: LayerSpec,
    pub input: Shape,
    pub output: Shape,
    pub window: Window,
}

impl Layer {
    /// Products summed for one output: rows of the `[fan_in, outputs]` weight matrix; 0 without weights.
    pub fn fan_in(&self) -> usize {
        match self.spec {
            LayerSpec::Conv { kernel, .. } => kernel * kernel * self.input.channels,
            LayerSpec::MaxPool { .. } => 0,
            LayerSpec::Dense { .. } => self.input.len(),
        }
    }

    /// Columns of the weight matrix and length of the bias; 0 without weights.
    pub fn fan_out(&self) -> usize {
        match self.spec {
            LayerSpec::Conv { channels, .. } => channels,
            LayerSpec::MaxPool { .. } => 0,
            LayerSpec::Dense { outputs } => outputs,
        }
    }
}

/// A chain of layers over one input map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Architecture {
    pub name: String,
    pub input: Shape,
    pub specs: Vec<LayerSpec>,
}

const INPUT: Shape = Shape { height: 28, width: 28, channels: 1 };
/// No layer may have more elements or weights; keeps every size computation far from overflow.
const MAX_ELEMENTS: usize = 1 << 26;

impl Architecture {
    /// The network behind [`crate::FASHION`]: 15,056 weights, 0.69 million products an image.
    pub fn fashion() -> Self {
        let conv = |channels, padding| LayerSpec::Conv { channels, kernel: 3, stride: 1, padding };
        Self {
            name: "fashion".to_owned(),
            input: INPUT,
            specs: vec![
                conv(16, Padding::Same),
                LayerSpec::MaxPool { size: 2 },
                conv(16, Padding::Same),
                LayerSpec::MaxPool { size: 2 },
                conv(32, Padding::Valid),
                LayerSpec::Dense { outputs: 10 },
            ],
        }
    }

    /// The network behind [`crate::TINY`]: 2,504 weights, largest map 1,568 bytes.
    pub fn tiny() -> Self {
        let conv = |stride| LayerSpec::Conv { channels: 8, kernel: 3, stride, padding: Padding::Same };
        Self {
            name: "tiny".to_owned(),
            input: INPUT,
            specs: vec![conv(2), conv(1), LayerSpec::MaxPool { size: 2 }, conv(2), LayerSpec::Dense { outputs: 10 }],
        }
    }

    /// Every layer with its shapes.
    ///
    /// # Errors
    /// [`Error::Architecture`] when a size is zero, a window does not fit its input, a layer is
    /// too large, or the last layer is not dense.
    pub fn layers(&self) -> Result<Vec<Layer>, Error> {
        let mut input = self.input;
        let mut layers = Vec::with_capacity(self.specs.len());
        for (index, &spec) in self.specs.iter().enumerate() {
            let layer = resolve(spec, input).map_err(|detail| Error::Architecture { layer: index, detail })?;
            input = layer.output;
            layers.push(layer);
        }
        let dense = |l: &Layer| matches!(l.spec, LayerSpec::Dense { .. });
        if !layers.last().is_some_and(dense) {
            return Err(Error::Architecture {
                layer: self.specs.len(),
                detail: "a classifier ends in a dense layer; add one".to_owned(),
            });
        }
        if let Some(layer) = layers.iter().rev().skip(1).position(dense) {
            return Err(Error::Architecture {
                layer: layers.len() - 2 - layer,
                detail: "a dense layer can only be the last".to_owned(),
            });
        }
        Ok(layers)
    }
}

fn resolve(spec: LayerSpec, input: Shape) -> Result<Layer, String> {
    let (kernel, stride, padding, channels) = match spec {
        LayerSpec::Conv { channels, kernel, stride, padding } => (kernel, stride, padding, channels),
        LayerSpec::MaxPool { size } => (size, size, Padding::Valid, input.channels),
        LayerSpec::Dense { outputs } => return resolve_dense(spec, input, outputs),
    };
    let (height, pad_top) = extent(input.height, kernel, stride, padding)?;
    let (width, pad_left) = extent(input.width, kernel, stride, padding)?;
    bounded(&[height, width, channels])?;
    bounded(&[kernel, kernel, input.channels, channels])?;
    // The column matrix of a convolution, the largest array a layer needs.
    bounded(&[height, width, kernel, kernel, input.channels])?;
    Ok(Layer {
        spec,
        input,
        output: Shape { height, width, channels },
        window: Window { kernel, stride, pad_top, pad_left },
    })
}

fn resolve_dense(spec: LayerSpec, input: Shape, outputs: usize) -> Result<Layer, String> {
    bounded(&[input.height, input.width, input.channels, outputs])?;
    Ok(Layer {
        spec,
        input,
        output: Shape::vector(outputs),
        window: Window { kernel: 1, stride: 1, pad_top: 0, pad_left: 0 },
    })
}

/// Output extent and leading padding of one direction.
fn extent(input: usize, kernel: usize, stride: usize, padding: Padding) -> Result<(usize, usize), String> {
    bounded(&[input, kernel])?;
    bounded(&[input, stride])?;
    match padding {
        Padding::Same => {
            let output = input.div_ceil(stride);
            let total = ((output - 1) * stride + kernel).saturating_sub(input);
            Ok((output, total / 2))
        }
        Padding::Valid if kernel <= input => Ok(((input - kernel) / stride + 1, 0)),
        Padding::Valid => {
            Err(format!("window of {kernel} over an input of {input}; use at most {input}, or Same padding"))
        }
    }
}

/// The product of `sizes`, if it is neither zero nor too large.
fn bounded(sizes: &[usize]) -> Result<usize, String> {
    let product = sizes.iter().try_fold(1usize, |acc, &s| acc.checked_mul(s));
    match product {
        Some(0) => Err(format!("a size is zero in {sizes:?}; every size is at least 1")),
        Some(p) if p <= MAX_ELEMENTS => Ok(p),
        _ => Err(format!("{sizes:?} is more than {MAX_ELEMENTS} elements")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(architecture: &Architecture) -> usize {
        let layers = architecture.layers().expect("a shipped architecture is valid");
        layers.iter().map(|l| l.fan_in() * l.fan_out()).sum()
    }

    #[test]
    fn shipped_networks_have_the_documented_sizes() {
        assert_eq!(weights(&Architecture::fashion()), 15_056);
        assert_eq!(weights(&Architecture::tiny()), 2_504);
    }

    #[test]
    fn same_padding_follows_tensorflow() {
        for (input, kernel, stride, expected) in [
            (28, 3, 1, (28, 1)),
            (28, 3, 2, (14, 0)),
            (7, 3, 2, (4, 1)),
            (5, 2, 1, (5, 0)),
            (4, 1, 2, (2, 0)),
            (3, 5, 1, (3, 2)),
        ] {
            assert_eq!(extent(input, kernel, stride, Padding::Same), Ok(expected));
        }
    }

    #[test]
    fn impossible_layers_are_refused_with_their_place() {
        let conv = |kernel, stride, channels| LayerSpec::Conv { channels, kernel, stride, padding: Padding::Valid };
        let dense = LayerSpec::Dense { outputs: 10 };
        for (specs, place, words) in [
            (vec![conv(3, 1, 4), conv(40, 1, 4), dense], 1, "window of 40"),
            (vec![conv(3, 0, 4), dense], 0, "zero"),
            (vec![conv(3, 1, usize::MAX), dense], 0, "more than"),
            (vec![LayerSpec::MaxPool { size: 0 }, dense], 0, "zero"),
            (vec![conv(3, 1, 4)], 1, "ends in a dense"),
            (vec![dense, dense], 0, "only be the last"),
            (vec![], 0, "ends in a dense"),
        ] {
            let architecture = Architecture { name: "bad".to_owned(), input: INPUT, specs };
            match architecture.layers() {
                Err(Error::Architecture { layer, detail }) => {
                    assert_eq!(layer, place, "{detail}");
                    assert!(detail.contains(words), "{detail}");
                }
                other => panic!("accepted or wrong error: {other:?}"),
            }
        }
    }
}
