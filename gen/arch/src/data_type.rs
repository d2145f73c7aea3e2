//! What activations and weights are made of, and the widths that follow.

/// Type of activations and weights; one engine has one (`docs/machine.md`, "Data types").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataType {
    /// Bytes with a zero point and Q31 factors: TensorFlow Lite's int8.
    Int8,
    /// 16-bit fixed point, scales that are powers of two: Caffeine's arithmetic.
    Int16,
}

impl DataType {
    /// Every type, the default first.
    pub const ALL: [DataType; 2] = [DataType::Int8, DataType::Int16];

    /// The type's name in presets and messages.
    pub const fn name(self) -> &'static str {
        match self {
            DataType::Int8 => "int8",
            DataType::Int16 => "int16",
        }
    }

    /// The type of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|data_type| data_type.name() == name)
    }

    /// Bytes of an element in memory, the lowest first.
    pub const fn bytes(self) -> usize {
        match self {
            DataType::Int8 => 1,
            DataType::Int16 => 2,
        }
    }

    /// Bits of an element.
    pub const fn bits(self) -> usize {
        8 * self.bytes()
    }

    /// Bits of an accumulator and of a bias, sign included.
    pub const fn accumulator_bits(self) -> usize {
        match self {
            DataType::Int8 => 28,
            DataType::Int16 => 48,
        }
    }

    /// Bits, sign included, of the step sums of a COMPUTE with `maximum`: those that are compared.
    pub const fn maximum_bits(self) -> usize {
        self.bits() + 1
    }

    /// Smallest and largest value of an element.
    pub const fn range(self) -> (i32, i32) {
        let half = 1 << (self.bits() - 1);
        (-half, half - 1)
    }

    /// What a COMPUTE's `pad_value` stands for: the field is the highest byte of an element whose others are 0.
    pub const fn pad_element(self, pad_value: i32) -> i32 {
        pad_value << (self.bits() - 8)
    }
}
