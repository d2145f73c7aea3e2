//! Maximum and average over the part of a window that lies inside the map.

use crate::convolution::position;
use crate::fixed_point::clamp;
use cortado_graph::ir::{Pool2d, PoolKind};

/// `in` and `out` are NHWC.
pub fn pool(pool: &Pool2d, input: &[i8], in_shape: &[usize], out_shape: &[usize]) -> Vec<i8> {
    let (height, width, channels) = (in_shape[1], in_shape[2], in_shape[3]);
    let mut output = Vec::new();
    for b in 0..out_shape[0] {
        for y in 0..out_shape[1] {
            for x in 0..out_shape[2] {
                for c in 0..channels {
                    let mut sum = 0i64;
                    let mut count = 0i64;
                    let mut largest = i64::from(i8::MIN);
                    for ky in 0..pool.window.kernel.0 {
                        for kx in 0..pool.window.kernel.1 {
                            let Some((row, column)) = position(&pool.window, (y, x), (ky, kx), in_shape) else {
                                continue;
                            };
                            let at = ((b * height + row) * width + column) * channels + c;
                            let value = i64::from(input[at]);
                            sum += value;
                            count += 1;
                            largest = largest.max(value);
                        }
                    }
                    let result = match pool.kind {
                        PoolKind::Max => largest,
                        PoolKind::Average => rounded_mean(sum, count),
                    };
                    output.push(clamp(result, pool.min, pool.max));
                }
            }
        }
    }
    output
}

/// `sum / count` to nearest, ties away from zero; every window holds at least one position.
fn rounded_mean(sum: i64, count: i64) -> i64 {
    let half = if sum > 0 { count / 2 } else { -(count / 2) };
    (sum + half) / count.max(1)
}

#[cfg(test)]
mod tests {
    use super::rounded_mean;

    #[test]
    fn means_round_half_away_from_zero() {
        let cases = [((5, 2), 3), ((-5, 2), -3), ((4, 3), 1), ((5, 3), 2), ((-5, 3), -2), ((0, 7), 0)];
        for ((sum, count), mean) in cases {
            assert_eq!(rounded_mean(sum, count), mean, "{sum} / {count}");
        }
    }
}
