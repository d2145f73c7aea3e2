//! Parameters of a kernel's output channels, with the proof that no accumulator overflows.

use crate::average::{post_process, IDENTITY, IDENTITY_WEIGHT};
use crate::factors::below_one;
use crate::layer::{parameter_block, Block};
use crate::network::Kernel;
use cortado_arch::isa::{Parameter, ShiftParameter, PARAMETER_BYTES};
use cortado_arch::{Architecture, DataType};
use cortado_graph::ir::Multiplier;

/// Bias with the input's zero point folded in, and factor and shift, or shift, of each output channel.
///
/// # Errors
/// When a sum may overflow, or a factor is not below 1 or not a shift.
pub(crate) fn parameters(kernel: &Kernel, arch: &Architecture) -> Result<Block, String> {
    let limit = 1i64 << (arch.data_type.accumulator_bits() - 1);
    let largest = -i64::from(arch.data_type.range().0);
    let mut channels = Vec::with_capacity(kernel.bias.len());
    for (o, (&bias, multiplier)) in kernel.bias.iter().zip(&kernel.output.multipliers).enumerate() {
        let weights = kernel.of_channel(o);
        let sum: i64 = weights.iter().map(|&w| i64::from(w)).sum();
        let magnitude: i64 = weights.iter().map(|&w| i64::from(w).abs()).sum();
        let folded = bias - i64::from(kernel.input_zero_point) * sum;
        let worst = magnitude * largest + folded.abs();
        let overflows = worst >= limit;
        if overflows && magnitude > 0 {
            return Err(format!(
                "output channel {o} may sum to {worst}; the accumulator holds less than {limit}: \
                 split the input channels or clip the bias"
            ));
        }
        channels.push(match arch.data_type {
            DataType::Int8 => scaled(folded, multiplier, overflows.then_some(kernel), o)?,
            DataType::Int16 => shifted(folded, multiplier, o)?,
        });
    }
    Ok(parameter_block(&channels, false, arch))
}

/// An int8 channel's parameters; `replaced` is the kernel where the channel has no weights and too large a bias.
fn scaled(
    bias: i64,
    multiplier: &Multiplier,
    replaced: Option<&Kernel>,
    channel: usize,
) -> Result<[u8; PARAMETER_BYTES], String> {
    let (q, shift) = below_one(multiplier, &format!("output channel {channel}"))?;
    let parameter = match replaced {
        Some(kernel) => constant(bias, q, shift, kernel),
        None => Parameter { bias: i32::try_from(bias).map_err(|e| e.to_string())?, q, shift },
    };
    parameter.encode().map_err(|e| format!("{e}; the accumulator has 28 bits"))
}

/// An int16 channel's parameters.
fn shifted(bias: i64, multiplier: &Multiplier, channel: usize) -> Result<[u8; PARAMETER_BYTES], String> {
    let shift =
        multiplier.halvings().ok_or_else(|| format!("output channel {channel} is not scaled by a right shift"))?;
    ShiftParameter { bias, shift }.encode().map_err(|e| e.to_string())
}

/// Parameters of a channel without weights whose bias is too large: training gives dead channels
/// such biases. They make the same result from a small bias.
fn constant(bias: i64, q: u32, shift: u32, kernel: &Kernel) -> Parameter {
    let value = post_process(bias, q, shift) + i64::from(kernel.output.zero_point);
    let result = value.clamp(kernel.output.min.into(), kernel.output.max.into());
    let own = result - i64::from(kernel.output.zero_point);
    Parameter { bias: own as i32 * i32::from(IDENTITY_WEIGHT), ..IDENTITY }
}
