//! From a float network to int8, by TensorFlow Lite's conventions.
//!
//! Weights are symmetric in `[-127, 127]`, per output channel for convolutions and per tensor for
//! the dense layer (tflite-runtime 2.14 takes no other); biases are int32 with scale
//! `input scale * weight scale`; activations are asymmetric int8 with ranges seen on calibration
//! images. Pools keep their input's quantisation.

use crate::architecture::{Layer, LayerSpec};
use crate::dataset::Dataset;
use crate::error::Error;
use crate::network::{Network, Parameters, Workspace};
use crate::train::{check_fit, pixel_to_float};

/// `real = scale * (q - zero_point)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantisation {
    pub scale: f32,
    pub zero_point: i32,
}

impl Quantisation {
    /// Pixels: `q = pixel - 128` stands for `pixel / 255`, exactly.
    pub const PIXELS: Self = Self { scale: 1.0 / 255.0, zero_point: -128 };

    /// The int8 code whose range covers `[low, high]` and zero, with zero itself exact.
    pub fn covering(low: f32, high: f32) -> Self {
        let (low, high) = (low.min(0.0), high.max(0.0));
        let span = high - low;
        // All values equal zero, or no usable range: any scale codes zero exactly.
        if !(span.is_finite() && span / 255.0 >= f32::MIN_POSITIVE) {
            return Self { scale: 1.0, zero_point: 0 };
        }
        let scale = span / 255.0;
        let zero_point = (-128.0 - low / scale).round().clamp(-128.0, 127.0) as i32;
        Self { scale, zero_point }
    }

    /// The nearest code, saturated to int8.
    pub fn quantise(&self, value: f32) -> i8 {
        let code = (f64::from(value) / f64::from(self.scale)).round() + f64::from(self.zero_point);
        code.clamp(-128.0, 127.0) as i8
    }

    /// The value a code stands for.
    pub fn dequantise(&self, code: i8) -> f32 {
        self.scale * (i32::from(code) - self.zero_point) as f32
    }
}

/// Integer weights and bias of one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantisedParameters {
    /// `[outputs, fan_in]`: OHWI for a convolution, OI for the dense layer.
    pub weights: Vec<i8>,
    /// One scale, or one for each output channel.
    pub weight_scales: Vec<f32>,
    /// Scale: the input's times the weights'; zero point 0.
    pub bias: Vec<i32>,
}

impl QuantisedParameters {
    /// Scale of the weights of output channel `channel`.
    pub fn weight_scale(&self, channel: usize) -> f32 {
        let per_tensor = self.weight_scales.first().copied().unwrap_or(1.0);
        self.weight_scales.get(channel).copied().unwrap_or(per_tensor)
    }
}

/// One layer of a quantised network.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantisedLayer {
    pub layer: Layer,
    /// None for a pool.
    pub parameters: Option<QuantisedParameters>,
    pub input: Quantisation,
    pub output: Quantisation,
}

/// A network in integers; its last layer gives int8 logits.
///
/// Lengths follow from the layers' shapes, as [`QuantisedNetwork::new`] makes them; evaluation
/// relies on that.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantisedNetwork {
    pub name: String,
    pub layers: Vec<QuantisedLayer>,
}

impl QuantisedNetwork {
    /// Quantises `network` with the activation ranges it shows on all images of `calibration`.
    ///
    /// # Errors
    /// [`Error::Settings`] without calibration images; [`Error::Data`] when they do not fit the
    /// network.
    pub fn new(network: &Network, calibration: &Dataset) -> Result<Self, Error> {
        if calibration.is_empty() {
            let detail = "no calibration images; a thousand training images do".to_owned();
            return Err(Error::Settings { detail });
        }
        check_fit(network, calibration)?;
        let ranges = observe(network, calibration);
        let mut input = Quantisation::PIXELS;
        let mut layers = Vec::with_capacity(ranges.len());
        let all = network.layers().iter().zip(network.parameters()).zip(ranges);
        for ((&layer, parameters), (low, high)) in all {
            let (parameters, output) = match layer.spec {
                LayerSpec::MaxPool { .. } => (None, input),
                LayerSpec::Conv { .. } | LayerSpec::Dense { .. } => {
                    (Some(quantise_parameters(&layer, parameters, input.scale)), Quantisation::covering(low, high))
                }
            };
            layers.push(QuantisedLayer { layer, parameters, input, output });
            input = output;
        }
        Ok(Self { name: network.name().to_owned(), layers })
    }
}

/// Least and greatest activation of every layer over all images.
fn observe(network: &Network, images: &Dataset) -> Vec<(f32, f32)> {
    let mut ranges = vec![(0.0f32, 0.0f32); network.layers().len()];
    let mut workspace = Workspace::new(network);
    let mut image = Vec::new();
    for (pixels, _) in images.iter() {
        image.clear();
        image.extend(pixels.iter().map(|&p| pixel_to_float(p)));
        workspace.forward(network, &image);
        for (index, (low, high)) in ranges.iter_mut().enumerate() {
            for &value in workspace.activations(index) {
                (*low, *high) = (low.min(value), high.max(value));
            }
        }
    }
    ranges
}

fn quantise_parameters(layer: &Layer, float: &Parameters, input_scale: f32) -> QuantisedParameters {
    let (fan_in, outputs) = (layer.fan_in(), layer.fan_out());
    let mut rows = vec![0.0; fan_in * outputs];
    for (k, row) in float.weights.chunks_exact(outputs).enumerate() {
        for (o, &w) in row.iter().enumerate() {
            rows[o * fan_in + k] = w;
        }
    }
    let weight_scales = match layer.spec {
        LayerSpec::Dense { .. } => vec![symmetric_scale(&rows)],
        LayerSpec::Conv { .. } | LayerSpec::MaxPool { .. } => rows.chunks_exact(fan_in).map(symmetric_scale).collect(),
    };
    let mut result = QuantisedParameters { weights: Vec::new(), weight_scales, bias: Vec::new() };
    for (channel, (row, &bias)) in rows.chunks_exact(fan_in).zip(&float.bias).enumerate() {
        let scale = result.weight_scale(channel);
        result.weights.extend(row.iter().map(|w| (w / scale).round().clamp(-127.0, 127.0) as i8));
        let bias_scale = f64::from(input_scale * scale);
        // A float to integer cast saturates, which is what a bias out of range needs.
        result.bias.push((f64::from(bias) / bias_scale).round() as i32);
    }
    result
}

/// The scale at which the largest weight becomes 127.
fn symmetric_scale(weights: &[f32]) -> f32 {
    let scale = weights.iter().fold(0.0f32, |m, w| m.max(w.abs())) / 127.0;
    if scale.is_finite() && scale >= f32::MIN_POSITIVE {
        scale
    } else {
        1.0
    }
}
