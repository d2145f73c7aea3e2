//! `cortado run --on board`: through a pseudo-terminal the binary talks to a board's top in Verilator, pin for pin.
#![cfg(target_os = "linux")]

mod common;

use common::{Answer, Folder};
use cortado_arch::board_top::BoardTop;
use cortado_arch::preset;
use cortado_cosim::{find_verilator, BuildOptions, InitialValues, Instance, Model, SerialLine};
use cortado_hw::boards::{self, Plan};
use cortado_hw::emit::Header;
use serial2::SerialPort;
use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};
use std::time::Duration;

const PRESET: &str = "icebreaker-4x4";
/// Cycles between two looks at the terminal.
const SLICE: u64 = 2000;

/// A board's top, with its serial line at a pseudo-terminal.
struct Board {
    instance: Instance,
    line: SerialLine,
    terminal: SerialPort,
    /// Kept open: without it the terminal would hang up between two programs.
    _host: SerialPort,
    path: String,
}

impl Board {
    /// `None`, said aloud, where Verilator is missing; fails where CI must not skip.
    fn new(seed: u64) -> Option<Board> {
        let verilator = match find_verilator() {
            Ok(found) => found,
            Err(error) => {
                assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "skipped in CI: {error}");
                eprintln!("skipped: {error}");
                return None;
            }
        };
        let arch = preset::by_name(PRESET).expect("a built-in preset");
        let top = BoardTop::of(&arch).expect("the preset's board");
        let header = Header {
            version: "test".into(),
            preset: arch.name.clone(),
            architecture_hash: "test".into(),
            command: "cargo test".into(),
        };
        let text = boards::verilog(top, &arch, &header).expect("the top is emitted");
        let mut options = BuildOptions::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../build/cosim"));
        options.initial = InitialValues::Random;
        options.clock = "clk".into();
        let model = Model::build(&verilator, top.module, &text, &options).expect("the top builds");
        let mut instance = model.instance(seed).expect("a simulation");
        instance.poke("btn_n", 1).expect("the button");
        let bits = Plan::new(top, &arch).expect("a clock").bit_cycles as u64;
        let line = SerialLine::new(&mut instance, "rx", "tx", bits).expect("the pins");
        let (mut terminal, host) = SerialPort::pair().expect("a pseudo-terminal");
        terminal.set_read_timeout(Duration::from_millis(1)).expect("a timeout");
        terminal.set_write_timeout(Duration::from_secs(60)).expect("a timeout");
        let path = std::fs::read_link(format!("/proc/self/fd/{}", host.as_raw_fd())).expect("the terminal's path");
        let path = path.display().to_string();
        Some(Board { instance, line, terminal, _host: host, path })
    }

    /// Runs a program to its end, and the board beside it.
    fn serve(&mut self, mut command: Command) -> Answer {
        let program = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut program = program.expect("the binary starts");
        while program.try_wait().expect("the binary's state").is_none() {
            self.carry();
        }
        Answer::of(program.wait_with_output().expect("the binary's output"))
    }

    fn carry(&mut self) {
        let mut bytes = [0; 4096];
        match self.terminal.read(&mut bytes) {
            Ok(count) => self.line.send(&bytes[..count]),
            Err(error) => assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}"),
        }
        self.line.run(&mut self.instance, SLICE).expect("the board runs");
        self.terminal.write_all(&self.line.take()).expect("the terminal takes it");
    }
}

#[test]
fn a_board_gives_the_golden_model_s_outputs_and_counts_the_cycles() {
    let Some(mut board) = Board::new(7) else { return };
    let folder = Folder::new();
    let port = board.path.clone();
    let golden = folder.cortado(&["run", "@tiny", "--preset", PRESET, "--sample", "3", "--on", "golden", "--json"]);
    let predicted = folder.cortado(&["run", "@tiny", "--preset", PRESET, "--sample", "3", "--on", "iss", "--json"]);
    let predicted = predicted.json()["cycles"].as_f64().expect("cycles");
    // The second run finds the board as the first has left it.
    for _ in 0..2 {
        let arguments =
            ["run", "@tiny", "--preset", PRESET, "--sample", "3", "--on", "board", "--port", &port, "--json"];
        let answer = board.serve(folder.command(&arguments)).json();
        assert_eq!(answer["outputs"], golden.json()["outputs"]);
        assert_eq!(answer["on"], "board");
        let cycles = answer["cycles"].as_f64().expect("cycles");
        assert!((0.95..1.1).contains(&(cycles / predicted)), "{cycles} cycles, {predicted} predicted");
    }
}

#[test]
fn a_c_program_uses_the_board_through_the_library() {
    let Some(mut board) = Board::new(9) else { return };
    let folder = Folder::new();
    let link = concat!(env!("CARGO_MANIFEST_DIR"), "/../link");
    // Beside this test's own file, or one folder above.
    let here = std::env::current_exe().expect("the test's own path");
    let library = here.ancestors().skip(1).take(2).map(|folder| folder.join("libcortado_link.a"));
    let library = library.into_iter().find(|file| file.is_file()).expect("cargo builds the library for C as well");
    let program = folder.path().join("memory");
    let compiled = Command::new("cc")
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-I"])
        .arg(format!("{link}/include"))
        .arg(format!("{link}/examples/memory.c"))
        .arg(&library)
        .args(["-lpthread", "-ldl", "-lm", "-o"])
        .arg(&program)
        .output()
        .expect("a C compiler, which Verilator needs too");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let run = |port: &str| {
        let mut command = Command::new(&program);
        command.args([port, "3000000"]);
        command
    };
    let answer = board.serve(run(&board.path));
    let identity = preset::by_name(PRESET).expect("a built-in preset").hash() as u32;
    assert_eq!(answer.out, format!("equal, beats of 4 bytes, 2^16 bytes, engine {identity:08x}\n"), "{answer:?}");
    let answer = board.serve(run("gone"));
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert!(answer.err.starts_with("gone: gone: No such file"), "{answer:?}");
}

#[test]
fn a_board_with_another_engine_and_a_port_without_a_board_are_refused() {
    let Some(mut board) = Board::new(8) else { return };
    let folder = Folder::new();
    let port = board.path.clone();
    let preset = preset::embedded(PRESET).expect("a built-in preset").replace("burst_beats = 64", "burst_beats = 32");
    folder.file("other.toml", preset.as_bytes());
    let arguments = ["run", "@tiny", "--preset", "other.toml", "--on", "board", "--port", &port];
    let answer = board.serve(folder.command(&arguments));
    assert_eq!(answer.code, Some(2), "{answer:?}");
    for words in ["the board carries another engine than icebreaker-4x4", "cortado flash --preset icebreaker-4x4"] {
        assert!(answer.err.contains(words), "{answer:?}");
    }
    // The reset button held: nobody answers.
    board.instance.poke("btn_n", 0).expect("the button");
    let arguments = ["run", "@tiny", "--preset", PRESET, "--on", "board", "--port", &port];
    let answer = board.serve(folder.command(&arguments));
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(answer.err.contains("the board does not answer (10 tries"), "{answer:?}");
}
