//! Bandwidth against burst length: f(beta) of Caffeine (ICCAD 2016, section 4.3).

use crate::cost::load_cycles;
use cortado_arch::board::Board;
use cortado_arch::isa::{OnChip, Transfer};
use cortado_arch::Architecture;

/// Bytes per cycle that transfers of a given length see.
#[derive(Debug, Clone, PartialEq)]
pub enum Curve {
    /// Measured points (bytes of a burst, bytes per cycle), both ascending. Between two points the logarithm
    /// of the bandwidth is linear in that of the length; beyond the ends it is the end's.
    Measured(Vec<(f64, f64)>),
    /// The port of an engine: what a LOAD costs by `docs/machine.md`, latency and stalls between bursts included.
    Port(Box<Architecture>),
    /// Every transfer at full speed: the unrevised roofline's assumption.
    Flat(f64),
}

impl Curve {
    /// The curve of a board's memory in cycles of its clock, as far as `arch`'s port takes it: measured where it is,
    /// else by what a LOAD costs.
    pub fn of(board: &Board, arch: &Architecture) -> Curve {
        let per_cycle = |&(bytes, speed): &(u32, u32)| {
            let speed = f64::from(speed) / f64::from(board.clock_mhz.max(1));
            (f64::from(bytes), speed.min(arch.port_bytes as f64))
        };
        match board.external.measured {
            [] => Curve::Port(Box::new(arch.clone())),
            points => Curve::Measured(points.iter().map(per_cycle).collect()),
        }
    }

    /// Bytes per cycle of transfers of `bytes` each; positive.
    pub fn at(&self, bytes: f64) -> f64 {
        match self {
            Curve::Measured(points) => interpolate(points, bytes),
            Curve::Port(arch) => bytes.max(1.0) / port_cycles(arch, bytes),
            Curve::Flat(bandwidth) => *bandwidth,
        }
    }

    /// The most bytes per cycle that any length reaches: BW_max.
    pub fn maximum(&self) -> f64 {
        match self {
            Curve::Measured(points) => points.iter().map(|&(_, bandwidth)| bandwidth).fold(0.0, f64::max),
            Curve::Port(arch) => {
                let external = &arch.external;
                let sustained = f64::from(external.bandwidth_bytes) / f64::from(external.bandwidth_cycles.max(1));
                sustained.min(arch.port_bytes as f64)
            }
            Curve::Flat(bandwidth) => *bandwidth,
        }
    }

    /// gamma = BW_max / f(beta): how much dearer a byte of a transfer of `bytes` is than one of the longest.
    pub fn gamma(&self, bytes: f64) -> f64 {
        self.maximum() / self.at(bytes)
    }

    /// Cycles of `count` transfers of `bytes` each.
    pub fn cycles(&self, count: f64, bytes: f64) -> f64 {
        if count * bytes <= 0.0 {
            return 0.0;
        }
        count * bytes / self.at(bytes)
    }

    /// The same curve without what makes short transfers dear.
    pub fn flattened(&self) -> Curve {
        Curve::Flat(self.maximum())
    }
}

/// Cycles of a LOAD of `bytes`, in whole beats.
fn port_cycles(arch: &Architecture, bytes: f64) -> f64 {
    let word = arch.activation_word_bytes() as f64;
    let words = (bytes / word).ceil().clamp(1.0, f64::from(u32::MAX));
    let transfer = Transfer { words: words as u32, ..Transfer::default() };
    load_cycles(OnChip::Activation, &transfer, arch) as f64
}

fn interpolate(points: &[(f64, f64)], bytes: f64) -> f64 {
    let (Some(&first), Some(&last)) = (points.first(), points.last()) else {
        return f64::MIN_POSITIVE;
    };
    if bytes <= first.0 {
        return first.1;
    }
    let segment = points.windows(2).find(|pair| bytes <= pair[1].0);
    let Some(&[(x0, y0), (x1, y1)]) = segment.and_then(|pair| <&[_; 2]>::try_from(pair).ok()) else {
        return last.1;
    };
    let share = (bytes / x0).ln() / (x1 / x0).ln();
    y0 * (y1 / y0).powf(share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cortado_arch::preset::by_name;

    #[test]
    fn a_measured_curve_goes_through_its_points_and_is_flat_beyond_them() {
        let curve = Curve::Measured(vec![(64.0, 1.0), (1024.0, 4.0), (65536.0, 8.0)]);
        for (bytes, bandwidth) in [(1.0, 1.0), (64.0, 1.0), (256.0, 2.0), (1024.0, 4.0), (65536.0, 8.0), (1e9, 8.0)] {
            assert!((curve.at(bytes) - bandwidth).abs() < 1e-9, "{bytes}: {}", curve.at(bytes));
        }
        assert!((curve.gamma(64.0) - 8.0).abs() < 1e-9);
        assert!((curve.flattened().gamma(64.0) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_port_nears_its_bandwidth_with_long_transfers() {
        let arch = by_name("ulx3s-85f-16x8").expect("an embedded preset");
        let curve = Curve::Port(Box::new(arch));
        assert!((curve.maximum() - 4.0).abs() < 1e-9);
        assert!(curve.at(64.0) < 2.0 && curve.at(65536.0) > 3.9, "{} {}", curve.at(64.0), curve.at(65536.0));
    }
}
