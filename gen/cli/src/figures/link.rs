//! The host link under faults: the emitted top of a board, pin for pin, on a line that harms one frame in a hundred.

use super::measure::Measured;
use super::SEED;
use crate::attached::no_top;
use crate::execution::{verilator, version};
use crate::failure::Failure;
use crate::{files, preset, rtl};
use cortado_arch::board_top::BoardTop;
use cortado_cosim::{BuildOptions, InitialValues, Model, SerialLine};
use cortado_hw::boards::Plan;
use cortado_link::faulty::{Faulty, Stepped};
use cortado_link::{Line, Link, Settings};
use cortado_random::Rng;
use std::io;
use std::time::Duration;

/// Frames both ways; one in so many suffers.
const FRAMES: u64 = 1_000_000;
const ONE_IN: u64 = 100;
/// Bytes of data a frame: short ones, so that there are many.
const DATA: usize = 4;
/// Memory written and read back at a time.
const AREA: usize = 1024;
/// Cycles between two looks at the line, and looks after which a reply counts as lost.
const SLICE: u64 = 1000;
const QUIET: u32 = 20;
const TRIES: u32 = 50;

/// Bytes that came out wrong or not at all, of all that a million frames carried.
///
/// # Errors
/// Verilator is missing or refuses the top, or the link gives up.
pub fn lost(name: &str) -> Result<Measured, Failure> {
    let arch = preset::load(name)?;
    let top = BoardTop::of(&arch).ok_or_else(|| no_top(&arch))?;
    let arch = top.fit(&arch);
    let verilator = verilator()?;
    let mut options = BuildOptions::new(files::build().join("cosim"));
    options.initial = InitialValues::Random;
    options.clock = "clk".into();
    let model = Model::build(&verilator, top.module, &rtl::board(&arch, top)?, &options).map_err(Failure::refused)?;
    let mut board = model.instance(SEED).map_err(Failure::refused)?;
    board.poke("btn_n", 1).map_err(Failure::refused)?;
    let bits = Plan::new(top, &arch).map_err(Failure::refused)?.bit_cycles as u64;
    let mut serial = SerialLine::new(&mut board, "rx", "tx", bits).map_err(Failure::refused)?;
    let line = Stepped::new(
        |bytes: &[u8]| {
            serial.send(bytes);
            serial.run(&mut board, SLICE).map_err(io::Error::other)?;
            Ok(serial.take())
        },
        QUIET,
    );
    let wrong = carry(Faulty::new(line, ONE_IN, SEED))?;
    Ok(Measured { value: wrong as f64, preset: arch.name, tool: version(&verilator), seed: SEED, breakdown: None })
}

/// Writes and reads back until the frames are through; returns how many bytes differ.
fn carry<L: Line>(line: Faulty<L>) -> Result<usize, Failure> {
    let settings = Settings { patience: Duration::MAX, tries: TRIES, data: DATA };
    let gave_up = |error| Failure::Check(format!("the link gave up under faults: {error}"));
    let mut link = Link::greet(line, settings).map_err(gave_up)?;
    let mut rng = Rng::new(SEED);
    let mut wrong = 0;
    while link.line().harm().frames < FRAMES {
        let bytes: Vec<u8> = (0..AREA).map(|_| rng.next_u64() as u8).collect();
        link.write(0, &bytes).map_err(gave_up)?;
        let came = link.read(0, AREA).map_err(gave_up)?;
        wrong += bytes.iter().zip(&came).filter(|(one, other)| one != other).count();
    }
    Ok(wrong)
}
