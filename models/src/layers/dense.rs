//! Fully connected layer.

use crate::gemm::{accumulate, View};

/// `output = bias + input * weights`.
pub fn forward(weights: &[f32], bias: &[f32], input: &[f32], output: &mut [f32]) {
    output.copy_from_slice(bias);
    accumulate(View::rows(input, input.len()), weights, output, bias.len());
}

/// Adds the gradients of weights and bias.
pub fn backward_parameters(input: &[f32], gradient: &[f32], weight_gradient: &mut [f32], bias_gradient: &mut [f32]) {
    accumulate(View::transposed(input, input.len()), gradient, weight_gradient, gradient.len());
    for (b, g) in bias_gradient.iter_mut().zip(gradient) {
        *b += g;
    }
}

/// Sets the gradient of the input. `transposed` holds the weights as `[outputs, fan_in]`.
pub fn backward_input(transposed: &[f32], gradient: &[f32], input_gradient: &mut [f32]) {
    input_gradient.fill(0.0);
    let fan_in = input_gradient.len();
    accumulate(View::rows(gradient, gradient.len()), transposed, input_gradient, fan_in);
}
