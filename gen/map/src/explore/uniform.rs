//! Caffeine's uniform representation and its two rooflines (ICCAD 2016, sections 3.2 and 5).
//!
//! These are the paper's own formulas for the paper's own engine: Tm x Tn multipliers over tiles of Tr x Tc
//! positions, every tile from external memory. [`super::cost`] has the same law for this project's engines,
//! whose transfers and waits are others.

use super::curve::Curve;

/// Which roofline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// Transfers at full bandwidth: sum of alpha * beta.
    Original,
    /// Transfers at the bandwidth of their length: sum of gamma * alpha * beta, gamma = BW_max / f(beta).
    Revised,
}

/// Which operand of a fully connected layer takes the place of the maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mapping {
    /// Inputs are maps, weights are kernels: a weight is used once a vector of the batch.
    InputMajor,
    /// Weights are maps, inputs are kernels: an input is used once an output.
    WeightMajor,
}

/// A layer as the array sees it: table 3 of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uniform {
    /// Input maps N and elements of one.
    pub input_maps: usize,
    pub input_size: usize,
    /// Output maps M and elements of one.
    pub output_maps: usize,
    pub output_size: usize,
    /// K1 * K2.
    pub kernel: usize,
}

impl Uniform {
    /// A convolution of `inputs` maps of `input_size` elements into `outputs` maps of `output_size`.
    pub fn convolution(inputs: usize, input_size: usize, outputs: usize, output_size: usize, kernel: usize) -> Self {
        Self { input_maps: inputs, input_size, output_maps: outputs, output_size, kernel }
    }

    /// A fully connected layer of `inputs` to `outputs` over `batch` vectors, with merging factor `ker`:
    /// that many elements of a vector lie in one map, and as many weights in one kernel.
    pub fn fully_connected(inputs: usize, outputs: usize, mapping: Mapping, batch: usize, ker: usize) -> Self {
        let input_maps = inputs.div_ceil(ker.max(1));
        let (positions, output_maps) = match mapping {
            Mapping::InputMajor => (batch, outputs),
            Mapping::WeightMajor => (outputs, batch),
        };
        Self { input_maps, input_size: positions * ker, output_maps, output_size: positions, kernel: ker }
    }

    /// Operations: a multiplication and an addition for each weight an output meets.
    pub fn operations(&self) -> f64 {
        2.0 * self.input_maps as f64 * self.output_maps as f64 * self.output_size as f64 * self.kernel as f64
    }
}

/// The tile factors of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tiling {
    pub tm: usize,
    pub tn: usize,
    /// Tr * Tc.
    pub positions: usize,
    /// Bytes that an element takes in external memory.
    pub element_bytes: usize,
}

/// The transfers of one of a layer's three arrays: alpha times beta bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Traffic {
    pub count: f64,
    pub bytes: f64,
}

/// Where a layer lies under the roofline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Operations per cycle that the array does.
    pub compute: f64,
    /// Computation to communication: operations per byte, each byte counted gamma times.
    pub ctc: f64,
    /// Operations per cycle: the least of `compute` and what the memory feeds.
    pub attainable: f64,
}

/// Transfers of inputs, weights and outputs. Tiles of the output stay in their buffer until they are
/// complete; the inputs come again for each tile of output maps, the weights for each tile of positions.
pub fn traffic(layer: &Uniform, tiling: &Tiling) -> [Traffic; 3] {
    let (n, m) = (layer.input_maps.div_ceil(tiling.tn), layer.output_maps.div_ceil(tiling.tm));
    let tiles = layer.output_size.div_ceil(tiling.positions);
    let lanes = |maps: usize, lanes: usize| maps.min(lanes) as f64;
    let bytes = tiling.element_bytes as f64;
    // Each tile holds an equal share of the positions.
    let share = |size: usize| size as f64 / tiles as f64;
    let traffic = |count: usize, elements: f64| Traffic { count: count as f64, bytes: elements * bytes };
    [
        traffic(n * m * tiles, lanes(layer.input_maps, tiling.tn) * share(layer.input_size)),
        traffic(
            n * m * tiles,
            lanes(layer.input_maps, tiling.tn) * lanes(layer.output_maps, tiling.tm) * layer.kernel as f64,
        ),
        traffic(m * tiles, lanes(layer.output_maps, tiling.tm) * share(layer.output_size)),
    ]
}

/// The point of `layer` on an engine of `tiling` behind a memory of bandwidth `curve`.
pub fn attainable(layer: &Uniform, tiling: &Tiling, curve: &Curve, model: Model) -> Point {
    let tiles = layer.input_maps.div_ceil(tiling.tn) * layer.output_maps.div_ceil(tiling.tm);
    let compute = layer.operations() / (tiles as f64 * layer.output_size as f64 * layer.kernel as f64);
    let weighed: f64 = traffic(layer, tiling)
        .iter()
        .map(|t| {
            let gamma = if model == Model::Revised { curve.gamma(t.bytes) } else { 1.0 };
            gamma * t.count * t.bytes
        })
        .sum();
    let ctc = layer.operations() / weighed;
    Point { compute, ctc, attainable: compute.min(ctc * curve.maximum()) }
}
