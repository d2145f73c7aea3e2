//! The FPGAs Cortado targets: their names, and what the tools call them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A family shares one cell library, one Yosys command and one nextpnr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Lattice iCE40.
    Ice40,
    /// Lattice ECP5.
    Ecp5,
}

/// An FPGA in its package and speed grade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// iCE40UP5K in the SG48 package.
    #[serde(rename = "ice40-up5k-sg48")]
    Ice40Up5k,
    /// iCE40HX8K in the CT256 package.
    #[serde(rename = "ice40-hx8k-ct256")]
    Ice40Hx8k,
    /// LFE5U-25F, CABGA381, speed grade 6.
    #[serde(rename = "ecp5-25k-cabga381")]
    Ecp5Lfe25,
    /// LFE5U-85F, CABGA381, speed grade 6.
    #[serde(rename = "ecp5-85k-cabga381")]
    Ecp5Lfe85,
}

impl Part {
    /// Every part, in the order of size.
    pub const ALL: [Part; 4] = [Part::Ice40Up5k, Part::Ice40Hx8k, Part::Ecp5Lfe25, Part::Ecp5Lfe85];

    /// The name used in requests, reports and folders.
    pub fn name(self) -> &'static str {
        match self {
            Part::Ice40Up5k => "ice40-up5k-sg48",
            Part::Ice40Hx8k => "ice40-hx8k-ct256",
            Part::Ecp5Lfe25 => "ecp5-25k-cabga381",
            Part::Ecp5Lfe85 => "ecp5-85k-cabga381",
        }
    }

    /// The part's family.
    pub fn family(self) -> Family {
        match self {
            Part::Ice40Up5k | Part::Ice40Hx8k => Family::Ice40,
            Part::Ecp5Lfe25 | Part::Ecp5Lfe85 => Family::Ecp5,
        }
    }

    /// nextpnr's arguments that select the part.
    pub(super) fn nextpnr_args(self) -> &'static [&'static str] {
        match self {
            Part::Ice40Up5k => &["--up5k", "--package", "sg48"],
            Part::Ice40Hx8k => &["--hx8k", "--package", "ct256"],
            Part::Ecp5Lfe25 => &["--25k", "--package", "CABGA381", "--speed", "6"],
            Part::Ecp5Lfe85 => &["--85k", "--package", "CABGA381", "--speed", "6"],
        }
    }

    /// The macro that makes Cortado's cells instantiate the part's blocks: its PLL, and its multipliers with their
    /// registers, which Yosys does not find (ECP5) or loses (UP5K) when it infers them.
    pub(super) fn cells_macro(self) -> &'static str {
        match self {
            Part::Ice40Up5k => "CORTADO_CELLS_UP5K",
            Part::Ice40Hx8k => "CORTADO_CELLS_HX8K",
            Part::Ecp5Lfe25 | Part::Ecp5Lfe85 => "CORTADO_CELLS_ECP5",
        }
    }

    /// The Yosys command for the part, less the name of the top.
    ///
    /// `infer_dsp` matters to the UP5K alone. There `-dsp` silently drops product registers from some designs, so
    /// a design that instantiates its own SB_MAC16 must not ask for it.
    pub(super) fn yosys_command(self, infer_dsp: bool) -> &'static str {
        match (self, infer_dsp) {
            (Part::Ice40Up5k, false) => "synth_ice40 -device u -spram",
            (Part::Ice40Up5k, true) => "synth_ice40 -device u -spram -dsp",
            (Part::Ice40Hx8k, _) => "synth_ice40 -device hx",
            (Part::Ecp5Lfe25 | Part::Ecp5Lfe85, _) => "synth_ecp5",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Part {
    type Err = String;

    /// Reads a part's name; the error lists the names there are.
    fn from_str(name: &str) -> Result<Part, String> {
        Part::ALL.into_iter().find(|part| part.name() == name).ok_or_else(|| {
            let known = Part::ALL.map(Part::name).join(", ");
            format!("no part is called {name:?}; there are: {known}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_read_back_from_its_name_and_from_json() {
        for part in Part::ALL {
            assert_eq!(part.name().parse(), Ok(part));
            let json = serde_json::to_string(&part).expect("a part serialises");
            assert_eq!(json, format!("{:?}", part.name()));
            assert_eq!(serde_json::from_str::<Part>(&json).ok(), Some(part));
        }
    }

    #[test]
    fn an_unknown_part_names_the_known_ones() {
        let message = "xc7a35t".parse::<Part>().expect_err("not a part of ours");
        assert!(message.contains("xc7a35t") && message.contains("ecp5-85k-cabga381"), "{message}");
    }

    #[test]
    fn dsp_inference_is_used_only_where_asked_for() {
        for part in Part::ALL {
            assert!(!part.yosys_command(false).contains("-dsp"), "{part}");
        }
        assert!(Part::Ice40Up5k.yosys_command(true).ends_with("-dsp"));
    }
}
