//! The Tm x Tn array (Caffeine's adder-tree form): Tm output lanes of Tn multipliers, a tree and an
//! accumulator each.

pub mod accumulator;
pub mod output_lane;
