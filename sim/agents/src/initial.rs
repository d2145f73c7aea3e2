//! Where learning begins.

use crate::Rng;
use cortado_golden::a3c::{Layout, Network, Place, State};

/// What separates this use of a seed from the agents'.
const PART: u64 = 1 << 32;

/// Parameters uniform in +-1/sqrt(products), drawn in memory order, biases of a layer as its weights; statistics as
/// given. Padding is zero in both.
pub fn initial_state(network: &Network, seed: u64, statistics: f32) -> State {
    let layout = Layout::new(network);
    let mut rng = Rng::part(seed, PART);
    let mut state = State { theta: vec![0.0; layout.words()], statistics: vec![0.0; layout.words()] };
    for address in 0..layout.words() {
        let Some(Place::Bias { layer, .. } | Place::Weight { layer, .. }) = layout.place(address) else {
            continue;
        };
        let bound = 1.0 / (network.layers()[layer].products() as f64).sqrt();
        state.theta[address] = ((2.0 * rng.unit() - 1.0) * bound) as f32;
        state.statistics[address] = statistics;
    }
    state
}
