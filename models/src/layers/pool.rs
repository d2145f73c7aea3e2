//! Maximum over square windows that do not overlap.

use crate::architecture::Layer;

/// Sets `output` to each window's maximum and `chosen` to the index in `input` it came from (the
/// first one on a tie).
pub fn forward(layer: &Layer, input: &[f32], output: &mut [f32], chosen: &mut [usize]) {
    let (size, channels) = (layer.window.kernel, layer.input.channels);
    let places = output.iter_mut().zip(chosen.iter_mut());
    for (index, (out, from)) in places.enumerate() {
        let (position, channel) = (index / channels, index % channels);
        let (y, x) = (position / layer.output.width, position % layer.output.width);
        let corner = (y * size * layer.input.width + x * size) * channels + channel;
        (*out, *from) = (input[corner], corner);
        for dy in 0..size {
            for dx in 0..size {
                let at = corner + (dy * layer.input.width + dx) * channels;
                if input[at] > *out {
                    (*out, *from) = (input[at], at);
                }
            }
        }
    }
}

/// Sets the gradient of the input: each output's gradient goes where its maximum came from.
pub fn backward(chosen: &[usize], gradient: &[f32], input_gradient: &mut [f32]) {
    input_gradient.fill(0.0);
    for (&at, g) in chosen.iter().zip(gradient) {
        input_gradient[at] += g;
    }
}
