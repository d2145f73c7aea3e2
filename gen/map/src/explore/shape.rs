//! A job as COMPUTEs, from its shapes alone.

use super::engine::Place;
use super::workload::{Job, Work};
use crate::cost::steps_per_vector;
use crate::layer::{field, frame};
use crate::layout::{Format, Layout, Unfolding};
use crate::lower::{convolution_frame, depthwise_frame, patch_frame};
use crate::network::{Grid, Kind, Operation, Pool, Shape};
use crate::pool;
use cortado_arch::isa::{Compute, Mode};
use cortado_arch::Architecture;

/// The COMPUTEs of a whole job and what they read.
#[derive(Debug, Clone)]
pub(crate) struct Computes {
    pub parts: Vec<(Mode, Compute)>,
    /// Words of the input in the layout that the parts read.
    pub input_words: usize,
    /// Words of input that two neighbouring bands of rows share.
    pub halo_words: usize,
    /// Weight words in all, and those of one output group, which must be on chip together.
    pub weight_words: usize,
    pub group_words: usize,
    /// Bytes of weights and parameters in external memory.
    pub weight_bytes: usize,
}

/// Words of a map in blocked layout.
pub(crate) fn map_words(shape: Shape, arch: &Architecture) -> usize {
    shape.pixels() * shape.channels.div_ceil(arch.tm)
}

/// The COMPUTEs of `job` with its input at `place`; `None` where the engine cannot do it so.
pub(crate) fn computes(job: &Job, output: Shape, place: Place, arch: &Architecture) -> Option<Computes> {
    if job.residual.is_some() && !arch.residual_unit {
        return None;
    }
    let input = job.input_shape;
    let mut parts = match (&job.work, place) {
        (_, Place::Kernels) => return None,
        (Work::Convolution { grid, groups: 1 }, Place::Packed) => {
            vec![(Mode::Patch, patch_frame(input, output, grid, arch).ok()?)]
        }
        (Work::Convolution { grid, groups: 1 }, Place::Unfolded) => {
            let width = output.width;
            let rows = Shape { width, channels: grid.kernel.1 * input.channels, ..input };
            let column = Grid { kernel: (grid.kernel.0, 1), stride: (grid.stride.0, 1), padding: (grid.padding.0, 0) };
            vec![(Mode::Convolution, convolution_frame(rows, output, &column, arch).0)]
        }
        (_, Place::Packed | Place::Unfolded) => return None,
        (Work::Convolution { grid, groups }, _) => {
            let share = |shape: Shape| Shape { channels: shape.channels.div_ceil(*groups), ..shape };
            vec![(Mode::Convolution, convolution_frame(share(input), share(output), grid, arch).0); *groups]
        }
        (Work::Depthwise(grid), _) => vec![depthwise_frame(input, output, grid, arch)],
        (Work::Pool { grid, average }, _) => pooled(job, *grid, *average, output, arch)?,
        (Work::Identity, _) => vec![(Mode::Channelwise, frame(input, output, arch.tm))],
    };
    for (_, compute) in &mut parts {
        compute.residual = job.residual.is_some().into();
    }
    let held = matches!(job.work, Work::Pool { .. } | Work::Identity);
    let groups = |c: &Compute| c.output_groups as usize;
    let group = |(mode, c): &(Mode, Compute)| if held { 0 } else { steps_per_vector(*mode, c, arch) as usize };
    let weight_words = parts.iter().map(|part| groups(&part.1) * group(part)).sum();
    let parameter_bytes: usize = if held { 0 } else { parts.iter().map(|part| groups(&part.1) * 8 * arch.tm).sum() };
    let input_words = input_words(job, output, place, arch);
    Some(Computes {
        input_words,
        halo_words: halo(job, input_words),
        group_words: parts.iter().map(group).max().unwrap_or(0),
        weight_bytes: weight_words * arch.weight_word_bytes() + parameter_bytes,
        weight_words,
        parts,
    })
}

/// Words of the job's input where it lies in the layout of `place`.
fn input_words(job: &Job, output: Shape, place: Place, arch: &Architecture) -> usize {
    let Shape { height, width, channels } = job.input_shape;
    let format = match (place, &job.work) {
        (Place::Packed, _) => Format::Packed,
        (Place::Unfolded, Work::Convolution { grid, .. }) => Format::Unfolded(Unfolding {
            kernel_width: grid.kernel.1,
            stride: grid.stride.1,
            padding: grid.padding.1,
            columns: output.width,
            pad_value: 0,
        }),
        _ => Format::Blocked,
    };
    Layout {
        format,
        height,
        width,
        channels,
        transposed: false,
        word_bytes: arch.activation_word_bytes(),
        element_bytes: arch.data_type.bytes(),
    }
    .words()
}

/// Words of the rows that the windows of two neighbouring rows of output share.
fn halo(job: &Job, input_words: usize) -> usize {
    let (Work::Convolution { grid, .. } | Work::Depthwise(grid) | Work::Pool { grid, .. }) = &job.work else {
        return 0;
    };
    let rows = grid.kernel.0.saturating_sub(grid.stride.0);
    rows * (input_words / job.input_shape.height.max(1))
}

/// A pool's COMPUTEs, from the mapper's own lowering: it needs no numbers.
fn pooled(job: &Job, grid: Grid, average: bool, output: Shape, arch: &Architecture) -> Option<Vec<(Mode, Compute)>> {
    let pool = Pool { average, grid, min: -128, max: 127 };
    let operation = Operation {
        nodes: Vec::new(),
        name: job.name.clone(),
        kind: Kind::Pool(pool),
        input: job.input,
        input_shape: job.input_shape,
        output: job.output,
        sum: None,
        macs: job.macs,
    };
    let layers = pool::lower(&operation, &pool, output, arch).ok()?;
    Some(layers.into_iter().map(|layer| (layer.mode, layer.compute)).collect())
}

/// A fully connected layer weight-major: its weights are a row of pixels, one for each output, and the batch's
/// vectors are the kernels.
pub(crate) fn weight_major(job: &Job, outputs: usize, batch: usize, arch: &Architecture) -> Computes {
    let (point, input) = (Grid::POINT, job.input_shape);
    let pixels = Shape { height: 1, width: outputs, channels: input.channels };
    let answers = Shape { height: 1, width: outputs, channels: batch };
    let mut compute = convolution_frame(pixels, answers, &point, arch).0;
    // The positions of a map are merged into the kernel: ker = height * width.
    compute.input_blocks = compute.input_blocks.saturating_mul(field(input.pixels()));
    let groups = compute.output_groups as usize;
    let group_words = steps_per_vector(Mode::Convolution, &compute, arch) as usize;
    let weight_words = groups * group_words;
    Computes {
        input_words: outputs * map_words(input, arch),
        halo_words: 0,
        weight_words,
        group_words,
        weight_bytes: weight_words * arch.weight_word_bytes(),
        parts: vec![(Mode::Convolution, compute)],
    }
}
