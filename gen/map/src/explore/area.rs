//! How large an engine is: blocks by count, logic by a fit to what Yosys made of a set of small engines.
//!
//! The runs stand in `area_runs.csv`, which `scripts/area_runs.py` measures. The fit is least squares over what an
//! engine is made of; its error is each run's against a fit to all the others, so that no run judges itself.

use cortado_arch::board::{Board, Chip};
use cortado_arch::isa::OnChip;
use cortado_arch::{ActivationKind, Architecture};
use serde::Serialize;
use std::sync::LazyLock;

/// What an engine takes of its part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Area {
    pub dsp: usize,
    /// Look-up tables, two for each carry cell.
    pub lut: usize,
    pub block_rams: usize,
    pub sprams: usize,
}

/// The terms of the fit, each a count of what takes logic.
const TERMS: usize = 8;

/// The fit to the runs.
pub static FIT: LazyLock<Fit> = LazyLock::new(|| Fit::to(&runs()));

/// Look-up tables by terms.
#[derive(Debug, Clone)]
pub struct Fit {
    weights: [f64; TERMS],
    /// Mean and largest relative error of a run predicted from the others.
    pub mean_error: f64,
    pub largest_error: f64,
    /// How many runs there are.
    pub runs: usize,
}

/// What a run or a candidate is made of.
#[derive(Debug, Clone, Copy)]
struct Makeup {
    tm: usize,
    tn: usize,
    requantise_lanes: usize,
    requantise_cycles: usize,
    residual: bool,
    window_taps: usize,
    patch_bytes: usize,
    port_bytes: usize,
    /// Products that logic makes.
    in_logic: usize,
}

impl Makeup {
    fn terms(&self) -> [f64; TERMS] {
        let (folded, whole) = match self.requantise_cycles {
            1 => (0, self.requantise_lanes),
            _ => (self.requantise_lanes, 0),
        };
        [
            1.0,
            self.tm as f64,
            (self.tm * self.tn) as f64,
            self.in_logic as f64,
            (whole + folded) as f64 + if self.residual { whole as f64 } else { 0.0 },
            (self.tm * self.window_taps) as f64,
            self.patch_bytes as f64,
            (self.tm * usize::from(self.residual) + self.port_bytes) as f64,
        ]
    }
}

/// The runs: what was made, and the look-up tables Yosys needed.
fn runs() -> Vec<(Makeup, f64)> {
    let row = |line: &str| {
        let numbers: Vec<usize> = line.split(',').filter_map(|field| field.trim().parse().ok()).collect();
        let &[tm, tn, lanes, cycles, residual, taps, patch, port, in_logic, lut] = numbers.as_slice() else {
            return None;
        };
        let makeup = Makeup {
            tm,
            tn,
            requantise_lanes: lanes,
            requantise_cycles: cycles,
            residual: residual > 0,
            window_taps: taps,
            patch_bytes: patch,
            port_bytes: port,
            in_logic,
        };
        Some((makeup, lut as f64))
    };
    include_str!("area_runs.csv").lines().filter_map(row).collect()
}

impl Fit {
    fn to(runs: &[(Makeup, f64)]) -> Self {
        let errors: Vec<f64> = (0..runs.len())
            .map(|left| {
                let others: Vec<_> = runs.iter().enumerate().filter(|(i, _)| *i != left).map(|(_, run)| *run).collect();
                let (makeup, lut) = &runs[left];
                (dot(&least_squares(&others), &makeup.terms()) / lut - 1.0).abs()
            })
            .collect();
        Self {
            weights: least_squares(runs),
            mean_error: errors.iter().sum::<f64>() / errors.len().max(1) as f64,
            largest_error: errors.iter().copied().fold(0.0, f64::max),
            runs: runs.len(),
        }
    }

    fn lut(&self, makeup: &Makeup) -> usize {
        dot(&self.weights, &makeup.terms()).max(0.0).round() as usize
    }
}

fn dot(a: &[f64; TERMS], b: &[f64; TERMS]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The weights with the least squared *relative* error: small engines count as much as large ones.
fn least_squares(runs: &[(Makeup, f64)]) -> [f64; TERMS] {
    // Normal equations with a trace of ridge, so that terms no run tells apart stay small.
    let mut matrix = [[0.0; TERMS + 1]; TERMS];
    for (makeup, lut) in runs {
        let terms = makeup.terms().map(|term| term / lut);
        for (row, &a) in matrix.iter_mut().zip(&terms) {
            for (cell, &b) in row.iter_mut().zip(terms.iter().chain(&[1.0])) {
                *cell += a * b;
            }
        }
    }
    for (index, row) in matrix.iter_mut().enumerate() {
        row[index] *= 1.0 + 1e-9;
        row[index] += 1e-12;
    }
    for pivot in 0..TERMS {
        let best = (pivot..TERMS).max_by(|&a, &b| matrix[a][pivot].abs().total_cmp(&matrix[b][pivot].abs()));
        matrix.swap(pivot, best.unwrap_or(pivot));
        let own = matrix[pivot];
        for (_, row) in matrix.iter_mut().enumerate().filter(|(index, _)| *index != pivot) {
            let factor = row[pivot] / own[pivot];
            for (cell, value) in row.iter_mut().zip(own) {
                *cell -= factor * value;
            }
        }
    }
    let mut weights = [0.0; TERMS];
    for (index, weight) in weights.iter_mut().enumerate() {
        *weight = matrix[index][TERMS] / matrix[index][index];
    }
    weights
}

impl Area {
    /// The area of `arch` on `board`: block RAMs and DSPs as they are used, logic by the fit. On a part other than
    /// an ECP5 the fit's look-up tables of four inputs are an upper bound.
    pub fn of(arch: &Architecture, board: &Board) -> Self {
        let requantisers = requantiser_blocks(arch, board) * arch.requantise_lanes;
        let free = board.resources.dsp.saturating_sub(requantisers) * board.resources.products_per_dsp;
        let in_blocks = (free / arch.tm.max(1)).min(arch.tn) & !1;
        let products = arch.tm * in_blocks;
        let makeup = Makeup {
            tm: arch.tm,
            tn: arch.tn,
            requantise_lanes: arch.requantise_lanes,
            requantise_cycles: arch.requantise_cycles,
            residual: arch.residual_unit,
            window_taps: arch.window_taps,
            patch_bytes: arch.patch_bytes,
            port_bytes: arch.port_bytes,
            in_logic: arch.macs() - products,
        };
        let memories = [OnChip::Activation, OnChip::Weight, OnChip::Parameter];
        let blocks = |memory| {
            let (words, bytes) = arch.on_chip(memory);
            block_rams(board, words, bytes)
        };
        let in_sprams = |memory| memory == OnChip::Activation && arch.activation_kind == ActivationKind::Spram;
        let (words, bytes) = arch.on_chip(OnChip::Activation);
        Self {
            dsp: requantisers + products.div_ceil(board.resources.products_per_dsp.max(1)),
            lut: FIT.lut(&makeup),
            block_rams: memories.into_iter().filter(|&memory| !in_sprams(memory)).map(blocks).sum(),
            sprams: if in_sprams(OnChip::Activation) { words.div_ceil(16384) * (8 * bytes).div_ceil(16) } else { 0 },
        }
    }

    /// The largest share of anything that is taken; above 1 where the engine does not fit.
    pub fn share(&self, board: &Board) -> f64 {
        let own = &board.resources;
        let share = |used: usize, of: usize| match (used, of) {
            (0, _) => 0.0,
            (_, 0) => f64::INFINITY,
            _ => used as f64 / of as f64,
        };
        [
            share(self.dsp, own.dsp),
            share(self.lut, own.lut),
            share(self.block_rams, own.block_rams),
            share(self.sprams, own.sprams),
        ]
        .into_iter()
        .fold(0.0, f64::max)
    }
}

/// Multiplier blocks of a requantiser.
fn requantiser_blocks(arch: &Architecture, board: &Board) -> usize {
    match (board.chip, arch.requantise_cycles) {
        _ if board.resources.dsp == 0 => 0,
        (_, cycles) if cycles > 1 => 1,
        (Chip::Ice40 { .. }, _) => 4,
        _ => 3,
    }
}

/// Block RAMs of a memory in the shape that needs fewest.
pub(super) fn block_rams(board: &Board, words: usize, bytes: usize) -> usize {
    let shapes = board.resources.block_ram_shapes.iter();
    shapes.map(|&(depth, width)| words.div_ceil(depth) * (8 * bytes).div_ceil(width)).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cortado_arch::board::board;
    use cortado_arch::preset::by_name;

    #[test]
    fn the_fit_says_its_error_and_small_engines_are_not_negative() {
        let fit = &*FIT;
        println!("{} runs, mean {:.3}, largest {:.3}: {:?}", fit.runs, fit.mean_error, fit.largest_error, fit.weights);
        assert!(fit.runs > TERMS + 4, "{} runs", fit.runs);
        assert!(fit.mean_error < 0.12, "{}", fit.mean_error);
    }

    #[test]
    fn blocks_are_those_the_preset_s_own_count_says() {
        let board = board("ulx3s-85f").expect("a board");
        let arch = by_name("ulx3s-85f-16x8").expect("an embedded preset");
        let area = Area::of(&arch, board);
        assert_eq!(area.dsp, 128 + 24);
        assert_eq!(area.block_rams, arch.all_memory_blocks().block_rams);
        assert!(area.share(board) <= 1.0, "{area:?}");
    }
}
