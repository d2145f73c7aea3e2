//! Where each map lies in activation memory: maps that live at the same time do not overlap.

/// A map's need for room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Need {
    pub words: usize,
    /// First and last moment (layer index) at which its words matter.
    pub first: usize,
    pub last: usize,
}

impl Need {
    fn meets(&self, other: &Need) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// Addresses of all needs and the words used in total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placement {
    pub addresses: Vec<usize>,
    pub words: usize,
}

/// Shuffles tried when no natural order fits.
const SHUFFLES: u32 = 256;

/// The best placement found; it may need more than `capacity`.
pub(crate) fn place(needs: &[Need], capacity: usize) -> Placement {
    let mut best = best_of_orders(needs);
    let mut state = 0x9e37_79b9u32;
    let mut order: Vec<usize> = (0..needs.len()).collect();
    for _ in 0..SHUFFLES {
        if best.words <= capacity {
            break;
        }
        for i in (1..order.len()).rev() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            order.swap(i, (state >> 8) as usize % (i + 1));
        }
        let placement = greedy(needs, &order);
        if placement.words < best.words {
            best = placement;
        }
    }
    best
}

fn best_of_orders(needs: &[Need]) -> Placement {
    let key: [fn(&Need) -> usize; 4] = [
        |n| usize::MAX - n.words,
        |n| usize::MAX - n.words.saturating_mul(n.last - n.first + 1),
        |n| n.first,
        |n| usize::MAX - n.last,
    ];
    let placements = key.iter().map(|key| {
        let mut order: Vec<usize> = (0..needs.len()).collect();
        order.sort_by_key(|&i| key(&needs[i]));
        greedy(needs, &order)
    });
    placements.min_by_key(|p| p.words).unwrap_or(Placement { addresses: Vec::new(), words: 0 })
}

/// Places in the given order, each into the tightest gap that holds it.
fn greedy(needs: &[Need], order: &[usize]) -> Placement {
    let mut addresses: Vec<Option<usize>> = vec![None; needs.len()];
    let mut words = 0;
    for &index in order {
        let need = &needs[index];
        let mut taken: Vec<(usize, usize)> = needs
            .iter()
            .zip(&addresses)
            .filter(|(other, _)| other.meets(need))
            .filter_map(|(other, at)| at.map(|at| (at, at + other.words)))
            .collect();
        taken.sort_unstable();
        let at = tightest_gap(&taken, need.words);
        addresses[index] = Some(at);
        words = words.max(at + need.words);
    }
    Placement { addresses: addresses.into_iter().map(|at| at.unwrap_or(0)).collect(), words }
}

fn tightest_gap(taken: &[(usize, usize)], words: usize) -> usize {
    let mut best: Option<(usize, usize)> = None;
    let mut end = 0;
    for &(start, stop) in taken {
        let gap = start.saturating_sub(end);
        if gap >= words && best.is_none_or(|(size, _)| gap < size) {
            best = Some((gap, end));
        }
        end = end.max(stop);
    }
    best.map_or(end, |(_, at)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn needs() -> impl Strategy<Value = Vec<Need>> {
        let need = (1usize..500, 0usize..20, 0usize..6);
        proptest::collection::vec(
            need.prop_map(|(words, first, length)| Need { words, first, last: first + length }),
            1..25,
        )
    }

    proptest! {
        #[test]
        fn maps_that_live_together_do_not_overlap(needs in needs()) {
            let placement = place(&needs, 0);
            for (i, a) in needs.iter().enumerate() {
                prop_assert!(placement.addresses[i] + a.words <= placement.words);
                for (j, b) in needs.iter().enumerate().skip(i + 1).filter(|(_, b)| a.meets(b)) {
                    let (x, y) = (placement.addresses[i], placement.addresses[j]);
                    prop_assert!(x + a.words <= y || y + b.words <= x, "{i} at {x} and {j} at {y} of {needs:?}");
                }
            }
        }
    }

    #[test]
    fn a_chain_needs_no_more_than_its_two_largest_neighbours() {
        let chain: Vec<Need> =
            [10, 40, 30, 5].iter().enumerate().map(|(i, &words)| Need { words, first: i, last: i + 1 }).collect();
        assert_eq!(place(&chain, 70).words, 70);
    }
}
