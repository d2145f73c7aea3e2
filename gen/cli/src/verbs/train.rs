//! `cortado train`: an agent learns; a learning curve and checkpoints come of it.

use crate::console::Console;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::plot::Curve;
use crate::preset::load_trainer;
use crate::table::thousands;
use crate::training_engine::simulated;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, ValueEnum};
use cortado_agents::checkpoint::Checkpoint;
use cortado_agents::{find, initial_state, Entry, Settings, Trainer, Training, TrainingError, CATALOGUE};
use cortado_arch::trainer::TrainerArchitecture;
use cortado_golden::a3c::{Learner, Network};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The training engine when none is named.
const SMALLEST: &str = "fa3c-tiny";
/// Wall time between checkpoints.
const BETWEEN: Duration = Duration::from_secs(10);
/// The largest checkpoint that is read.
const MOST_BYTES: u64 = 1 << 30;

/// What trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum On {
    /// Plain loops: the answer
    Golden,
    /// The preset's Verilog in Verilator
    Verilator,
}

/// Arguments of `cortado train`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// What to learn
    #[arg(value_name = "ENV", value_parser = PossibleValuesParser::new(
        CATALOGUE.iter().map(|entry| PossibleValue::new(entry.name).help(entry.about))))]
    environment: String,
    /// What trains
    #[arg(long, value_enum, default_value_t = On::Golden)]
    on: On,
    /// Training engine: a preset's name (`cortado presets` lists them) or a .toml file; the golden model gives the
    /// same bits without one
    #[arg(long, value_name = "PRESET", default_value = SMALLEST)]
    preset: String,
    /// What all chance is drawn from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Environment steps of the run, over which the learning rate falls to 0 [default: the environment's]
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
    /// Agents, 1 to 16 [default: the environment's]
    #[arg(long, value_name = "N")]
    agents: Option<usize>,
    /// Steps of a routine, at most
    #[arg(long, value_name = "N", default_value_t = 5)]
    t_max: usize,
    /// Learning rate at the beginning [default: the environment's]
    #[arg(long, value_name = "X")]
    rate: Option<f32>,
    /// Discount of the return
    #[arg(long, value_name = "X", default_value_t = 0.99)]
    gamma: f32,
    /// Weight of the entropy
    #[arg(long, value_name = "X", default_value_t = 0.01)]
    beta: f32,
    /// Decay of RMSProp's statistics
    #[arg(long, value_name = "X", default_value_t = 0.99)]
    alpha: f32,
    /// RMSProp's epsilon, inside the root [default: the environment's]
    #[arg(long, value_name = "X")]
    epsilon: Option<f32>,
    /// Largest norm of a gradient; 0 for no limit
    #[arg(long, value_name = "X", default_value_t = 40.0)]
    clip: f32,
    /// Go on from a checkpoint, with the settings it holds
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "steps", "agents", "t_max", "rate", "gamma", "beta",
        "alpha", "epsilon", "clip"])]
    resume: Option<PathBuf>,
    /// Where the curve and the checkpoint go [default: build/train/ENV]
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    environment: &'static str,
    on: On,
    /// The engine, where one trains.
    preset: Option<String>,
    network: String,
    parameters: usize,
    seed: u64,
    agents: usize,
    steps: u64,
    episodes: u64,
    /// None before the first episode has ended.
    mean_return: Option<f64>,
    best: f64,
    /// Steps after which the mean return was first at 0.9 of the best.
    solved_after: Option<u64>,
    seconds: f64,
    /// The engine's clock cycles, where one trains.
    cycles: Option<u64>,
    folder: PathBuf,
}

/// Trains and writes `curve.csv`, `curve.svg` and `last.checkpoint`.
///
/// # Errors
/// Settings, a preset or a checkpoint are refused, a file cannot be written, or the gradient is not finite.
pub fn run(arguments: &Arguments, console: Console) -> Outcome {
    let entry = find(&arguments.environment).ok_or_else(|| {
        Failure::Refused(format!(
            "there is no environment {:?}; cortado train --help lists them",
            arguments.environment
        ))
    })?;
    let network = entry.network().map_err(Failure::refused)?;
    let engine = load_trainer(&arguments.preset)?;
    let folder = arguments.out.clone().unwrap_or_else(|| files::build().join("train").join(entry.name));
    let (mut training, state) = match &arguments.resume {
        Some(path) => {
            let bytes = files::read(path, MOST_BYTES, "a checkpoint")?;
            let about = |error: &dyn std::fmt::Display| Failure::Refused(format!("{}: {error}", path.display()));
            let checkpoint = Checkpoint::read(&bytes).map_err(|error| about(&error))?;
            checkpoint.expect(entry.name, &network.to_string()).map_err(|error| about(&error))?;
            let training = Training::resume(&checkpoint, || entry.make()).map_err(|error| about(&error))?;
            (training, checkpoint.state)
        }
        None => {
            let settings = settings(arguments, entry);
            let state = initial_state(&network, settings.seed, settings.statistics);
            (Training::begin(settings, || entry.make()).map_err(Failure::refused)?, state)
        }
    };
    let settings = training.settings();
    let trained = match arguments.on {
        On::Golden => {
            let learner = Learner::new(network.clone(), settings.optimiser, settings.agents, state);
            let begun = Instant::now();
            train(&mut training, &mut learner.map_err(Failure::refused)?, entry, &folder, console)?;
            Trained { on: On::Golden, engine: None, elapsed: begun.elapsed() }
        }
        On::Verilator => {
            let mut simulated = simulated(&engine, &network, settings, &state)?;
            let begun = Instant::now();
            train(&mut training, &mut simulated, entry, &folder, console)?;
            let engine = Some((engine, simulated.counts().cycles));
            Trained { on: On::Verilator, engine, elapsed: begun.elapsed() }
        }
    };
    console.answer(&report(trained, &training, entry, &network, folder), text)
}

/// What has trained: an engine has its clock cycles beside it.
struct Trained {
    on: On,
    engine: Option<(TrainerArchitecture, u64)>,
    elapsed: Duration,
}

fn settings(arguments: &Arguments, entry: &Entry) -> Settings {
    let mut settings = entry.settings(arguments.seed);
    settings.steps = arguments.steps.unwrap_or(settings.steps);
    settings.agents = arguments.agents.unwrap_or(settings.agents);
    settings.rate = arguments.rate.unwrap_or(settings.rate);
    settings.t_max = arguments.t_max;
    settings.gamma = arguments.gamma;
    settings.beta = arguments.beta;
    settings.optimiser.alpha = arguments.alpha;
    settings.optimiser.epsilon = arguments.epsilon.unwrap_or(settings.optimiser.epsilon);
    settings.optimiser.clip = (arguments.clip != 0.0).then_some(arguments.clip);
    settings
}

/// Goes through the epochs that are left, and writes what comes of them.
fn train(
    training: &mut Training,
    trainer: &mut dyn Trainer,
    entry: &Entry,
    folder: &Path,
    console: Console,
) -> Outcome {
    let file = folder.join("last.checkpoint");
    let total = training.settings().steps;
    let progress = console.progress(usize::try_from(total).unwrap_or(usize::MAX));
    let mut good = checkpoint(training, trainer, entry)?;
    let mut written: Option<Instant> = None;
    while !training.finished() {
        let point = match training.epoch(trainer) {
            Ok(point) => point,
            Err(error) => {
                files::write(&file, &good)?;
                return Err(stopped(&error, &file));
            }
        };
        good = checkpoint(training, trainer, entry)?;
        progress.reach(point.steps.min(total));
        progress.doing(format!("{}: mean return {:.2} of {}", entry.name, point.mean_return, entry.best));
        if written.is_none_or(|at| at.elapsed() >= BETWEEN) {
            files::write(&file, &good)?;
            curve(training, entry, folder)?;
            written = Some(Instant::now());
        }
    }
    files::write(&file, &good)?;
    curve(training, entry, folder)
}

fn checkpoint(training: &Training, trainer: &mut dyn Trainer, entry: &Entry) -> Result<Vec<u8>, Failure> {
    let state = trainer.state().map_err(Failure::refused)?;
    Ok(training.checkpoint(entry.name, &trainer.network().to_string(), state).write())
}

/// What to say of a run that cannot go on.
fn stopped(error: &TrainingError, file: &Path) -> Failure {
    let message = format!("training stopped: {error}; the last good checkpoint is {}", file.display());
    match error {
        TrainingError::Trainer { error, .. } if error.not_finite => Failure::Check(message),
        _ => Failure::Refused(message),
    }
}

/// Writes the learning curve as numbers and as a picture.
fn curve(training: &Training, entry: &Entry, folder: &Path) -> Outcome {
    let mut csv = String::from("steps,episodes,mean_return\n");
    for point in training.curve() {
        csv.push_str(&format!("{},{},{}\n", point.steps, point.episodes, point.mean_return));
    }
    files::write(&folder.join("curve.csv"), csv.as_bytes())?;
    let settings = training.settings();
    let title = format!("{}, {} agents, seed {}", entry.name, settings.agents, settings.seed);
    let points = training.curve().iter().map(|point| (point.steps as f64, point.mean_return)).collect();
    let plot = Curve { title: &title, x: "steps", y: "mean return", points, level: (entry.best, "best") };
    files::write(&folder.join("curve.svg"), plot.svg().as_bytes())
}

fn report(trained: Trained, training: &Training, entry: &'static Entry, network: &Network, folder: PathBuf) -> Report {
    let last = training.curve().last();
    let solved = training.curve().iter().find(|point| point.mean_return >= 0.9 * entry.best);
    Report {
        environment: entry.name,
        on: trained.on,
        cycles: trained.engine.as_ref().map(|(_, cycles)| *cycles),
        preset: trained.engine.map(|(engine, _)| engine.name),
        network: network.to_string(),
        parameters: network.parameters(),
        seed: training.settings().seed,
        agents: training.settings().agents,
        steps: training.steps(),
        episodes: last.map_or(0, |point| point.episodes),
        mean_return: last.map(|point| point.mean_return).filter(|mean| mean.is_finite()),
        best: entry.best,
        solved_after: solved.map(|point| point.steps),
        seconds: trained.elapsed.as_secs_f64(),
        folder,
    }
}

fn text(report: &Report) -> String {
    let mean = report.mean_return.map_or("no episode has ended".to_owned(), |mean| {
        format!("{mean:.3} of at best {}, over the last episodes", report.best)
    });
    let solved = match report.solved_after {
        Some(steps) => format!("after {} steps (mean return 0.9 of the best)", thousands(steps)),
        None => "not yet (mean return below 0.9 of the best)".to_owned(),
    };
    let (on, cycles) = match (&report.preset, report.cycles) {
        (Some(preset), Some(cycles)) => (format!("{preset} in Verilator"), format!(", {} cycles", thousands(cycles))),
        _ => ("the golden model".to_owned(), String::new()),
    };
    format!(
        "{}, {} agents, seed {}, on {on}\nnetwork      {} ({} parameters)\nsteps        {} in {} episodes, \
         {:.1} s{cycles}\nmean return  {mean}\nsolved       {solved}\nfiles        {}: curve.csv, curve.svg, last.checkpoint\n",
        report.environment,
        report.agents,
        report.seed,
        report.network,
        thousands(report.parameters as u64),
        thousands(report.steps),
        thousands(report.episodes),
        report.seconds,
        report.folder.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn arguments(folder: &Path, line: &[&str]) -> Arguments {
        let out = ["-o".to_owned(), folder.display().to_string()];
        let line = ["train"].iter().chain(line).map(ToString::to_string).chain(out);
        Line::try_parse_from(line).unwrap().arguments
    }

    /// A folder of this test's own.
    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("cortado-train-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        folder
    }

    fn files_of(folder: &Path) -> Vec<Vec<u8>> {
        ["curve.csv", "curve.svg", "last.checkpoint"].map(|name| std::fs::read(folder.join(name)).unwrap()).to_vec()
    }

    #[test]
    fn a_run_leaves_a_curve_and_a_checkpoint_that_resumes() {
        let folder = folder("whole");
        let console = Console::new(true);
        run(&arguments(&folder, &["corridor", "--steps", "3000", "--agents", "2"]), console).unwrap();
        let whole = files_of(&folder);
        assert!(String::from_utf8_lossy(&whole[0]).lines().count() > 5);
        let file = folder.join("last.checkpoint").display().to_string();
        let resumed = folder.join("resumed");
        run(&arguments(&resumed, &["corridor", "--resume", &file]), console).unwrap();
        assert!(files_of(&resumed) == whole, "a finished run has nothing to go on with");
        let other = run(&arguments(&resumed, &["catch", "--resume", &file]), console);
        assert!(matches!(other, Err(Failure::Refused(message)) if message.contains("corridor")));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_run_that_overflows_fails_and_keeps_the_last_good_checkpoint() {
        let folder = folder("overflow");
        let failed = run(&arguments(&folder, &["corridor", "--rate", "1e38"]), Console::new(true));
        assert!(matches!(failed, Err(Failure::Check(message)) if message.contains("training stopped: after")));
        let bytes = std::fs::read(folder.join("last.checkpoint")).unwrap();
        let kept = Checkpoint::read(&bytes).unwrap();
        assert!(kept.state.theta.iter().all(|word| word.is_finite()));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_checkpoint_s_settings_are_not_overruled() {
        let line = ["train", "catch", "--resume", "file", "--rate", "0.1"];
        assert!(Line::try_parse_from(line).is_err());
    }
}
