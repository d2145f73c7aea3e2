//! `cortado verilog`: writes the RTL of one preset or of all.

use crate::console::Console;
use crate::failure::{Failure, Outcome};
use crate::preset::{Engine, PresetChoice};
use crate::table::{thousands, Table};
use crate::{files, rtl};
use clap::Args;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

/// Arguments of `cortado verilog`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    preset: PresetChoice,
    /// Every preset
    #[arg(long, conflicts_with = "preset")]
    all: bool,
    /// Folder for <preset>.v
    #[arg(short, long, value_name = "DIR", default_value = "build/rtl")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Written {
    preset: String,
    file: PathBuf,
    bytes: usize,
    lines: usize,
    macs: usize,
    seconds: f64,
}

/// Writes `<preset>.v` into the output folder.
///
/// # Errors
/// The preset is refused, the emitter refuses the engine, or a file cannot be written.
pub fn run(arguments: &Arguments, console: Console) -> Outcome {
    let engines = match arguments.all {
        true => Engine::all(),
        false => vec![arguments.preset.engine()?],
    };
    let progress = console.progress(engines.len());
    progress.doing("writing Verilog");
    let written = each(&engines, |engine| {
        let result = write(engine, &arguments.out);
        progress.step();
        result
    })?;
    drop(progress);
    console.answer(&written, |written| {
        let mut table = Table::new(&["preset", ">MACs", ">lines", ">bytes", ">seconds", "file"]);
        for one in written {
            table.row([
                one.preset.clone(),
                one.macs.to_string(),
                thousands(one.lines as u64),
                thousands(one.bytes as u64),
                format!("{:.2}", one.seconds),
                one.file.display().to_string(),
            ]);
        }
        table.text()
    })
}

/// Applies `task` to every engine, side by side; the first error, in their order, is returned.
///
/// # Errors
/// Those of `task`.
pub fn each<T: Send>(
    engines: &[Engine],
    task: impl Fn(&Engine) -> Result<T, Failure> + Sync,
) -> Result<Vec<T>, Failure> {
    let workers = thread::available_parallelism().map_or(1, usize::from).min(engines.len().max(1));
    let mut results: Vec<Option<Result<T, Failure>>> = engines.iter().map(|_| None).collect();
    // The largest come last in the list: dealing from its end balances the threads best.
    let queue = std::sync::Mutex::new(results.iter_mut().zip(engines).rev().collect::<Vec<_>>().into_iter());
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| loop {
                let next = queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).next();
                let Some((slot, engine)) = next else { break };
                *slot = Some(task(engine));
            });
        }
    });
    drop(queue);
    results.into_iter().flatten().collect()
}

fn write(engine: &Engine, folder: &Path) -> Result<Written, Failure> {
    let begun = Instant::now();
    let text = rtl::of(engine)?;
    let file = folder.join(format!("{}.v", engine.name()));
    files::write(&file, text.as_bytes())?;
    Ok(Written {
        preset: engine.name().to_owned(),
        file,
        bytes: text.len(),
        lines: text.lines().count(),
        macs: engine.macs(),
        seconds: begun.elapsed().as_secs_f64(),
    })
}
