//! A serial line to two pins of a simulated board: 8 bits, no parity, one stop bit.

use std::collections::VecDeque;

use crate::model::{Instance, SimError};

/// Bits a byte takes on the line.
const BITS: u64 = 10;

/// The far end of a board's serial line, written without a look at the board's own.
///
/// It works in steps of a few cycles; between them the board runs at the simulator's speed.
pub struct SerialLine {
    /// The board's input and output pin.
    pins: [String; 2],
    bit_cycles: u64,
    /// Cycles between two looks at the board's output.
    step: u64,
    to_board: VecDeque<u8>,
    from_board: Vec<u8>,
    /// The byte that goes to the board: its bits, the next one lowest, and the cycle at which the next one is due.
    going: Option<(u32, u64)>,
    /// The byte that comes: its bits so far, their number, and the cycle at which the next one is looked at.
    coming: Option<(u32, u64, u64)>,
    now: u64,
    broken: u64,
}

impl SerialLine {
    /// A line to the board's input `rx` and output `tx`, with bits of `bit_cycles` cycles, at least 8.
    ///
    /// # Errors
    /// There is no such pin.
    pub fn new(board: &mut Instance, rx: &str, tx: &str, bit_cycles: u64) -> Result<Self, SimError> {
        board.poke(rx, 1)?;
        board.peek(tx)?;
        Ok(SerialLine {
            pins: [rx.into(), tx.into()],
            bit_cycles,
            step: (bit_cycles / 4).max(1),
            to_board: VecDeque::new(),
            from_board: Vec::new(),
            going: None,
            coming: None,
            now: 0,
            broken: 0,
        })
    }

    /// Bytes for the board, behind those that have not gone yet.
    pub fn send(&mut self, bytes: &[u8]) {
        self.to_board.extend(bytes);
    }

    /// Bytes that have not gone yet.
    pub fn waiting(&self) -> usize {
        self.to_board.len() + usize::from(self.going.is_some())
    }

    /// The bytes that have come since the last call.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.from_board)
    }

    /// Bytes of the board without a stop bit: none, if its line is right.
    pub fn broken(&self) -> u64 {
        self.broken
    }

    /// Cycles run so far.
    pub fn cycles(&self) -> u64 {
        self.now
    }

    /// Runs the board for about so many cycles.
    ///
    /// # Errors
    /// The design does not settle, or ran into `$stop`.
    pub fn run(&mut self, board: &mut Instance, cycles: u64) -> Result<(), SimError> {
        let end = self.now + cycles;
        while self.now < end {
            self.drive(board)?;
            board.tick(self.step)?;
            self.now += self.step;
            let level = board.peek(&self.pins[1])? == 1;
            self.sample(level);
        }
        Ok(())
    }

    fn drive(&mut self, board: &mut Instance) -> Result<(), SimError> {
        match &mut self.going {
            Some((bits, due)) if self.now >= *due => {
                // A one above the stop bit marks the end.
                if *bits == 1 {
                    self.going = None;
                } else {
                    board.poke(&self.pins[0], u64::from(*bits & 1))?;
                    *bits >>= 1;
                    *due += self.bit_cycles;
                    return Ok(());
                }
            }
            Some(_) => return Ok(()),
            None => {}
        }
        if let Some(byte) = self.to_board.pop_front() {
            // The start bit goes at once; data, stop bit and mark follow.
            board.poke(&self.pins[0], 0)?;
            self.going = Some((0b11 << 8 | u32::from(byte), self.now + self.bit_cycles));
        }
        Ok(())
    }

    fn sample(&mut self, level: bool) {
        match &mut self.coming {
            None if !level => self.coming = Some((0, 0, self.now + self.bit_cycles / 2)),
            None => {}
            Some((bits, count, due)) if self.now >= *due => {
                *bits |= u32::from(level) << *count;
                *count += 1;
                *due += self.bit_cycles;
                if *count == BITS {
                    // Bit 0 is the start bit, bit 9 the stop bit.
                    self.from_board.push((*bits >> 1) as u8);
                    self.broken += u64::from(!level);
                    self.coming = None;
                }
            }
            Some(_) => {}
        }
    }
}
