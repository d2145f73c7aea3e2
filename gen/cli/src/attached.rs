//! Running a compiled network on a board at a serial port.

use crate::execution::{memory, Run};
use crate::failure::Failure;
use cortado_arch::board_top::{BoardTop, TOPS};
use cortado_arch::isa::error_code;
use cortado_arch::Architecture;
use cortado_link::{open, Link, LinkError, SerialPort, Settings};
use cortado_map::Compiled;
use std::path::Path;
use std::time::{Duration, Instant};

/// A run is given up after this many times the estimated time, and some more.
const PATIENCE: f64 = 100.0;
const MORE_TIME: Duration = Duration::from_secs(10);

/// A board with an engine, at a serial port.
pub struct Attached {
    link: Link<SerialPort>,
    clock_hz: f64,
    port: String,
}

impl Attached {
    /// Finds the board at `port` and makes its engine ready.
    ///
    /// # Errors
    /// The preset has no board with a top, no board answers, or it carries another engine.
    pub fn open(arch: &Architecture, port: &Path) -> Result<Self, Failure> {
        let top = BoardTop::of(arch).ok_or_else(|| no_top(arch))?;
        let pll = top.pll(arch).ok_or_else(|| no_top(arch))?;
        let name = port.display().to_string();
        let link = open(port, top.baud, Settings::default());
        let mut board = Attached {
            link: link.map_err(|error| refused(&name, &error))?,
            clock_hz: pll.khz(top.oscillator_khz()) * 1e3,
            port: name,
        };
        let (found, wanted) = (board.link.known().identity, arch.hash() as u32);
        if found != wanted {
            return Err(Failure::Refused(format!(
                "{}: the board carries another engine than {} ({found:08x}, not {wanted:08x}); put this one there with \
                 `cortado flash --preset {}`",
                board.port, arch.name, arch.name
            )));
        }
        board.link.reset().map_err(|error| refused(&board.port, &error))?;
        Ok(board)
    }

    /// Writes the network's image and loads what stays on chip.
    ///
    /// # Errors
    /// The board stops answering, or its engine does not come to its end.
    pub fn load(&mut self, compiled: &Compiled) -> Result<(), Failure> {
        let port = self.port.clone();
        self.link.write(0, &compiled.image).map_err(|error| refused(&port, &error))?;
        self.execute("load program", compiled.load_program, compiled.image.len() as u64).map(|_| ())
    }

    /// One inference on the engine as it is loaded; its cycles are those the board counted.
    ///
    /// # Errors
    /// The input has another size, the board stops answering, or its engine does not come to its end.
    pub fn run(&mut self, compiled: &Compiled, input: &[i16]) -> Result<Run, Failure> {
        let mut memory = memory(compiled, input)?;
        let port = self.port.clone();
        let failed = |error: LinkError| refused(&port, &error);
        let begun = Instant::now();
        let range = compiled.input.range();
        let bytes = memory.get(range.clone()).unwrap_or(&[]);
        self.link.write(range.start as u32, bytes).map_err(failed)?;
        let cycles = self.execute("run program", compiled.run_program, compiled.estimate.cycles)?;
        for place in &compiled.outputs {
            let range = place.range();
            let came = self.link.read(range.start as u32, range.len()).map_err(failed)?;
            if let Some(there) = memory.get_mut(range) {
                there.copy_from_slice(&came);
            }
        }
        Ok(Run { memory, cycles, retired: Vec::new(), seconds: begun.elapsed().as_secs_f64(), digest: 0 })
    }

    /// Runs a program that should take about `cycles` to its good end; returns the cycles it took.
    fn execute(&mut self, what: &str, program: u32, cycles: u64) -> Result<u64, Failure> {
        let port = self.port.clone();
        let patience = Duration::from_secs_f64(PATIENCE * cycles as f64 / self.clock_hz) + MORE_TIME;
        self.link.start(program).map_err(|error| refused(&port, &error))?;
        let state = match self.link.wait(patience) {
            Err(error @ LinkError::Running) => return Err(Failure::Check(format!("{port}, {what}: {error}"))),
            other => other.map_err(|error| refused(&port, &error))?,
        };
        match state.error {
            error_code::NONE => Ok(u64::from(state.cycles)),
            code => Err(Failure::Check(format!("{port}, {what}: ended with error code {code}"))),
        }
    }
}

fn refused(port: &str, error: &LinkError) -> Failure {
    match error {
        // Names the port itself.
        LinkError::Port { .. } => Failure::refused(error),
        _ => Failure::Refused(format!("{port}: {error}")),
    }
}

/// The refusal of a preset that no board's top is made for.
pub fn no_top(arch: &Architecture) -> Failure {
    let boards: Vec<&str> = TOPS.iter().map(|top| top.name).collect();
    Failure::Refused(format!("{} has no board with a top; there are tops for {}", arch.name, boards.join(", ")))
}
