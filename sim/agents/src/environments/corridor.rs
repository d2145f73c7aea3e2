//! A corridor: walk from one end to the door at the other, before the time is over.

use super::{bounded, pack, unpack, Environment, EnvironmentError, Outcome};
use crate::Rng;
use cortado_golden::a3c::Map;

const CELLS: usize = 10;
const TIME: usize = 40;

/// Ten cells, the own one is 1 in the observation; actions left and right. Every episode begins at cell 0; -0.01 a
/// step and +1 at cell 9: the best return is 0.91, in 9 steps. After 40 steps the episode ends.
#[derive(Debug, Clone, Default)]
pub struct Corridor {
    cell: usize,
    time: usize,
}

impl Environment for Corridor {
    fn input(&self) -> Map {
        Map { height: 1, width: 1, channels: CELLS }
    }

    fn actions(&self) -> usize {
        2
    }

    fn reset(&mut self, _: &mut Rng) -> Result<(), EnvironmentError> {
        *self = Corridor::default();
        Ok(())
    }

    fn observe(&self, observation: &mut [f32]) {
        observation.fill(0.0);
        if let Some(cell) = observation.get_mut(self.cell) {
            *cell = 1.0;
        }
    }

    fn step(&mut self, action: usize, _: &mut Rng) -> Result<Outcome, EnvironmentError> {
        self.cell = if action == 0 { self.cell.saturating_sub(1) } else { (self.cell + 1).min(CELLS - 1) };
        self.time += 1;
        let arrived = self.cell == CELLS - 1;
        let reward = if arrived { 1.0 - 0.01 } else { -0.01 };
        Ok(Outcome { reward, ended: arrived || self.time >= TIME })
    }

    fn save(&self) -> Vec<u8> {
        pack([self.cell as u64, self.time as u64])
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), EnvironmentError> {
        let [cell, time] = unpack("corridor", saved)?;
        *self = Corridor { cell: bounded("corridor", cell, CELLS - 1)?, time: bounded("corridor", time, TIME)? };
        Ok(())
    }
}
