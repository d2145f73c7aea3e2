//! Windows and kernels in the form the engine takes: no dilation, one output a channel.

use crate::lower::MAX_KERNEL;
use crate::network::{Grid, Kernel, Kind, Pool, Shape};
use cortado_graph::geometry::span;
use cortado_graph::ir::Window;

/// Most weights a depthwise layer with several outputs a channel may become.
const MOST_WIDENED: usize = 1 << 26;

/// An axis with a single output never moves: its stride is 1.
pub(crate) fn still(kind: Kind, output: Shape) -> Kind {
    let fix = |grid: Grid| Grid {
        stride: (if output.height == 1 { 1 } else { grid.stride.0 }, if output.width == 1 { 1 } else { grid.stride.1 }),
        ..grid
    };
    match kind {
        Kind::Convolution(k) => Kind::Convolution(Kernel { grid: fix(k.grid), ..k }),
        Kind::Depthwise(k) => Kind::Depthwise(Kernel { grid: fix(k.grid), ..k }),
        Kind::Pool(p) => Kind::Pool(Pool { grid: fix(p.grid), ..p }),
        Kind::Identity => Kind::Identity,
    }
}

/// HWC depthwise weights, channel by channel.
pub(crate) fn channel_first(weights: &[i16], channels: usize) -> Vec<i16> {
    (0..channels).flat_map(|c| weights.iter().skip(c).step_by(channels.max(1)).copied()).collect()
}

/// A dilated kernel with its holes filled by zeros.
pub(crate) fn expand(
    window: &Window,
    weights: &[i16],
    outputs: usize,
    channels: usize,
) -> Result<(Grid, Vec<i16>), String> {
    let (kh, kw) = window.kernel;
    let too_large = || {
        let (kernel, dilation) = (window.kernel, window.dilation);
        format!("kernel {kernel:?} with dilation {dilation:?} spans more than {MAX_KERNEL}: use a smaller dilation")
    };
    let height = span(kh, window.dilation.0).ok_or_else(too_large)?;
    let width = span(kw, window.dilation.1).ok_or_else(too_large)?;
    let grid = Grid { kernel: (height, width), stride: window.stride, padding: window.padding };
    if (height, width) == (kh, kw) {
        return Ok((grid, weights.to_vec()));
    }
    if height.max(width) > MAX_KERNEL {
        return Err(too_large());
    }
    let mut filled = vec![0; outputs * height * width * channels];
    for (tap, values) in weights.chunks_exact(channels.max(1)).enumerate() {
        let (o, ky, kx) = (tap / (kh * kw), tap / kw % kh, tap % kw);
        let at = (o * height + ky * window.dilation.0) * width + kx * window.dilation.1;
        filled[at * channels..(at + 1) * channels].copy_from_slice(values);
    }
    Ok((grid, filled))
}

/// A depthwise kernel of several outputs a channel, as a convolution that is zero elsewhere.
pub(crate) fn widen(kernel: Kernel, multiplier: usize, channels: usize) -> Result<Kernel, String> {
    let size = kernel.weights.len().checked_mul(channels).filter(|&n| n <= MOST_WIDENED);
    let mut weights = vec![0; size.ok_or("depth multiplier over too many channels: use a convolution")?];
    let taps = kernel.grid.taps();
    for (i, &w) in kernel.weights.iter().enumerate() {
        weights[i * channels + i / taps / multiplier] = w;
    }
    Ok(Kernel { weights, ..kernel })
}
