//! Tm accumulators and the ways a step feeds them.

use cortado_arch::{Architecture, DataType};

/// The accumulators of one output vector.
#[derive(Debug)]
pub(crate) struct Accumulators {
    sums: Vec<i64>,
    data_type: DataType,
    tn: usize,
    maximum: bool,
    started: bool,
    /// Lane and value of a sum too wide to be compared whole.
    wide: Option<(usize, i64)>,
}

impl Accumulators {
    pub fn new(a: &Architecture, maximum: bool) -> Self {
        Self { sums: vec![0; a.tm], data_type: a.data_type, tn: a.tn, maximum, started: false, wide: None }
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
    pub fn step_shared(&mut self, operands: &[i16], weights: &[u8]) {
        let (data_type, lane) = self.lane();
        self.step(|m| dot(data_type, operands, &weights[m * lane..][..lane]));
    }

    /// A step in which output lane m multiplies `operands[m*Tn..][..Tn]`.
    pub fn step_own(&mut self, operands: &[i16], weights: &[u8]) {
        let ((data_type, lane), tn) = (self.lane(), self.tn);
        self.step(|m| dot(data_type, &operands[m * tn..][..tn], &weights[m * lane..][..lane]));
    }

    /// A step in which output lane m multiplies `operands[m]` in its input lane 0 alone.
    pub fn step_single(&mut self, operands: &[i16], weights: &[u8]) {
        let (data_type, lane) = self.lane();
        self.step(|m| dot(data_type, &operands[m..=m], &weights[m * lane..][..lane]));
    }

    /// The data type, and the bytes of an output lane's weights.
    fn lane(&self) -> (DataType, usize) {
        (self.data_type, self.tn * self.data_type.bytes())
    }

    fn step(&mut self, sum: impl Fn(usize) -> i64) {
        let compared = |sum| compared(self.data_type, sum);
        let keep_largest = self.maximum && self.started;
        for (m, total) in self.sums.iter_mut().enumerate() {
            let sum = sum(m);
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
fn compared(data_type: DataType, sum: i64) -> i64 {
    let spare = 64 - data_type.maximum_bits();
    sum << spare >> spare
}

/// The sum of products of elements, as many as there are operands.
fn dot(data_type: DataType, operands: &[i16], weights: &[u8]) -> i64 {
    match data_type {
        // Up to 64 products of bytes: a narrow sum is quick.
        DataType::Int8 => {
            operands.iter().zip(weights).map(|(x, w)| i32::from(*x) * i32::from(*w as i8)).sum::<i32>().into()
        }
        DataType::Int16 => {
            let weights = weights.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]]));
            operands.iter().zip(weights).map(|(x, w)| i64::from(*x) * i64::from(w)).sum()
        }
    }
}
