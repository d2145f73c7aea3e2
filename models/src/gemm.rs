//! Matrix product, the only loop nest that has to be fast.

/// Rows of the product kept in registers at once.
const ROWS: usize = 4;
/// Columns of the product kept in registers at once.
const COLUMNS: usize = 8;

/// A matrix read through strides, so that a transpose costs nothing.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The elements.
    pub data: &'a [f32],
    /// Distance between two rows, in elements.
    pub row_stride: usize,
    /// Distance between two columns, in elements.
    pub column_stride: usize,
}

impl<'a> View<'a> {
    /// `data` as rows of `columns` elements.
    pub fn rows(data: &'a [f32], columns: usize) -> Self {
        Self { data, row_stride: columns, column_stride: 1 }
    }

    /// The transpose of `data`, which is stored as rows of `columns` elements.
    pub fn transposed(data: &'a [f32], columns: usize) -> Self {
        Self { data, row_stride: 1, column_stride: columns }
    }
}

/// `c += a * b`, with `a` of `m x k`, `b` of `k x n` and `c` of `m x n`, the last two row-major.
///
/// Every element of `c` takes its `k` products summed in ascending order, then is added once; so
/// the result does not depend on blocking or on the machine. `m` and `k` follow from the lengths
/// of `c` and `b`.
pub fn accumulate(a: View<'_>, b: &[f32], c: &mut [f32], n: usize) {
    if n == 0 {
        return;
    }
    let m = c.len() / n;
    let whole = m - m % ROWS;
    for row in (0..whole).step_by(ROWS) {
        band::<ROWS>(a, b, c, n, row);
    }
    for row in whole..m {
        band::<1>(a, b, c, n, row);
    }
}

fn band<const R: usize>(a: View<'_>, b: &[f32], c: &mut [f32], n: usize, row: usize) {
    let whole = n - n % COLUMNS;
    for column in (0..whole).step_by(COLUMNS) {
        block::<R, COLUMNS>(a, b, c, n, (row, column));
    }
    for column in whole..n {
        block::<R, 1>(a, b, c, n, (row, column));
    }
}

#[inline(always)]
fn block<const R: usize, const C: usize>(
    a: View<'_>,
    b: &[f32],
    c: &mut [f32],
    n: usize,
    (row, column): (usize, usize),
) {
    let mut sum = [[0.0f32; C]; R];
    for (k, b_row) in b.chunks_exact(n).enumerate() {
        let b_part = &b_row[column..column + C];
        for (r, sum_row) in sum.iter_mut().enumerate() {
            let factor = a.data[(row + r) * a.row_stride + k * a.column_stride];
            for (s, &value) in sum_row.iter_mut().zip(b_part) {
                *s += factor * value;
            }
        }
    }
    for (r, sum_row) in sum.iter().enumerate() {
        let start = (row + r) * n + column;
        for (out, &s) in c[start..start + C].iter_mut().zip(sum_row) {
            *out += s;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cortado_random::Rng;

    fn random(rng: &mut Rng, len: usize) -> Vec<f32> {
        (0..len).map(|_| rng.symmetric(1.0)).collect()
    }

    /// The definition, one element at a time.
    fn plain(a: View<'_>, b: &[f32], c: &mut [f32], n: usize) {
        let k_count = b.len() / n;
        for (index, out) in c.iter_mut().enumerate() {
            let (row, column) = (index / n, index % n);
            let mut sum = 0.0f32;
            for k in 0..k_count {
                sum += a.data[row * a.row_stride + k * a.column_stride] * b[k * n + column];
            }
            *out += sum;
        }
    }

    #[test]
    fn blocked_product_equals_the_definition_bit_for_bit() {
        let mut rng = Rng::new(11);
        for (m, k, n) in [(1, 1, 1), (4, 9, 8), (7, 5, 10), (25, 144, 32), (9, 196, 16), (3, 2, 7)] {
            let (a, b, c) = (random(&mut rng, m * k), random(&mut rng, k * n), random(&mut rng, m * n));
            for view in [View::rows(&a, k), View::transposed(&a, m)] {
                let (mut fast, mut slow) = (c.clone(), c.clone());
                accumulate(view, &b, &mut fast, n);
                plain(view, &b, &mut slow, n);
                assert_eq!(fast, slow, "m={m} k={k} n={n} seed 11");
            }
        }
    }
}
