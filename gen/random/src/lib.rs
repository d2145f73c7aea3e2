//! The one source of randomness: a seed gives the same sequence on every machine.

#![forbid(unsafe_code)]

/// SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// A generator whose whole sequence follows from `seed`.
    pub fn new(seed: u64) -> Rng {
        Rng { state: seed }
    }

    /// A generator for part `part` of what `seed` governs, such as one agent.
    pub fn part(seed: u64, part: u64) -> Rng {
        let mut parts = Rng::new(seed);
        let first = parts.next_u64();
        Rng::new(first ^ Rng::new(part).next_u64())
    }

    /// What [`Rng::new`] takes to go on from here.
    pub fn state(&self) -> u64 {
        self.state
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in `[0, 1)`, 53 bits of resolution.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `[-bound, bound)`, 24 bits of resolution.
    pub fn symmetric(&mut self, bound: f32) -> f32 {
        let unit = (self.next_u64() >> 40) as f32 / (1u32 << 24) as f32;
        (2.0 * unit - 1.0) * bound
    }

    /// Uniform in `[0, n)`; 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next_u64()) * n as u128) >> 64) as usize
    }

    /// Fisher-Yates.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_is_the_published_one() {
        let mut rng = Rng::new(1234567);
        let first: Vec<u64> = (0..3).map(|_| rng.next_u64()).collect();
        assert_eq!(first, [6457827717110365317, 3203168211198807973, 9817491932198370423]);
    }

    #[test]
    fn parts_differ_and_a_state_goes_on() {
        let mut parts: Vec<u64> = (0..100).map(|part| Rng::part(1, part).next_u64()).collect();
        parts.push(Rng::part(2, 0).next_u64());
        parts.sort_unstable();
        parts.dedup();
        assert_eq!(parts.len(), 101);
        let mut rng = Rng::new(5);
        rng.unit();
        assert_eq!(Rng::new(rng.state()).below(1000), rng.below(1000));
    }

    #[test]
    fn shuffle_is_a_permutation_and_moves_things() {
        let mut items: Vec<usize> = (0..100).collect();
        Rng::new(7).shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn symmetric_stays_in_bounds_and_uses_both_signs() {
        let mut rng = Rng::new(3);
        let values: Vec<f32> = (0..1000).map(|_| rng.symmetric(0.5)).collect();
        assert!(values.iter().all(|v| (-0.5..0.5).contains(v)));
        assert!(values.iter().any(|&v| v < -0.4) && values.iter().any(|&v| v > 0.4));
    }
}
