//! `cortado flash`: a board's bitstream to the board's flash memory.

use super::bitstream;
use crate::attached::no_top;
use crate::console::Console;
use crate::failure::{Failure, Outcome};
use crate::preset::PresetChoice;
use clap::Args;
use cortado_arch::board_top::{BoardTop, Programmer};
use serde::Serialize;
use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Arguments of `cortado flash`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    preset: PresetChoice,
    #[command(flatten)]
    seeds: bitstream::Seeds,
}

#[derive(Serialize)]
struct Report {
    preset: String,
    board: &'static str,
    bitstream: PathBuf,
    bytes: u64,
    programmer: &'static str,
}

/// Writes the bitstream of a preset's board to the board that is attached, making it first if it is not there.
///
/// # Errors
/// As `cortado bitstream`, or no programmer of the board is on the path, or the one there fails.
pub fn run(arguments: &Arguments, console: Console) -> Outcome {
    let arch = arguments.preset.load()?;
    let top = BoardTop::of(&arch).ok_or_else(|| no_top(&arch))?;
    // Before the long work: whoever has no programmer should not wait for it.
    let (programmer, command) = find(top, &env::var_os("PATH").unwrap_or_default())?;
    let made = bitstream::make(&arch, top, &arguments.seeds, console)?;
    // What it prints is for people; standard output is the answer's.
    let status = Command::new(&command)
        .args(programmer.arguments)
        .arg(&made.bitstream.bitstream)
        .stdin(Stdio::null())
        .stdout(Stdio::from(std::io::stderr()))
        .status()
        .map_err(Failure::file(&command))?;
    if !status.success() {
        return Err(Failure::Check(format!(
            "{} {} {}: {status}; is the {} attached, and may you use its USB port?",
            programmer.command,
            programmer.arguments.join(" "),
            made.bitstream.bitstream.display(),
            top.name
        )));
    }
    let report = Report {
        preset: arch.name,
        board: top.name,
        bitstream: made.bitstream.bitstream,
        bytes: made.bitstream.bytes,
        programmer: programmer.command,
    };
    console.answer(&report, |report| {
        format!("{} is on the {}: {}\n", report.preset, report.board, report.bitstream.display())
    })
}

/// The first of the board's programmers that is on `path`.
fn find(top: &BoardTop, path: &OsStr) -> Result<(&'static Programmer, PathBuf), Failure> {
    let places: Vec<PathBuf> = env::split_paths(path).collect();
    let found = top.programmers.iter().find_map(|programmer| {
        let command = places.iter().map(|place| place.join(programmer.command)).find(|command| command.is_file())?;
        Some((programmer, command))
    });
    found.ok_or_else(|| {
        let ways: Vec<String> = top.programmers.iter().map(way).collect();
        Failure::Refused(format!(
            "no programmer for the {} is on the path; install one:\n{}",
            top.name,
            ways.join("\n")
        ))
    })
}

/// How to get a programmer.
fn way(programmer: &Programmer) -> String {
    let Programmer { command, source, .. } = programmer;
    match programmer.package {
        Some(package) => format!("  {command}: apt-get install {package} (Debian, Ubuntu), or from {source}"),
        None => format!("  {command}: from {source}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cortado_arch::board_top::TOPS;

    #[test]
    fn the_first_programmer_on_the_path_is_taken_and_its_absence_says_what_to_install() {
        let folder = env::temp_dir().join(format!("cortado-flash-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the system's temporary folder can be written");
        let top = &TOPS[0];
        let refusal = find(top, folder.as_os_str()).expect_err("the folder is empty");
        let message = refusal.message().expect("a refusal has words").to_owned();
        for programmer in top.programmers {
            assert!(message.contains(&format!("  {}: apt-get install ", programmer.command)), "{message}");
        }
        for programmer in top.programmers.iter().rev() {
            std::fs::write(folder.join(programmer.command), "").expect("the folder can be written");
            let (found, command) = find(top, folder.as_os_str()).expect("it is there");
            assert_eq!((found, command), (programmer, folder.join(programmer.command)));
        }
        std::fs::remove_dir_all(&folder).expect("the folder is the test's");
    }
}
