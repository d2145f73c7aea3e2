//! Where the operands of an output lie: window positions, depthwise windows and patches.

use cortado_arch::isa::Compute;
use cortado_arch::DataType;

use crate::memory::{Actor, Memory, Refusal};

/// Addresses of words count modulo 2^16.
const ADDRESS_MASK: u32 = 0xffff;

/// The first activation word of window position (oy, ox, ky, kx); `None` in the padding.
pub(crate) fn position(c: &Compute, oy: u32, ox: u32, ky: u32, kx: u32) -> Option<u32> {
    let row = i64::from(oy * c.stride_y + ky) - i64::from(c.pad_top);
    let column = i64::from(ox * c.stride_x + kx) - i64::from(c.pad_left);
    let inside = (0..i64::from(c.input_height)).contains(&row) && (0..i64::from(c.input_width)).contains(&column);
    let word = c.input_address + oy * c.step_y_words + ox * c.step_x_words + ky * c.row_words + kx * c.pixel_words;
    inside.then_some(word & ADDRESS_MASK)
}

/// What an operand outside the map is.
fn padding(c: &Compute, data_type: DataType) -> i16 {
    data_type.pad_element(c.pad_value) as i16
}

/// The value of an element's bytes, one or two.
pub(crate) fn element(bytes: &[u8]) -> i16 {
    match *bytes {
        [low, high] => i16::from_le_bytes([low, high]),
        _ => i16::from(bytes[0] as i8),
    }
}

/// Puts word `offset` of a position into `operands`, or padding.
pub(crate) fn word(
    c: &Compute,
    activation: &mut Memory,
    first: Option<u32>,
    offset: u32,
    operands: &mut [i16],
    actor: &Actor,
) -> Result<(), Refusal> {
    match first {
        None => operands.fill(padding(c, activation.data_type())),
        Some(first) => {
            let data_type = activation.data_type();
            let bytes = activation.read(((first + offset) & ADDRESS_MASK) as usize, "input_address", actor)?;
            for (operand, bytes) in operands.iter_mut().zip(bytes.chunks_exact(data_type.bytes())) {
                *operand = element(bytes);
            }
        }
    }
    Ok(())
}

/// Fills `window` (`window_steps` x Tm x Tn) with what the steps of a depthwise output multiply; 0
/// where the window holds nothing defined. `scratch` has Tm elements.
#[allow(clippy::too_many_arguments)]
pub(crate) fn window(
    c: &Compute,
    activation: &mut Memory,
    (oy, ox, group): (u32, u32, u32),
    tn: usize,
    scratch: &mut [i16],
    window: &mut [i16],
    actor: &Actor,
) -> Result<(), Refusal> {
    let tm = scratch.len();
    window.fill(0);
    for kx in 0..c.kernel_width {
        for ky in 0..c.kernel_height {
            word(c, activation, position(c, oy, ox, ky, kx), group, scratch, actor)?;
            // Taps count back from the one read last.
            let tap = (c.kernel_width * c.kernel_height - 1 - (kx * c.kernel_height + ky)) as usize;
            let step = &mut window[tap / tn * tm * tn..];
            for (m, element) in scratch.iter().enumerate() {
                step[m * tn + tap % tn] = *element;
            }
        }
    }
    Ok(())
}

/// Fills `patch` (`window_steps` x Tn) with the runs of the patch of output (oy, ox); 0 beyond the last.
pub(crate) fn patch(
    c: &Compute,
    activation: &mut Memory,
    (oy, ox): (u32, u32),
    patch: &mut [i16],
    actor: &Actor,
) -> Result<(), Refusal> {
    let data_type = activation.data_type();
    let tm = activation.word_bytes() / data_type.bytes();
    patch.fill(0);
    let first = i64::from(ox * c.step_x_bytes) - i64::from(c.pad_left_bytes);
    for ky in 0..c.kernel_height {
        let run = &mut patch[(ky * c.run_bytes) as usize..][..c.run_bytes as usize];
        run.fill(padding(c, data_type));
        let row = i64::from(oy * c.stride_y + ky) - i64::from(c.pad_top);
        if !(0..i64::from(c.input_height)).contains(&row) {
            continue;
        }
        for (i, operand) in run.iter_mut().enumerate() {
            let at = first + i as i64;
            if (0..i64::from(c.row_bytes)).contains(&at) {
                let offset = (oy * c.stride_y + ky) * c.row_words + at as u32 / tm as u32;
                let address = (c.input_address + offset) & ADDRESS_MASK;
                let word = activation.read(address as usize, "input_address", actor)?;
                *operand = element(&word[at as usize % tm * data_type.bytes()..][..data_type.bytes()]);
            }
        }
    }
    Ok(())
}
