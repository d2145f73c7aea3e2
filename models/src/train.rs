//! The training loop: mini-batches, Adam, a rate that falls linearly to zero.

use std::thread;

use crate::adam::Adam;
use crate::architecture::Architecture;
use crate::dataset::Dataset;
use crate::error::Error;
use crate::network::{argmax, Network, Parameters, Workspace};
use cortado_random::Rng;

/// A batch is always cut in this many parts whose gradients are added in order, so the result does
/// not depend on the number of threads.
const PARTS: usize = 2;

/// Everything that, with the data, decides the trained weights. (`threads` decides only the time.)
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub seed: u64,
    pub epochs: usize,
    pub batch: usize,
    /// Adam's step at the start; it falls linearly to zero at the end.
    pub rate: f32,
    /// 1 or 2.
    pub threads: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 1, epochs: 15, batch: 64, rate: 2e-3, threads: 1 }
    }
}

/// What one epoch gave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochReport {
    /// Counted from 1.
    pub epoch: usize,
    /// Mean cross entropy over the training images, as the weights were when each was seen.
    pub mean_loss: f32,
}

/// A pixel as the networks see it: 0 to 1.
pub fn pixel_to_float(pixel: u8) -> f32 {
    f32::from(pixel) / 255.0
}

/// Trains a new network of `architecture` on `data` and calls `progress` after every epoch.
///
/// # Errors
/// [`Error::Settings`] for zero epochs, an empty batch or a rate that is not positive;
/// [`Error::Data`] when the images or labels do not fit the network; and as
/// [`Architecture::layers`].
pub fn train(
    architecture: &Architecture,
    data: &Dataset,
    settings: &Settings,
    mut progress: impl FnMut(EpochReport),
) -> Result<Network, Error> {
    check(settings)?;
    let mut rng = Rng::new(settings.seed);
    let mut network = Network::new(architecture, &mut rng)?;
    check_fit(&network, data)?;

    let mut adam = Adam::new(network.parameters());
    let mut parts = vec![Workspace::new(&network); PARTS];
    let mut order: Vec<usize> = (0..data.len()).collect();
    let steps = data.len().div_ceil(settings.batch).saturating_mul(settings.epochs);
    let mut step = 0;
    for epoch in 1..=settings.epochs {
        rng.shuffle(&mut order);
        let mut loss = 0.0;
        for batch in order.chunks(settings.batch) {
            loss += run_batch(&network, data, batch, &mut parts, settings.threads);
            let gradients = mean_gradients(&parts, batch.len());
            let rate = settings.rate * (steps - step) as f32 / steps as f32;
            adam.step(network.parameters_mut(), &gradients, rate);
            step += 1;
        }
        progress(EpochReport { epoch, mean_loss: (loss / data.len() as f64) as f32 });
    }
    Ok(network)
}

/// Share of `data` whose label has the largest logit, 0 to 1; 0 without images.
///
/// # Errors
/// [`Error::Data`] when the images or labels do not fit the network.
pub fn accuracy(network: &Network, data: &Dataset) -> Result<f64, Error> {
    check_fit(network, data)?;
    let mut workspace = Workspace::new(network);
    let mut image = Vec::new();
    let mut right = 0usize;
    for (pixels, label) in data.iter() {
        image.clear();
        image.extend(pixels.iter().map(|&p| pixel_to_float(p)));
        right += usize::from(argmax(workspace.forward(network, &image)) == usize::from(label));
    }
    Ok(right as f64 / data.len().max(1) as f64)
}

fn check(settings: &Settings) -> Result<(), Error> {
    let detail = if settings.epochs == 0 || settings.batch == 0 {
        format!("{} epochs of batches of {}; both are at least 1", settings.epochs, settings.batch)
    } else if !(settings.rate > 0.0 && settings.rate.is_finite()) {
        format!("rate {}; use a positive number, 0.002 for example", settings.rate)
    } else if !(1..=PARTS).contains(&settings.threads) {
        format!("{} threads; use 1 to {PARTS}", settings.threads)
    } else {
        return Ok(());
    };
    Err(Error::Settings { detail })
}

/// Refuses a data set whose image size or labels the network cannot take.
pub(crate) fn check_fit(network: &Network, data: &Dataset) -> Result<(), Error> {
    let (height, width) = data.size();
    let input = network.layers().first().map(|l| l.input);
    let classes = network.layers().last().map_or(0, |l| l.output.len());
    let fits = |s: crate::Shape| (s.height, s.width, s.channels) == (height, width, 1);
    if !input.is_some_and(fits) {
        let detail = format!("images of {height}x{width}x1; network {} takes {input:?}", network.name());
        return Err(Error::Data { what: "data set".to_owned(), detail });
    }
    if let Some((_, label)) = data.iter().find(|&(_, label)| usize::from(label) >= classes) {
        let detail = format!("label {label}; network {} has {classes} classes", network.name());
        return Err(Error::Data { what: "data set".to_owned(), detail });
    }
    Ok(())
}

/// Leaves each part's summed gradients in `parts` and returns the summed loss.
fn run_batch(network: &Network, data: &Dataset, batch: &[usize], parts: &mut [Workspace], threads: usize) -> f64 {
    let mut losses = [0.0f64; PARTS];
    let share = batch.len().div_ceil(PARTS);
    let jobs = parts.iter_mut().zip(&mut losses).enumerate().map(|(i, (workspace, loss))| {
        let start = (i * share).min(batch.len());
        let images = &batch[start..(start + share).min(batch.len())];
        move || *loss = run_part(network, data, images, workspace)
    });
    if threads > 1 {
        thread::scope(|scope| {
            jobs.for_each(|job| {
                scope.spawn(job);
            });
        });
    } else {
        jobs.for_each(|mut job| job());
    }
    losses.iter().sum()
}

fn run_part(network: &Network, data: &Dataset, images: &[usize], workspace: &mut Workspace) -> f64 {
    workspace.begin(network);
    let mut image = Vec::new();
    let mut loss = 0.0;
    for (pixels, label) in images.iter().filter_map(|&i| data.get(i)) {
        image.clear();
        image.extend(pixels.iter().map(|&p| pixel_to_float(p)));
        workspace.forward(network, &image);
        loss += f64::from(workspace.backward(network, usize::from(label)));
    }
    loss
}

fn mean_gradients(parts: &[Workspace], images: usize) -> Vec<Parameters> {
    let mut sums = parts.first().map_or_else(Vec::new, |p| p.gradients().to_vec());
    let factor = 1.0 / images as f32;
    for (layer, sum) in sums.iter_mut().enumerate() {
        for part in parts.iter().skip(1) {
            let more = &part.gradients()[layer];
            sum.weights.iter_mut().zip(&more.weights).for_each(|(s, g)| *s += g);
            sum.bias.iter_mut().zip(&more.bias).for_each(|(s, g)| *s += g);
        }
        sum.weights.iter_mut().chain(&mut sum.bias).for_each(|s| *s *= factor);
    }
    sums
}
