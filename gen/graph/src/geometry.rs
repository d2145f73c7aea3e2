//! Sizes of shapes and sliding windows, on untrusted numbers.

/// The most elements an activation tensor may have: TensorFlow Lite indexes with a signed 32-bit integer.
pub const MAX_ELEMENTS: usize = i32::MAX as usize;

/// Elements in a tensor of `shape`; `None` when the product passes [`MAX_ELEMENTS`].
pub fn elements(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |product, &dim| product.checked_mul(dim)).filter(|&product| product <= MAX_ELEMENTS)
}

/// How a window treats the edge of the map, in TensorFlow's two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// As many outputs as `ceil(input / stride)`; the odd element of padding goes to the far side.
    Same,
    /// Windows stay inside the map.
    Valid,
}

/// Positions a dilated kernel spans along one axis: `(kernel - 1) * dilation + 1`, in input elements.
/// `None` when a factor is zero or the product overflows.
pub fn span(kernel: usize, dilation: usize) -> Option<usize> {
    if dilation == 0 {
        return None;
    }
    kernel.checked_sub(1)?.checked_mul(dilation)?.checked_add(1)
}

/// Output length and padding before the first element, for one axis of a window.
///
/// `None` when a size is zero, a product overflows, or no window fits.
pub fn slide(padding: Padding, input: usize, kernel: usize, stride: usize, dilation: usize) -> Option<(usize, usize)> {
    let span = span(kernel, dilation)?;
    if input == 0 || stride == 0 {
        return None;
    }
    match padding {
        Padding::Valid => Some((input.checked_sub(span)? / stride + 1, 0)),
        Padding::Same => {
            let output = input.div_ceil(stride);
            let reach = (output - 1).checked_mul(stride)?.checked_add(span)?;
            Some((output, reach.saturating_sub(input) / 2))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_slide_as_tensorflow_pads() {
        // (padding, input, kernel, stride, dilation) -> (output, padding before)
        let cases = [
            ((Padding::Same, 32, 3, 1, 1), Some((32, 1))),
            ((Padding::Same, 32, 3, 2, 1), Some((16, 0))),
            ((Padding::Same, 49, 10, 2, 1), Some((25, 4))),
            ((Padding::Same, 10, 4, 2, 1), Some((5, 1))),
            ((Padding::Same, 5, 1, 2, 1), Some((3, 0))),
            ((Padding::Same, 7, 3, 1, 2), Some((7, 2))),
            ((Padding::Valid, 7, 3, 1, 2), Some((3, 0))),
            ((Padding::Valid, 8, 3, 2, 1), Some((3, 0))),
            ((Padding::Valid, 2, 3, 1, 1), None),
            ((Padding::Same, 0, 3, 1, 1), None),
            ((Padding::Same, 4, 0, 1, 1), None),
            ((Padding::Same, 4, 3, 0, 1), None),
            ((Padding::Same, 4, 3, 1, 0), None),
            ((Padding::Same, 4, usize::MAX, 1, 2), None),
        ];
        for ((padding, input, kernel, stride, dilation), expected) in cases {
            assert_eq!(
                slide(padding, input, kernel, stride, dilation),
                expected,
                "{padding:?} input {input} kernel {kernel} stride {stride} dilation {dilation}"
            );
        }
    }

    #[test]
    fn element_counts_refuse_to_overflow() {
        assert_eq!(elements(&[1, 49, 10, 1]), Some(490));
        assert_eq!(elements(&[]), Some(1));
        assert_eq!(elements(&[1 << 31]), None);
        assert_eq!(elements(&[usize::MAX, usize::MAX]), None);
    }
}
