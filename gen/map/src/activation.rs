//! Room for every map in activation memory, or a refusal that says what would do.

use crate::error::MapErrors;
use crate::lower::Lowered;
use crate::network::{MapId, Network};
use crate::place::{place, Need, Placement};
use cortado_arch::Architecture;

/// First word of each map and the words used in all. Maps that no layer touches get address 0.
///
/// # Errors
/// When the maps that live together do not fit.
pub(crate) fn allocate(network: &Network, lowered: &Lowered, arch: &Architecture) -> Result<Placement, MapErrors> {
    let needs = needs(network, lowered);
    let own: Vec<MapId> = (0..network.maps.len()).collect();
    let apart = share(&needs, &own, arch.activation_words);
    if apart.words <= arch.activation_words {
        return Ok(apart);
    }
    // An addition reads each residual word before it writes the sum in its place.
    let together = share(&needs, &in_place(network, lowered, &needs), arch.activation_words);
    if together.words <= arch.activation_words {
        return Ok(together);
    }
    Err(refusal(network, lowered, &needs, together.words.min(apart.words), arch))
}

/// When each map lives, in layers; `None` for maps nothing touches.
fn needs(network: &Network, lowered: &Lowered) -> Vec<Option<Need>> {
    let end = lowered.layers.len();
    (0..network.maps.len())
        .map(|map| {
            let touches = |l: &crate::layer::Layer| l.input == map || l.output == map || l.residual == Some(map);
            let first = lowered.layers.iter().position(touches)?;
            let last = lowered.layers.iter().rposition(touches)?;
            Some(Need {
                words: lowered.words[map],
                first: if map == network.input { 0 } else { first },
                last: if network.outputs.contains(&map) { end } else { last },
            })
        })
        .collect()
}

/// For each map the one whose storage it takes over: the residual of the sum that makes it.
fn in_place(network: &Network, lowered: &Lowered, needs: &[Option<Need>]) -> Vec<MapId> {
    let mut owner: Vec<MapId> = (0..network.maps.len()).collect();
    for (index, layer) in lowered.layers.iter().enumerate() {
        let Some(residual) = layer.residual.filter(|&r| r != layer.input) else {
            continue;
        };
        let dies = needs[residual].is_some_and(|n| n.last == index);
        let same = lowered.words[residual] == lowered.words[layer.output];
        if dies && same && residual != network.input {
            owner[layer.output] = owner[residual];
        }
    }
    owner
}

fn share(needs: &[Option<Need>], owner: &[MapId], capacity: usize) -> Placement {
    let mut merged: Vec<Option<Need>> = vec![None; needs.len()];
    for (need, &owner) in needs.iter().zip(owner) {
        merged[owner] = match (merged[owner], *need) {
            (Some(a), Some(b)) => {
                Some(Need { words: a.words.max(b.words), first: a.first.min(b.first), last: a.last.max(b.last) })
            }
            (a, b) => a.or(b),
        };
    }
    let (ids, list): (Vec<usize>, Vec<Need>) = merged.iter().enumerate().filter_map(|(i, n)| n.map(|n| (i, n))).unzip();
    let placed = place(&list, capacity);
    let at = |map: &MapId| ids.iter().position(|id| id == map).map_or(0, |i| placed.addresses[i]);
    Placement { addresses: owner.iter().map(at).collect(), words: placed.words }
}

fn refusal(
    network: &Network,
    lowered: &Lowered,
    needs: &[Option<Need>],
    words: usize,
    arch: &Architecture,
) -> MapErrors {
    let living = |layer: usize| {
        needs.iter().enumerate().filter(move |(_, n)| n.is_some_and(|n| n.first <= layer && layer <= n.last))
    };
    let load = |layer: usize| living(layer).map(|(map, _)| lowered.words[map]).sum::<usize>();
    let peak = (0..lowered.layers.len()).max_by_key(|&layer| (load(layer), usize::MAX - layer)).unwrap_or(0);
    let maps: Vec<String> = living(peak)
        .map(|(map, _)| {
            let shape = network.maps[map].shape;
            let (h, w, c) = (shape.height, shape.width, shape.channels);
            format!("{} {h}x{w}x{c} = {} words", network.maps[map].name, lowered.words[map])
        })
        .collect();
    let name = lowered.layers.get(peak).map_or(network.maps[network.input].name.clone(), |l| l.name.clone());
    MapErrors::one(
        name,
        format!(
            "{} together need {words} words of {} bytes; {} has activation_words = {}: a preset with at least {words} runs it",
            maps.join(", "),
            arch.activation_word_bytes(),
            arch.name,
            arch.activation_words
        ),
    )
}
