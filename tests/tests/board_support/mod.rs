//! A board's top in Verilator, pin for pin, with the far end of its serial line.
#![allow(dead_code)]

use cortado_arch::board_top::BoardTop;
use cortado_arch::isa::{Instruction, OnChip, Operation, Transfer};
use cortado_arch::{preset, Architecture};
use cortado_cosim::{BuildOptions, InitialValues, Instance, Model, SerialLine};
use cortado_hw::boards::{self, Plan};
use cortado_link::{Line, Settings};
use std::io;
use std::time::Duration;

/// Cycles between two looks at what the other side has sent.
const SLICE: u64 = 2000;
/// Bits without a byte after which a reply counts as lost: twice what the longest request takes on the line.
const QUIET_BITS: u64 = 6000;

/// A built-in preset.
pub fn architecture(name: &str) -> Architecture {
    preset::builtin().into_iter().find(|arch| arch.name == name).expect("a built-in preset")
}

/// The board of a preset as emitted; `None`, said aloud, where Verilator is missing.
///
/// # Panics
/// When the text is refused or does not build, or Verilator is missing and `CI=true`.
pub fn simulate(preset: &str, seed: u64) -> Option<Bench> {
    let verilator = cortado_tests::verilator()?;
    println!("seed {seed}");
    let arch = architecture(preset);
    let board = BoardTop::of(&arch).expect("the preset's board");
    let arch = board.fit(&arch);
    let header = cortado_tests::header(&arch.name);
    let text = boards::verilog(board, &arch, &header).unwrap_or_else(|error| panic!("{error}"));
    let mut options = BuildOptions::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../build/cosim"));
    options.initial = InitialValues::Random;
    options.clock = "clk".into();
    let model = Model::build(&verilator, board.module, &text, &options).unwrap_or_else(|error| panic!("{error}"));
    let mut instance = model.instance(seed).expect("a simulation");
    instance.poke("btn_n", 1).expect("the button");
    let bits = Plan::new(board, &arch).expect("a clock").bit_cycles as u64;
    let line = SerialLine::new(&mut instance, "rx", "tx", bits).expect("the pins");
    let mut bench = Bench { arch, instance, line, quiet: QUIET_BITS * bits / SLICE };
    // Reset is over then, and the line is at rest.
    bench.run(2000);
    Some(bench)
}

/// Asks again when the board's line is quiet, and never for the wall clock's sake.
pub fn settings(tries: u32) -> Settings {
    Settings { patience: Duration::MAX, tries, ..Settings::default() }
}

/// A program at 0 that copies so many words of `arch` from one place in external memory to another.
pub fn copies(words: u32, from: u32, to: u32) -> Vec<u8> {
    let transfer = Transfer { word_address: 0, words, byte_address: from, ..Transfer::default() };
    let load = Operation::Load(OnChip::Activation, transfer);
    let store = Operation::Store(Transfer { byte_address: to, ..transfer });
    [(0, load), (1, store), (0, Operation::End)]
        .map(|(wait_dma, operation)| Instruction { wait_dma, wait_compute: 0, operation })
        .iter()
        .flat_map(|instruction| instruction.encode().expect("an instruction"))
        .collect()
}

/// A board and its line.
pub struct Bench {
    pub arch: Architecture,
    pub instance: Instance,
    pub line: SerialLine,
    /// Slices without a byte after which a reply counts as lost.
    quiet: u64,
}

impl Bench {
    pub fn run(&mut self, cycles: u64) {
        self.line.run(&mut self.instance, cycles).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// The host's library on the simulated pins. Patience is the board's time, so nothing depends on the machine's load.
impl Line for Bench {
    fn receive(&mut self, bytes: &mut [u8], _patience: Duration) -> io::Result<usize> {
        for _ in 0..self.quiet {
            let came = self.line.take();
            if !came.is_empty() {
                // What does not fit cannot be: a slice holds a few dozen bytes.
                bytes[..came.len()].copy_from_slice(&came);
                return Ok(came.len());
            }
            self.run(SLICE);
        }
        Ok(0)
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.line.send(bytes);
        Ok(())
    }
}
