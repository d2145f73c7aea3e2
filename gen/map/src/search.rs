//! What to keep on chip when not everything fits: the residence whose run is shortest.

use crate::error::MapErrors;
use crate::parts::Plan;
use crate::program::{duration, run_program};
use crate::residence::{Residence, Store};

/// Once this many times the memory must stream, single groups no longer matter.
const GREEDY_LIMIT: usize = 4;

/// The residences of weight and parameter memory.
///
/// # Errors
/// When a single output group of a layer does not fit its memory, by name.
pub(crate) fn choose(plan: &Plan) -> Result<(Residence, Residence), MapErrors> {
    let parameters_whole = Residence::whole(plan.parameters);
    let weights = fit(plan.weights, plan.arch.weight_words, "weight_words", plan, &|r| {
        Some(duration(&run_program(plan, r, &parameters_whole).ok()?, plan.arch))
    })?;
    let parameters = fit(plan.parameters, plan.arch.parameter_words, "parameter_words", plan, &|r| {
        Some(duration(&run_program(plan, &weights, r).ok()?, plan.arch))
    })?;
    Ok((weights, parameters))
}

type Cost<'a> = dyn Fn(&Residence) -> Option<u64> + 'a;

fn fit(store: &Store, capacity: usize, what: &str, plan: &Plan, cost: &Cost) -> Result<Residence, MapErrors> {
    let whole = Residence::whole(store);
    if store.total() <= capacity {
        return Ok(whole);
    }
    let fixed: usize =
        (0..store.blocks.len()).filter(|&b| store.blocks[b].group_words == 0).map(|b| store.words(b)).sum();
    let largest =
        (0..plan.lowered.layers.len()).max_by_key(|&l| store.blocks[store.of_layer[l]].group_words).unwrap_or(0);
    let group = store.of_layer.get(largest).map_or(0, |&b| store.blocks[b].group_words);
    let name = plan.lowered.layers.get(largest).map_or("", |l| l.name.as_str());
    if group + fixed > capacity {
        let reason = format!(
            "one output group takes {group} words and shared ones {fixed}; {} has {what} = {capacity}: \
             a preset with at least {} runs it",
            plan.arch.name,
            group + fixed
        );
        return Err(MapErrors::one(name, reason));
    }
    let candidates = rings(store, capacity - fixed).into_iter().filter_map(|ring| {
        let residence = stream(store, capacity, ring, cost)?;
        Some((cost(&residence)?, residence))
    });
    candidates.min_by_key(|(cycles, _)| *cycles).map(|(_, residence)| residence).ok_or_else(|| {
        MapErrors::one(
            name,
            format!("no division of {what} = {capacity} streams this network's {} words", store.total()),
        )
    })
}

/// Ring sizes worth trying: a few groups of each size, and fractions of the memory.
fn rings(store: &Store, free: usize) -> Vec<usize> {
    let mut groups: Vec<usize> = store.blocks.iter().map(|b| b.group_words).filter(|&w| w > 0).collect();
    groups.sort_unstable();
    groups.dedup();
    let some = groups.iter().step_by(groups.len().div_ceil(6)).chain(groups.last());
    let mut rings: Vec<usize> =
        some.flat_map(|&w| [w, 2 * w, 4 * w]).chain([free / 8, free / 4, free / 2, free]).collect();
    rings.retain(|&ring| ring > 0 && ring <= free);
    rings.sort_unstable();
    rings.dedup();
    rings
}

/// Starts with everything resident beside a ring and moves out, again and again, the groups whose
/// streaming costs least, until the rest fits.
fn stream(store: &Store, capacity: usize, ring: usize, cost: &Cost) -> Option<Residence> {
    let mut residence = Residence { ring, ..Residence::whole(store) };
    let group_words = |b: usize| store.blocks[b].group_words;
    let may_stream = |b: usize| (1..=ring).contains(&group_words(b));
    if store.total() > GREEDY_LIMIT * capacity {
        // First layers have nothing to hide a LOAD behind: they stay as long as there is room.
        for b in (0..store.blocks.len()).rev().filter(|&b| may_stream(b)) {
            let excess = residence.words(store).saturating_sub(capacity);
            let out = excess.div_ceil(group_words(b)).min(residence.groups[b]);
            residence.groups[b] -= out;
        }
        return (residence.words(store) <= capacity).then_some(residence);
    }
    loop {
        let excess = residence.words(store).saturating_sub(capacity);
        if excess == 0 {
            return Some(residence);
        }
        let out = |residence: &Residence, b: usize| {
            let step = (excess / 4).div_ceil(group_words(b)).clamp(1, residence.groups[b]);
            let mut next = residence.clone();
            next.groups[b] -= step;
            (next, step * group_words(b))
        };
        let options = (0..store.blocks.len()).rev().filter(|&b| may_stream(b) && residence.groups[b] > 0);
        let before = cost(&residence)?;
        let rated = options.filter_map(|b| {
            let (next, words) = out(&residence, b);
            // Cycles added for each word of room gained, in 1/1024 of a cycle.
            let added = cost(&next)?.saturating_sub(before);
            Some((added * 1024 / words.min(excess) as u64, next))
        });
        residence = rated.min_by_key(|(rate, _)| *rate)?.1;
    }
}
