//! Maximum and average over the part of a window that lies inside the map.

use crate::convolution::position;
use crate::fixed_point::round_shift;
use cortado_graph::ir::{DataType, Pool2d, PoolKind};

/// `in` and `out` are NHWC.
pub fn pool(data_type: DataType, pool: &Pool2d, input: &[i16], in_shape: &[usize], out_shape: &[usize]) -> Vec<i16> {
    let (height, width, channels) = (in_shape[1], in_shape[2], in_shape[3]);
    let mut output = Vec::new();
    for b in 0..out_shape[0] {
        for y in 0..out_shape[1] {
            for x in 0..out_shape[2] {
                for c in 0..channels {
                    let mut sum = 0i64;
                    let mut count = 0i64;
                    let mut largest = i64::from(data_type.range().0);
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
                        PoolKind::Average if data_type == DataType::Int8 => rounded_mean(sum, count),
                        PoolKind::Average => reciprocal_mean(sum, count),
                    };
                    output.push(result.clamp(pool.min.into(), pool.max.into()) as i16);
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

/// `sum / count` by the reciprocal in 16 bits: `2^s / count` to nearest, ties up, with s = 14 + ceil(log2(count)).
fn reciprocal_mean(sum: i64, count: i64) -> i64 {
    let mut shift = 14;
    while 1i64 << (shift - 14) < count {
        shift += 1;
    }
    let weight = ((1i64 << (shift + 1)) + count) / (2 * count).max(1);
    round_shift(sum * weight, shift)
}

#[cfg(test)]
mod tests {
    use super::{reciprocal_mean, rounded_mean};

    #[test]
    fn reciprocal_means_are_within_a_unit_and_exact_for_powers_of_two() {
        for count in 1..=4096 {
            for value in [-32768i64, -12345, -1, 0, 1, 12345, 32767] {
                for rest in [0, 1, count / 2, count - 1] {
                    let sum = (value * count + rest).clamp(-32768 * count, 32767 * count);
                    let (mean, exact) = (reciprocal_mean(sum, count), rounded_mean(sum, count));
                    assert!((mean - exact).abs() <= 1, "{sum} / {count}: {mean}, exactly {exact}");
                    assert!(mean == exact || !(count as u64).is_power_of_two(), "{sum} / {count}: {mean}");
                }
            }
        }
    }

    #[test]
    fn means_round_half_away_from_zero() {
        let cases = [((5, 2), 3), ((-5, 2), -3), ((4, 3), 1), ((5, 3), 2), ((-5, 3), -2), ((0, 7), 0)];
        for ((sum, count), mean) in cases {
            assert_eq!(rounded_mean(sum, count), mean, "{sum} / {count}");
        }
    }
}
