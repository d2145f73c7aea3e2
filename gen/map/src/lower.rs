//! Each operation of the network as layers: mode, fields, packed weights and parameters.

use crate::average::{self, Uniform};
use crate::cost::compute_cycles;
use crate::error::{gather, MapErrors};
use crate::layer::{field, frame, parameter_block, Block, Layer};
use crate::layout::{Format, Layout, Unfolding};
use crate::network::{Grid, Kernel, Kind, Network, Operation, Pool, Shape, Sum};
use crate::pack;
use crate::parameters::parameters;
use crate::pool;
use crate::spans;
use cortado_arch::isa::{Compute, Mode};
use cortado_arch::Architecture;

/// Largest kernel side an instruction holds.
pub(crate) const MAX_KERNEL: usize = 15;
/// Most rows, columns or channel groups an instruction holds.
const MAX_SIDE: usize = 4095;

/// The network as layers over maps with a layout.
#[derive(Debug, Clone)]
pub(crate) struct Lowered {
    /// In execution order.
    pub layers: Vec<Layer>,
    /// Of each map.
    pub layouts: Vec<Layout>,
    /// Words each map occupies; a map may have room behind it for a window to reach into.
    pub words: Vec<usize>,
}

impl Lowered {
    /// Words to keep for map `map`: LOADs write whole beats.
    pub fn room(&self, map: usize, arch: &Architecture) -> usize {
        let grain = arch.transfer_words();
        (self.layouts[map].words() + self.words_behind(map).next_multiple_of(grain)).next_multiple_of(grain)
    }

    /// Words behind map `map` that a window reaches into, with weights of zero.
    pub fn words_behind(&self, map: usize) -> usize {
        self.words[map] - self.layouts[map].words()
    }
}

/// Lowers every operation, with the network's input in `format`.
///
/// # Errors
/// Every operation the engine cannot do, by name.
pub(crate) fn lower(network: &Network, format: Format, arch: &Architecture) -> Result<Lowered, MapErrors> {
    let layout = |map: usize| {
        let format = if map == network.input { format } else { Format::Blocked };
        network.layout(map, format, arch)
    };
    let layouts: Vec<Layout> = (0..network.maps.len()).map(layout).collect();
    let mut words: Vec<usize> = layouts.iter().map(Layout::words).collect();
    let lowered = gather(network.operations.iter().map(|op| {
        let layers = operation(network, op, layouts[op.input].format, arch)
            .map_err(|reason| MapErrors::one(&op.name, reason))?;
        let overflow = pool::words_behind(op, arch);
        Ok((layers, op.input, overflow))
    }))?;
    let mut layers = Vec::new();
    for (more, input, behind) in lowered {
        layers.extend(more);
        words[input] = words[input].max(layouts[input].words() + behind);
    }
    Ok(Lowered { layers, layouts, words })
}

/// The layers of `op`, whose input lies in `format`.
pub(crate) fn operation(
    network: &Network,
    op: &Operation,
    format: Format,
    arch: &Architecture,
) -> Result<Vec<Layer>, String> {
    let unfolded;
    let (op, patch) = match format {
        Format::Blocked => (op, false),
        Format::Packed => (op, true),
        Format::Unfolded(u) => {
            unfolded = unfold(op, &u);
            (&unfolded, false)
        }
    };
    let output = network.maps[op.output].shape;
    sizes(op, output, arch)?;
    let mut layers = match &op.kind {
        Kind::Convolution(kernel) if patch => vec![patched(op, kernel, output, arch)?],
        Kind::Convolution(kernel) => vec![convolution(op, kernel, output, arch)?],
        Kind::Depthwise(kernel) => vec![depthwise(op, kernel, output, arch)?],
        Kind::Pool(pool) => pool::lower(op, pool, output, arch)?,
        Kind::Identity => vec![identity(op, output, arch)?],
    };
    for layer in &mut layers {
        if let Some(sum) = &op.sum {
            set_sum(layer, sum);
        }
        layer.finish_steps();
        layer.check_limits()?;
    }
    Ok(layers)
}

/// Refuses maps and windows that no instruction holds, before anything is made of them.
fn sizes(op: &Operation, output: Shape, arch: &Architecture) -> Result<(), String> {
    for (what, shape) in [("input", op.input_shape), ("output", output)] {
        let Shape { height, width, channels } = shape;
        if height.max(width).max(channels.div_ceil(arch.tm)) > MAX_SIDE {
            return Err(format!(
                "{what} of {height}x{width}x{channels}; rows, columns and groups of {} channels go to {MAX_SIDE}: tile it",
                arch.tm
            ));
        }
    }
    let grid = match &op.kind {
        Kind::Convolution(kernel) | Kind::Depthwise(kernel) => kernel.grid,
        Kind::Pool(pool) => pool.grid,
        Kind::Identity => Grid::POINT,
    };
    let side = |pair: (usize, usize)| pair.0.max(pair.1);
    let whole = grid.kernel == (op.input_shape.height, op.input_shape.width) && output.pixels() == 1;
    if side(grid.stride).max(side(grid.padding)) > MAX_KERNEL || side(grid.kernel) > MAX_KERNEL && !whole {
        return Err(format!(
            "window {:?} with stride {:?} and padding {:?}; each goes to {MAX_KERNEL}: use two layers",
            grid.kernel, grid.stride, grid.padding
        ));
    }
    Ok(())
}

/// A layer of `op` with what all kinds share.
pub(crate) fn layer(op: &Operation, mode: Mode, compute: Compute, weights: Block, parameters: Block) -> Layer {
    Layer {
        nodes: op.nodes.clone(),
        name: op.name.clone(),
        mode,
        compute,
        input: op.input,
        output: op.output,
        residual: None,
        input_offset: 0,
        output_offset: 0,
        first_blocks: Vec::new(),
        weights,
        parameters,
        macs: op.macs,
    }
}

fn set_sum(layer: &mut Layer, sum: &Sum) {
    layer.residual = Some(sum.residual);
    let c = &mut layer.compute;
    c.residual = 1;
    c.scale_residual = sum.scale_residual.into();
    c.own_zero_point = sum.own_zero_point;
    c.residual_zero_point = sum.residual_zero_point;
    c.sum_zero_point = sum.zero_point;
    (c.sum_minimum, c.sum_maximum) = (sum.min, sum.max);
    (c.scale_q, c.scale_shift) = sum.scale;
    (c.sum_q, c.sum_shift) = sum.total;
}

/// The fields a window sets.
fn window_fields(compute: &mut Compute, grid: &Grid) {
    (compute.kernel_height, compute.kernel_width) = (field(grid.kernel.0), field(grid.kernel.1));
    (compute.stride_y, compute.stride_x) = (field(grid.stride.0), field(grid.stride.1));
    (compute.pad_top, compute.pad_left) = (field(grid.padding.0), field(grid.padding.1));
}

/// The fields a kernel's numbers set: padding value and the output's clamp.
fn number_fields(compute: &mut Compute, kernel: &Kernel, arch: &Architecture) {
    compute.pad_value = kernel.input_zero_point;
    compute.zero_point = kernel.output.zero_point;
    compute.set_bounds(arch.data_type, (kernel.output.min, kernel.output.max));
}

/// What the shapes say of a convolution, and the taps that its weights are packed for.
pub(crate) fn convolution_frame(input: Shape, output: Shape, grid: &Grid, arch: &Architecture) -> (Compute, usize) {
    let (kh, kw) = grid.kernel;
    let whole = (kh, kw) == (input.height, input.width) && output.pixels() == 1 && grid.padding == (0, 0);
    let mut compute = frame(input, output, arch.tm);
    window_fields(&mut compute, grid);
    let mut blocks = input.channels.div_ceil(arch.tm);
    let mut taps = kh * kw;
    if whole && kh.max(kw) > MAX_KERNEL {
        // A window over the whole map is one pixel of all its words.
        blocks *= taps;
        taps = 1;
        compute.pixel_words = 1;
        (compute.input_width, compute.input_height) = (1, 1);
        (compute.kernel_width, compute.kernel_height) = (1, 1);
        compute.row_words = 1;
    }
    let last = (input.channels - (input.channels.div_ceil(arch.tm) - 1) * arch.tm).div_ceil(arch.tn);
    compute.input_blocks = field(blocks);
    compute.last_substeps = field(last);
    (compute, taps)
}

fn convolution(op: &Operation, kernel: &Kernel, output: Shape, arch: &Architecture) -> Result<Layer, String> {
    let input = op.input_shape;
    let (mut compute, taps) = convolution_frame(input, output, &kernel.grid, arch);
    number_fields(&mut compute, kernel, arch);
    let parameters = parameters(kernel, arch)?;
    let split =
        spans::of(kernel, input.channels, arch).filter(|s| taps == kernel.grid.taps() && s.pays(&compute, arch));
    let Some(spans) = split else {
        let weights = pack::convolution(kernel, input.channels, taps, arch);
        return Ok(layer(op, Mode::Convolution, compute, weights, parameters));
    };
    let compute = spans.narrow(&compute, arch);
    let mut narrow =
        layer(op, Mode::Convolution, compute, pack::spanned(kernel, input.channels, &spans, arch), parameters);
    narrow.macs = (output.pixels() * taps * spans.products) as u64;
    narrow.first_blocks = spans.first_blocks;
    Ok(narrow)
}

/// The same convolution on an unfolded input: a kernel one column wide over a map as wide as the output,
/// whose pixels are kernel rows.
fn unfold(op: &Operation, unfolding: &Unfolding) -> Operation {
    let column =
        |grid: &Grid| Grid { kernel: (grid.kernel.0, 1), stride: (grid.stride.0, 1), padding: (grid.padding.0, 0) };
    let Shape { height, channels, .. } = op.input_shape;
    let mut op = op.clone();
    op.input_shape = Shape { height, width: unfolding.columns, channels: unfolding.kernel_width * channels };
    if let Kind::Convolution(kernel) = &mut op.kind {
        // In OHWI order a kernel row is contiguous already.
        kernel.grid = column(&kernel.grid);
    }
    op
}

/// What the shapes say of a convolution in Patch mode.
///
/// # Errors
/// When the engine holds no such patch.
pub(crate) fn patch_frame(input: Shape, output: Shape, grid: &Grid, arch: &Architecture) -> Result<Compute, String> {
    let (kh, kw) = grid.kernel;
    let run = kw * input.channels;
    if kh * run > arch.patch_bytes || run > 255 {
        return Err(format!("a patch of {kh} runs of {run} elements; the engine holds {}", arch.patch_bytes));
    }
    let mut compute = frame(input, output, arch.tm);
    window_fields(&mut compute, grid);
    compute.row_bytes = field(input.width * input.channels);
    compute.row_words = field((input.width * input.channels).div_ceil(arch.tm));
    compute.run_bytes = field(run);
    compute.step_x_bytes = field(grid.stride.1 * input.channels);
    compute.pad_left_bytes = field(grid.padding.1 * input.channels);
    compute.window_steps = field((kh * run).div_ceil(arch.tn));
    Ok(compute)
}

fn patched(op: &Operation, kernel: &Kernel, output: Shape, arch: &Architecture) -> Result<Layer, String> {
    let mut compute = patch_frame(op.input_shape, output, &kernel.grid, arch)?;
    number_fields(&mut compute, kernel, arch);
    let weights = pack::patch(kernel, arch);
    Ok(layer(op, Mode::Patch, compute, weights, parameters(kernel, arch)?))
}

/// What the shapes say of a depthwise convolution, in the faster of its two modes.
pub(crate) fn depthwise_frame(input: Shape, output: Shape, grid: &Grid, arch: &Architecture) -> (Mode, Compute) {
    let mut channelwise = frame(input, output, arch.tm);
    window_fields(&mut channelwise, grid);
    if grid.taps() > arch.window_taps {
        return (Mode::Channelwise, channelwise);
    }
    let mut windowed = channelwise;
    windowed.window_steps = field(grid.taps().div_ceil(arch.tn));
    windowed.shared_columns = shared_columns(&windowed);
    windowed.shared_words = windowed.shared_columns.saturating_mul(windowed.pixel_words);
    // Steps, which follow later, change no cycles.
    let cycles = |mode, compute: &Compute| compute_cycles(mode, compute, arch);
    if cycles(Mode::Depthwise, &windowed) <= cycles(Mode::Channelwise, &channelwise) {
        (Mode::Depthwise, windowed)
    } else {
        (Mode::Channelwise, channelwise)
    }
}

fn depthwise(op: &Operation, kernel: &Kernel, output: Shape, arch: &Architecture) -> Result<Layer, String> {
    let (mode, mut compute) = depthwise_frame(op.input_shape, output, &kernel.grid, arch);
    number_fields(&mut compute, kernel, arch);
    let weights = match mode {
        Mode::Depthwise => pack::depthwise(kernel, arch),
        _ => pack::channelwise(kernel, arch),
    };
    Ok(layer(op, mode, compute, weights, parameters(kernel, arch)?))
}

/// Columns of padding that a row's end and the next row's start have in common.
fn shared_columns(c: &Compute) -> u32 {
    let columns = c.output_width.saturating_sub(1) * c.stride_x + c.kernel_width;
    c.pad_left.min(columns.saturating_sub(c.pad_left + c.input_width)).min(c.kernel_width.saturating_sub(1))
}

fn identity(op: &Operation, output: Shape, arch: &Architecture) -> Result<Layer, String> {
    let mut compute = frame(op.input_shape, output, arch.tm);
    (compute.weight_hold, compute.parameter_hold) = (1, 1);
    let (weights, parameters) = held(&average::identity(arch.data_type)?, arch);
    Ok(layer(op, Mode::Channelwise, compute, weights, parameters))
}

/// A weight word for every step, and one group of parameter words, the same in every lane.
pub(crate) fn held(uniform: &Uniform, arch: &Architecture) -> (Block, Block) {
    (pack::held(uniform.weight, arch), parameter_block(&vec![uniform.parameter; arch.tm], true, arch))
}

/// The fields of a pool that do not depend on where it is.
pub(crate) fn pool_fields(compute: &mut Compute, pool: &Pool, arch: &Architecture) {
    compute.weight_hold = 1;
    compute.parameter_hold = 1;
    compute.maximum = u32::from(!pool.average);
    compute.pad_value = if pool.average { 0 } else { -128 };
    compute.set_bounds(arch.data_type, (pool.min, pool.max));
}
