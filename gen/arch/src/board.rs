//! The boards: what each has to offer to an engine, and where the figures come from.

use crate::architecture::Family;

/// A board, or a case of the literature that stands for one.
#[derive(Debug, Clone, PartialEq)]
pub struct Board {
    pub name: &'static str,
    pub title: &'static str,
    pub chip: Chip,
    /// MHz; 0 where the case names none.
    pub oscillator_mhz: u32,
    /// Memory in words.
    pub memory: &'static str,
    /// Clock that engines are explored at, in MHz.
    pub clock_mhz: u32,
    pub resources: Resources,
    pub external: Dram,
    /// Where the figures come from.
    pub source: &'static str,
}

/// The chip on a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chip {
    Ice40 {
        device: &'static str,
        package: &'static str,
    },
    Ecp5 {
        device: &'static str,
        package: &'static str,
        speed: u8,
    },
    /// No tool of this project places on it; engines for it are of family `generic`.
    Other(&'static str),
}

/// What an engine is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resources {
    /// Hardware multipliers.
    pub dsp: usize,
    /// Products of two bytes that one of them makes in a cycle.
    pub products_per_dsp: usize,
    /// Look-up tables; carry cells take two (ECP5) or are part of one (iCE40).
    pub lut: usize,
    pub block_rams: usize,
    /// Depths and widths (bits) of a block RAM.
    pub block_ram_shapes: &'static [(usize, usize)],
    /// Single-port RAMs of 16384 words of 16 bits.
    pub sprams: usize,
}

/// External memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dram {
    pub bytes: u64,
    /// Widest port, in bytes a beat.
    pub port_bytes: usize,
    /// Millions of bytes a second of transfers of any length.
    pub megabytes_per_s: u32,
    pub latency_cycles: u32,
    /// Measured bandwidth: (bytes of a burst, millions of bytes a second), ascending; empty where there
    /// is no measurement and latency and bandwidth say all.
    pub measured: &'static [(u32, u32)],
}

impl Board {
    /// The family of engines for this board.
    pub fn family(&self) -> Family {
        match self.chip {
            Chip::Ice40 { device, package } => Family::Ice40 { device: device.to_owned(), package: package.to_owned() },
            Chip::Ecp5 { device, package, speed } => {
                Family::Ecp5 { device: device.to_owned(), package: package.to_owned(), speed }
            }
            Chip::Other(_) => Family::Generic,
        }
    }

    /// Whether an engine of `family` is meant for this board's chip.
    pub fn carries(&self, family: &Family) -> bool {
        match (self.chip, family) {
            (Chip::Ice40 { device: own, .. }, Family::Ice40 { device, .. })
            | (Chip::Ecp5 { device: own, .. }, Family::Ecp5 { device, .. }) => own == device,
            _ => false,
        }
    }
}

const ECP5_SHAPES: &[(usize, usize)] = &[(16384, 1), (8192, 2), (4096, 4), (2048, 9), (1024, 18), (512, 36)];
const ICE40_SHAPES: &[(usize, usize)] = &[(2048, 2), (1024, 4), (512, 8), (256, 16)];
const ULTRASCALE_SHAPES: &[(usize, usize)] =
    &[(32768, 1), (16384, 2), (8192, 4), (4096, 9), (2048, 18), (1024, 36), (512, 72)];

/// Every board, smallest part first.
pub const BOARDS: &[Board] = &[
    Board {
        name: "icebreaker",
        title: "1BitSquared iCEBreaker",
        chip: Chip::Ice40 { device: "up5k", package: "sg48" },
        oscillator_mhz: 12,
        memory: "128 KiB SPRAM on chip, 16 MiB flash",
        clock_mhz: 24,
        resources: Resources {
            dsp: 8,
            products_per_dsp: 2,
            lut: 5280,
            block_rams: 30,
            block_ram_shapes: ICE40_SHAPES,
            sprams: 4,
        },
        // Two of the four SPRAMs stand for external memory.
        external: Dram { bytes: 65536, port_bytes: 4, megabytes_per_s: 96, latency_cycles: 20, measured: &[] },
        source: "iCE40 UltraPlus family data sheet; external memory as in the preset icebreaker-4x4",
    },
    Board {
        name: "hx8k-evn",
        title: "Lattice iCE40HX-8K breakout",
        chip: Chip::Ice40 { device: "hx8k", package: "ct256" },
        oscillator_mhz: 12,
        memory: "4 MiB flash",
        clock_mhz: 50,
        resources: Resources {
            dsp: 0,
            products_per_dsp: 0,
            lut: 7680,
            block_rams: 32,
            block_ram_shapes: ICE40_SHAPES,
            sprams: 0,
        },
        external: Dram { bytes: 8192, port_bytes: 4, megabytes_per_s: 200, latency_cycles: 20, measured: &[] },
        source: "iCE40 LP/HX family data sheet; external memory as in the preset hx8k-4x4",
    },
    Board {
        name: "ulx3s-25f",
        title: "Radiona ULX3S, LFE5U-25F",
        chip: Chip::Ecp5 { device: "25k", package: "CABGA381", speed: 6 },
        oscillator_mhz: 25,
        memory: "32 MiB SDRAM, 16 MiB flash",
        clock_mhz: 80,
        resources: Resources {
            dsp: 28,
            products_per_dsp: 1,
            lut: 24288,
            block_rams: 56,
            block_ram_shapes: ECP5_SHAPES,
            sprams: 0,
        },
        external: Dram { bytes: 33554432, port_bytes: 2, megabytes_per_s: 160, latency_cycles: 20, measured: &[] },
        source: "ECP5 family data sheet; SDRAM of 16 bits at the engine's clock, as in the preset ulx3s-25f-8x2",
    },
    Board {
        name: "ulx3s-85f",
        title: "Radiona ULX3S, LFE5U-85F",
        chip: Chip::Ecp5 { device: "85k", package: "CABGA381", speed: 6 },
        oscillator_mhz: 25,
        memory: "32 MiB SDRAM, 16 MiB flash",
        clock_mhz: 80,
        resources: Resources {
            dsp: 156,
            products_per_dsp: 1,
            lut: 83640,
            block_rams: 208,
            block_ram_shapes: ECP5_SHAPES,
            sprams: 0,
        },
        external: Dram { bytes: 33554432, port_bytes: 4, megabytes_per_s: 320, latency_cycles: 20, measured: &[] },
        source: "ECP5 family data sheet; SDRAM of 16 bits at twice the engine's clock, a port of 32",
    },
    Board {
        name: "ku060",
        title: "Xilinx KU060 behind one DDR3 channel: Caffeine's case",
        chip: Chip::Other("xcku060"),
        oscillator_mhz: 0,
        memory: "8 GiB DDR3, 12.8 GB/s",
        clock_mhz: 200,
        resources: Resources {
            dsp: 2760,
            products_per_dsp: 1,
            lut: 331_680,
            block_rams: 1080,
            block_ram_shapes: ULTRASCALE_SHAPES,
            sprams: 0,
        },
        external: Dram {
            bytes: 1 << 32,
            port_bytes: 64,
            megabytes_per_s: 10_000,
            latency_cycles: 20,
            // The labels of figures 8 and 9, and the text's point at 1 KiB; for bursts of 4 KiB the figures say
            // 2.5 and 5.6, and this is the mean.
            measured: &[
                (64, 300),
                (1024, 1000),
                (2048, 2500),
                (4096, 4050),
                (15_360, 6400),
                (51_200, 8200),
                (131_072, 10_000),
            ],
        },
        source: "UltraScale overview; bandwidth from Caffeine (ICCAD 2016), section 4.3 and figures 7 to 9",
    },
];

/// The board of this name.
///
/// # Errors
/// None has it: the message lists all.
pub fn board(name: &str) -> Result<&'static Board, String> {
    BOARDS.iter().find(|board| board.name == name).ok_or_else(|| {
        let all: Vec<&str> = BOARDS.iter().map(|board| board.name).collect();
        format!("no board is called {name:?}; there are {}", all.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::part::{Part, ECP5, ICE40};

    #[test]
    fn boards_offer_what_their_parts_have() {
        for board in BOARDS {
            let part = |parts: &'static [Part], device| parts.iter().find(|part| part.device == device);
            let part = match board.chip {
                Chip::Ice40 { device, .. } => part(ICE40, device),
                Chip::Ecp5 { device, .. } => part(ECP5, device),
                Chip::Other(_) => continue,
            };
            let part = part.expect("the part of a board is known");
            let own = board.resources;
            assert_eq!((own.dsp, own.block_rams, own.sprams), (part.multipliers, part.block_rams, part.sprams));
            let bursts: Vec<u32> = board.external.measured.iter().map(|point| point.0).collect();
            assert!(bursts.is_sorted(), "{}", board.name);
        }
    }

    #[test]
    fn an_unknown_board_is_refused_with_the_known_ones() {
        assert!(board("ulx3s-85f").is_ok());
        let refusal = board("ulx3s").expect_err("there is no such board");
        assert!(refusal.contains("\"ulx3s\"") && refusal.contains("ulx3s-25f, ulx3s-85f, ku060"), "{refusal}");
    }
}
