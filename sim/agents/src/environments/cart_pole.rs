//! The pole on a cart of Barto, Sutton and Anderson (1983), with their constants.

use super::{bounded, pack, unpack, Environment, EnvironmentError, Outcome};
use crate::mathematics::{cosine, sine};
use crate::Rng;
use cortado_golden::a3c::Map;

const GRAVITY: f64 = 9.8;
const CART: f64 = 1.0;
const POLE: f64 = 0.1;
/// Half the pole's length, metres.
const HALF: f64 = 0.5;
/// Newtons.
const FORCE: f64 = 10.0;
/// Seconds of a step.
const TICK: f64 = 0.02;
const FARTHEST: f64 = 2.4;
/// Twelve degrees.
const STEEPEST: f64 = 12.0 * std::f64::consts::PI / 180.0;
const TIME: usize = 200;

/// Position, speed, angle and angular speed, each divided by what is large for it; actions push left and right.
/// 1 a step until the pole falls, the cart leaves the track, or 200 steps are over: the best return is 200.
#[derive(Debug, Clone, Default)]
pub struct CartPole {
    position: f64,
    speed: f64,
    angle: f64,
    turning: f64,
    time: usize,
}

impl Environment for CartPole {
    fn input(&self) -> Map {
        Map { height: 1, width: 1, channels: 4 }
    }

    fn actions(&self) -> usize {
        2
    }

    fn reset(&mut self, rng: &mut Rng) -> Result<(), EnvironmentError> {
        let mut small = || (rng.unit() - 0.5) / 10.0;
        *self = CartPole { position: small(), speed: small(), angle: small(), turning: small(), time: 0 };
        Ok(())
    }

    fn observe(&self, observation: &mut [f32]) {
        let state =
            [self.position / FARTHEST, self.speed / FARTHEST, self.angle / STEEPEST, self.turning / (5.0 * STEEPEST)];
        for (word, value) in observation.iter_mut().zip(state) {
            *word = value as f32;
        }
    }

    fn step(&mut self, action: usize, _: &mut Rng) -> Result<Outcome, EnvironmentError> {
        let force = if action == 0 { -FORCE } else { FORCE };
        let (sine, cosine) = (sine(self.angle), cosine(self.angle));
        let pushed = (force + POLE * HALF * self.turning * self.turning * sine) / (CART + POLE);
        let inertia = HALF * (4.0 / 3.0 - POLE * cosine * cosine / (CART + POLE));
        let turned = (GRAVITY * sine - cosine * pushed) / inertia;
        let moved = pushed - POLE * HALF * turned * cosine / (CART + POLE);
        self.position += TICK * self.speed;
        self.speed += TICK * moved;
        self.angle += TICK * self.turning;
        self.turning += TICK * turned;
        self.time += 1;
        let fallen = self.position.abs() > FARTHEST || self.angle.abs() > STEEPEST;
        Ok(Outcome { reward: 1.0, ended: fallen || self.time >= TIME })
    }

    fn save(&self) -> Vec<u8> {
        let [position, speed, angle, turning] = [self.position, self.speed, self.angle, self.turning].map(f64::to_bits);
        pack([position, speed, angle, turning, self.time as u64])
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), EnvironmentError> {
        let [position, speed, angle, turning, time] = unpack("cartpole", saved)?;
        let [position, speed, angle, turning] = [position, speed, angle, turning].map(f64::from_bits);
        *self = CartPole { position, speed, angle, turning, time: bounded("cartpole", time, TIME)? };
        Ok(())
    }
}
