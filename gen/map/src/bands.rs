//! Layers at the ends of a run, cut so that computing hides the input's LOAD and the output's STORE.

use crate::clock::Clock;
use crate::cost::{compute_cycles, store_cycles, write_cycles};
use crate::layer::{field, Layer};
use crate::parts::{input_transfer, Plan};
use cortado_arch::isa::{OnChip, Transfer};

/// Most bands a layer is cut into.
pub(crate) const MAX_BANDS: usize = 16;
/// Shares of the last layer, in tenths, that its last part may be.
const LAST_SHARES: std::ops::RangeInclusive<usize> = 1..=5;

/// Row bands (first, rows) of the layer that reads the input, so that it starts before all of the
/// input is there: the number of bands and their growth that end soonest.
pub(crate) fn of_input(plan: &Plan, layer: &Layer) -> Vec<(usize, usize)> {
    let rows = layer.compute.output_height as usize;
    let all = compute_cycles(layer.mode, &layer.compute, plan.arch);
    let empty =
        compute_cycles(layer.mode, &cortado_arch::isa::Compute { output_height: 0, ..layer.compute }, plan.arch);
    let row_cycles = (all - empty.min(all)) / rows.max(1) as u64;
    let row_writes = write_cycles(layer.mode, &layer.compute, plan.arch) / rows.max(1) as u64;
    let words = plan.lowered.layouts[plan.input].words();
    let end = |bands: &[(usize, usize)]| {
        let mut clock = Clock::new(plan.arch);
        for &(first, n) in bands {
            let share = input_transfer(plan, words * first / rows, words * (first + n) / rows);
            let loaded = clock.load(OnChip::Activation, &share, 0);
            clock.compute(n as u64 * row_cycles + empty, n as u64 * row_writes, loaded);
        }
        clock.computed()
    };
    let options = (1..=MAX_BANDS.min(rows))
        .flat_map(|n| [1.0, 1.05, 1.1, 1.2, 1.35, 1.5, 2.0, 3.0].map(|growth| grown(rows, n, growth)));
    options.min_by_key(|bands| end(bands)).unwrap_or_else(|| vec![(0, rows)])
}

/// `count` bands, each `growth` times its predecessor, as near as whole rows allow.
fn grown(rows: usize, count: usize, growth: f64) -> Vec<(usize, usize)> {
    let sizes: Vec<f64> = (0..count).map(|i| growth.powi(i as i32)).collect();
    let total: f64 = sizes.iter().sum();
    let mut bands = Vec::new();
    let (mut first, mut sum) = (0, 0.0);
    for size in sizes {
        sum += size;
        let end = ((sum / total * rows as f64).round() as usize).clamp(first, rows);
        if end > first {
            bands.push((first, end - first));
            first = end;
        }
    }
    bands
}

/// Where to cut `extent` rows or groups of the layer that makes the last output, so that most of it
/// is stored while the rest is computed; `None` when that gains nothing.
pub(crate) fn of_output(plan: &Plan, layer: &Layer, extent: usize) -> Option<usize> {
    let words = plan.lowered.layouts[layer.output].words();
    let work = compute_cycles(layer.mode, &layer.compute, plan.arch);
    let store = |share: usize| {
        let t = Transfer { words: field(words * share / extent), ..Transfer::default() };
        store_cycles(&t, plan.arch)
    };
    let overhead =
        compute_cycles(layer.mode, &cortado_arch::isa::Compute { output_height: 0, ..layer.compute }, plan.arch);
    let whole = work + store(extent);
    let rated = LAST_SHARES.filter_map(|tenths| {
        let last = (extent * tenths / 10).max(1);
        let first = extent.checked_sub(last).filter(|&first| first > 0)?;
        let computed = work * first as u64 / extent as u64;
        let end = (computed + store(first)).max(work + overhead) + store(last);
        (end < whole).then_some((end, first))
    });
    rated.min().map(|(_, first)| first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_cover_all_rows_once() {
        for rows in 1..40 {
            for count in 1..=MAX_BANDS {
                for growth in [1.0, 1.5, 3.0] {
                    let mut next = 0;
                    for (first, n) in grown(rows, count, growth) {
                        assert_eq!(first, next, "{rows} rows in {count} bands growing by {growth}");
                        assert!(n > 0);
                        next += n;
                    }
                    assert_eq!(next, rows, "{count} bands growing by {growth}");
                }
            }
        }
    }
}
