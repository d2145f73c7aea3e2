//! Memories of bytes: one that reads and writes at once ([`BankedRam`], block RAM), one that does
//! either ([`SinglePortRam`], the iCE40UP5K's 256-kbit blocks).
//!
//! Bytes are numbered from the lowest: byte 0 of a word is `read_data[0]`. Contents start undefined,
//! as they do in the parts.

use std::fmt::Write;

use super::block_ram::Memory;
use crate::make::signals;
use cortado_arch::Family;
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;

/// Words an address of 16 bits can reach.
const MOST_WORDS: usize = 1 << 16;

/// Why a memory of the wanted size cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RamError(String);

impl std::fmt::Display for RamError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RamError {}

fn check_depth(depth: usize) -> Result<(), RamError> {
    if (2..=MOST_WORDS).contains(&depth) {
        return Ok(());
    }
    Err(RamError(format!("a memory of {depth} words; 2 to {MOST_WORDS} fit the 16-bit address")))
}

/// Bits of the address that matter for `depth` words.
fn address_bits(depth: usize) -> u32 {
    usize::BITS - (depth - 1).leading_zeros()
}

/// Where a [`BankedRam`] holds a read for its second cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadStage {
    /// Nowhere: the data of an address come 1 cycle later.
    None,
    /// At the address, which has fewer bits than the data: block RAM without an output register (iCE40).
    Address,
    /// At the data: block RAM with an output register of its own (ECP5).
    Data,
}

impl ReadStage {
    /// The two-cycle read that costs least in this part.
    pub fn of(family: &Family) -> Self {
        match family {
            Family::Ice40 { .. } => ReadStage::Address,
            Family::Ecp5 { .. } | Family::Generic => ReadStage::Data,
        }
    }
}

/// Simple dual-port memory: one read and one write a cycle, on one clock, a write enable per bank.
///
/// The data of an address come 1 cycle later, or 2 with a [`ReadStage`]. A word written while it is read, in
/// the cycle of its address or with [`ReadStage::Address`] the one after, reads as anything
/// (`no_rw_check`: the parts' block RAM, and no logic beside it).
///
/// | port | what |
/// |---|---|
/// | `clock` | rising edge |
/// | `read_enable` | takes `read_address` this cycle; low holds the data |
/// | `read_address` | word |
/// | `read_data` | one signal per byte, byte 0 first |
/// | `write_enable` | one per bank, bank 0 holding the lowest bytes |
/// | `write_address` | word |
/// | `write_data` | one signal per byte |
#[derive(Clone, Debug, LogicBlock)]
pub struct BankedRam {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Takes `read_address` this cycle.
    pub read_enable: Signal<In, Bit>,
    /// Word to read.
    pub read_address: Signal<In, Bits<16>>,
    /// The word read, byte by byte.
    pub read_data: Vec<Signal<Out, Bits<8>>>,
    /// Writes the bank this cycle.
    pub write_enable: Vec<Signal<In, Bit>>,
    /// Word to write.
    pub write_address: Signal<In, Bits<16>>,
    /// The word to write, byte by byte.
    pub write_data: Vec<Signal<In, Bits<8>>>,
    _depth: usize,
    _bank_bytes: usize,
    _stage: ReadStage,
}

impl BankedRam {
    /// A memory of `depth` words of `banks` banks of `bank_bits` bits each.
    ///
    /// # Errors
    /// A depth outside 2 to 65536, no bank, or a bank that is no whole number of bytes.
    pub fn new(depth: usize, banks: usize, bank_bits: usize, stage: ReadStage) -> Result<Self, RamError> {
        check_depth(depth)?;
        if banks == 0 || bank_bits == 0 || bank_bits % 8 != 0 {
            return Err(RamError(format!(
                "{banks} banks of {bank_bits} bits; at least 1 bank of a multiple of 8 bits is needed"
            )));
        }
        let bank_bytes = bank_bits / 8;
        let bytes = banks
            .checked_mul(bank_bytes)
            .filter(|&bytes| bytes <= MOST_WORDS)
            .ok_or_else(|| RamError(format!("{banks} banks of {bank_bits} bits are too wide a word")))?;
        Ok(Self {
            clock: Signal::default(),
            read_enable: Signal::default(),
            read_address: Signal::default(),
            read_data: signals(bytes),
            write_enable: signals(banks),
            write_address: Signal::default(),
            write_data: signals(bytes),
            _depth: depth,
            _bank_bytes: bank_bytes,
            _stage: stage,
        })
    }
}

impl Logic for BankedRam {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.read_data.iter_mut().for_each(|signal| signal.connect());
    }

    fn hdl(&self) -> Verilog {
        let banks = self.write_enable.len();
        let bits = self._bank_bytes * 8;
        let cycles = if self._stage == ReadStage::None { "1 cycle" } else { "2 cycles" };
        let head =
            format!("// BankedRam: {} words of {banks} x {bits} bits, data {cycles} after the address\n", self._depth);
        let blocks = Memory { depth: self._depth, banks, bits }.ecp5().filter(|_| self._stage == ReadStage::Data);
        Verilog::Custom(match blocks {
            Some(blocks) => {
                format!("{head}`ifdef CORTADO_CELLS_ECP5\n{blocks}`else\n{}`endif\n", self.behavioural())
            }
            None => head + &self.behavioural(),
        })
    }
}

impl BankedRam {
    /// Memories that Yosys maps to block RAM, with the registers of the read stage.
    fn behavioural(&self) -> String {
        let bits = self._bank_bytes * 8;
        let high = address_bits(self._depth) - 1;
        let mut text = String::new();
        let (enable, address) = if self._stage == ReadStage::Address {
            let _ = write!(
                text,
                "    reg staged_enable;
    reg [{high}:0] staged_address;
    always @(posedge clock) begin
        staged_enable <= read_enable;
        staged_address <= read_address[{high}:0];
    end

"
            );
            ("staged_enable", "staged_address".to_string())
        } else {
            ("read_enable", format!("read_address[{high}:0]"))
        };
        for bank in 0..self.write_enable.len() {
            let (low, top) = (bank * bits, (bank + 1) * bits - 1);
            let write_enable = match self.write_enable.len() {
                1 => "write_enable".to_string(),
                _ => format!("write_enable[{bank}]"),
            };
            let _ = write!(
                text,
                "    (* no_rw_check, ram_style = \"block\" *)
    reg [{last}:0] bank_{bank} [0:{}];
    reg [{last}:0] read_{bank};
    always @(posedge clock) begin
        if ({write_enable}) bank_{bank}[write_address[{high}:0]] <= write_data[{top}:{low}];
        if ({enable}) read_{bank} <= bank_{bank}[{address}];
    end
",
                self._depth - 1,
                last = bits - 1,
            );
            let shown = if self._stage == ReadStage::Data {
                let _ = writeln!(
                    text,
                    "    reg [{}:0] stage_{bank};\n    always @(posedge clock) stage_{bank} <= read_{bank};",
                    bits - 1
                );
                "stage"
            } else {
                "read"
            };
            let _ = writeln!(text, "    assign read_data[{top}:{low}] = {shown}_{bank};\n");
        }
        text
    }
}

/// Single-port memory in lanes of 16 bits: a cycle reads or writes.
///
/// `synth_ice40 -spram` makes one `SB_SPRAM256KA` of each lane of 16384 words. The data of an
/// address come 1 cycle later and hold while nothing is read.
///
/// | port | what |
/// |---|---|
/// | `clock` | rising edge |
/// | `enable` | does something this cycle |
/// | `address` | word |
/// | `write_enable` | one per byte; all low reads |
/// | `write_data` | one signal per byte, byte 0 first |
/// | `read_data` | one signal per byte |
#[derive(Clone, Debug, LogicBlock)]
pub struct SinglePortRam {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Reads or writes this cycle.
    pub enable: Signal<In, Bit>,
    /// Word to read or write.
    pub address: Signal<In, Bits<16>>,
    /// Writes the byte this cycle; all low reads the word.
    pub write_enable: Vec<Signal<In, Bit>>,
    /// The word to write, byte by byte.
    pub write_data: Vec<Signal<In, Bits<8>>>,
    /// The word read, byte by byte.
    pub read_data: Vec<Signal<Out, Bits<8>>>,
    _depth: usize,
    _memory: Vec<Vec<Bits<8>>>,
}

impl SinglePortRam {
    /// A memory of `depth` words of `lanes` lanes of 16 bits.
    ///
    /// # Errors
    /// A depth outside 2 to 65536, or no lane.
    pub fn new(depth: usize, lanes: usize) -> Result<Self, RamError> {
        check_depth(depth)?;
        if lanes == 0 || lanes > MOST_WORDS {
            return Err(RamError(format!("{lanes} lanes; 1 to {MOST_WORDS} are needed")));
        }
        Ok(Self {
            clock: Signal::default(),
            enable: Signal::default(),
            address: Signal::default(),
            write_enable: signals(2 * lanes),
            write_data: signals(2 * lanes),
            read_data: signals(2 * lanes),
            _depth: depth,
            _memory: vec![vec![Bits::default(); 2 * lanes]; depth],
        })
    }

    fn edge(&mut self) {
        let Some(word) = self._memory.get_mut(self.address.val().index()) else {
            return;
        };
        let writes = self.write_enable.iter().any(|enable| enable.val());
        for (byte, stored) in word.iter_mut().enumerate() {
            if self.write_enable[byte].val() {
                *stored = self.write_data[byte].val();
            } else if !writes {
                self.read_data[byte].next = *stored;
            }
        }
    }
}

impl Logic for SinglePortRam {
    fn update(&mut self) {
        if self.clock.pos_edge() && self.enable.val() {
            self.edge();
        }
    }

    fn connect(&mut self) {
        self.read_data.iter_mut().for_each(|signal| signal.connect());
    }

    fn hdl(&self) -> Verilog {
        let lanes = self.write_enable.len() / 2;
        let high = address_bits(self._depth) - 1;
        let mut text =
            format!("// SinglePortRam: {} words of {lanes} x 16 bits, data 1 cycle after the address\n", self._depth);
        for lane in 0..lanes {
            let (low, top) = (lane * 16, lane * 16 + 15);
            let (first, second) = (lane * 2, lane * 2 + 1);
            let _ = write!(
                text,
                "    reg [15:0] lane_{lane} [0:{}];
    always @(posedge clock) begin
        if (enable) begin
            if (write_enable[{first}]) lane_{lane}[address[{high}:0]][7:0] <= write_data[{}:{low}];
            if (write_enable[{second}]) lane_{lane}[address[{high}:0]][15:8] <= write_data[{top}:{}];
            if (write_enable == {}'h0) read_data[{top}:{low}] <= lane_{lane}[address[{high}:0]];
        end
    end

",
                self._depth - 1,
                low + 7,
                low + 8,
                2 * lanes,
            );
        }
        Verilog::Custom(text)
    }
}
