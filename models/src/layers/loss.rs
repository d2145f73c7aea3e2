//! Softmax with cross entropy.

/// Sets `gradient` to that of the cross entropy of `softmax(logits)` against `label`, and returns
/// the cross entropy in nats. A label beyond the logits has probability zero (infinite loss).
pub fn softmax_cross_entropy(logits: &[f32], label: usize, gradient: &mut [f32]) -> f32 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for (g, &logit) in gradient.iter_mut().zip(logits) {
        *g = exp(logit - largest);
        sum += *g;
    }
    for g in gradient.iter_mut() {
        *g /= sum;
    }
    let probability = gradient.get(label).copied().unwrap_or(0.0);
    if let Some(g) = gradient.get_mut(label) {
        *g -= 1.0;
    }
    -probability.ln()
}

/// `e^x` for `x <= 0` from additions and multiplications alone: the system's own differs between
/// machines in the last bit, and training would then not be repeatable.
pub fn exp(x: f32) -> f32 {
    if x < -87.0 {
        return 0.0;
    }
    let power = (f64::from(x) * std::f64::consts::LOG2_E).round();
    let rest = f64::from(x) - power * std::f64::consts::LN_2;
    let mut series = 1.0;
    for n in (1..=12).rev() {
        series = 1.0 + series * rest / f64::from(n);
    }
    // `power` is in [-126, 0], so the exponent field stays normal.
    let scale = f64::from_bits(((power as i64 + 1023) as u64) << 52);
    (series * scale) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_agrees_with_the_library_to_one_part_in_a_million() {
        for i in 0..8700 {
            let x = -(i as f32) / 100.0;
            let (ours, theirs) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((ours - theirs).abs() <= 1e-6 * theirs, "x={x}: {ours} {theirs}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(-1000.0), 0.0);
    }
}
