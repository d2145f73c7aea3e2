//! The Tm x Tn array (Caffeine's adder-tree form): Tm output lanes of Tn multipliers, a tree and an
//! accumulator each.

pub mod accumulator;
pub mod output_lane;

use crate::cells::requantiser;
use cortado_arch::preset::part::{Part, ECP5, ICE40};
use cortado_arch::{Architecture, DataType, Family};

/// How many of each lane's Tn products the part's multiplier blocks take beside the requantisers'.
pub fn lanes_in_blocks(arch: &Architecture) -> Vec<usize> {
    let free = |parts: &[Part], device: &str, requantiser: usize| {
        let blocks = parts.iter().find(|part| part.device == device).map_or(0, |part| part.multipliers);
        blocks.saturating_sub(requantiser * arch.requantise_lanes)
    };
    match &arch.family {
        // A block a product, which the presets' checks provide for.
        _ if arch.data_type == DataType::Int16 => vec![arch.tn; arch.tm],
        Family::Generic => vec![arch.tn; arch.tm],
        // All lanes alike: what remains is less than one for each, and a full part is hard to route.
        Family::Ecp5 { device, .. } => {
            let each = free(ECP5, device, requantiser::ecp5_blocks(arch.requantise_cycles)) / arch.tm;
            vec![each.min(arch.tn) & !1; arch.tm]
        }
        // A block takes two products. Logic is scarce: every block is used.
        Family::Ice40 { device, .. } => {
            let pairs = free(ICE40, device, requantiser::up5k_blocks(arch.requantise_cycles));
            (0..arch.tm).map(|m| (2 * (pairs / arch.tm + usize::from(m < pairs % arch.tm))).min(arch.tn & !1)).collect()
        }
    }
}

/// Multiplier blocks of the part that an engine instantiates, its requantisers' with its lanes'.
pub fn multiplier_blocks(arch: &Architecture) -> usize {
    let products: usize = lanes_in_blocks(arch).iter().sum();
    // At int16 a requantiser is a shift.
    let requantisers = if arch.data_type == DataType::Int16 { 0 } else { arch.requantise_lanes };
    match &arch.family {
        Family::Generic => 0,
        Family::Ecp5 { .. } => products + requantisers * requantiser::ecp5_blocks(arch.requantise_cycles),
        Family::Ice40 { device, .. } if ICE40.iter().any(|part| part.device == device && part.multipliers > 0) => {
            products / 2 + requantisers * requantiser::up5k_blocks(arch.requantise_cycles)
        }
        Family::Ice40 { .. } => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cortado_arch::preset::by_name;

    #[test]
    fn lanes_use_the_blocks_that_requantisers_leave() {
        let blocks = |name: &str, cycles: usize| {
            let arch = by_name(name).expect("a built-in preset");
            lanes_in_blocks(&Architecture { requantise_cycles: cycles, ..arch })
        };
        assert_eq!(blocks("icebreaker-4x4", 1), [0; 4]);
        assert_eq!(blocks("icebreaker-4x4", 4), [4, 4, 2, 2]);
        assert_eq!(blocks("hx8k-4x4", 4), [0; 4]);
        assert_eq!(blocks("ulx3s-25f-8x2", 1), [2; 8]);
        assert_eq!(blocks("ulx3s-85f-16x8", 1), [8; 16]);
        assert_eq!(blocks("ulx3s-85f-max", 1), [8; 16]);
    }

    #[test]
    fn no_engine_takes_more_multiplier_blocks_than_its_part_has() {
        for arch in cortado_arch::preset::builtin() {
            let has = arch.part().map_or(0, |part| part.multipliers);
            assert!(multiplier_blocks(&arch) <= has, "{}", arch.name);
        }
        let taken = |name: &str| multiplier_blocks(&by_name(name).expect("a built-in preset"));
        assert_eq!((taken("icebreaker-4x4"), taken("ulx3s-25f-8x2")), (8, 22));
    }
}
