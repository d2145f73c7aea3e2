//! Parameters of a kernel's output channels, with the proof that no accumulator overflows.

use crate::average::{post_process, IDENTITY, IDENTITY_WEIGHT};
use crate::factors::below_one;
use crate::layer::{parameter_block, Block};
use crate::network::Kernel;
use cortado_arch::isa::{Parameter, BIAS_BITS};
use cortado_arch::Architecture;

/// Bias with the input's zero point folded in, factor and shift of each output channel.
///
/// # Errors
/// When a sum may overflow or a factor is not below 1.
pub(crate) fn parameters(kernel: &Kernel, arch: &Architecture) -> Result<Block, String> {
    let limit = 1i64 << (BIAS_BITS - 1);
    let mut channels = Vec::with_capacity(kernel.bias.len());
    for (o, (&bias, multiplier)) in kernel.bias.iter().zip(&kernel.output.multipliers).enumerate() {
        let weights = kernel.of_channel(o);
        let sum: i64 = weights.iter().map(|&w| i64::from(w)).sum();
        let magnitude: i64 = weights.iter().map(|&w| i64::from(w).abs()).sum();
        let folded = i64::from(bias) - i64::from(kernel.input_zero_point) * sum;
        let (q, shift) = below_one(multiplier, &format!("output channel {o}"))?;
        let worst = magnitude * 128 + folded.abs();
        if worst < limit {
            let bias = i32::try_from(folded).map_err(|e| e.to_string())?;
            channels.push(Parameter { bias, q, shift });
        } else if magnitude == 0 {
            channels.push(constant(folded, q, shift, kernel));
        } else {
            return Err(format!(
                "output channel {o} may sum to {worst}; the accumulator holds less than {limit}: \
                 split the input channels or clip the bias"
            ));
        }
    }
    parameter_block(&channels, false, arch)
}

/// Parameters of a channel without weights whose bias is too large: training gives dead channels
/// such biases. They make the same result from a small bias.
fn constant(bias: i64, q: u32, shift: u32, kernel: &Kernel) -> Parameter {
    let value = post_process(bias, q, shift) + i64::from(kernel.output.zero_point);
    let result = value.clamp(kernel.output.min.into(), kernel.output.max.into());
    let own = result - i64::from(kernel.output.zero_point);
    Parameter { bias: own as i32 * i32::from(IDENTITY_WEIGHT), ..IDENTITY }
}
