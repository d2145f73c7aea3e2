//! The arithmetic of each float operation, in plain loops. Sums run over input channel, kernel row
//! and kernel column in that order, in f32.

use super::ir::*;

fn map(shape: &[usize]) -> [usize; 4] {
    let mut map = [1; 4];
    map[..shape.len().min(4)].copy_from_slice(&shape[..shape.len().min(4)]);
    map
}

/// Outputs `first..last` along one axis whose kernel position `offset` lies inside the map.
fn inside(offset: usize, before: usize, stride: usize, input: usize, output: usize) -> (usize, usize) {
    let first = before.saturating_sub(offset).div_ceil(stride);
    let last = (input + before).saturating_sub(offset).div_ceil(stride).min(output);
    (first.min(last), last)
}

pub fn convolution(
    op: &Convolution,
    weights: &[f32],
    bias: Option<&[f32]>,
    from: &[usize],
    input: &[f32],
    to: &[usize],
) -> Vec<f32> {
    let [batch, in_channels, height, width] = map(from);
    let [_, out_channels, rows, columns] = map(to);
    let Window { kernel, stride, dilation, before, .. } = op.window;
    let (group_in, group_out) = (in_channels / op.groups, out_channels / op.groups);
    let mut out = vec![0.0; batch * out_channels * rows * columns];
    for b in 0..batch {
        for o in 0..out_channels {
            let plane = &mut out[(b * out_channels + o) * rows * columns..][..rows * columns];
            for i in 0..group_in {
                let channel = o / group_out * group_in + i;
                let source = &input[(b * in_channels + channel) * height * width..][..height * width];
                for ky in 0..kernel.0 {
                    let (y0, y1) = inside(ky * dilation.0, before.0, stride.0, height, rows);
                    for kx in 0..kernel.1 {
                        let (x0, x1) = inside(kx * dilation.1, before.1, stride.1, width, columns);
                        let weight = weights[((o * group_in + i) * kernel.0 + ky) * kernel.1 + kx];
                        for y in y0..y1 {
                            let row = &source[(y * stride.0 + ky * dilation.0 - before.0) * width..][..width];
                            let into = &mut plane[y * columns..][..columns];
                            for x in x0..x1 {
                                into[x] += weight * row[x * stride.1 + kx * dilation.1 - before.1];
                            }
                        }
                    }
                }
            }
            if let Some(bias) = bias {
                plane.iter_mut().for_each(|value| *value += bias[o]);
            }
        }
    }
    out
}

pub fn fully_connected(weights: &[f32], bias: Option<&[f32]>, batch: usize, input: &[f32], out: usize) -> Vec<f32> {
    let features = input.len() / batch;
    let rows = input.chunks_exact(features);
    let dense = |row: &[f32], o: usize| {
        let sum: f32 = weights[o * features..][..features].iter().zip(row).map(|(weight, value)| weight * value).sum();
        sum + bias.map_or(0.0, |bias| bias[o])
    };
    rows.flat_map(|row| (0..out).map(move |o| dense(row, o))).collect()
}

pub fn pool(op: &Pool, from: &[usize], input: &[f32], to: &[usize]) -> Vec<f32> {
    let [_, _, height, width] = map(from);
    let [batch, channels, rows, columns] = map(to);
    let Window { kernel, stride, dilation, before, after } = op.window;
    // Kernel positions inside `low..high` of the padded axis, as positions of the padded axis.
    let positions = |at: usize, kernel: usize, dilation: usize, low: usize, high: usize| {
        (0..kernel).map(move |k| at + k * dilation).filter(move |p| (low..high).contains(p))
    };
    let mut out = Vec::with_capacity(batch * channels * rows * columns);
    for plane in input.chunks_exact(height * width).take(batch * channels) {
        for y in 0..rows {
            for x in 0..columns {
                let ys = || positions(y * stride.0, kernel.0, dilation.0, before.0, before.0 + height);
                let xs = || positions(x * stride.1, kernel.1, dilation.1, before.1, before.1 + width);
                let values = ys().flat_map(|py| xs().map(move |px| plane[(py - before.0) * width + px - before.1]));
                out.push(match op.kind {
                    PoolKind::Max => values.fold(f32::NEG_INFINITY, f32::max),
                    PoolKind::Average { count_padding } => {
                        let count = if count_padding {
                            let padded = (before.0 + height + after.0, before.1 + width + after.1);
                            positions(y * stride.0, kernel.0, dilation.0, 0, padded.0).count()
                                * positions(x * stride.1, kernel.1, dilation.1, 0, padded.1).count()
                        } else {
                            ys().count() * xs().count()
                        };
                        values.sum::<f32>() / count as f32
                    }
                });
            }
        }
    }
    out
}

pub fn affine(scale: &[f32], shift: &[f32], from: &[usize], input: &[f32]) -> Vec<f32> {
    let inner: usize = from[2..].iter().product();
    let channels = input.chunks_exact(inner).zip(scale.iter().zip(shift).cycle());
    channels.flat_map(|(plane, (scale, shift))| plane.iter().map(move |value| scale * value + shift)).collect()
}

pub fn softmax(batch: usize, input: &[f32]) -> Vec<f32> {
    let rows = input.chunks_exact(input.len() / batch);
    rows.flat_map(|row| {
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let powers: Vec<f32> = row.iter().map(|value| (value - largest).exp()).collect();
        let sum: f32 = powers.iter().sum();
        powers.into_iter().map(move |power| power / sum)
    })
    .collect()
}

pub fn lrn(op: &Lrn, from: &[usize], input: &[f32]) -> Vec<f32> {
    let [batch, channels, height, width] = map(from);
    let plane = height * width;
    let reach = op.size / 2;
    let mut out = Vec::with_capacity(input.len());
    for image in input.chunks_exact(channels * plane).take(batch) {
        for c in 0..channels {
            let around = c.saturating_sub(reach)..c.saturating_add(reach).saturating_add(1).min(channels);
            for p in 0..plane {
                let squares: f32 = around.clone().map(|i| image[i * plane + p] * image[i * plane + p]).sum();
                out.push(image[c * plane + p] / (op.k + op.alpha / op.size as f32 * squares).powf(op.beta));
            }
        }
    }
    out
}
