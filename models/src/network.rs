//! A float network: parameters, forward pass, backward pass.

use crate::architecture::{Architecture, Layer, LayerSpec};
use crate::error::Error;
use crate::layers::{conv, dense, loss, pool};
use cortado_random::Rng;

/// Weights `[fan_in, outputs]` and bias of one layer; both empty for a pool. Also used for their
/// gradients and moments.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    pub weights: Vec<f32>,
    pub bias: Vec<f32>,
}

impl Parameters {
    /// All zero, of the size `layer` needs.
    pub fn zeros(layer: &Layer) -> Self {
        Self { weights: vec![0.0; layer.fan_in() * layer.fan_out()], bias: vec![0.0; layer.fan_out()] }
    }

    fn clear(&mut self) {
        self.weights.fill(0.0);
        self.bias.fill(0.0);
    }

    fn transpose_into(&self, transposed: &mut [f32]) {
        let outputs = self.bias.len();
        if outputs == 0 {
            return;
        }
        let fan_in = self.weights.len() / outputs;
        for (k, row) in self.weights.chunks_exact(outputs).enumerate() {
            for (o, &w) in row.iter().enumerate() {
                transposed[o * fan_in + k] = w;
            }
        }
    }
}

/// A network with its weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    name: String,
    layers: Vec<Layer>,
    /// One per layer.
    parameters: Vec<Parameters>,
}

impl Network {
    /// A network with uniform He initialisation (`|w| < sqrt(6 / fan_in)`) and zero bias.
    ///
    /// # Errors
    /// As [`Architecture::layers`].
    pub fn new(architecture: &Architecture, rng: &mut Rng) -> Result<Self, Error> {
        let layers = architecture.layers()?;
        let mut parameters: Vec<Parameters> = layers.iter().map(Parameters::zeros).collect();
        for (layer, p) in layers.iter().zip(&mut parameters) {
            let bound = (6.0 / layer.fan_in() as f32).sqrt();
            p.weights.iter_mut().for_each(|w| *w = rng.symmetric(bound));
        }
        Ok(Self { name: architecture.name.clone(), layers, parameters })
    }

    /// The architecture's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The layers in order.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Parameters of each layer.
    pub fn parameters(&self) -> &[Parameters] {
        &self.parameters
    }

    /// Parameters of each layer, for an optimiser. Lengths are part of the network: keep them.
    pub fn parameters_mut(&mut self) -> &mut [Parameters] {
        &mut self.parameters
    }

    /// Elements of one input image.
    pub fn input_len(&self) -> usize {
        self.layers.first().map_or(0, |l| l.input.len())
    }
}

/// Index of the largest value, the first on a tie; 0 for none.
pub fn argmax<T: PartialOrd>(values: &[T]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}

/// What one layer keeps between its forward and backward pass.
#[derive(Debug, Clone)]
struct LayerState {
    output: Vec<f32>,
    /// Gradient of `output`.
    gradient: Vec<f32>,
    /// Patches of a convolution's input.
    columns: Vec<f32>,
    /// Gradient of `columns`.
    column_gradient: Vec<f32>,
    /// Winners of a pool.
    chosen: Vec<usize>,
    /// Weights as `[outputs, fan_in]`.
    transposed: Vec<f32>,
}

impl LayerState {
    fn new(layer: &Layer) -> Self {
        let (columns, chosen) = match layer.spec {
            LayerSpec::Conv { .. } => (layer.output.height * layer.output.width * layer.fan_in(), 0),
            LayerSpec::MaxPool { .. } => (0, layer.output.len()),
            LayerSpec::Dense { .. } => (0, 0),
        };
        Self {
            output: vec![0.0; layer.output.len()],
            gradient: vec![0.0; layer.output.len()],
            columns: vec![0.0; columns],
            column_gradient: vec![0.0; columns],
            chosen: vec![0; chosen],
            transposed: vec![0.0; layer.fan_in() * layer.fan_out()],
        }
    }
}

/// Scratch memory and gradients of one thread; made once, used for many images.
#[derive(Debug, Clone)]
pub struct Workspace {
    image: Vec<f32>,
    states: Vec<LayerState>,
    gradients: Vec<Parameters>,
}

impl Workspace {
    /// Memory for `network`'s shapes.
    pub fn new(network: &Network) -> Self {
        Self {
            image: vec![0.0; network.input_len()],
            states: network.layers.iter().map(LayerState::new).collect(),
            gradients: network.layers.iter().map(Parameters::zeros).collect(),
        }
    }

    /// Clears the gradients and takes the present weights for the backward pass. Needed before the
    /// first [`Workspace::backward`] after every change of the network's parameters.
    pub fn begin(&mut self, network: &Network) {
        self.gradients.iter_mut().for_each(Parameters::clear);
        for (state, p) in self.states.iter_mut().zip(&network.parameters) {
            p.transpose_into(&mut state.transposed);
        }
    }

    /// Sums of gradients since [`Workspace::begin`], one entry a layer.
    pub fn gradients(&self) -> &[Parameters] {
        &self.gradients
    }

    /// The activations of layer `index` after the last [`Workspace::forward`].
    pub fn activations(&self, index: usize) -> &[f32] {
        self.states.get(index).map_or(&[], |s| &s.output)
    }

    /// Runs `image` (HWC, [`Network::input_len`] values; missing ones count as zero and extra ones
    /// not at all) through the network and returns the logits.
    pub fn forward(&mut self, network: &Network, image: &[f32]) -> &[f32] {
        self.image.fill(0.0);
        for (to, from) in self.image.iter_mut().zip(image) {
            *to = *from;
        }
        for (index, layer) in network.layers.iter().enumerate() {
            let (before, rest) = self.states.split_at_mut(index);
            let input = before.last().map_or(&self.image, |s| &s.output);
            let (state, p) = (&mut rest[0], &network.parameters[index]);
            match layer.spec {
                LayerSpec::Conv { .. } => {
                    conv::patches(layer, input, &mut state.columns);
                    conv::forward(layer, &p.weights, &p.bias, &state.columns, &mut state.output);
                }
                LayerSpec::MaxPool { .. } => {
                    pool::forward(layer, input, &mut state.output, &mut state.chosen);
                }
                LayerSpec::Dense { .. } => {
                    dense::forward(&p.weights, &p.bias, input, &mut state.output);
                }
            }
        }
        self.states.last().map_or(&[], |s| &s.output)
    }

    /// Adds the gradient of the cross entropy of the last forward pass against `label` to the
    /// gradients, and returns the cross entropy.
    pub fn backward(&mut self, network: &Network, label: usize) -> f32 {
        let mut value = 0.0;
        if let Some(last) = self.states.last_mut() {
            value = loss::softmax_cross_entropy(&last.output, label, &mut last.gradient);
        }
        for (index, layer) in network.layers.iter().enumerate().rev() {
            let (before, rest) = self.states.split_at_mut(index);
            let (state, sums) = (&mut rest[0], &mut self.gradients[index]);
            let previous = before.last_mut();
            match layer.spec {
                LayerSpec::Conv { .. } => backward_conv(layer, state, previous, sums),
                LayerSpec::MaxPool { .. } => {
                    if let Some(previous) = previous {
                        pool::backward(&state.chosen, &state.gradient, &mut previous.gradient);
                    }
                }
                LayerSpec::Dense { .. } => backward_dense(state, &self.image, previous, sums),
            }
        }
        value
    }
}

/// The first layer has no `previous`: nobody asks for the gradient of the image.
fn backward_conv(layer: &Layer, state: &mut LayerState, previous: Option<&mut LayerState>, sums: &mut Parameters) {
    conv::backward_relu(&state.output, &mut state.gradient);
    conv::backward_parameters(layer, &state.columns, &state.gradient, &mut sums.weights, &mut sums.bias);
    if let Some(previous) = previous {
        conv::backward_input(
            layer,
            &state.transposed,
            &state.gradient,
            &mut state.column_gradient,
            &mut previous.gradient,
        );
    }
}

/// Without `previous`, `image` is the input.
fn backward_dense(state: &mut LayerState, image: &[f32], previous: Option<&mut LayerState>, sums: &mut Parameters) {
    let input = previous.as_ref().map_or(image, |p| p.output.as_slice());
    dense::backward_parameters(input, &state.gradient, &mut sums.weights, &mut sums.bias);
    if let Some(previous) = previous {
        dense::backward_input(&state.transposed, &state.gradient, &mut previous.gradient);
    }
}
