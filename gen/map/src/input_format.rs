//! How the network's input should lie in activation memory.

use crate::bands::MAX_BANDS;
use crate::cost::{compute_cycles, load_cycles};
use crate::layer::field;
use crate::layout::{Format, Unfolding};
use crate::lower::operation;
use crate::network::{Kind, Network, Operation};
use cortado_arch::isa::{OnChip, Transfer};
use cortado_arch::Architecture;

/// Formats for the network's input, the fastest first. An unfolded input may need more room than there
/// is; the other one is then left.
pub(crate) fn candidates(network: &Network, arch: &Architecture) -> Vec<Format> {
    let plain = if input_is_packed(network, arch) { Format::Packed } else { Format::Blocked };
    let unfolded = unfolding(network).map(Format::Unfolded).filter(|&format| {
        match (first_cycles(network, format, arch), first_cycles(network, plain, arch)) {
            (Some(unfolded), Some(plain)) => unfolded < plain,
            (unfolded, _) => unfolded.is_some(),
        }
    });
    unfolded.into_iter().chain([plain]).collect()
}

fn readers(network: &Network) -> impl Iterator<Item = &Operation> {
    network.operations.iter().filter(|op| op.reads().any(|map| map == network.input))
}

/// Whether `op` reads the network's input as nothing but its own convolution's.
fn convolves_input(op: &Operation, network: &Network) -> bool {
    matches!(op.kind, Kind::Convolution(_))
        && op.sum.is_none_or(|s| s.residual != network.input)
        && op.input_shape == network.maps[network.input].shape
}

/// Cycles of COMPUTEs that read the network's input, if they can in `format`.
fn compute(network: &Network, format: Format, arch: &Architecture) -> Option<u64> {
    let cost = |op: &Operation| {
        let layers = operation(network, op, format, arch).ok()?;
        Some(layers.iter().map(|l| compute_cycles(l.mode, &l.compute, arch)).sum::<u64>())
    };
    readers(network).map(cost).sum()
}

/// Whether the network's input should lie packed rather than blocked: every reader can take it and gains by it.
fn input_is_packed(network: &Network, arch: &Architecture) -> bool {
    if arch.patch_bytes == 0 || !readers(network).all(|op| convolves_input(op, network)) {
        return false;
    }
    match (compute(network, Format::Packed, arch), compute(network, Format::Blocked, arch)) {
        (Some(patch), Some(blocked)) => patch < blocked,
        (patch, _) => patch.is_some(),
    }
}

/// The unfolding of the only reader's windows, if it is a convolution.
fn unfolding(network: &Network) -> Option<Unfolding> {
    let op = readers(network).next().filter(|op| convolves_input(op, network))?;
    let Kind::Convolution(kernel) = &op.kind else { return None };
    (network.readers(network.input) == 1).then(|| Unfolding {
        kernel_width: kernel.grid.kernel.1,
        stride: kernel.grid.stride.1,
        padding: kernel.grid.padding.1,
        columns: network.maps[op.output].shape.width,
        pad_value: kernel.input_zero_point.clamp(-128, 127) as i16,
    })
}

/// Cycles to the end of the layers that read the input, its LOAD included. The two overlap but for a band.
fn first_cycles(network: &Network, format: Format, arch: &Architecture) -> Option<u64> {
    let layout = network.layout(network.input, format, arch);
    let transfer = Transfer { words: field(layout.words()), ..Transfer::default() };
    let load = load_cycles(OnChip::Activation, &transfer, arch);
    let compute = compute(network, format, arch)?;
    Some(load.max(compute) + load.min(compute) / MAX_BANDS as u64)
}
