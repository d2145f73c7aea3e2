//! Pools: one step a position, the same weight in every lane.

use crate::average::{identity, mean};
use crate::layer::{field, frame, Layer};
use crate::lower::{held, layer, pool_fields, MAX_KERNEL};
use crate::network::{Kind, Operation, Pool, Shape};
use crate::pack;
use cortado_arch::isa::Mode;
use cortado_arch::Architecture;

/// A whole map whose sides do not fit a kernel, seen as `rows x columns` positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Refold {
    rows: usize,
    columns: usize,
    /// Positions of the map; the others lie behind it.
    used: usize,
}

/// The refolding a pool needs, if it covers its whole map and is too large for a kernel as it is.
fn refold(input: Shape, output: Shape, pool: &Pool) -> Option<Refold> {
    let (kh, kw) = pool.grid.kernel;
    let whole = (kh, kw) == (input.height, input.width) && output.pixels() == 1 && pool.grid.padding == (0, 0);
    if !whole || kh.max(kw) <= MAX_KERNEL {
        return None;
    }
    let used = kh * kw;
    (1..=MAX_KERNEL)
        .map(|columns| Refold { rows: used.div_ceil(columns), columns, used })
        .filter(|fold| fold.rows <= MAX_KERNEL && (pool.average || fold.rows * fold.columns == used))
        .min_by_key(|fold| fold.rows * fold.columns)
}

/// Words an operation's window may read behind its input map.
pub(crate) fn words_behind(op: &Operation, arch: &Architecture) -> usize {
    let Kind::Pool(pool) = &op.kind else { return 0 };
    let output = Shape { height: 1, width: 1, channels: op.input_shape.channels };
    let pixel_words = op.input_shape.channels.div_ceil(arch.tm);
    refold(op.input_shape, output, pool).map_or(0, |fold| (fold.rows * fold.columns - fold.used) * pixel_words)
}

/// The layers of a pool: one, or one for each region whose windows hold the same count.
pub(crate) fn lower(op: &Operation, pool: &Pool, output: Shape, arch: &Architecture) -> Result<Vec<Layer>, String> {
    if let Some(fold) = refold(op.input_shape, output, pool) {
        return whole(op, pool, output, fold, arch);
    }
    let (kh, kw) = pool.grid.kernel;
    if kh.max(kw) > MAX_KERNEL {
        return Err(format!(
            "a {kh}x{kw} pool; sides up to {MAX_KERNEL} fit, or a mean of a whole map of up to {} positions: \
             pool in two stages",
            MAX_KERNEL * MAX_KERNEL
        ));
    }
    if !pool.average {
        let mut compute = frame(op.input_shape, output, arch.tm);
        pool_fields(&mut compute, pool, arch);
        let (weights, parameters) = held(&identity(arch.data_type)?, arch);
        let mut all = layer(op, Mode::Channelwise, compute, weights, parameters);
        window(&mut all, pool);
        return Ok(vec![all]);
    }
    regions(op, pool, output, arch)
}

fn window(layer: &mut Layer, pool: &Pool) {
    let (c, grid) = (&mut layer.compute, &pool.grid);
    (c.kernel_height, c.kernel_width) = (field(grid.kernel.0), field(grid.kernel.1));
    (c.stride_y, c.stride_x) = (field(grid.stride.0), field(grid.stride.1));
    (c.pad_top, c.pad_left) = (field(grid.padding.0), field(grid.padding.1));
}

/// A pool over the whole map, refolded. Where the fold reaches behind the map each step has its own
/// weight word, and one group an instruction shares them.
fn whole(op: &Operation, pool: &Pool, output: Shape, fold: Refold, arch: &Architecture) -> Result<Vec<Layer>, String> {
    let mut compute = frame(op.input_shape, output, arch.tm);
    pool_fields(&mut compute, pool, arch);
    (compute.input_height, compute.input_width) = (field(fold.rows), field(fold.columns));
    (compute.kernel_height, compute.kernel_width) = (field(fold.rows), field(fold.columns));
    compute.row_words = compute.pixel_words.saturating_mul(field(fold.columns));
    let uniform = if pool.average { mean(fold.used, arch.data_type)? } else { identity(arch.data_type)? };
    let (weights, parameters) = held(&uniform, arch);
    let all = layer(op, Mode::Channelwise, compute, weights, parameters);
    let positions = fold.rows * fold.columns;
    if positions == fold.used {
        return Ok(vec![all]);
    }
    let groups = compute.output_groups as usize;
    Ok((0..groups)
        .map(|group| {
            let mut part = all.groups(group, 1);
            part.compute.weight_hold = 0;
            part.weights = pack::masked(uniform.weight, fold.used, positions, arch);
            part
        })
        .collect())
}

/// Runs of outputs along one axis whose windows hold the same number of positions: (first, length, held).
fn runs(outputs: usize, input: usize, kernel: usize, stride: usize, padding: usize) -> Vec<(usize, usize, usize)> {
    let held = |o: usize| {
        let start = o * stride;
        (start + kernel).min(input + padding).saturating_sub(start.max(padding))
    };
    let mut runs: Vec<(usize, usize, usize)> = Vec::new();
    for o in 0..outputs {
        match runs.last_mut() {
            Some((_, length, count)) if *count == held(o) => *length += 1,
            _ => runs.push((o, 1, held(o))),
        }
    }
    runs
}

fn regions(op: &Operation, pool: &Pool, output: Shape, arch: &Architecture) -> Result<Vec<Layer>, String> {
    let grid = &pool.grid;
    let input = op.input_shape;
    let rows = runs(output.height, input.height, grid.kernel.0, grid.stride.0, grid.padding.0);
    let columns = runs(output.width, input.width, grid.kernel.1, grid.stride.1, grid.padding.1);
    let mut layers = Vec::new();
    for &(first, length, tall) in &rows {
        for &(left, width, wide) in &columns {
            let mut compute = frame(input, output, arch.tm);
            pool_fields(&mut compute, pool, arch);
            let (weights, parameters) = held(&mean(tall * wide, arch.data_type)?, arch);
            let mut all = layer(op, Mode::Channelwise, compute, weights, parameters);
            window(&mut all, pool);
            // Results of an instruction lie without gaps, so part of a row is an instruction of its own.
            let whole_rows = columns.len() == 1;
            let bands =
                if whole_rows { vec![(first, length)] } else { (first..first + length).map(|y| (y, 1)).collect() };
            layers.extend(bands.into_iter().map(|(y, n)| columns_of(all.band(y, n), left, width)));
        }
    }
    Ok(layers)
}

/// Columns `left..left + width` of a single row, or all columns.
fn columns_of(mut layer: Layer, left: usize, width: usize) -> Layer {
    let c = &mut layer.compute;
    let start = left * c.stride_x as usize;
    let padding = c.pad_left as usize;
    let skipped = start.saturating_sub(padding);
    c.pad_left = field(padding.saturating_sub(start));
    c.input_width -= field(skipped).min(c.input_width);
    c.output_width = field(width);
    layer.input_offset += skipped * c.pixel_words as usize;
    layer.output_offset += left * c.output_pixel_words as usize;
    layer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_at_the_edge_hold_fewer_positions() {
        assert_eq!(runs(4, 8, 2, 2, 0), [(0, 4, 2)]);
        assert_eq!(runs(3, 5, 2, 2, 0), [(0, 2, 2), (2, 1, 1)]);
        assert_eq!(runs(5, 5, 3, 1, 1), [(0, 1, 2), (1, 3, 3), (4, 1, 2)]);
    }
}
