//! Tm accumulators and the ways a step feeds them.

use cortado_arch::isa::MAXIMUM_BITS;

/// The accumulators of one output vector.
#[derive(Debug)]
pub(crate) struct Accumulators {
    sums: Vec<i64>,
    maximum: bool,
    started: bool,
    /// Lane and value of a sum too wide to be compared whole.
    wide: Option<(usize, i64)>,
}

impl Accumulators {
    pub fn new(tm: usize, maximum: bool) -> Self {
        Self { sums: vec![0; tm], maximum, started: false, wide: None }
    }

    /// Begins the next output.
    pub fn clear(&mut self) {
        self.sums.fill(0);
        self.started = false;
    }

    /// A step sum beyond what a maximum compares, with its lane, if there ever was one.
    pub fn wide(&self) -> Option<(usize, i64)> {
        self.wide
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
            if self.maximum && compared(sum) != sum {
                self.wide = Some((m, sum));
            }
            *total = match keep_largest {
                true if compared(sum) > compared(*total) => sum,
                true => *total,
                false => *total + sum,
            };
        }
        self.started = true;
    }
}

/// The part of a sum that a maximum compares.
fn compared(sum: i64) -> i64 {
    let spare = 64 - MAXIMUM_BITS;
    sum << spare >> spare
}

fn dot(operands: &[i8], weights: &[u8]) -> i32 {
    operands.iter().zip(weights).map(|(x, w)| i32::from(*x) * i32::from(*w as i8)).sum()
}
