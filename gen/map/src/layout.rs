//! How a tensor's values lie in words, and where in external memory a program keeps it.

use cortado_graph::ir::TensorId;
use serde::Serialize;
use std::fmt;

/// The ways a map lies in words (`docs/machine.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Format {
    /// Pixels in row order, each of `ceil(channels / Tm)` words.
    Blocked,
    /// Rows of `width * channels` elements, each row starting on a word.
    Packed,
    /// Rows of windows' runs, each starting on a word.
    Unfolded(Unfolding),
}

/// A row as a convolution's windows see it: for each output column the elements that a kernel row multiplies
/// there. Kernel columns become channels, so that first layers use input lanes which their few channels
/// leave idle; it is im2col of single rows, done by the host as it writes the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Unfolding {
    pub kernel_width: usize,
    pub stride: usize,
    pub padding: usize,
    /// Output columns.
    pub columns: usize,
    /// What columns outside the map hold.
    pub pad_value: i16,
}

/// The layout of one map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Layout {
    pub format: Format,
    /// Rows and columns as stored; swapped against the tensor's when `transposed`.
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    /// The stored map has the tensor's rows as columns.
    pub transposed: bool,
    /// Bytes of an activation word (Tm elements), and of an element.
    pub word_bytes: usize,
    pub element_bytes: usize,
}

/// A buffer of the wrong size was given to pack or unpack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeError {
    pub expected: usize,
    pub got: usize,
}

impl fmt::Display for SizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes given where the layout needs {}", self.got, self.expected)
    }
}

impl std::error::Error for SizeError {}

impl Layout {
    /// Elements of an activation word.
    fn word_elements(&self) -> usize {
        self.word_bytes / self.element_bytes.max(1)
    }

    /// Words from one stored row to the next.
    pub fn row_words(&self) -> usize {
        match self.format {
            Format::Blocked => self.width * self.pixel_words(),
            Format::Packed => (self.width * self.channels).div_ceil(self.word_elements()),
            Format::Unfolded(u) => u.columns * (u.kernel_width * self.channels).div_ceil(self.word_elements()),
        }
    }

    /// Words of a blocked pixel.
    pub fn pixel_words(&self) -> usize {
        self.channels.div_ceil(self.word_elements())
    }

    /// Words of the whole map.
    pub fn words(&self) -> usize {
        self.height * self.row_words()
    }

    /// Bytes of the whole map, unused ones included.
    pub fn bytes(&self) -> usize {
        self.words() * self.word_bytes
    }

    /// Number of values in the tensor.
    pub fn elements(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Pixels stored for a row.
    fn slots(&self) -> usize {
        match self.format {
            Format::Blocked | Format::Packed => self.width,
            Format::Unfolded(u) => u.columns * u.kernel_width,
        }
    }

    /// First element of a row's pixel and its column; `None` outside the map.
    fn slot(&self, slot: usize) -> (usize, Option<usize>) {
        let words = |elements: usize| elements.next_multiple_of(self.word_elements());
        match self.format {
            Format::Blocked => (slot * words(self.channels), Some(slot)),
            Format::Packed => (slot * self.channels, Some(slot)),
            Format::Unfolded(u) => {
                let (output, kx) = (slot / u.kernel_width, slot % u.kernel_width);
                let column = (output * u.stride + kx).checked_sub(u.padding).filter(|&x| x < self.width);
                (output * words(u.kernel_width * self.channels) + kx * self.channels, column)
            }
        }
    }

    /// Every stored element that means something, with the value it holds (counted in NHWC order of the tensor);
    /// `None`: padding.
    fn places(&self) -> impl Iterator<Item = (usize, Option<usize>)> + '_ {
        let row_elements = self.row_words() * self.word_elements();
        let slots = (0..self.height).flat_map(|row| (0..self.slots()).map(move |slot| (row, slot)));
        slots.flat_map(move |(row, slot)| {
            let (start, column) = self.slot(slot);
            let pixel = column.map(|x| if self.transposed { x * self.height + row } else { row * self.width + x });
            (0..self.channels).map(move |c| (row * row_elements + start + c, pixel.map(|p| p * self.channels + c)))
        })
    }

    /// NHWC values to the bytes of the map's words; unused bytes are 0.
    ///
    /// # Errors
    /// When `values` is not [`Layout::elements`] long.
    pub fn pack(&self, values: &[i16]) -> Result<Vec<u8>, SizeError> {
        if values.len() != self.elements() {
            return Err(SizeError { expected: self.elements(), got: values.len() });
        }
        let padding = match self.format {
            Format::Unfolded(u) => u.pad_value,
            Format::Blocked | Format::Packed => 0,
        };
        let mut bytes = vec![0; self.bytes()];
        for (place, value) in self.places() {
            let element = value.map_or(padding, |value| values[value]).to_le_bytes();
            bytes[self.element(place)].copy_from_slice(&element[..self.element_bytes]);
        }
        Ok(bytes)
    }

    /// The bytes of the map's words to NHWC values; 0 where no window reaches, which an unfolded map leaves out.
    ///
    /// # Errors
    /// When `bytes` is not [`Layout::bytes`] long.
    pub fn unpack(&self, bytes: &[u8]) -> Result<Vec<i16>, SizeError> {
        if bytes.len() != self.bytes() {
            return Err(SizeError { expected: self.bytes(), got: bytes.len() });
        }
        let mut values = vec![0; self.elements()];
        for (place, value) in self.places() {
            if let Some(value) = value {
                let element = bytes[self.element(place)].iter().rev();
                let unsigned = element.fold(0u16, |word, &byte| word << 8 | u16::from(byte));
                let spare = 16 - 8 * self.element_bytes;
                values[value] = (unsigned << spare) as i16 >> spare;
            }
        }
        Ok(values)
    }

    /// The bytes of the stored element `place`.
    fn element(&self, place: usize) -> std::ops::Range<usize> {
        place * self.element_bytes..(place + 1) * self.element_bytes
    }
}

/// Where a tensor lies in external memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TensorPlace {
    pub tensor: TensorId,
    pub name: String,
    /// The tensor's own shape.
    pub shape: Vec<usize>,
    /// First byte in external memory.
    pub byte_address: u32,
    pub layout: Layout,
}

/// Where the host puts the input.
pub type IoLayout = TensorPlace;

impl TensorPlace {
    /// NHWC input values to the bytes to put at [`TensorPlace::byte_address`].
    ///
    /// # Errors
    /// When the number of values is not the tensor's.
    pub fn pack_input(&self, values: &[i16]) -> Result<Vec<u8>, SizeError> {
        self.layout.pack(values)
    }

    /// The bytes found at [`TensorPlace::byte_address`] to NHWC values.
    ///
    /// # Errors
    /// When the number of bytes is not the layout's.
    pub fn unpack(&self, bytes: &[u8]) -> Result<Vec<i16>, SizeError> {
        self.layout.unpack(bytes)
    }

    /// The bytes of external memory that hold the tensor.
    pub fn range(&self) -> std::ops::Range<usize> {
        let start = self.byte_address as usize;
        start..start + self.layout.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpack_undoes_pack_in_every_layout() {
        for (format, element_bytes) in
            [(Format::Blocked, 1), (Format::Packed, 1), (Format::Blocked, 2), (Format::Packed, 2)]
        {
            for transposed in [false, true] {
                for (height, width, channels, word_bytes) in [(1, 1, 1, 2), (3, 5, 4, 4), (4, 2, 7, 4), (2, 9, 3, 16)] {
                    let layout = Layout { format, height, width, channels, transposed, word_bytes, element_bytes };
                    let value = |i: usize| {
                        if element_bytes == 1 {
                            i16::from((i * 37 + 11) as i8)
                        } else {
                            (i * 7919 + 11) as i16
                        }
                    };
                    let values: Vec<i16> = (0..layout.elements()).map(value).collect();
                    let bytes = layout.pack(&values).expect("right size");
                    assert_eq!(layout.unpack(&bytes).expect("right size"), values, "{layout:?}");
                }
            }
        }
    }

    #[test]
    fn words_lie_as_the_machine_contract_says() {
        let blocked = Layout {
            format: Format::Blocked,
            height: 2,
            width: 2,
            channels: 3,
            transposed: false,
            word_bytes: 2,
            element_bytes: 1,
        };
        let values: Vec<i16> = (1..=12).collect();
        let bytes = [1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 10, 11, 12, 0];
        assert_eq!(blocked.pack(&values).expect("12 values"), bytes);
        let transposed = Layout { transposed: true, ..blocked };
        let bytes = [1, 2, 3, 0, 7, 8, 9, 0, 4, 5, 6, 0, 10, 11, 12, 0];
        assert_eq!(transposed.pack(&values).expect("12 values"), bytes);
        let packed = Layout { format: Format::Packed, word_bytes: 4, ..blocked };
        let bytes = [1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0];
        assert_eq!(packed.pack(&values).expect("12 values"), bytes);
        assert_eq!(packed.pack(&values[1..]), Err(SizeError { expected: 12, got: 11 }));
        let wide = Layout { height: 1, word_bytes: 4, element_bytes: 2, ..blocked };
        let bytes = [1, 0, 0, 2, 255, 255, 0, 0, 4, 0, 5, 0, 6, 0, 0, 0];
        assert_eq!(wide.pack(&[1, 512, -1, 4, 5, 6]).expect("6 values"), bytes);
        assert_eq!(wide.unpack(&bytes).expect("16 bytes"), [1, 512, -1, 4, 5, 6]);
        // Two output columns whose windows of three columns begin at -1 and 1.
        let unfolding = Unfolding { kernel_width: 3, stride: 2, padding: 1, columns: 2, pad_value: 9 };
        let unfolded = Layout { format: Format::Unfolded(unfolding), word_bytes: 4, channels: 1, width: 3, ..blocked };
        let bytes = [9, 1, 2, 0, 2, 3, 9, 0, 9, 4, 5, 0, 5, 6, 9, 0];
        assert_eq!(unfolded.pack(&values[..6]).expect("6 values"), bytes);
        assert_eq!(unfolded.unpack(&bytes).expect("16 bytes"), values[..6]);
        let turned = Layout { height: 2, width: 3, transposed: true, ..unfolded };
        // The tensor is 3 x 2: its columns 1 3 5 and 2 4 6 are the rows.
        let bytes = [9, 1, 3, 0, 3, 5, 9, 0, 9, 2, 4, 0, 4, 6, 9, 0];
        assert_eq!(turned.pack(&values[..6]).expect("6 values"), bytes);
        assert_eq!(turned.unpack(&bytes).expect("16 bytes"), values[..6]);
    }
}
