//! The golden A3C against its formulas, against finite differences, and against PyTorch.

mod formulas;
mod refusals;
mod torch;

use cortado_golden::a3c::{Hidden, Layout, Learner, Map, Network, Optimiser, Place, State};

/// SplitMix64's numbers in [-1, 1), as `values` of scripts/a3c_oracle.py.
pub fn value(stream: u64, index: u64) -> f32 {
    let mut z = ((stream << 32) + index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    (z >> 40) as f32 / (1u32 << 23) as f32 - 1.0
}

/// Two convolutions, one strided over an uneven map, and a dense layer; outputs above and below a tile.
pub fn small() -> Network {
    let hidden = [
        Hidden::Convolution { outputs: 5, kernel: 3, stride: 2 },
        Hidden::Convolution { outputs: 18, kernel: 2, stride: 1 },
        Hidden::Dense { outputs: 17 },
    ];
    Network::new(Map { height: 10, width: 9, channels: 2 }, &hidden, 3).unwrap()
}

/// A memory with `of` in every parameter's word and zeros in the padding.
pub fn memory(layout: &Layout, of: impl Fn(Place) -> f32) -> Vec<f32> {
    (0..layout.words()).map(|address| layout.place(address).map_or(0.0, &of)).collect()
}

/// A learner whose parameters are small numbers of the counter, by address.
pub fn learner(network: &Network, optimiser: Optimiser, agents: usize) -> Learner {
    let layout = Layout::new(network);
    let theta = (0..layout.words()).map(|at| layout.place(at).map_or(0.0, |_| value(1, at as u64) / 4.0)).collect();
    let statistics = memory(&layout, |_| 1.0);
    Learner::new(network.clone(), optimiser, agents, State { theta, statistics }).unwrap()
}

pub fn observation(network: &Network, stream: u64) -> Vec<f32> {
    (0..network.input_words() as u64).map(|index| value(stream, index)).collect()
}

pub fn errors(network: &Network, stream: u64) -> Vec<f32> {
    (0..network.output_words() as u64).map(|index| value(stream, index)).collect()
}

#[test]
fn addresses_and_places_are_inverse_and_cover_every_parameter() {
    for network in [small(), Network::atari(6).unwrap()] {
        let layout = Layout::new(&network);
        let mut found = 0;
        for address in 0..layout.words() + 100 {
            if let Some(place) = layout.place(address) {
                assert_eq!(layout.address(place), Some(address), "{place}");
                found += 1;
            }
        }
        assert_eq!(found, network.parameters());
        assert_eq!(layout.words() % 16, 0);
    }
    assert_eq!(Network::atari(6).unwrap().parameters(), 677_943);
}

#[test]
fn the_layout_is_biases_then_tiles_with_the_channel_fastest() {
    let layout = Layout::new(&small());
    let weight = |output, ky, kx, input| layout.address(Place::Weight { layer: 1, output, ky, kx, input });
    // Layer 0 has 18 products, two tiles: 16 + 2 * 256 words. Layer 1 has 20 products.
    assert_eq!(layout.address(Place::Bias { layer: 1, output: 3 }), Some(528 + 3));
    assert_eq!(weight(3, 0, 0, 0), Some(528 + 16 + 3));
    assert_eq!(weight(3, 0, 0, 1), Some(528 + 16 + 16 + 3));
    assert_eq!(weight(3, 0, 1, 0), Some(528 + 16 + 5 * 16 + 3));
    assert_eq!(weight(3, 1, 0, 0), Some(528 + 16 + 10 * 16 + 3));
    assert_eq!(weight(17, 0, 0, 0), Some(528 + 528 + 16 + 1));
    assert_eq!(weight(18, 0, 0, 0), None);
    assert_eq!(weight(0, 0, 2, 0), None);
    assert_eq!(layout.place(528 + 16 + 20 * 16), None, "rows beyond the products are padding");
}
