//! Which maps stay in external memory when activation memory does not hold them all, and the bands of
//! rows in which layers work on them (Caffeine's tiles: whole rows, contiguous on both sides).

use crate::access;
use crate::activation::{allocate, live_words, needs, spread};
use crate::cost::{compute_cycles, load_cycles, store_cycles};
use crate::error::MapErrors;
use crate::layer::{field, Layer};
use crate::lower::Lowered;
use crate::network::{MapId, Network};
use crate::place::Need;
use cortado_arch::isa::{OnChip, Transfer};
use cortado_arch::Architecture;
use std::ops::Range;

/// Bands more than the fewest that are tried.
const MORE_BANDS: usize = 24;
/// Sixteenths of the free words that the bands of a layer may have, from the most to the least.
const SHARES: [usize; 6] = [16, 14, 12, 8, 5, 3];

/// Where each map is while layers work on it.
#[derive(Debug, Clone)]
pub(crate) struct Homes {
    /// First activation word of each map that stays on chip.
    pub addresses: Vec<usize>,
    /// Maps that stay in external memory.
    pub external: Vec<bool>,
    /// Of each layer that reads or makes one of those.
    pub bands: Vec<Option<Bands>>,
    /// Activation words in use.
    pub words: usize,
}

/// The cut of a layer whose input, residual or output stays in external memory.
#[derive(Debug, Clone)]
pub(crate) struct Bands {
    /// First output row and rows of each.
    pub rows: Vec<(usize, usize)>,
    /// The activation words that their blocks follow each other in.
    pub window: Range<usize>,
}

/// The words that a band brings and takes away, of each map in external memory that it touches; on chip
/// they lie one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub input: Range<usize>,
    pub residual: Range<usize>,
    pub output: Range<usize>,
}

impl Block {
    /// Of `band`, which is a layer or some of its rows.
    pub fn of(band: &Layer, external: &[bool], lowered: &Lowered, arch: &Architecture) -> Self {
        let grain = arch.transfer_words();
        let beats = |words: Range<usize>| match words.is_empty() {
            true => 0..0,
            false => words.start / grain * grain..words.end.next_multiple_of(grain),
        };
        let results = band.output_offset..band.output_offset + access::results(&band.compute) as usize;
        let read = access::input_words(band.mode, &band.compute, arch).map_or(0, |words| words as usize);
        let end = (band.input_offset + band.last_first_block() + read).min(lowered.words[band.input]);
        let when = |map: Option<MapId>, words: Range<usize>| match map {
            Some(map) if external[map] => words,
            _ => 0..0,
        };
        Self {
            input: when(Some(band.input), beats(band.input_offset..end)),
            residual: when(band.residual, beats(results.clone())),
            output: when(Some(band.output), results),
        }
    }

    pub fn words(&self) -> usize {
        self.input.len() + self.residual.len() + self.output.len()
    }
}

/// Finds a place for every map: on chip while there is room, in external memory otherwise.
///
/// # Errors
/// When not even a row of a layer fits, by name.
pub(crate) fn settle(network: &Network, lowered: &Lowered, arch: &Architecture) -> Result<Homes, MapErrors> {
    let maps = network.maps.len();
    if let Some(placed) = allocate(network, lowered, arch) {
        let bands = vec![None; lowered.layers.len()];
        return Ok(Homes { addresses: placed.addresses, external: vec![false; maps], bands, words: placed.words });
    }
    let mut external = vec![false; maps];
    loop {
        let full = match attempt(network, lowered, &external, arch) {
            Ok(homes) => return Ok(homes),
            Err(full) => full,
        };
        let on_chip = needs(network, lowered, &external, arch);
        let living = (0..maps).filter(|&map| on_chip[map].is_some_and(|n| n.first <= full && full <= n.last));
        match living.max_by_key(|&map| lowered.words[map]) {
            Some(map) => external[map] = true,
            None => return Err(refusal(lowered, &external, full, arch)),
        }
    }
}

fn touches_external(layer: &Layer, external: &[bool]) -> bool {
    external[layer.input] || external[layer.output] || layer.residual.is_some_and(|map| external[map])
}

/// Homes with these maps in external memory, or the layer that has not enough words.
fn attempt(network: &Network, lowered: &Lowered, external: &[bool], arch: &Architecture) -> Result<Homes, usize> {
    let needs = needs(network, lowered, external, arch);
    let mut wanted = Vec::new();
    let mut fullest = (0, 0);
    for (index, layer) in lowered.layers.iter().enumerate() {
        let live = live_words(&needs, index);
        fullest = fullest.max((live, index));
        let least = match touches_external(layer, external) {
            true => fewest_words(layer, external, lowered, arch).ok_or(index)?,
            false => 0,
        };
        if live + least > arch.activation_words {
            return Err(index);
        }
        if least > 0 {
            let whole = Block::of(layer, external, lowered, arch).words();
            wanted.push((index, least, whole.min(arch.activation_words - live)));
        }
    }
    for share in SHARES {
        let mut all = needs.clone();
        for &(index, least, most) in &wanted {
            all.push(Some(Need { words: (most * share / 16).max(least), first: index, last: index }));
        }
        let placed = spread(&all, arch.activation_words);
        if placed.words > arch.activation_words {
            continue;
        }
        let mut bands = vec![None; lowered.layers.len()];
        for (slot, &(index, ..)) in wanted.iter().enumerate() {
            let at = placed.addresses[needs.len() + slot];
            let words = all[needs.len() + slot].map_or(0, |need| need.words);
            let rows = cut_rows(&lowered.layers[index], words, external, lowered, arch).ok_or(index)?;
            bands[index] = Some(Bands { rows, window: at..at + words });
        }
        let addresses = placed.addresses[..needs.len()].to_vec();
        return Ok(Homes { addresses, external: external.to_vec(), bands, words: placed.words });
    }
    Err(fullest.1)
}

/// Rows that every band but the last must have a multiple of, so that each begins with a beat of its map.
fn row_grain(layer: &Layer, external: &[bool], arch: &Architecture) -> Option<usize> {
    let grain = arch.transfer_words();
    if !external[layer.output] {
        return Some(1);
    }
    let c = &layer.compute;
    let row = (c.output_width * c.output_pixel_words) as usize;
    (layer.output_offset % grain == 0).then_some(if row % grain == 0 { 1 } else { grain })
}

/// `rows` of a layer in bands of `height`.
fn bands_of(rows: usize, height: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).step_by(height.max(1)).map(move |first| (first, height.min(rows - first)))
}

fn largest(layer: &Layer, height: usize, external: &[bool], lowered: &Lowered, arch: &Architecture) -> usize {
    let rows = layer.compute.output_height as usize;
    let words = |(first, n)| Block::of(&layer.band(first, n), external, lowered, arch).words();
    bands_of(rows, height).map(words).max().unwrap_or(0)
}

/// Words of the largest block when bands are as low as they can be; `None` when none begins with a beat.
fn fewest_words(layer: &Layer, external: &[bool], lowered: &Lowered, arch: &Architecture) -> Option<usize> {
    let grain = row_grain(layer, external, arch)?;
    Some(largest(layer, grain, external, lowered, arch).max(1))
}

/// Bands for a window of `words`: the heights that leave room for the next band and the one before, where
/// there are any, and of those the one that ends soonest.
fn cut_rows(
    layer: &Layer,
    words: usize,
    external: &[bool],
    lowered: &Lowered,
    arch: &Architecture,
) -> Option<Vec<(usize, usize)>> {
    let rows = layer.compute.output_height as usize;
    let grain = row_grain(layer, external, arch)?;
    let fits = |height: &usize, share: usize| largest(layer, *height, external, lowered, arch) * share <= words;
    let heights = |share: usize| {
        let heights = (1..=rows.div_ceil(grain)).map(|n| n * grain);
        heights.take_while(|height| fits(height, share)).collect::<Vec<usize>>()
    };
    let mut options = heights(2);
    if options.is_empty() {
        options = heights(1);
    }
    let tallest = *options.last()?;
    let fewest = rows.div_ceil(tallest);
    let even = |count: usize| rows.div_ceil(count).next_multiple_of(grain);
    let heights = (fewest..=fewest + MORE_BANDS).map(even).filter(|height| options.contains(height));
    let best = heights.min_by_key(|&height| (cycles(layer, height, external, lowered, arch), rows - height.min(rows)));
    Some(bands_of(rows, best.unwrap_or(tallest)).collect())
}

/// Estimated cycles of the layer in bands of `height`: transfers of the bands beside a band hide behind it.
fn cycles(layer: &Layer, height: usize, external: &[bool], lowered: &Lowered, arch: &Architecture) -> u64 {
    let rows = layer.compute.output_height as usize;
    let mut total = 0;
    let mut before = 0;
    for (first, n) in bands_of(rows, height) {
        let band = layer.band(first, n);
        let block = Block::of(&band, external, lowered, arch);
        let transfer = |words: &Range<usize>| Transfer { words: field(words.len()), ..Transfer::default() };
        let load = |words: &Range<usize>| match words.is_empty() {
            true => 0,
            false => load_cycles(OnChip::Activation, &transfer(words), arch),
        };
        let loads = load(&block.input) + load(&block.residual);
        let store = if block.output.is_empty() { 0 } else { store_cycles(&transfer(&block.output), arch) };
        // The first band's LOADs and the last one's STORE have nothing to hide behind.
        total += if first == 0 { loads } else { 0 };
        let compute = compute_cycles(band.mode, &band.compute, arch);
        total += compute.max(loads + before);
        before = store;
    }
    total + before
}

fn refusal(lowered: &Lowered, external: &[bool], index: usize, arch: &Architecture) -> MapErrors {
    let layer = &lowered.layers[index];
    let Some(words) = fewest_words(layer, external, lowered, arch) else {
        let reason = format!(
            "its results do not begin with whole beats of {} bytes in external memory: use a preset with a narrower port",
            arch.port_bytes
        );
        return MapErrors::one(&layer.name, reason);
    };
    let reason = format!(
        "a row of its output and the input under it need {words} words of {} bytes; {} has activation_words = {}: \
         a preset with at least {words} runs it",
        arch.activation_word_bytes(),
        arch.name,
        arch.activation_words
    );
    MapErrors::one(&layer.name, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_cover_all_rows_once() {
        for rows in 1..20 {
            for height in 1..=rows {
                let bands: Vec<_> = bands_of(rows, height).collect();
                assert_eq!(bands.iter().map(|b| b.1).sum::<usize>(), rows);
                assert!(bands.windows(2).all(|w| w[0].0 + w[0].1 == w[1].0), "{bands:?}");
            }
        }
    }
}
