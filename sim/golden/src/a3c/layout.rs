//! Where parameters lie: the one memory that the global parameters, each agent's copy, the gradient and the
//! optimiser's statistics have the shape of.
//!
//! Layers follow each other. A layer is a run of output blocks of [`TILE`] outputs; a block is its biases, then
//! its tiles. A tile is [`TILE`] rows of [`TILE`] words: row r is one product of the sum, word o one output.
//! Products count with the input channel fastest, `(ky * kernel + kx) * channels + i`.

use super::network::{Layer, Network};
use std::fmt;

/// Rows and columns of a tile, words of a memory port.
pub const TILE: usize = 16;

/// A parameter by its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Bias { layer: usize, output: usize },
    Weight { layer: usize, output: usize, ky: usize, kx: usize, input: usize },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Bias { layer, output } => write!(f, "layer {layer}, bias of output {output}"),
            Place::Weight { layer, output, ky, kx, input } => {
                write!(f, "layer {layer}, weight of output {output} at kernel ({ky}, {kx}), input {input}")
            }
        }
    }
}

/// The layout of one network's parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    layers: Vec<Layer>,
    /// Where each layer begins, and behind the last one the words of all.
    starts: Vec<usize>,
}

/// Words of one output block: its biases and its tiles, rows padded to whole tiles.
pub(super) fn block_words(layer: &Layer) -> usize {
    TILE + layer.products().next_multiple_of(TILE) * TILE
}

/// Where in its layer product `product` of the block of `TILE` outputs from `block * TILE` on has its row.
pub(super) fn row(layer: &Layer, block: usize, product: usize) -> usize {
    block * block_words(layer) + TILE + product * TILE
}

impl Layout {
    /// The layout of `network`.
    pub fn new(network: &Network) -> Layout {
        let layers = network.layers().to_vec();
        let mut starts = vec![0];
        for layer in &layers {
            let start = starts.last().copied().unwrap_or(0);
            starts.push(start + layer.output.channels.div_ceil(TILE) * block_words(layer));
        }
        Layout { layers, starts }
    }

    /// Words of the memory, padding included.
    pub fn words(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    /// The words of layer `layer`; none when there is no such layer.
    pub fn range(&self, layer: usize) -> std::ops::Range<usize> {
        match self.starts.get(layer..layer.saturating_add(2)) {
            Some([start, end]) => *start..*end,
            _ => 0..0,
        }
    }

    /// The word of a parameter; `None` when the network has no such parameter.
    pub fn address(&self, place: Place) -> Option<usize> {
        let (Place::Bias { layer: number, output } | Place::Weight { layer: number, output, .. }) = place;
        let layer = self.layers.get(number).filter(|layer| output < layer.output.channels)?;
        let block = self.starts[number] + output / TILE * block_words(layer);
        match place {
            Place::Bias { .. } => Some(block + output % TILE),
            Place::Weight { ky, kx, input, .. } => {
                if ky >= layer.kernel || kx >= layer.kernel || input >= layer.input.channels {
                    return None;
                }
                let product = (ky * layer.kernel + kx) * layer.input.channels + input;
                Some(block + TILE + product * TILE + output % TILE)
            }
        }
    }

    /// The parameter at a word; `None` for padding and beyond the end.
    pub fn place(&self, address: usize) -> Option<Place> {
        let number = self.starts.partition_point(|&start| start <= address).checked_sub(1)?;
        let layer = self.layers.get(number)?;
        let offset = address - self.starts[number];
        let (block, within) = (offset / block_words(layer), offset % block_words(layer));
        let output = block * TILE + within % TILE;
        if output >= layer.output.channels {
            return None;
        }
        let Some(product) = (within / TILE).checked_sub(1) else {
            return Some(Place::Bias { layer: number, output });
        };
        let (tap, input) = (product / layer.input.channels, product % layer.input.channels);
        let (ky, kx) = (tap / layer.kernel, tap % layer.kernel);
        (ky < layer.kernel).then_some(Place::Weight { layer: number, output, ky, kx, input })
    }
}
