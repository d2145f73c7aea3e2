//! `cortado explore`: which engine a board should carry for a network, by the revised roofline.

use crate::console::Console;
use crate::execution::Simulated;
use crate::failure::{Failure, Outcome};
use crate::model::{Contents, ModelChoice, ModelFile};
use crate::roofline::{Layer, Roofline};
use crate::table::{thousands, Table};
use crate::{files, preset};
use clap::{Args, ValueEnum};
use cortado_arch::board::{board, Board};
use cortado_arch::{Architecture, DataType};
use cortado_graph::float::FloatGraph;
use cortado_graph::ir::Graph;
use cortado_map::explore::uniform::{Mapping, Model};
use cortado_map::explore::{
    evaluate, explore, Area, Candidate, Curve, Evaluation, Exploration, Judgement, LayerPoint, Place, Request,
    Workload, FIT,
};
use cortado_map::{compile, CompileOptions, MapErrors};
use serde::Serialize;
use std::path::PathBuf;
use std::time::Instant;

/// Arguments of `cortado explore`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    network: ModelChoice,
    /// Board that must carry the engine (`cortado boards` lists them)
    #[arg(long, value_name = "BOARD")]
    board: String,
    /// Judge this engine alone: a preset's name or a .toml file
    #[arg(long, value_name = "PRESET")]
    preset: Option<String>,
    /// Images that fully connected layers work on together
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024))]
    batch: u32,
    /// Roofline: transfers at the bandwidth of their length, or all at the memory's best
    #[arg(long = "model", value_enum, value_name = "ROOFLINE", default_value_t = Roof::Revised)]
    roofline: Roof,
    /// Rows of the ranked table
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    /// Write the fastest engine as a preset, which every --preset takes
    #[arg(short, long, value_name = "FILE.toml")]
    out: Option<PathBuf>,
    /// Draw the fastest engine's roofline with every layer on it
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
}

/// Which roofline judges.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Roof {
    Revised,
    Original,
}

/// What the fit of the logic's size is worth.
#[derive(Serialize)]
struct FitQuality {
    runs: usize,
    mean_error: f64,
    largest_error: f64,
}

/// An engine in the answer.
#[derive(Serialize)]
struct Row {
    name: String,
    tm_lanes: usize,
    tn_lanes: usize,
    requantise_lanes: usize,
    requantise_cycles: usize,
    window_taps: usize,
    patch_bytes: usize,
    activation_bytes: usize,
    weight_bytes: usize,
    #[serde(flatten)]
    area: Area,
    cycles: f64,
    milliseconds: f64,
    gops: f64,
    utilisation: f64,
    streamed: f64,
    pareto: bool,
}

/// The simulator's cycles of the fastest engine's program, where there is one.
#[derive(Serialize)]
struct Simulation {
    cycles: u64,
    /// The roofline's cycles over these, less 1.
    error: f64,
}

#[derive(Serialize)]
struct Report {
    model: String,
    board: &'static str,
    roofline: Roof,
    batch: u32,
    clock_mhz: u32,
    considered: usize,
    fitting: usize,
    seconds: f64,
    area_fit: FitQuality,
    /// Layers left to the host, which are not counted.
    host: Vec<String>,
    ranked: Vec<Row>,
    pareto: Vec<Row>,
    layers: Vec<LayerPoint>,
    simulated: Option<Simulation>,
    /// Why there is no simulation.
    not_simulated: Option<String>,
}

/// A network to explore for: quantised, or in floating point with its shapes alone.
pub enum Network {
    Quantised(Graph),
    Float(FloatGraph),
}

impl Network {
    /// Reads a model file as what it is.
    ///
    /// # Errors
    /// Every fault of the file.
    pub fn read(file: &ModelFile) -> Result<Network, Failure> {
        match file.contents {
            Contents::Tflite => file.import().map(Network::Quantised),
            _ => file.import_float().map(Network::Float),
        }
    }

    /// The workload as an engine of `tm` output lanes sees it.
    ///
    /// # Errors
    /// What the mapper refuses, by node.
    pub fn workload(&self, tm: usize) -> Result<Workload, MapErrors> {
        match self {
            Network::Quantised(graph) => Workload::of_graph(graph, tm),
            Network::Float(graph) => Workload::of_float(graph),
        }
    }
}

/// Explores, prints, and writes what was asked for.
///
/// # Errors
/// The model, the board or the preset is refused, nothing fits, or a file cannot be written.
pub fn run(arguments: &Arguments, console: Console) -> Outcome {
    let board = board(&arguments.board).map_err(Failure::Refused)?;
    let file = arguments.network.read()?;
    let network = Network::read(&file)?;
    let model = if arguments.roofline == Roof::Revised { Model::Revised } else { Model::Original };
    let judgement = Judgement { model, batch: arguments.batch as usize };
    let begun = Instant::now();
    let found = match &arguments.preset {
        Some(name) => judge(&network, &file.name, &preset::load(name)?, board, judgement)?,
        None => space(&network, board, judgement)
            .map_err(|error| Failure::Refused(format!("{} on {}:\n{error}", file.name, board.name)))?,
    };
    let seconds = begun.elapsed().as_secs_f64();
    let best = found.candidates.first().ok_or_else(|| {
        Failure::Refused(format!(
            "{} fits none of the {} engines considered for {}; try a larger board, a smaller network or --batch 1",
            file.name, found.considered, board.name
        ))
    })?;
    let simulation = simulate(&network, best, judgement);
    let host = network.workload(best.arch.tm).map(|workload| workload.host).unwrap_or_default();
    let rows = |only_pareto: bool| {
        let chosen = found.candidates.iter().filter(|one| one.pareto || !only_pareto);
        chosen.take(if only_pareto { usize::MAX } else { arguments.top }).map(|one| Row::of(one, board)).collect()
    };
    let report = Report {
        model: file.name.clone(),
        board: board.name,
        roofline: arguments.roofline,
        batch: arguments.batch,
        clock_mhz: clock(&best.arch, board),
        considered: found.considered,
        fitting: found.candidates.len(),
        seconds,
        area_fit: FitQuality { runs: FIT.runs, mean_error: FIT.mean_error, largest_error: FIT.largest_error },
        host,
        ranked: rows(false),
        pareto: rows(true),
        layers: best.evaluation.layers.clone(),
        not_simulated: simulation.as_ref().err().cloned(),
        simulated: simulation.ok(),
    };
    if let Some(path) = &arguments.plot {
        files::write(path, picture(&report, best, board).as_bytes())?;
    }
    if let Some(path) = &arguments.out {
        files::write(path, best.arch.to_toml().as_bytes())?;
    }
    console.answer(&report, |report| text(report, &best.evaluation, arguments))
}

/// Every engine of a board, judged on a network.
///
/// # Errors
/// What the mapper refuses of the network, by node.
pub fn space(network: &Network, board: &Board, judgement: Judgement) -> Result<Exploration, MapErrors> {
    let workload = |tm: usize| network.workload(tm);
    explore(&Request { workload: &workload, board, judgement })
}

/// One engine alone, with its own memory.
fn judge(
    network: &Network,
    name: &str,
    arch: &Architecture,
    board: &Board,
    judgement: Judgement,
) -> Result<Exploration, Failure> {
    let refused = |reason: String| Failure::Refused(format!("{name} does not run on {}: {reason}", arch.name));
    if arch.data_type != DataType::Int8 {
        return Err(refused(format!("it is of {}; exploration is of int8 engines", arch.data_type.name())));
    }
    let workload = network.workload(arch.tm).map_err(|error| refused(error.to_string()))?;
    let curve = Curve::Port(Box::new(arch.clone()));
    let evaluation = evaluate(&workload, arch, &curve, judgement)
        .ok_or_else(|| refused("a layer's weights or its bands of rows do not fit its memories".to_owned()))?;
    let candidate = Candidate { arch: arch.clone(), area: Area::of(arch, board), evaluation, pareto: true };
    Ok(Exploration { candidates: vec![candidate], considered: 1 })
}

/// The simulator's cycles of the candidate's program on an input of zeros.
fn simulate(network: &Network, best: &Candidate, judgement: Judgement) -> Result<Simulation, String> {
    let Network::Quantised(graph) = network else {
        return Err("the model has no int8 weights; quantise it first".to_owned());
    };
    if judgement.batch > 1 {
        return Err("programs work on one image".to_owned());
    }
    let compiled = compile(graph, &best.arch, &CompileOptions::default()).map_err(|error| error.to_string())?;
    let input = vec![0; compiled.input.layout.elements()];
    let told = |failure: Failure| failure.message().unwrap_or_default().to_owned();
    let cycles = Simulated::load(&best.arch, &compiled).map_err(told)?.run(&input).map_err(told)?.cycles;
    Ok(Simulation { cycles, error: best.evaluation.cycles / cycles as f64 - 1.0 })
}

fn clock(arch: &Architecture, board: &Board) -> u32 {
    if arch.clock_mhz > 0 {
        arch.clock_mhz
    } else {
        board.clock_mhz
    }
}

impl Row {
    fn of(candidate: &Candidate, board: &Board) -> Row {
        let Candidate { arch, area, evaluation, pareto } = candidate;
        let seconds = evaluation.cycles / (f64::from(clock(arch, board)) * 1e6);
        Row {
            name: arch.name.clone(),
            tm_lanes: arch.tm,
            tn_lanes: arch.tn,
            requantise_lanes: arch.requantise_lanes,
            requantise_cycles: arch.requantise_cycles,
            window_taps: arch.window_taps,
            patch_bytes: arch.patch_bytes,
            activation_bytes: arch.activation_words * arch.activation_word_bytes(),
            weight_bytes: arch.weight_words * arch.weight_word_bytes(),
            area: *area,
            cycles: evaluation.cycles,
            milliseconds: seconds * 1e3,
            gops: 2.0 * evaluation.macs as f64 / seconds / 1e9,
            utilisation: evaluation.utilisation,
            streamed: evaluation.streamed,
            pareto: *pareto,
        }
    }
}

fn picture(report: &Report, best: &Candidate, board: &Board) -> String {
    let hertz = f64::from(clock(&best.arch, board)) * 1e6;
    let layers = best.evaluation.layers.iter();
    let layers = layers.filter(|layer| layer.macs > 0).map(|layer| Layer {
        name: layer.name.clone(),
        intensity: layer.ctc,
        gops: layer.attained * hertz / 1e9,
    });
    Roofline {
        title: format!("{} on {} ({})", report.model, best.arch.name, board.title),
        peak_gops: 2.0 * best.arch.macs() as f64 * hertz / 1e9,
        gigabytes_per_s: best.evaluation.bandwidth * hertz / 1e9,
        layers: layers.collect(),
    }
    .svg()
}

fn table(rows: &[Row]) -> String {
    let mut table = Table::new(&[
        ">#",
        ">Tm x Tn",
        ">R",
        ">maps KiB",
        ">weights KiB",
        ">DSPs",
        ">LUTs",
        ">RAMs",
        ">ms",
        ">GOPS",
        ">used",
        "",
    ]);
    for (index, row) in rows.iter().enumerate() {
        let requantisers = match row.requantise_cycles {
            1 => row.requantise_lanes.to_string(),
            cycles => format!("{}/{cycles}", row.requantise_lanes),
        };
        table.row([
            (index + 1).to_string(),
            format!("{} x {}", row.tm_lanes, row.tn_lanes),
            requantisers,
            format!("{:.1}", row.activation_bytes as f64 / 1024.0),
            format!("{:.1}", row.weight_bytes as f64 / 1024.0),
            row.area.dsp.to_string(),
            thousands(row.area.lut as u64),
            (row.area.block_rams + row.area.sprams).to_string(),
            format!("{:.3}", row.milliseconds),
            format!("{:.2}", row.gops),
            format!("{:.3}", row.utilisation),
            if row.pareto { "pareto".to_owned() } else { String::new() },
        ]);
    }
    table.text()
}

/// How a layer is done, in a word or two.
fn way(layer: &LayerPoint) -> String {
    match layer.mapping {
        Some(Mapping::InputMajor) => "input-major".to_owned(),
        Some(Mapping::WeightMajor) => "weight-major".to_owned(),
        None => format!("{:?}", layer.mode).to_lowercase(),
    }
}

fn place(place: Place) -> &'static str {
    match place {
        Place::OnChip => "on chip",
        Place::External => "external",
        Place::Packed => "packed",
        Place::Unfolded => "unfolded",
        Place::Kernels => "kernels",
    }
}

fn text(report: &Report, best: &Evaluation, arguments: &Arguments) -> String {
    let mut text = format!(
        "{} on {} at {} MHz, batch {}: {} engines considered, {} fit, {:.1} s\n\n{}",
        report.model,
        report.board,
        report.clock_mhz,
        report.batch,
        thousands(report.considered as u64),
        thousands(report.fitting as u64),
        report.seconds,
        table(&report.ranked)
    );
    if report.fitting > 1 {
        text.push_str("\nPareto front, time against logic\n");
        text.push_str(&table(&report.pareto));
    }
    text.push_str("\nThe fastest, layer by layer\n");
    let mut layers =
        Table::new(&["layer", "way", ">Tr", "input", "output", ">cycles", ">transfers", ">ops/B", ">used"]);
    let lanes = report.ranked.first().map_or(1, |row| row.tm_lanes * row.tn_lanes);
    for layer in &report.layers {
        layers.row([
            layer.name.clone(),
            way(layer),
            layer.rows.to_string(),
            place(layer.input).to_owned(),
            place(layer.output).to_owned(),
            thousands(layer.cycles.round() as u64),
            thousands(layer.transfer_cycles.round() as u64),
            layer.ctc.map_or("-".to_owned(), |ctc| format!("{ctc:.1}")),
            format!("{:.3}", layer.attained / (2 * lanes) as f64),
        ]);
    }
    text.push_str(&layers.text());
    text.push_str(&format!(
        "{} cycles an image; {:.0} % of the weights come from external memory in a run\n",
        thousands(best.cycles.round() as u64),
        100.0 * best.streamed
    ));
    match (&report.simulated, &report.not_simulated) {
        (Some(simulated), _) => text.push_str(&format!(
            "the simulator takes {} cycles: the roofline is {:+.1} % off\n",
            thousands(simulated.cycles),
            100.0 * simulated.error
        )),
        (None, Some(reason)) => text.push_str(&format!("not simulated: {reason}\n")),
        (None, None) => {}
    }
    if !report.host.is_empty() {
        text.push_str(&format!("left to the host and not counted: {}\n", report.host.join(", ")));
    }
    let fit = &report.area_fit;
    text.push_str(&format!(
        "LUTs are a fit to {} runs of Yosys, {:.0} % off on average and {:.0} % at most; the clock is the board's, not routed\n",
        fit.runs,
        100.0 * fit.mean_error,
        100.0 * fit.largest_error
    ));
    for (what, path) in [("preset", &arguments.out), ("roofline", &arguments.plot)] {
        if let Some(path) = path {
            text.push_str(&format!("{what} written to {}\n", path.display()));
        }
    }
    text
}
