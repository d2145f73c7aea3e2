//! The Tm x Tn array (Caffeine's adder-tree form): Tm output lanes of Tn multipliers, a tree and an
//! accumulator each.

pub mod accumulator;
pub mod output_lane;

use crate::cells::requantiser;
use cortado_arch::preset::part::{ECP5, ICE40};
use cortado_arch::{Architecture, Family};

/// How many of a lane's Tn products the part's multiplier blocks take beside the requantisers'.
pub fn lanes_in_blocks(arch: &Architecture) -> usize {
    let (parts, device, products, requantiser) = match &arch.family {
        Family::Generic => return arch.tn,
        Family::Ecp5 { device, .. } => (ECP5, device, 1, requantiser::ecp5_blocks(arch.requantise_cycles)),
        Family::Ice40 { device, .. } => (ICE40, device, 2, requantiser::up5k_blocks(arch.requantise_cycles)),
    };
    let blocks = parts.iter().find(|part| part.device == device.as_str()).map_or(0, |part| part.multipliers);
    let free = blocks.saturating_sub(requantiser * arch.requantise_lanes);
    (free * products / arch.tm).min(arch.tn) & !1
}
