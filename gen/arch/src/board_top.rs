//! Tops of boards: what is soldered round the chip, and the clocks and rates that follow.

mod pll;

pub use pll::{Ecp5Pll, Ice40Pll, Pll};

use crate::board::{Board, BOARDS};
use crate::{Architecture, Family};

/// A program that puts a bitstream onto a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Programmer {
    /// The command.
    pub command: &'static str,
    /// Its arguments before the bitstream's file.
    pub arguments: &'static [&'static str],
    /// Debian's package, where there is one.
    pub package: Option<&'static str>,
    /// Where it comes from.
    pub source: &'static str,
}

const OPEN_FPGA_LOADER: &str = "https://github.com/trabucayre/openFPGALoader";
const ICEPROG: Programmer = Programmer {
    command: "iceprog",
    arguments: &[],
    package: Some("fpga-icestorm"),
    source: "https://github.com/YosysHQ/icestorm",
};

const fn loader(arguments: &'static [&'static str]) -> Programmer {
    Programmer { command: "openFPGALoader", arguments, package: Some("openfpgaloader"), source: OPEN_FPGA_LOADER }
}

/// What a board's top is made from, beside what [`crate::board`] says of the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoardTop {
    /// The board's name.
    pub name: &'static str,
    /// The name of its top module.
    pub module: &'static str,
    /// External memory has 2 to this many bytes, on the chip: of the kind the preset has its activations in.
    pub memory_bits: usize,
    /// Bits a second of the host link; what the board's bridge to USB can do.
    pub baud: u32,
    /// The serial port's bridge, for people.
    pub bridge: &'static str,
    /// Programs that write its flash, the first choice first.
    pub programmers: &'static [Programmer],
}

/// All tops.
pub const TOPS: &[BoardTop] = &[
    BoardTop {
        name: "icebreaker",
        module: "icebreaker",
        memory_bits: 16,
        baud: 3_000_000,
        bridge: "FT2232H, second port",
        programmers: &[ICEPROG, loader(&["-b", "ice40_generic", "-f"])],
    },
    BoardTop { name: "ulx3s-25f", module: "ulx3s_25f", memory_bits: 14, ..ULX3S },
    BoardTop { name: "ulx3s-85f", module: "ulx3s_85f", memory_bits: 15, ..ULX3S },
];

const ULX3S: BoardTop = BoardTop {
    name: "",
    module: "",
    memory_bits: 0,
    baud: 3_000_000,
    bridge: "FT231X",
    programmers: &[
        loader(&["-b", "ulx3s", "-f"]),
        Programmer {
            command: "fujprog",
            arguments: &["-j", "FLASH"],
            package: None,
            source: "https://github.com/kost/fujprog",
        },
    ],
};

impl BoardTop {
    /// The top an engine is made for; the first where several boards carry its part.
    pub fn of(arch: &Architecture) -> Option<&'static BoardTop> {
        TOPS.iter().find(|top| top.board().is_some_and(|board| board.family() == arch.family))
    }

    /// The board itself.
    pub fn board(&self) -> Option<&'static Board> {
        BOARDS.iter().find(|board| board.name == self.name)
    }

    /// The oscillator on the board, in kHz; 0 where there is none.
    pub fn oscillator_khz(&self) -> u32 {
        self.board().map_or(0, |board| board.oscillator_mhz * 1000)
    }

    /// How the engine's clock is made: the slowest clock not below the preset's from which the host link's rate divides
    /// within [`BAUD_TOLERANCE`]. `None` where no setting of the part's PLL does.
    pub fn pll(&self, arch: &Architecture) -> Option<Pll> {
        let wanted = f64::from(arch.clock_mhz) * 1e3;
        let good = |khz: f64| khz >= wanted && self.baud_error(khz) <= BAUD_TOLERANCE;
        match arch.family {
            Family::Ice40 { .. } => Ice40Pll::slowest(self.oscillator_khz(), good).map(Pll::Ice40),
            Family::Ecp5 { .. } => Ecp5Pll::slowest(self.oscillator_khz(), good).map(Pll::Ecp5),
            Family::Generic => None,
        }
    }

    /// Cycles of a clock of `khz` in a bit of the host link.
    pub fn bit_cycles(&self, khz: f64) -> usize {
        (khz * 1e3 / f64::from(self.baud)).round() as usize
    }

    /// How far a bit of so many cycles is off, as a part of it.
    fn baud_error(&self, khz: f64) -> f64 {
        let exact = khz * 1e3 / f64::from(self.baud);
        (exact.round() - exact).abs() / exact
    }

    /// `arch` with the external memory that the board has, where that is less than the preset's.
    pub fn fit(&self, arch: &Architecture) -> Architecture {
        let mut fitted = arch.clone();
        let bytes = 1 << self.memory_bits;
        if bytes < fitted.external.bytes {
            fitted.external.bytes = bytes;
            fitted.address_bits = self.memory_bits;
        }
        fitted
    }
}

/// Both ends sample in the middle of a bit counted from the start bit: what is left of half a bit after ten.
pub const BAUD_TOLERANCE: f64 = 0.015;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::builtin;

    #[test]
    fn every_board_s_engines_have_a_clock_and_a_rate() {
        for arch in builtin() {
            let Some(board) = BoardTop::of(&arch) else { continue };
            let pll = board.pll(&arch).unwrap_or_else(|| panic!("{}: no clock", arch.name));
            let khz = pll.khz(board.oscillator_khz());
            assert!(khz >= f64::from(arch.clock_mhz) * 1e3, "{}: {khz} kHz", arch.name);
            assert!(khz <= f64::from(arch.clock_mhz) * 1.05e3, "{}: {khz} kHz is far more than asked", arch.name);
            assert!(board.bit_cycles(khz) >= 8, "{}: bits too short for the checksum", arch.name);
            let fitted = board.fit(&arch);
            assert_eq!(crate::preset::parse("fitted.toml", &fitted.to_toml()).as_ref(), Ok(&fitted));
            assert!(1 << board.memory_bits >= fitted.external.bytes, "{}: the mapper may use more", arch.name);
        }
    }

    #[test]
    fn the_icebreaker_runs_at_24_mhz_and_8_cycles_a_bit() {
        let arch = builtin().into_iter().find(|arch| arch.name == "icebreaker-4x4").expect("a preset");
        let board = BoardTop::of(&arch).expect("its board");
        let pll = board.pll(&arch).expect("a clock");
        assert_eq!(pll, Pll::Ice40(Ice40Pll { divf: 63, divq: 5 }));
        assert_eq!(board.bit_cycles(pll.khz(board.oscillator_khz())), 8);
        assert_eq!(board.fit(&arch), arch);
    }
}
