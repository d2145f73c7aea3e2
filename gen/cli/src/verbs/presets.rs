//! `cortado presets`: the engines there are.

use crate::console::Console;
use crate::failure::Outcome;
use crate::table::Table;
use cortado_arch::isa::OnChip;
use cortado_arch::{preset, Architecture, Family};
use serde::Serialize;

#[derive(Serialize)]
struct Row {
    name: String,
    summary: String,
    part: String,
    macs: usize,
    tm_lanes: usize,
    tn_lanes: usize,
    clock_mhz: Option<u32>,
    activation_bytes: usize,
    weight_bytes: usize,
    parameter_bytes: usize,
    port_bytes: usize,
}

impl Row {
    fn of(arch: &Architecture) -> Row {
        let bytes = |memory| {
            let (words, bytes) = arch.on_chip(memory);
            words * bytes
        };
        Row {
            name: arch.name.clone(),
            summary: arch.summary.clone(),
            part: part(&arch.family),
            macs: arch.macs(),
            tm_lanes: arch.tm,
            tn_lanes: arch.tn,
            clock_mhz: Some(arch.clock_mhz).filter(|mhz| *mhz > 0),
            activation_bytes: bytes(OnChip::Activation),
            weight_bytes: bytes(OnChip::Weight),
            parameter_bytes: bytes(OnChip::Parameter),
            port_bytes: arch.port_bytes,
        }
    }
}

/// A part in words.
pub fn part(family: &Family) -> String {
    match family {
        Family::Generic => "any".to_owned(),
        Family::Ice40 { device, package } => format!("iCE40 {device} {package}"),
        Family::Ecp5 { device, package, speed } => format!("ECP5 {device} {package}-{speed}"),
    }
}

/// Lists every preset.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(console: Console) -> Outcome {
    let rows: Vec<Row> = preset::builtin().iter().map(Row::of).collect();
    console.answer(&rows, |rows| {
        let mut table =
            Table::new(&["preset", ">MACs", ">Tm x Tn", ">MHz", "part", ">maps KiB", ">weights KiB", ">port B"]);
        for row in rows {
            table.row([
                row.name.clone(),
                row.macs.to_string(),
                format!("{} x {}", row.tm_lanes, row.tn_lanes),
                row.clock_mhz.map_or("-".to_owned(), |mhz| mhz.to_string()),
                row.part.clone(),
                kib(row.activation_bytes),
                kib(row.weight_bytes),
                row.port_bytes.to_string(),
            ]);
        }
        table.text()
    })
}

fn kib(bytes: usize) -> String {
    format!("{:.1}", bytes as f64 / 1024.0)
}
