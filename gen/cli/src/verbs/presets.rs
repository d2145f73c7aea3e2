//! `cortado presets`: the engines there are.

use crate::console::Console;
use crate::failure::Outcome;
use crate::preset::Engine;
use crate::table::Table;
use cortado_arch::isa::OnChip;
use cortado_arch::trainer::{Factors, TrainerArchitecture, LINE_BYTES};
use cortado_arch::{Architecture, Family};
use serde::Serialize;

/// A line of the list: an engine of either family.
#[derive(Serialize)]
#[serde(untagged)]
enum Row {
    Inference(InferenceRow),
    Training(TrainingRow),
}

#[derive(Serialize)]
struct InferenceRow {
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

#[derive(Serialize)]
struct TrainingRow {
    name: String,
    summary: String,
    part: String,
    macs: usize,
    pairs: usize,
    units_per_pair: usize,
    factors: &'static str,
    clock_mhz: Option<u32>,
    /// Of each unit.
    map_bytes: usize,
    /// Of each pair.
    gradient_bytes: usize,
    port_bytes: usize,
}

impl InferenceRow {
    fn of(arch: &Architecture) -> InferenceRow {
        let bytes = |memory| {
            let (words, bytes) = arch.on_chip(memory);
            words * bytes
        };
        InferenceRow {
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

impl TrainingRow {
    fn of(engine: &Engine, arch: &TrainerArchitecture) -> TrainingRow {
        TrainingRow {
            name: arch.name.clone(),
            summary: arch.summary.clone(),
            part: part(&arch.family),
            macs: engine.macs(),
            pairs: arch.pairs,
            units_per_pair: arch.units,
            factors: match arch.factors {
                Factors::Single => "single",
                Factors::Bfloat16 => "bfloat16",
            },
            clock_mhz: Some(arch.clock_mhz).filter(|mhz| *mhz > 0),
            map_bytes: arch.map_lines * LINE_BYTES,
            gradient_bytes: 2 * arch.gradient_lines * LINE_BYTES,
            port_bytes: 4 * arch.port_words,
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
    let rows: Vec<Row> = Engine::all()
        .iter()
        .map(|engine| match engine {
            Engine::Inference(arch) => Row::Inference(InferenceRow::of(arch)),
            Engine::Training(arch) => Row::Training(TrainingRow::of(engine, arch)),
        })
        .collect();
    console.answer(&rows, |rows| text(rows))
}

/// A table of each family.
fn text(rows: &[Row]) -> String {
    let mut inference =
        Table::new(&["preset", ">MACs", ">Tm x Tn", ">MHz", "part", ">maps KiB", ">weights KiB", ">port B"]);
    let mut training = Table::new(&[
        "to train",
        ">MACs",
        ">pairs x units",
        "factors",
        ">MHz",
        "part",
        ">maps KiB",
        ">gradients KiB",
        ">port B",
    ]);
    for row in rows {
        match row {
            Row::Inference(row) => inference.row([
                row.name.clone(),
                row.macs.to_string(),
                format!("{} x {}", row.tm_lanes, row.tn_lanes),
                mhz(row.clock_mhz),
                row.part.clone(),
                kib(row.activation_bytes),
                kib(row.weight_bytes),
                row.port_bytes.to_string(),
            ]),
            Row::Training(row) => training.row([
                row.name.clone(),
                row.macs.to_string(),
                format!("{} x {}", row.pairs, row.units_per_pair),
                row.factors.to_owned(),
                mhz(row.clock_mhz),
                row.part.clone(),
                kib(row.map_bytes),
                kib(row.gradient_bytes),
                row.port_bytes.to_string(),
            ]),
        }
    }
    format!("{}\n{}", inference.text(), training.text())
}

fn mhz(clock: Option<u32>) -> String {
    clock.map_or("-".to_owned(), |mhz| mhz.to_string())
}

fn kib(bytes: usize) -> String {
    format!("{:.1}", bytes as f64 / 1024.0)
}
