//! Board tops: clock, reset, pins, memory and host link round one engine. Leaves: nothing else knows them.
//!
//! [`system::System`] is what all boards share. A board's own file names its pins as `constraints/` does and says what
//! its memory is made of; `cortado_arch::board_top` has its clocks and rates.

pub mod arbiter;
pub mod clocks;
pub mod icebreaker;
pub mod on_chip;
pub mod resident;
pub mod system;
pub mod ulx3s;

use crate::cells::dot_product::{INT16_SUM, INT8_SUM};
use crate::emit::{emit, Header};
use crate::engine::EngineError;
use cortado_arch::board_top::{BoardTop, Pll};
use cortado_arch::{Architecture, DataType};
use rust_hdl::prelude::Block;

/// Why a board has no Verilog.
#[derive(Debug)]
pub enum BoardError {
    /// The board has no top here.
    NoTop(&'static str),
    /// No setting of its PLL gives the preset's clock.
    Clock {
        /// The board.
        board: &'static str,
        /// The preset's clock.
        mhz: u32,
    },
    /// A memory has a size none can have, or the description breaks a rule of the backend.
    Engine(EngineError),
}

impl std::fmt::Display for BoardError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BoardError::NoTop(board) => write!(f, "the board {board} has no top"),
            BoardError::Clock { board, mhz } => {
                write!(f, "no setting of {board}'s PLL gives {mhz} MHz and the host link's rate; change clock_mhz")
            }
            BoardError::Engine(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for BoardError {}

impl From<EngineError> for BoardError {
    fn from(error: EngineError) -> Self {
        BoardError::Engine(error)
    }
}

/// What a top is made from.
pub struct Plan<'a> {
    /// The engine.
    pub arch: &'a Architecture,
    /// How its clock is made.
    pub pll: Pll,
    /// The board's oscillator.
    pub oscillator_khz: u32,
    /// External memory has 2 to this many bytes.
    pub memory_bits: usize,
    /// Cycles in a bit of the serial line.
    pub bit_cycles: usize,
}

impl<'a> Plan<'a> {
    /// # Errors
    /// No setting of the board's PLL gives the preset's clock.
    pub fn new(board: &BoardTop, arch: &'a Architecture) -> Result<Self, BoardError> {
        let pll = board.pll(arch).ok_or(BoardError::Clock { board: board.name, mhz: arch.clock_mhz })?;
        Ok(Plan {
            arch,
            pll,
            oscillator_khz: board.oscillator_khz(),
            memory_bits: board.memory_bits,
            bit_cycles: board.bit_cycles(pll.khz(board.oscillator_khz())),
        })
    }
}

/// The Verilog of an engine on a board; its top module is [`BoardTop::module`].
///
/// # Errors
/// The board has no top here or no clock for the preset, or the description breaks a rule of the backend.
pub fn verilog(board: &BoardTop, arch: &Architecture, header: &Header) -> Result<String, BoardError> {
    match arch.data_type {
        DataType::Int8 => top::<INT8_SUM>(board, arch, header),
        DataType::Int16 => top::<INT16_SUM>(board, arch, header),
    }
}

fn top<const SUM: usize>(board: &BoardTop, arch: &Architecture, header: &Header) -> Result<String, BoardError> {
    let plan = Plan::new(board, arch)?;
    match board.name {
        "icebreaker" => text(board, icebreaker::Icebreaker::<SUM>::new(&plan)?, header),
        "ulx3s-25f" | "ulx3s-85f" => text(board, ulx3s::Ulx3s::<SUM>::new(&plan)?, header),
        _ => Err(BoardError::NoTop(board.name)),
    }
}

fn text<B: Block>(board: &BoardTop, mut top: B, header: &Header) -> Result<String, BoardError> {
    emit(board.module, &mut top, header).map_err(|error| BoardError::Engine(EngineError::Emit(error)))
}
