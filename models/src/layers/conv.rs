//! Convolution with ReLU, as a matrix product over a matrix of patches ("im2col").

use crate::architecture::Layer;
use crate::gemm::{accumulate, View};

/// Writes the patch under every output position into `columns`, `[positions, fan_in]`; positions
/// outside the map are zero.
pub fn patches(layer: &Layer, input: &[f32], columns: &mut [f32]) {
    columns.fill(0.0);
    for_each_run(layer, |map, column, len| {
        columns[column..column + len].copy_from_slice(&input[map..map + len]);
    });
}

/// Adds every patch of `columns` back to the map positions it came from; the adjoint of [`patches`].
fn scatter(layer: &Layer, columns: &[f32], input: &mut [f32]) {
    input.fill(0.0);
    for_each_run(layer, |map, column, len| {
        for (to, from) in input[map..map + len].iter_mut().zip(&columns[column..column + len]) {
            *to += from;
        }
    });
}

/// Visits each stretch of a kernel row that lies inside the map, as (index in the map, index in
/// the patch matrix, length): with HWC layout such a stretch is contiguous in both.
fn for_each_run(layer: &Layer, mut visit: impl FnMut(usize, usize, usize)) {
    let (window, input, output) = (&layer.window, &layer.input, &layer.output);
    let row_len = window.kernel * input.channels;
    for y in 0..output.height {
        for x in 0..output.width {
            let patch = (y * output.width + x) * layer.fan_in();
            let left = x * window.stride;
            let first = window.pad_left.saturating_sub(left);
            let last = window.kernel.min((input.width + window.pad_left).saturating_sub(left));
            if first >= last {
                continue;
            }
            for ky in 0..window.kernel {
                let Some(row) = (y * window.stride + ky).checked_sub(window.pad_top) else {
                    continue;
                };
                if row >= input.height {
                    continue;
                }
                let column = left + first - window.pad_left;
                visit(
                    (row * input.width + column) * input.channels,
                    patch + ky * row_len + first * input.channels,
                    (last - first) * input.channels,
                );
            }
        }
    }
}

/// `output = relu(bias + columns * weights)`.
pub fn forward(layer: &Layer, weights: &[f32], bias: &[f32], columns: &[f32], output: &mut [f32]) {
    for position in output.chunks_exact_mut(bias.len()) {
        position.copy_from_slice(bias);
    }
    accumulate(View::rows(columns, layer.fan_in()), weights, output, bias.len());
    for value in output.iter_mut() {
        *value = value.max(0.0);
    }
}

/// Turns the gradient of the output into that of the sum before the ReLU, in place.
pub fn backward_relu(output: &[f32], gradient: &mut [f32]) {
    for (g, &value) in gradient.iter_mut().zip(output) {
        if value <= 0.0 {
            *g = 0.0;
        }
    }
}

/// Adds the gradients of weights and bias; `gradient` is that of the sum before the ReLU.
pub fn backward_parameters(
    layer: &Layer,
    columns: &[f32],
    gradient: &[f32],
    weight_gradient: &mut [f32],
    bias_gradient: &mut [f32],
) {
    let outputs = bias_gradient.len();
    accumulate(View::transposed(columns, layer.fan_in()), gradient, weight_gradient, outputs);
    for position in gradient.chunks_exact(outputs) {
        for (b, g) in bias_gradient.iter_mut().zip(position) {
            *b += g;
        }
    }
}

/// Sets the gradient of the input. `transposed` holds the weights as `[outputs, fan_in]`;
/// `scratch` is as large as the patch matrix.
pub fn backward_input(
    layer: &Layer,
    transposed: &[f32],
    gradient: &[f32],
    scratch: &mut [f32],
    input_gradient: &mut [f32],
) {
    scratch.fill(0.0);
    accumulate(View::rows(gradient, layer.fan_out()), transposed, scratch, layer.fan_in());
    scatter(layer, scratch, input_gradient);
}
