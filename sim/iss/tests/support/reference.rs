//! The layer in direct loops: the answer.

use super::Layer;

fn reference_shift(v: i128, n: u32) -> i128 {
    let halves = 2 * v.abs() + (1 << n);
    v.signum() * (halves / (2 << n))
}

pub fn reference_scale(v: i128, q: u32, shift: u32) -> i128 {
    reference_shift((2 * v * i128::from(q) + (1 << 31)).div_euclid(1 << 32), shift)
}

impl Layer {
    /// The layer's accumulators in direct loops.
    pub fn accumulators(&self, input: &[i8], weights: &[i8], pad_value: i32) -> Vec<i64> {
        let (oh, ow) = self.output_size();
        let mut sums = Vec::new();
        for oy in 0..oh {
            for ox in 0..ow {
                for o in 0..self.outs() {
                    let mut terms = Vec::new();
                    for ky in 0..self.kernel.0 {
                        for kx in 0..self.kernel.1 {
                            let y = (oy * self.stride.0 + ky) as isize - self.pad.0 as isize;
                            let x = (ox * self.stride.1 + kx) as isize - self.pad.1 as isize;
                            let inside = y >= 0 && x >= 0 && (y as usize) < self.height && (x as usize) < self.width;
                            let channels = if self.full() { 0..self.channels } else { o..o + 1 };
                            for i in channels.clone() {
                                let v = if inside {
                                    i64::from(input[(y as usize * self.width + x as usize) * self.channels + i])
                                } else {
                                    i64::from(pad_value)
                                };
                                terms.push(v * i64::from(weights[self.weight_index(o, ky, kx, i - channels.start)]));
                            }
                        }
                    }
                    sums.push(if self.pool { terms.into_iter().max().unwrap() } else { terms.into_iter().sum() });
                }
            }
        }
        sums
    }
}
