//! `cortado run`: one inference, on the golden model, the simulator, the Verilog or a board.

use crate::attached::{no_top, Attached};
use crate::console::Console;
use crate::execution::{Simulated, Verilated};
use crate::failure::{Failure, Outcome};
use crate::inputs::{self, Input};
use crate::layers::utilisation;
use crate::model::{ModelChoice, ModelFile};
use crate::preset::PresetChoice;
use crate::table::thousands;
use crate::{files, host};
use clap::{Args, ValueEnum};
use cortado_arch::board_top::BoardTop;
use cortado_arch::Architecture;
use cortado_cosim::engine::Jitter;
use cortado_cosim::InitialValues;
use cortado_graph::ir::{Graph, TensorId};
use cortado_map::{compile, CompileOptions};
use cortado_models::{Sample, FASHION_CLASSES};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

/// Values of an output that are printed.
const SHOWN: usize = 16;

/// What computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum On {
    /// Plain loops: the answer
    Golden,
    /// The program on the instruction-set simulator: predicted cycles
    Iss,
    /// The program on the Verilog: measured cycles
    Verilator,
    /// The program on a board at --port: cycles the board counted
    Board,
}

/// Arguments of `cortado run`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelChoice,
    #[command(flatten)]
    preset: PresetChoice,
    /// Input: int8 bytes in NHWC order, or a .pgm image of 28 x 28 pixels
    #[arg(long, value_name = "FILE", conflicts_with = "sample")]
    input: Option<PathBuf>,
    /// Embedded image, 0 to 9: one of each class
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// What computes
    #[arg(long, value_enum, default_value_t = On::Iss)]
    on: On,
    /// Serial port of the board, as in /dev/ttyUSB1
    #[arg(long, value_name = "PATH", required_if_eq("on", "board"))]
    port: Option<PathBuf>,
    /// Write the output's int8 bytes here
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Output {
    name: String,
    shape: Vec<usize>,
    scale: f32,
    zero_point: i32,
    values: Vec<i16>,
}

#[derive(Serialize)]
struct Report {
    model: String,
    preset: String,
    on: On,
    input: String,
    outputs: Vec<Output>,
    class: Option<&'static str>,
    confidence: Option<f32>,
    label: Option<&'static str>,
    cycles: Option<u64>,
    macs: Option<u64>,
    mac_units: usize,
    utilisation: Option<f64>,
    seconds: f64,
}

/// What an inference gave.
struct Answer {
    tensors: BTreeMap<TensorId, Vec<i16>>,
    cycles: Option<u64>,
    macs: Option<u64>,
    seconds: f64,
}

/// Runs one inference and prints what came out.
///
/// # Errors
/// Model, preset or input is refused, or the engine does not come to its end.
pub fn run(arguments: &Arguments, console: Console) -> Outcome {
    let mut arch = arguments.preset.load()?;
    if arguments.on == On::Board {
        arch = BoardTop::of(&arch).ok_or_else(|| no_top(&arch))?.fit(&arch);
    }
    let model = arguments.model.read()?;
    let graph = model.import()?;
    let input = choose(arguments, &model, &graph)?;
    let progress = console.progress(1);
    progress.doing(format!("{} on {}", model.name, arch.name));
    let answer = infer(arguments, &graph, &arch, &input)?;
    drop(progress);
    let report = report(arguments.on, &model, &graph, &arch, &input, answer)?;
    if let Some(path) = &arguments.out {
        let bytes: Vec<u8> = report.outputs.iter().flat_map(|one| graph.data_type.to_bytes(&one.values)).collect();
        files::write(path, &bytes)?;
    }
    console.answer(&report, |report| text(report, input.sample.as_ref()))
}

fn choose(arguments: &Arguments, model: &ModelFile, graph: &Graph) -> Result<Input, Failure> {
    let tensor = inputs::tensor(graph)?;
    match (&arguments.input, arguments.sample) {
        (Some(path), _) => inputs::file(path, graph),
        (None, sample) if model.embedded => inputs::sample(sample.unwrap_or(7)),
        (None, Some(_)) => {
            Err(Failure::Refused(format!("--sample is for @fashion and @tiny; give {} an --input FILE", model.name)))
        }
        (None, None) => Err(Failure::Refused(format!(
            "{} needs --input FILE: {} {} bytes of shape {:?}",
            model.name,
            inputs::elements(tensor) * graph.data_type.bytes(),
            graph.data_type.name(),
            tensor.shape
        ))),
    }
}

fn infer(arguments: &Arguments, graph: &Graph, arch: &Architecture, input: &Input) -> Result<Answer, Failure> {
    if arguments.on == On::Golden {
        let begun = Instant::now();
        let tensors = cortado_golden::run(graph, &input.values).map_err(Failure::refused)?;
        let tensors = tensors.into_iter().enumerate().collect();
        return Ok(Answer { tensors, cycles: None, macs: None, seconds: begun.elapsed().as_secs_f64() });
    }
    let compiled = compile(graph, arch, &CompileOptions::default())
        .map_err(|error| Failure::Refused(format!("{} does not run on {}:\n{error}", graph.name, arch.name)))?;
    let run = match (arguments.on, &arguments.port) {
        (On::Verilator, _) => {
            let mut engine = Verilated::build(arch, InitialValues::Fast, Jitter::default(), 1)?;
            engine.load(&compiled)?;
            engine.run(&compiled, &input.values)?
        }
        (On::Board, Some(port)) => {
            let mut board = Attached::open(arch, port)?;
            board.load(&compiled)?;
            board.run(&compiled, &input.values)?
        }
        _ => Simulated::load(arch, &compiled)?.run(&input.values)?,
    };
    Ok(Answer {
        tensors: host::outputs(graph, &compiled, &run.memory)?,
        cycles: Some(run.cycles),
        macs: Some(compiled.estimate.macs),
        seconds: run.seconds,
    })
}

fn report(
    on: On,
    model: &ModelFile,
    graph: &Graph,
    arch: &Architecture,
    input: &Input,
    answer: Answer,
) -> Result<Report, Failure> {
    let outputs: Vec<Output> = graph
        .outputs
        .iter()
        .filter_map(|&id| {
            let tensor = graph.tensors.get(id)?;
            let (scale, zero_point) = (tensor.scale, tensor.zero_point);
            let values = answer.tensors.get(&id)?.clone();
            Some(Output { name: tensor.name.clone(), shape: tensor.shape.clone(), scale, zero_point, values })
        })
        .collect();
    if outputs.len() != graph.outputs.len() {
        return Err(Failure::Check(format!("{}: an output is missing from what the engine stored", model.name)));
    }
    let best = outputs.first().filter(|_| model.embedded).and_then(|output| {
        let (class, value) = output.values.iter().enumerate().rev().max_by_key(|(_, value)| **value)?;
        let confidence = output.scale * (i32::from(*value) - output.zero_point) as f32;
        Some((*FASHION_CLASSES.get(class)?, confidence))
    });
    Ok(Report {
        model: model.name.clone(),
        preset: arch.name.clone(),
        on,
        input: input.name.clone(),
        outputs,
        class: best.map(|best| best.0),
        confidence: best.map(|best| best.1),
        label: input.sample.as_ref().map(|sample| sample.name),
        cycles: answer.cycles,
        macs: answer.macs,
        mac_units: arch.macs(),
        utilisation: answer.cycles.zip(answer.macs).map(|(cycles, macs)| utilisation(macs, cycles, arch.macs())),
        seconds: answer.seconds,
    })
}

fn text(report: &Report, sample: Option<&Sample>) -> String {
    let mut text = sample.map(picture).unwrap_or_default();
    let on = match report.on {
        On::Golden => "the golden model",
        On::Iss => "the instruction-set simulator",
        On::Verilator => "the Verilog in Verilator",
        On::Board => "the board",
    };
    text.push_str(&format!("{} on {on}, {}\n", report.model, report.input));
    match (report.class, report.confidence) {
        (Some(class), Some(confidence)) => {
            text.push_str(&format!("class        {class}, {:.1} %\n", 100.0 * confidence));
        }
        _ => report.outputs.iter().for_each(|output| {
            let shown: Vec<String> = output.values.iter().take(SHOWN).map(ToString::to_string).collect();
            let more = if output.values.len() > SHOWN { " ..." } else { "" };
            text.push_str(&format!("{} {:?}  {}{more}\n", output.name, output.shape, shown.join(" ")));
        }),
    }
    if let (Some(cycles), Some(used)) = (report.cycles, report.utilisation) {
        let kind = if report.on == On::Iss { " (predicted)" } else { "" };
        text.push_str(&format!("cycles       {}{kind} on {}\n", thousands(cycles), report.preset));
        text.push_str(&format!("utilisation  {:.1} % of {} multipliers\n", 100.0 * used, report.mac_units));
    }
    text.push_str(&format!("wall time    {:.3} s\n", report.seconds));
    text
}

/// The image in characters, two rows of pixels to a line because characters are twice as high as wide; less its
/// empty lines above and below.
fn picture(sample: &Sample) -> String {
    const SHADES: &[u8] = b" .:-=+*#%@";
    let mut lines = Vec::new();
    for rows in sample.pixels.chunks(2 * sample.width.max(1)) {
        let (upper, lower) = rows.split_at(sample.width.min(rows.len()));
        let line: String = upper
            .iter()
            .enumerate()
            .map(|(x, &above)| {
                let mean = (usize::from(above) + usize::from(lower.get(x).copied().unwrap_or(above))) / 2;
                char::from(SHADES[mean * SHADES.len() / 256])
            })
            .collect();
        lines.push(line.trim_end().to_owned());
    }
    let blank = |line: &&String| line.is_empty();
    let first = lines.iter().take_while(blank).count();
    let last = lines.len() - lines.iter().rev().take_while(blank).count();
    lines.get(first..last).unwrap_or(&[]).iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_show_light_pixels_as_dense_characters() {
        let pixels = vec![0, 255, 128, 0, 255, 128];
        let sample = Sample { label: 0, name: "", width: 3, height: 2, pixels };
        assert_eq!(picture(&sample), " @+\n");
    }
}
