//! Lines for trials without a board: one that is a function, and one that damages what another one carries.

use crate::line::Line;
use cortado_arch::link::FLAG;
use std::collections::VecDeque;
use std::io;
use std::time::Duration;

/// A line whose far end is a function, such as a simulated board: it takes the bytes sent, goes on for a while of
/// its own time, and returns what has come. Patience is counted in calls, so nothing depends on the machine's load.
pub struct Stepped<F> {
    step: F,
    quiet: u32,
    came: VecDeque<u8>,
}

impl<F: FnMut(&[u8]) -> io::Result<Vec<u8>>> Stepped<F> {
    /// Patience is over after `quiet` calls that brought nothing.
    pub fn new(step: F, quiet: u32) -> Self {
        Stepped { step, quiet, came: VecDeque::new() }
    }
}

impl<F: FnMut(&[u8]) -> io::Result<Vec<u8>>> Line for Stepped<F> {
    fn receive(&mut self, bytes: &mut [u8], _patience: Duration) -> io::Result<usize> {
        for _ in 0..self.quiet {
            if !self.came.is_empty() {
                break;
            }
            self.came.extend((self.step)(&[])?);
        }
        let count = bytes.len().min(self.came.len());
        for (to, from) in bytes.iter_mut().zip(self.came.drain(..count)) {
            *to = from;
        }
        Ok(count)
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.came.extend((self.step)(bytes)?);
        Ok(())
    }
}

/// What a [`Faulty`] line has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Harm {
    /// Frames carried, both ways.
    pub frames: u64,
    /// Those of them that suffered.
    pub faults: u64,
}

/// One way of a line.
#[derive(Default)]
struct Way {
    /// Bytes of a frame whose end has not come.
    open: Vec<u8>,
    /// A frame that the next one overtakes.
    held: Vec<u8>,
}

/// A line that treats one frame in so many badly: flips a bit of it, cuts it short, loses it, doubles it, lets the
/// next one overtake it, or floods the line with noise before it. Equal seeds do equal harm.
pub struct Faulty<L> {
    line: L,
    one_in: u64,
    random: u64,
    there: Way,
    back: Way,
    came: VecDeque<u8>,
    harm: Harm,
}

impl<L> Faulty<L> {
    /// Most bytes of noise before a frame: more than a board keeps.
    const MOST_NOISE: u64 = 600;

    /// Harms one frame in `one_in` of those that `line` carries.
    pub fn new(line: L, one_in: u64, seed: u64) -> Self {
        let (there, back) = (Way::default(), Way::default());
        Faulty { line, one_in, random: seed | 1, there, back, came: VecDeque::new(), harm: Harm::default() }
    }

    /// What was done so far.
    pub fn harm(&self) -> Harm {
        self.harm
    }

    /// The line itself.
    pub fn line(&mut self) -> &mut L {
        &mut self.line
    }

    /// A number below `bound` (xorshift64*).
    fn below(&mut self, bound: u64) -> u64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        (self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound.max(1)
    }

    /// What becomes of the frames in `bytes` on their way.
    fn carry(&mut self, bytes: &[u8], way: fn(&mut Self) -> &mut Way) -> Vec<u8> {
        let mut carried = Vec::new();
        for &byte in bytes {
            let open = &mut way(self).open;
            open.push(byte);
            // A flag alone opens a frame; behind bytes it ends one.
            if byte == FLAG && open.len() > 1 {
                let frame = std::mem::take(open);
                let held = std::mem::take(&mut way(self).held);
                let (now, later) = self.suffer(frame);
                carried.extend(now);
                carried.extend(held);
                way(self).held = later;
            }
        }
        carried
    }

    /// What of a frame goes on at once, and what behind the next one.
    fn suffer(&mut self, mut frame: Vec<u8>) -> (Vec<u8>, Vec<u8>) {
        self.harm.frames += 1;
        if self.below(self.one_in) != 0 {
            return (frame, Vec::new());
        }
        self.harm.faults += 1;
        let place = self.below(frame.len() as u64) as usize;
        match self.below(6) {
            0 => {
                let bit = 1 << self.below(8);
                if let Some(byte) = frame.get_mut(place) {
                    *byte ^= bit;
                }
            }
            1 => frame.truncate(place),
            2 => frame.clear(),
            3 => frame.extend(frame.clone()),
            4 => return (Vec::new(), frame),
            _ => {
                let count = self.below(Self::MOST_NOISE);
                let noise: Vec<u8> = (0..count).map(|_| self.below(256) as u8).collect();
                frame.splice(0..0, noise);
            }
        }
        (frame, Vec::new())
    }
}

impl<L: Line> Line for Faulty<L> {
    fn receive(&mut self, bytes: &mut [u8], patience: Duration) -> io::Result<usize> {
        while self.came.is_empty() {
            let mut raw = [0; 512];
            let count = self.line.receive(&mut raw, patience)?;
            if count == 0 {
                return Ok(0);
            }
            let carried = self.carry(raw.get(..count).unwrap_or(&[]), |line| &mut line.back);
            self.came.extend(carried);
        }
        let count = bytes.len().min(self.came.len());
        for (to, from) in bytes.iter_mut().zip(self.came.drain(..count)) {
            *to = from;
        }
        Ok(count)
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let carried = self.carry(bytes, |line| &mut line.there);
        self.line.send(&carried)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{encode, Decoder};

    #[test]
    fn a_line_harms_as_many_frames_as_it_was_told_and_leaves_the_others_whole() {
        for (one_in, least, most) in [(u64::MAX, 0, 0), (10, 60, 140), (1, 1000, 1000)] {
            let mut far = Decoder::default();
            let mut whole = 0;
            let echo = Stepped::new(
                |bytes: &[u8]| {
                    whole += bytes.iter().filter_map(|&byte| far.push(byte)).count() as u64;
                    Ok(Vec::new())
                },
                1,
            );
            let mut line = Faulty::new(echo, one_in, 5);
            for number in 0..1000u32 {
                line.send(&encode(&number.to_le_bytes())).expect("the line takes it");
            }
            let harm = line.harm();
            assert_eq!(harm.frames, 1000);
            assert!((least..=most).contains(&harm.faults), "{harm:?}");
            drop(line);
            // A doubled frame comes twice; one that waits behind the last never comes.
            assert!(whole + harm.faults >= 1000 && whole <= 1000 + harm.faults, "{whole} whole, {harm:?}");
        }
    }
}
