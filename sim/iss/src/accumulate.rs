//! Tm accumulators and the ways a step feeds them.

/// The accumulators of one output vector.
#[derive(Debug)]
pub(crate) struct Accumulators {
    sums: Vec<i64>,
    maximum: bool,
    started: bool,
}

impl Accumulators {
    pub fn new(tm: usize, maximum: bool) -> Self {
        Self { sums: vec![0; tm], maximum, started: false }
    }

    /// Begins the next output.
    pub fn clear(&mut self) {
        self.sums.fill(0);
        self.started = false;
    }

    pub fn sums(&self) -> &[i64] {
        &self.sums
    }

    /// A step in which all output lanes multiply the same `operands`, one per input lane.
    pub fn step_shared(&mut self, operands: &[i8], weights: &[u8]) {
        let tn = operands.len();
        self.step(|m| dot(operands, &weights[m * tn..][..tn]));
    }

    /// A step in which output lane m multiplies `operands[m*tn..][..tn]`.
    pub fn step_own(&mut self, operands: &[i8], weights: &[u8], tn: usize) {
        self.step(|m| dot(&operands[m * tn..][..tn], &weights[m * tn..][..tn]));
    }

    /// A step in which output lane m multiplies `operands[m]` in its input lane 0 alone.
    pub fn step_single(&mut self, operands: &[i8], weights: &[u8], tn: usize) {
        self.step(|m| i32::from(operands[m]) * i32::from(weights[m * tn] as i8));
    }

    fn step(&mut self, sum: impl Fn(usize) -> i32) {
        let keep_largest = self.maximum && self.started;
        for (m, total) in self.sums.iter_mut().enumerate() {
            let sum = i64::from(sum(m));
            *total = if keep_largest { sum.max(*total) } else { *total + sum };
        }
        self.started = true;
    }
}

fn dot(operands: &[i8], weights: &[u8]) -> i32 {
    operands.iter().zip(weights).map(|(x, w)| i32::from(*x) * i32::from(*w as i8)).sum()
}
