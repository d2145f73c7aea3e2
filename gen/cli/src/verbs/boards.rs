//! `cortado boards`: the boards there are presets for.

use crate::console::Console;
use crate::failure::Outcome;
use crate::table::Table;
use cortado_arch::{preset, Family};
use serde::Serialize;

#[derive(Serialize)]
struct Board {
    name: &'static str,
    title: &'static str,
    family: &'static str,
    device: &'static str,
    oscillator_mhz: u32,
    memory: &'static str,
    #[serde(default)]
    presets: Vec<String>,
}

#[rustfmt::skip]
fn known() -> Vec<Board> {
    let board = |name, title, family, device, oscillator_mhz, memory| Board {
        name, title, family, device, oscillator_mhz, memory, presets: Vec::new(),
    };
    vec![
        board("icebreaker", "1BitSquared iCEBreaker", "ice40", "up5k", 12, "128 KiB SPRAM on chip, 16 MiB flash"),
        board("hx8k-evn", "Lattice iCE40HX-8K breakout", "ice40", "hx8k", 12, "4 MiB flash"),
        board("ulx3s-25f", "Radiona ULX3S, LFE5U-25F", "ecp5", "25k", 25, "32 MiB SDRAM, 16 MiB flash"),
        board("ulx3s-85f", "Radiona ULX3S, LFE5U-85F", "ecp5", "85k", 25, "32 MiB SDRAM, 16 MiB flash"),
    ]
}

/// Lists every board with its presets.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(console: Console) -> Outcome {
    let engines = preset::builtin();
    let mut boards = known();
    for board in &mut boards {
        let of_board = engines.iter().filter(|engine| match &engine.family {
            Family::Generic => false,
            Family::Ice40 { device, .. } => board.family == "ice40" && board.device == device,
            Family::Ecp5 { device, .. } => board.family == "ecp5" && board.device == device,
        });
        board.presets = of_board.map(|engine| engine.name.clone()).collect();
    }
    console.answer(&boards, |boards| {
        let mut table = Table::new(&["board", "what", "device", ">MHz", "memory", "presets"]);
        for board in boards {
            table.row([
                board.name.to_owned(),
                board.title.to_owned(),
                format!("{} {}", board.family, board.device),
                board.oscillator_mhz.to_string(),
                board.memory.to_owned(),
                board.presets.join(", "),
            ]);
        }
        table.text()
    })
}
