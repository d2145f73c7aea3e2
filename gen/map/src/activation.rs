//! Room for maps in activation memory.

use crate::lower::Lowered;
use crate::network::{MapId, Network};
use crate::place::{place, Need, Placement};
use cortado_arch::Architecture;

/// First word of each map and the words used in all, or `None` when the maps that live together do not fit.
/// Maps that no layer touches get address 0.
pub(crate) fn allocate(network: &Network, lowered: &Lowered, arch: &Architecture) -> Option<Placement> {
    let needs = needs(network, lowered, &vec![false; network.maps.len()], arch);
    let apart = spread(&needs, arch.activation_words);
    if apart.words <= arch.activation_words {
        return Some(apart);
    }
    // An addition reads each residual word before it writes the sum in its place.
    let together = share(&needs, &in_place(network, lowered, &needs), arch.activation_words);
    (together.words <= arch.activation_words).then_some(together)
}

/// When each map lives on chip, in layers; `None` for maps nothing touches and those in external memory.
pub(crate) fn needs(network: &Network, lowered: &Lowered, external: &[bool], arch: &Architecture) -> Vec<Option<Need>> {
    let end = lowered.layers.len();
    (0..network.maps.len())
        .map(|map| {
            if external[map] {
                return None;
            }
            let touches = |l: &crate::layer::Layer| l.input == map || l.output == map || l.residual == Some(map);
            let first = lowered.layers.iter().position(touches)?;
            let last = lowered.layers.iter().rposition(touches)?;
            Some(Need {
                words: lowered.room(map, arch),
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

/// Words that live while `layer` works.
pub(crate) fn live_words(needs: &[Option<Need>], layer: usize) -> usize {
    needs.iter().flatten().filter(|n| n.first <= layer && layer <= n.last).map(|n| n.words).sum()
}

/// A place of its own for every need.
pub(crate) fn spread(needs: &[Option<Need>], capacity: usize) -> Placement {
    share(needs, &(0..needs.len()).collect::<Vec<usize>>(), capacity)
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
