//! Worlds that are seen on a screen, prepared for the network of the A3C paper: an action held for some frames, the
//! brighter of the last two frames, 84x84 pixels, the last four of such pictures.

use super::{Environment, EnvironmentError, Outcome};
use crate::Rng;
use cortado_golden::a3c::Map;

/// Height and width of a picture.
const SIDE: usize = 84;
/// Pictures of an observation.
const DEPTH: usize = 4;

/// A world of frames, such as an emulator's.
pub trait Screen: Send {
    /// Height and width of a frame in pixels, both at least 1.
    fn size(&self) -> (usize, usize);

    /// Actions there are, counted from 0.
    fn actions(&self) -> usize;

    /// Begins an episode.
    ///
    /// # Errors
    /// The world has died.
    fn reset(&mut self, rng: &mut Rng) -> Result<(), EnvironmentError>;

    /// One frame on, with this action.
    ///
    /// # Errors
    /// The world has died.
    fn frame(&mut self, action: usize, rng: &mut Rng) -> Result<Outcome, EnvironmentError>;

    /// Writes the frame's brightness, row by row.
    fn brightness(&self, pixels: &mut [u8]);

    /// All it takes to go on from here.
    fn save(&self) -> Vec<u8>;

    /// Goes on from what `save` gave.
    ///
    /// # Errors
    /// The bytes are not of this world.
    fn restore(&mut self, saved: &[u8]) -> Result<(), EnvironmentError>;
}

/// A screen as an environment: an 84x84x4 map from 0 to 1, the newest picture in the last channel; the reward of a
/// step is the sum of its frames', clipped to +-1.
pub struct Prepared<S> {
    screen: S,
    hold: usize,
    observation: Vec<f32>,
}

impl<S: Screen> Prepared<S> {
    /// Prepares `screen`, each action held for `hold` frames, at least one.
    pub fn new(screen: S, hold: usize) -> Prepared<S> {
        Prepared { screen, hold: hold.max(1), observation: vec![0.0; SIDE * SIDE * DEPTH] }
    }

    fn pixels(&self) -> Vec<u8> {
        let (height, width) = self.screen.size();
        let mut pixels = vec![0; height * width];
        self.screen.brightness(&mut pixels);
        pixels
    }

    /// Shifts `picture` in as the newest.
    fn push(&mut self, picture: &[f32]) {
        for (pixel, &newest) in self.observation.chunks_exact_mut(DEPTH).zip(picture) {
            pixel.rotate_left(1);
            if let Some(last) = pixel.last_mut() {
                *last = newest;
            }
        }
    }
}

/// How much of source pixel `s` of `length` lies in target pixel `t` of [`SIDE`], in units of 1 / (length * SIDE).
fn overlap(s: usize, t: usize, length: usize) -> usize {
    let begin = (s * SIDE).max(t * length);
    ((s + 1) * SIDE).min((t + 1) * length).saturating_sub(begin)
}

/// The mean brightness over each of [`SIDE`] x [`SIDE`] areas, from 0 to 1.
fn shrunk(pixels: &[u8], (height, width): (usize, usize)) -> Vec<f32> {
    let sources = |t: usize, length: usize| t * length / SIDE..((t + 1) * length).div_ceil(SIDE);
    let mut picture = Vec::with_capacity(SIDE * SIDE);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let mut sum = 0;
            for row in sources(y, height) {
                for column in sources(x, width) {
                    let area = overlap(row, y, height) * overlap(column, x, width);
                    sum += area * usize::from(pixels[row * width + column]);
                }
            }
            picture.push((sum as f64 / (255 * height * width) as f64) as f32);
        }
    }
    picture
}

impl<S: Screen> Environment for Prepared<S> {
    fn input(&self) -> Map {
        Map { height: SIDE, width: SIDE, channels: DEPTH }
    }

    fn actions(&self) -> usize {
        self.screen.actions()
    }

    fn reset(&mut self, rng: &mut Rng) -> Result<(), EnvironmentError> {
        self.screen.reset(rng)?;
        let picture = shrunk(&self.pixels(), self.screen.size());
        for _ in 0..DEPTH {
            self.push(&picture);
        }
        Ok(())
    }

    fn observe(&self, observation: &mut [f32]) {
        for (word, &value) in observation.iter_mut().zip(&self.observation) {
            *word = value;
        }
    }

    fn step(&mut self, action: usize, rng: &mut Rng) -> Result<Outcome, EnvironmentError> {
        let mut step = Outcome { reward: 0.0, ended: false };
        let mut before = self.pixels();
        let mut newest = before.clone();
        for _ in 0..self.hold {
            let outcome = self.screen.frame(action, rng)?;
            step.reward += outcome.reward;
            before = std::mem::replace(&mut newest, self.pixels());
            step.ended = outcome.ended;
            if step.ended {
                break;
            }
        }
        // Sprites that an emulator draws in every other frame are in one of the two. Without held frames there is
        // but one frame a step, and the one before it is in the observation already.
        if self.hold > 1 {
            newest.iter_mut().zip(before).for_each(|(pixel, before)| *pixel = before.max(*pixel));
        }
        self.push(&shrunk(&newest, self.screen.size()));
        step.reward = step.reward.clamp(-1.0, 1.0);
        Ok(step)
    }

    fn save(&self) -> Vec<u8> {
        let mut saved: Vec<u8> = self.observation.iter().flat_map(|word| word.to_le_bytes()).collect();
        saved.extend(self.screen.save());
        saved
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), EnvironmentError> {
        let short = || EnvironmentError(format!("a saved state of {} bytes, too few for its pictures", saved.len()));
        let (pictures, screen) = saved.split_at_checked(4 * self.observation.len()).ok_or_else(short)?;
        self.screen.restore(screen)?;
        for (word, bytes) in self.observation.iter_mut().zip(pictures.chunks_exact(4)) {
            *word = f32::from_le_bytes(bytes.try_into().map_err(|_| short())?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frame n has brightness n in its upper row and flickers in its lower; one pixel wide, two high.
    #[derive(Default)]
    struct Counter {
        frame: u8,
    }

    impl Screen for Counter {
        fn size(&self) -> (usize, usize) {
            (2, 1)
        }
        fn actions(&self) -> usize {
            1
        }
        fn reset(&mut self, _: &mut Rng) -> Result<(), EnvironmentError> {
            self.frame = 1;
            Ok(())
        }
        fn frame(&mut self, _: usize, _: &mut Rng) -> Result<Outcome, EnvironmentError> {
            self.frame += 1;
            Ok(Outcome { reward: 0.75, ended: self.frame == 10 })
        }
        fn brightness(&self, pixels: &mut [u8]) {
            pixels.copy_from_slice(&[self.frame, if self.frame % 2 == 0 { 255 } else { 0 }]);
        }
        fn save(&self) -> Vec<u8> {
            vec![self.frame]
        }
        fn restore(&mut self, saved: &[u8]) -> Result<(), EnvironmentError> {
            self.frame = *saved.first().ok_or_else(|| EnvironmentError("empty".to_owned()))?;
            Ok(())
        }
    }

    fn corners(environment: &Prepared<Counter>) -> [Vec<u8>; 2] {
        let mut observation = vec![0.0; environment.input().words()];
        environment.observe(&mut observation);
        let levels = |at: usize| observation[at..at + DEPTH].iter().map(|word| (word * 255.0).round() as u8).collect();
        [levels(0), levels(observation.len() - DEPTH)]
    }

    #[test]
    fn frames_are_held_flicker_is_filled_and_pictures_stack_up() {
        let mut rng = Rng::new(1);
        let mut environment = Prepared::new(Counter::default(), 4);
        environment.reset(&mut rng).unwrap();
        assert_eq!(corners(&environment), [vec![1; 4], vec![0; 4]]);
        let first = environment.step(0, &mut rng).unwrap();
        assert_eq!(first, Outcome { reward: 1.0, ended: false }, "the sum of 3 is clipped");
        assert_eq!(corners(&environment), [vec![1, 1, 1, 5], vec![0, 0, 0, 255]]);

        let saved = environment.save();
        let mut resumed = Prepared::new(Counter::default(), 4);
        resumed.restore(&saved).unwrap();
        for environment in [&mut environment, &mut resumed] {
            environment.step(0, &mut rng).unwrap();
            assert_eq!(corners(environment), [vec![1, 1, 5, 9], vec![0, 0, 255, 255]]);
            let last = environment.step(0, &mut rng).unwrap();
            assert_eq!(last, Outcome { reward: 0.75, ended: true }, "no frame after the end");
        }
        assert!(resumed.restore(&saved[..100]).is_err() && resumed.restore(&saved[..saved.len() - 1]).is_err());
    }

    #[test]
    fn areas_keep_the_mean_brightness() {
        for size in [(210, 160), (84, 84), (50, 200)] {
            let pixels: Vec<u8> = (0..size.0 * size.1).map(|at| (at * 7 % 256) as u8).collect();
            let mean = pixels.iter().map(|&pixel| f64::from(pixel)).sum::<f64>() / pixels.len() as f64 / 255.0;
            let picture = shrunk(&pixels, size);
            let of_picture = picture.iter().map(|&word| f64::from(word)).sum::<f64>() / picture.len() as f64;
            assert!((mean - of_picture).abs() < 1e-6, "{size:?}: {mean}, {of_picture}");
        }
        let same: Vec<u8> = (0..SIDE * SIDE).map(|at| (at % 256) as u8).collect();
        assert_eq!(shrunk(&same, (SIDE, SIDE))[17], 17.0 / 255.0);
    }
}
