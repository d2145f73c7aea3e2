//! The instruction set: the one place that knows a bit of an instruction's encoding.
//!
//! An instruction is 64 bytes ([`INSTRUCTION_BYTES`]), little-endian, fetched from external memory.
//! Every instruction starts with the same header: `opcode`, `wait_dma`, `wait_compute`. It starts
//! only when at least `wait_dma` DMA instructions (LOAD or STORE) and `wait_compute` COMPUTE
//! instructions *of this run* have retired; a program may only wait for instructions before it, so
//! no program deadlocks. `docs/machine.md` gives the meaning of each field in words.

mod bounds;
mod copy_beats;
mod parameter;

pub use copy_beats::CopyBeats;
pub use parameter::{Parameter, ShiftParameter, PARAMETER_BYTES};

use std::fmt;

/// Size of every instruction in external memory.
pub const INSTRUCTION_BYTES: usize = 64;

/// Where a field lies in the 512 bits of an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    /// Bit position of the least significant bit.
    pub offset: usize,
    /// Width in bits, at most 32.
    pub width: usize,
    /// Two's complement when true.
    pub signed: bool,
}

/// Why 64 bytes are not an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    Opcode(u32),
    /// A field of a COMPUTE, LOAD or STORE holds a value that names nothing.
    Value {
        field: &'static str,
        value: u32,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Opcode(x) => write!(f, "opcode {x} is none of 0 (END), 1 (LOAD), 2 (STORE), 3 (COMPUTE)"),
            DecodeError::Value { field, value } => write!(f, "field {field} holds {value}, which names nothing"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// A value that does not fit the field it was meant for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodeError {
    pub field: &'static str,
    pub value: i64,
    /// What would fit, both ends included.
    pub range: (i64, i64),
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = self.range;
        write!(f, "{} = {} does not fit the instruction: {low} to {high}", self.field, self.value)
    }
}

impl std::error::Error for EncodeError {}

fn range(width: usize, signed: bool) -> (i64, i64) {
    if signed {
        (-(1i64 << (width - 1)), (1i64 << (width - 1)) - 1)
    } else {
        (0, (1i64 << width) - 1)
    }
}

/// Checks that `value` lies in `range`.
fn fits(field: &'static str, value: i64, range: (i64, i64)) -> Result<(), EncodeError> {
    match (range.0..=range.1).contains(&value) {
        true => Ok(()),
        false => Err(EncodeError { field, value, range }),
    }
}

/// Reads `field` of an instruction's bytes.
pub fn get(bytes: &[u8; INSTRUCTION_BYTES], field: &Field) -> i64 {
    let mut value = 0i64;
    for i in 0..field.width {
        let bit = field.offset + i;
        value |= i64::from(bytes[bit / 8] >> (bit % 8) & 1) << i;
    }
    if field.signed && value >> (field.width - 1) & 1 == 1 {
        value -= 1 << field.width;
    }
    value
}

/// Writes `value` into `field`.
///
/// # Errors
/// When the value is outside the field's range.
pub fn set(bytes: &mut [u8; INSTRUCTION_BYTES], field: &Field, value: i64) -> Result<(), EncodeError> {
    fits(field.name, value, range(field.width, field.signed))?;
    for i in 0..field.width {
        let bit = field.offset + i;
        let mask = 1u8 << (bit % 8);
        bytes[bit / 8] = bytes[bit / 8] & !mask | if value >> i & 1 == 1 { mask } else { 0 };
    }
    Ok(())
}

macro_rules! instruction {
    ($(#[$doc:meta])* $name:ident at $start:expr; $($(#[$fdoc:meta])* $field:ident : $ty:ty = $width:literal $sign:ident;)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct $name { $($(#[$fdoc])* pub $field: $ty,)* }

        impl $name {
            /// The fields in encoding order.
            pub fn fields() -> Vec<Field> {
                let mut offset = $start;
                let mut fields = Vec::new();
                $(
                    fields.push(Field { name: stringify!($field), offset, width: $width, signed: instruction!(@ $sign) });
                    offset += $width;
                )*
                debug_assert!(offset <= INSTRUCTION_BYTES * 8);
                fields
            }

            /// Each field's name and value, in encoding order.
            pub fn values(&self) -> Vec<(&'static str, i64)> {
                vec![$((stringify!($field), i64::from(self.$field)),)*]
            }

            fn write(&self, bytes: &mut [u8; INSTRUCTION_BYTES]) -> Result<(), EncodeError> {
                for (field, (_, value)) in Self::fields().iter().zip(self.values()) {
                    set(bytes, field, value)?;
                }
                Ok(())
            }

            fn read(bytes: &[u8; INSTRUCTION_BYTES]) -> Self {
                let mut fields = Self::fields().into_iter();
                $(let $field = fields.next().map_or(0, |f| get(bytes, &f)) as $ty;)*
                Self { $($field,)* }
            }
        }
    };
    (@ unsigned) => { false };
    (@ signed) => { true };
}
pub(crate) use instruction;

/// Bits of the header that every instruction shares.
pub const HEADER_BITS: usize = 36;

instruction! {
    /// What every instruction starts with.
    Header at 0;
    /// 0 END, 1 LOAD, 2 STORE, 3 COMPUTE.
    opcode: u32 = 4 unsigned;
    /// LOADs and STOREs of this run that must have retired first.
    wait_dma: u32 = 16 unsigned;
    /// COMPUTEs of this run that must have retired first.
    wait_compute: u32 = 16 unsigned;
}

instruction! {
    /// LOAD and STORE: one contiguous burst between external memory and one on-chip memory.
    Transfer at HEADER_BITS;
    /// Which on-chip memory: see [`OnChip`]; STORE takes activations only.
    memory: u32 = 2 unsigned;
    /// First word on chip.
    word_address: u32 = 16 unsigned;
    /// Words moved (of the on-chip memory's own size); at least 1.
    words: u32 = 16 unsigned;
    /// Byte address in external memory; a multiple of the port's width.
    byte_address: u32 = 32 unsigned;
}

instruction! {
    /// COMPUTE: one layer, or a part of one, from activation memory to activation memory.
    ///
    /// In the order in which the hardware can take them: first what only the sequencers read, last what no one
    /// reads before a result comes ([`CopyBeats`]).
    Compute at HEADER_BITS;
    /// Activation word of window position (0, 0) of output (0, 0), modulo 2^16: it may lie in the padding.
    input_address: u32 = 16 unsigned;
    weight_address: u32 = 16 unsigned;
    /// 1: every step reads the weight word at `weight_address` (pooling, identity).
    weight_hold: u32 = 1 unsigned;
    input_width: u32 = 12 unsigned;
    input_height: u32 = 12 unsigned;
    kernel_width: u32 = 4 unsigned;
    kernel_height: u32 = 4 unsigned;
    stride_x: u32 = 4 unsigned;
    stride_y: u32 = 4 unsigned;
    pad_left: u32 = 4 unsigned;
    pad_top: u32 = 4 unsigned;
    /// Conv: input words (channel blocks) per pixel that one output sums over.
    input_blocks: u32 = 12 unsigned;
    /// Conv: steps taken of the last input block (1 to Tm/Tn); the others take all Tm/Tn.
    last_substeps: u32 = 5 unsigned;
    /// Words from a pixel to the next at the same channel block.
    pixel_words: u32 = 12 unsigned;
    /// Words from an input row to the next.
    row_words: u32 = 16 unsigned;
    /// Words the window moves for the next output of a row: `stride_x * pixel_words`.
    step_x_words: u32 = 16 unsigned;
    /// Words the window moves for the next output row: `stride_y * row_words`.
    step_y_words: u32 = 16 unsigned;
    /// Depthwise: padding columns at a row's start that the previous row's end already read.
    shared_columns: u32 = 4 unsigned;
    /// Depthwise: `shared_columns * pixel_words`.
    shared_words: u32 = 16 unsigned;
    /// Depthwise and patch: array steps per output and group.
    window_steps: u32 = 6 unsigned;
    /// Patch: elements (int8: bytes) of one kernel row, `kernel_width * channels`.
    run_bytes: u32 = 8 unsigned;
    /// Patch: elements the window moves for the next output of a row, `stride_x * channels`.
    step_x_bytes: u32 = 8 unsigned;
    /// Patch: elements of padding left of a row, `pad_left * channels`.
    pad_left_bytes: u32 = 8 unsigned;
    /// Patch: elements of one input row, `input_width * channels`.
    row_bytes: u32 = 16 unsigned;
    /// How operands reach the lanes: see [`Mode`].
    mode: u32 = 2 unsigned;
    /// 1: the accumulator keeps the largest sum instead of the total (max pooling).
    maximum: u32 = 1 unsigned;
    /// 1: every output group uses the parameter words of group 0.
    parameter_hold: u32 = 1 unsigned;
    /// 1: adds a residual tensor to the requantised result.
    residual: u32 = 1 unsigned;
    /// 1: the residual operand is the one scaled by `scale_q`; 0: the layer's own result is.
    scale_residual: u32 = 1 unsigned;
    /// Highest byte of what positions outside the map read as, the others being 0: the input's zero point;
    /// -128 for max pooling.
    pad_value: i32 = 8 signed;
    output_width: u32 = 12 unsigned;
    output_height: u32 = 12 unsigned;
    /// Output channel groups (of Tm channels) this instruction makes.
    output_groups: u32 = 12 unsigned;
    parameter_address: u32 = 16 unsigned;
    output_address: u32 = 16 unsigned;
    residual_address: u32 = 16 unsigned;
    /// Words from an output pixel to the next.
    output_pixel_words: u32 = 12 unsigned;
    zero_point: i32 = 8 signed;
    /// Bounds of the result; of int16 ones the lowest bytes: [`Compute::bounds`].
    minimum: i32 = 8 signed;
    maximum_value: i32 = 8 signed;
    /// Zero point of the layer's own result as the addition sees it.
    own_zero_point: i32 = 8 signed;
    residual_zero_point: i32 = 8 signed;
    sum_zero_point: i32 = 8 signed;
    /// Bounds of the sum; at int16, which has none, the highest bytes of the result's.
    sum_minimum: i32 = 8 signed;
    sum_maximum: i32 = 8 signed;
    /// Q31 factor of the scaled operand and its right shift.
    scale_q: u32 = 31 unsigned;
    scale_shift: u32 = 5 unsigned;
    /// Q31 factor of the sum and its right shift.
    sum_q: u32 = 31 unsigned;
    sum_shift: u32 = 5 unsigned;
}

/// The memories on chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnChip {
    /// Words of Tm elements.
    Activation = 0,
    /// Words of Tm * Tn elements, element `m * Tn + n` for output lane m, input lane n.
    Weight = 1,
    /// Words of R channels, 8 bytes each: see [`Parameter`].
    Parameter = 2,
}

/// How operands reach the multipliers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A word's elements go Tn at a time to all output lanes; all input channels are summed.
    Convolution = 0,
    /// Element m of each word goes to input lane 0 of output lane m: pooling, identity, wide depthwise.
    Channelwise = 1,
    /// A sliding window per output lane; Tn taps a step: depthwise.
    Depthwise = 2,
    /// Kernel rows of a packed image are gathered into a patch, Tn elements a step: first layers.
    Patch = 3,
}

/// One instruction, decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    End,
    Load(OnChip, Transfer),
    Store(Transfer),
    Compute(Mode, Compute),
}

/// One instruction with what it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instruction {
    pub wait_dma: u16,
    pub wait_compute: u16,
    pub operation: Operation,
}

impl Instruction {
    /// The 64 bytes of this instruction.
    ///
    /// # Errors
    /// When a value does not fit its field.
    pub fn encode(&self) -> Result<[u8; INSTRUCTION_BYTES], EncodeError> {
        let mut bytes = [0; INSTRUCTION_BYTES];
        let opcode = match self.operation {
            Operation::End => 0,
            Operation::Load(..) => 1,
            Operation::Store(_) => 2,
            Operation::Compute(..) => 3,
        };
        Header { opcode, wait_dma: self.wait_dma.into(), wait_compute: self.wait_compute.into() }.write(&mut bytes)?;
        match self.operation {
            Operation::End => {}
            Operation::Load(memory, t) => Transfer { memory: memory as u32, ..t }.write(&mut bytes)?,
            Operation::Store(t) => Transfer { memory: OnChip::Activation as u32, ..t }.write(&mut bytes)?,
            Operation::Compute(mode, c) => Compute { mode: mode as u32, ..c }.write(&mut bytes)?,
        }
        Ok(bytes)
    }

    /// The instruction these 64 bytes mean.
    ///
    /// # Errors
    /// When the opcode, the memory or the mode names nothing.
    pub fn decode(bytes: &[u8; INSTRUCTION_BYTES]) -> Result<Self, DecodeError> {
        let header = Header::read(bytes);
        let operation = match header.opcode {
            0 => Operation::End,
            1 => {
                let t = Transfer::read(bytes);
                let memory = match t.memory {
                    0 => OnChip::Activation,
                    1 => OnChip::Weight,
                    2 => OnChip::Parameter,
                    value => return Err(DecodeError::Value { field: "memory", value }),
                };
                Operation::Load(memory, t)
            }
            2 => {
                let t = Transfer::read(bytes);
                if t.memory != 0 {
                    return Err(DecodeError::Value { field: "memory", value: t.memory });
                }
                Operation::Store(t)
            }
            3 => {
                let c = Compute::read(bytes);
                let mode = match c.mode {
                    0 => Mode::Convolution,
                    1 => Mode::Channelwise,
                    2 => Mode::Depthwise,
                    _ => Mode::Patch,
                };
                Operation::Compute(mode, c)
            }
            x => return Err(DecodeError::Opcode(x)),
        };
        Ok(Self { wait_dma: header.wait_dma as u16, wait_compute: header.wait_compute as u16, operation })
    }
}

/// Codes of the `error` output at the end of a run.
pub mod error_code {
    pub const NONE: u8 = 0;
    /// The opcode, the memory or the mode of an instruction names nothing, a transfer has more words than its memory, or
    /// an instruction waits for more of the other unit's than come before it.
    pub const INSTRUCTION: u8 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_overlap_and_fit() {
        for fields in [Transfer::fields(), Compute::fields()] {
            let mut next = HEADER_BITS;
            for f in &fields {
                assert_eq!(f.offset, next, "{}", f.name);
                assert!(f.width <= 32);
                next += f.width;
            }
            assert!(next <= INSTRUCTION_BYTES * 8, "{next} bits");
        }
    }

    #[test]
    fn too_large_a_value_is_refused_by_name() {
        let t = Transfer { words: 1 << 16, ..Transfer::default() };
        let e = Instruction { wait_dma: 0, wait_compute: 0, operation: Operation::Store(t) }.encode().unwrap_err();
        assert_eq!(e.to_string(), "words = 65536 does not fit the instruction: 0 to 65535");
    }
}
