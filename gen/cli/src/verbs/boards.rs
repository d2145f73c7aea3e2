//! `cortado boards`: the boards there are, and what each offers.

use crate::console::Console;
use crate::failure::Outcome;
use crate::table::{thousands, Table};
use cortado_arch::board::{Board, Chip, BOARDS};
use cortado_arch::preset;
use serde::Serialize;

#[derive(Serialize)]
struct Row {
    name: &'static str,
    title: &'static str,
    family: &'static str,
    device: &'static str,
    oscillator_mhz: u32,
    memory: &'static str,
    dsp: usize,
    lut: usize,
    block_rams: usize,
    /// Millions of bytes a second of external memory.
    bandwidth_mb_per_s: u32,
    source: &'static str,
    presets: Vec<String>,
}

impl Row {
    fn of(board: &'static Board) -> Row {
        let (family, device) = match board.chip {
            Chip::Ice40 { device, .. } => ("ice40", device),
            Chip::Ecp5 { device, .. } => ("ecp5", device),
            Chip::Other(device) => ("generic", device),
        };
        let engines = preset::builtin().into_iter().filter(|engine| board.carries(&engine.family));
        Row {
            name: board.name,
            title: board.title,
            family,
            device,
            oscillator_mhz: board.oscillator_mhz,
            memory: board.memory,
            dsp: board.resources.dsp,
            lut: board.resources.lut,
            block_rams: board.resources.block_rams,
            bandwidth_mb_per_s: board.external.megabytes_per_s,
            source: board.source,
            presets: engines.map(|engine| engine.name).collect(),
        }
    }
}

/// Lists every board with its resources and presets.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(console: Console) -> Outcome {
    let rows: Vec<Row> = BOARDS.iter().map(Row::of).collect();
    console.answer(&rows, |rows| {
        let mut table =
            Table::new(&["board", "what", "device", ">MHz", ">DSPs", ">LUTs", ">RAMs", ">MB/s", "memory", "presets"]);
        for row in rows {
            table.row([
                row.name.to_owned(),
                row.title.to_owned(),
                format!("{} {}", row.family, row.device),
                row.oscillator_mhz.to_string(),
                row.dsp.to_string(),
                thousands(row.lut as u64),
                row.block_rams.to_string(),
                thousands(row.bandwidth_mb_per_s.into()),
                row.memory.to_owned(),
                row.presets.join(", "),
            ]);
        }
        table.text()
    })
}
