//! Which element of a fully connected layer lies where in the uniform representation (Caffeine, ICCAD 2016, section 3.2,
//! figure 4).
//!
//! A layer of `features` inputs and `outputs` outputs over a batch of vectors X is `Out[b][o] = sum_n W[o][n] * X[b][n]`.
//! With a merging factor `ker` that divides `features`, `ker` elements of a vector lie side by side in one input map, and
//! a one-dimensional kernel as long strides over them:
//!
//! | | input-major | weight-major |
//! |---|---|---|
//! | input map j, position `r*ker + t` | `X[r][j*ker + t]` | `W[r][j*ker + t]` |
//! | kernel of output map m, input map j, tap t | `W[m][j*ker + t]` | `X[m][j*ker + t]` |
//! | output map m, position r | `Out[r][m]` | `Out[m][r]` |
//!
//! Input-major reuses a weight for the batch; weight-major reuses an element of a vector for all outputs.

use super::uniform::Mapping;

/// An element of one of a fully connected layer's operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// `X[b][n]`.
    Vector(usize, usize),
    /// `W[o][n]`.
    Weight(usize, usize),
}

impl Mapping {
    /// What lies at `position` of input map `map`.
    pub fn input(self, map: usize, position: usize, ker: usize) -> Element {
        let (row, element) = (position / ker, map * ker + position % ker);
        match self {
            Mapping::InputMajor => Element::Vector(row, element),
            Mapping::WeightMajor => Element::Weight(row, element),
        }
    }

    /// What output map `output`'s kernel over input map `map` holds at `tap`.
    pub fn kernel(self, output: usize, map: usize, tap: usize, ker: usize) -> Element {
        let element = map * ker + tap;
        match self {
            Mapping::InputMajor => Element::Weight(output, element),
            Mapping::WeightMajor => Element::Vector(output, element),
        }
    }

    /// The vector and the output whose result lies at `position` of output map `map`.
    pub fn output(self, map: usize, position: usize) -> (usize, usize) {
        match self {
            Mapping::InputMajor => (position, map),
            Mapping::WeightMajor => (map, position),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::uniform::Uniform;
    use super::*;

    #[test]
    fn both_mappings_compute_the_layer_with_any_merging_factor() {
        let (features, outputs, batch) = (12, 5, 3);
        let x = |b: usize, n: usize| (b * 31 + n * 7) as i64 % 23 - 11;
        let w = |o: usize, n: usize| (o * 17 + n * 5) as i64 % 19 - 9;
        let value = |element| match element {
            Element::Vector(b, n) => x(b, n),
            Element::Weight(o, n) => w(o, n),
        };
        for mapping in [Mapping::InputMajor, Mapping::WeightMajor] {
            for ker in [1, 2, 4] {
                let sizes = Uniform::fully_connected(features, outputs, mapping, batch, ker);
                assert_eq!(sizes.output_maps * sizes.output_size, batch * outputs);
                assert_eq!(sizes.input_size, ker * sizes.output_size);
                for m in 0..sizes.output_maps {
                    for r in 0..sizes.output_size {
                        let taps = (0..sizes.input_maps).flat_map(|j| (0..ker).map(move |t| (j, t)));
                        let products = taps.map(|(j, t)| {
                            value(mapping.input(j, r * ker + t, ker)) * value(mapping.kernel(m, j, t, ker))
                        });
                        let (b, o) = mapping.output(m, r);
                        let plain: i64 = (0..features).map(|n| w(o, n) * x(b, n)).sum();
                        assert_eq!(products.sum::<i64>(), plain, "{mapping:?}, ker {ker}, vector {b}, output {o}");
                    }
                }
            }
        }
    }
}
