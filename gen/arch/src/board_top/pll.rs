//! Settings of the parts' PLLs.

/// The setting of an iCE40's PLL: `oscillator * (divf + 1) / 2^divq`, its reference undivided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ice40Pll {
    /// DIVF.
    pub divf: u32,
    /// DIVQ.
    pub divq: u32,
}

impl Ice40Pll {
    /// What the oscillator may run inside, in kHz: FPGA-TN-02052.
    const INNER_KHZ: std::ops::RangeInclusive<u32> = 533_000..=1_066_000;

    /// The setting of the slowest clock that is `good`.
    pub(super) fn slowest(oscillator_khz: u32, good: impl Fn(f64) -> bool) -> Option<Ice40Pll> {
        let settings = (1..=6).flat_map(|divq| (0..=127).map(move |divf| Ice40Pll { divf, divq }));
        settings
            .filter(|pll| Self::INNER_KHZ.contains(&(oscillator_khz * (pll.divf + 1))))
            .filter(|pll| good(pll.khz(oscillator_khz)))
            .min_by(|a, b| a.khz(oscillator_khz).total_cmp(&b.khz(oscillator_khz)))
    }

    fn khz(&self, oscillator_khz: u32) -> f64 {
        f64::from(oscillator_khz) * f64::from(self.divf + 1) / f64::from(1 << self.divq)
    }
}

/// The setting of an ECP5's PLL, fed back from its first output: `oscillator * feedback / reference`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ecp5Pll {
    /// CLKI_DIV.
    pub reference: u32,
    /// CLKFB_DIV.
    pub feedback: u32,
    /// CLKOP_DIV.
    pub output: u32,
}

impl Ecp5Pll {
    /// What the oscillator may run inside, in kHz: FPGA-DS-02012.
    const INNER_KHZ: std::ops::RangeInclusive<f64> = 400_000.0..=800_000.0;
    /// The slowest the divided reference may be, in kHz.
    const REFERENCE_KHZ: f64 = 3_125.0;
    /// The middle of [`Self::INNER_KHZ`], which leaves most room on both sides.
    const MIDDLE_KHZ: f64 = 600_000.0;

    /// The setting of the slowest clock that is `good`.
    pub(super) fn slowest(oscillator_khz: u32, good: impl Fn(f64) -> bool) -> Option<Ecp5Pll> {
        let oscillator = f64::from(oscillator_khz);
        let references = (1..=128).take_while(|&div| oscillator / f64::from(div) >= Self::REFERENCE_KHZ);
        references
            .flat_map(|reference| (1..=80).map(move |feedback| (reference, feedback)))
            .filter_map(|(reference, feedback)| {
                let khz = oscillator * f64::from(feedback) / f64::from(reference);
                let output = (Self::MIDDLE_KHZ / khz).round().clamp(1.0, 128.0);
                let inside = Self::INNER_KHZ.contains(&(khz * output)) && good(khz);
                inside.then_some((khz, Ecp5Pll { reference, feedback, output: output as u32 }))
            })
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, pll)| pll)
    }

    fn khz(&self, oscillator_khz: u32) -> f64 {
        f64::from(oscillator_khz) * f64::from(self.feedback) / f64::from(self.reference)
    }
}

/// How a clock is made of a board's oscillator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pll {
    /// By an iCE40.
    Ice40(Ice40Pll),
    /// By an ECP5.
    Ecp5(Ecp5Pll),
}

impl Pll {
    /// The clock that comes out, in kHz.
    pub fn khz(&self, oscillator_khz: u32) -> f64 {
        match self {
            Pll::Ice40(pll) => pll.khz(oscillator_khz),
            Pll::Ecp5(pll) => pll.khz(oscillator_khz),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_clocks_get_known_settings() {
        assert_eq!(Ice40Pll::slowest(12_000, |khz| khz >= 24_000.0), Some(Ice40Pll { divf: 63, divq: 5 }));
        assert_eq!(Ice40Pll::slowest(12_000, |khz| khz >= 50_000.0), Some(Ice40Pll { divf: 66, divq: 4 }));
        let pll = Ecp5Pll::slowest(25_000, |khz| khz >= 100_000.0);
        assert_eq!(pll, Some(Ecp5Pll { reference: 1, feedback: 4, output: 6 }));
        assert_eq!(Ecp5Pll::slowest(25_000, |khz| khz > 1e9), None);
    }
}
