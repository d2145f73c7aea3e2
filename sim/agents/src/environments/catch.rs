//! Catch, as pixels: a ball falls from the top row, the paddle on the bottom row must be under it.

use super::{bounded, pack, unpack, Environment, EnvironmentError, Outcome, Screen};
use crate::Rng;
use cortado_golden::a3c::Map;

const ROWS: usize = 8;
const COLUMNS: usize = 8;

/// An 8x8 picture; actions left, stay and right. +1 for a ball caught, -1 for one missed, 0 before: the best mean
/// return is 1, and 7 steps are an episode.
#[derive(Debug, Clone, Default)]
pub struct Catch {
    row: usize,
    column: usize,
    paddle: usize,
}

impl Environment for Catch {
    fn input(&self) -> Map {
        Map { height: ROWS, width: COLUMNS, channels: 1 }
    }

    fn actions(&self) -> usize {
        3
    }

    fn reset(&mut self, rng: &mut Rng) -> Result<(), EnvironmentError> {
        *self = Catch { row: 0, column: rng.below(COLUMNS), paddle: rng.below(COLUMNS) };
        Ok(())
    }

    fn observe(&self, observation: &mut [f32]) {
        observation.fill(0.0);
        for (row, column) in [(self.row, self.column), (ROWS - 1, self.paddle)] {
            if let Some(pixel) = observation.get_mut(row * COLUMNS + column) {
                *pixel = 1.0;
            }
        }
    }

    fn step(&mut self, action: usize, _: &mut Rng) -> Result<Outcome, EnvironmentError> {
        self.paddle = (self.paddle + action).saturating_sub(1).min(COLUMNS - 1);
        self.row += 1;
        let ended = self.row >= ROWS - 1;
        let reward = match (ended, self.paddle == self.column) {
            (false, _) => 0.0,
            (true, true) => 1.0,
            (true, false) => -1.0,
        };
        Ok(Outcome { reward, ended })
    }

    fn save(&self) -> Vec<u8> {
        pack([self.row as u64, self.column as u64, self.paddle as u64])
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), EnvironmentError> {
        let [row, column, paddle] = unpack("catch", saved)?;
        let row = bounded("catch", row, ROWS - 1)?;
        let [column, paddle] = [bounded("catch", column, COLUMNS - 1)?, bounded("catch", paddle, COLUMNS - 1)?];
        *self = Catch { row, column, paddle };
        Ok(())
    }
}

/// Rows and columns of pixels of a cell of [`Catch`] on its screen.
const CELL: (usize, usize) = (26, 20);

impl Screen for Catch {
    fn size(&self) -> (usize, usize) {
        (ROWS * CELL.0, COLUMNS * CELL.1)
    }

    fn actions(&self) -> usize {
        Environment::actions(self)
    }

    fn reset(&mut self, rng: &mut Rng) -> Result<(), EnvironmentError> {
        Environment::reset(self, rng)
    }

    fn frame(&mut self, action: usize, rng: &mut Rng) -> Result<Outcome, EnvironmentError> {
        self.step(action, rng)
    }

    fn brightness(&self, pixels: &mut [u8]) {
        let mut cells = [0.0; ROWS * COLUMNS];
        self.observe(&mut cells);
        let width = COLUMNS * CELL.1;
        for (at, pixel) in pixels.iter_mut().enumerate() {
            let (row, column) = (at / width / CELL.0, at % width / CELL.1);
            *pixel = if cells[row * COLUMNS + column] > 0.0 { u8::MAX } else { 0 };
        }
    }

    fn save(&self) -> Vec<u8> {
        Environment::save(self)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), EnvironmentError> {
        Environment::restore(self, saved)
    }
}
