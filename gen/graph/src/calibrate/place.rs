//! A window with explicit padding in TensorFlow's two ways of padding.

use crate::float::Window;
use crate::geometry::{slide, Padding};

/// How a window is said: a padding, and rows and columns of zeros put round the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    pub padding: Padding,
    /// Zeros above and left of the kernel.
    pub before: (usize, usize),
    /// Zeros below and right.
    pub after: (usize, usize),
}

impl Placement {
    pub fn is_grown(&self) -> bool {
        self.before != (0, 0) || self.after != (0, 0)
    }
}

/// The placement with the fewest zeros that takes a map of `input` to one of `output`, where `window`
/// does. Zeros at a kernel's edge move where SAME puts it; `None` when not even they help.
pub fn place(window: &Window, input: (usize, usize), output: (usize, usize)) -> Option<Placement> {
    [Padding::Valid, Padding::Same].into_iter().find_map(|padding| {
        let w = window;
        let rows = axis(padding, input.0, output.0, w.kernel.0, w.stride.0, w.dilation.0, w.before.0)?;
        let columns = axis(padding, input.1, output.1, w.kernel.1, w.stride.1, w.dilation.1, w.before.1)?;
        Some(Placement { padding, before: (rows.0, columns.0), after: (rows.1, columns.1) })
    })
}

fn axis(
    padding: Padding,
    input: usize,
    output: usize,
    kernel: usize,
    stride: usize,
    dilation: usize,
    before: usize,
) -> Option<(usize, usize)> {
    (0..=kernel).find_map(|zeros| {
        let (length, found) = slide(padding, input, kernel + zeros, stride, dilation)?;
        let above = found.checked_sub(before)?;
        let moved = above % dilation == 0 && above / dilation <= zeros;
        (length == output && moved).then(|| (above / dilation, zeros - above / dilation))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explicit_padding_is_said_in_tensorflows_ways() {
        // ((input, output, kernel, stride, before), (padding, zeros before, zeros after))
        let cases = [
            ((28, 24, 5, 1, 0), Some((Padding::Valid, 0, 0))),
            ((28, 28, 5, 1, 2), Some((Padding::Same, 0, 0))),
            // Caffe's ceiling mode: the last window hangs over.
            ((32, 16, 3, 2, 0), Some((Padding::Same, 0, 0))),
            // SAME would pad one before and two after; the networks of others pad symmetrically.
            ((224, 112, 7, 2, 3), Some((Padding::Same, 0, 1))),
            ((56, 28, 3, 2, 1), Some((Padding::Same, 0, 1))),
            ((56, 58, 3, 1, 2), None),
        ];
        for ((input, output, kernel, stride, before), expected) in cases {
            let window = Window {
                kernel: (kernel, kernel),
                stride: (stride, stride),
                dilation: (1, 1),
                before: (before, before),
                after: (before, before),
            };
            let placed = place(&window, (input, input), (output, output));
            let came = placed.map(|placed| (placed.padding, placed.before.0, placed.after.0));
            assert_eq!(came, expected, "{input} to {output} by {kernel}/{stride}+{before}");
        }
    }
}
