//! The training loop on a small made-up task: bright bars that are horizontal, vertical or absent.

use cortado_models::architecture::{Architecture, LayerSpec, Padding, Shape};
use cortado_models::dataset::Dataset;
use cortado_models::train::{accuracy, train, Settings};
use cortado_models::{tflite, Error, Network, QuantisedNetwork};
use cortado_random::Rng;

const SIDE: usize = 12;
/// The shipped networks' rate is for 938 steps an epoch; here there are 31.
const RATE: f32 = 1e-2;

fn bars(seed: u64, count: usize) -> Dataset {
    let mut rng = Rng::new(seed);
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let (label, line) = (rng.below(3), rng.below(SIDE));
        for y in 0..SIDE {
            for x in 0..SIDE {
                let on = (label == 0 && y == line) || (label == 1 && x == line);
                pixels.push(rng.below(60) as u8 + if on { 190 } else { 0 });
            }
        }
        labels.push(label as u8);
    }
    Dataset::new(SIDE, SIDE, pixels, labels).expect("lengths agree")
}

fn architecture() -> Architecture {
    let conv = |channels| LayerSpec::Conv { channels, kernel: 3, stride: 1, padding: Padding::Same };
    Architecture {
        name: "bars".to_owned(),
        input: Shape { height: SIDE, width: SIDE, channels: 1 },
        specs: vec![
            conv(8),
            LayerSpec::MaxPool { size: 2 },
            conv(4),
            LayerSpec::MaxPool { size: 2 },
            LayerSpec::Dense { outputs: 3 },
        ],
    }
}

fn trained(seed: u64, epochs: usize, threads: usize) -> Network {
    let settings = Settings { seed, epochs, threads, batch: 10, rate: RATE };
    train(&architecture(), &bars(5, 310), &settings, |_| {}).expect("valid settings")
}

#[test]
fn one_epoch_gives_the_same_bits_again_and_with_two_threads() {
    let first = trained(1, 1, 1);
    assert_eq!(first, trained(1, 1, 1), "again");
    assert_eq!(first, trained(1, 1, 2), "two threads");
    assert_ne!(first, trained(2, 1, 1), "another seed");
}

#[test]
fn a_learnable_task_is_learnt_and_survives_quantisation() {
    let network = trained(1, 12, 1);
    let unseen = bars(6, 300);
    let float = accuracy(&network, &unseen).expect("images fit");
    let quantised = QuantisedNetwork::new(&network, &bars(5, 310)).expect("images fit");
    let int8 = quantised.accuracy(&unseen).expect("images fit");
    assert!(float >= 0.95, "float accuracy {float}, seeds 1, 5, 6");
    assert!((float - int8).abs() <= 0.02, "float {float}, int8 {int8}, seeds 1, 5, 6");
}

#[test]
fn the_model_file_is_the_same_from_the_same_training() {
    let file = |threads| {
        let quantised = QuantisedNetwork::new(&trained(1, 1, threads), &bars(5, 50));
        tflite::write(&quantised.expect("images fit"))
    };
    assert_eq!(file(1), file(2));
}

#[test]
fn every_epoch_is_reported_and_the_loss_falls() {
    let mut reports = Vec::new();
    let settings = Settings { epochs: 4, batch: 10, rate: RATE, ..Settings::default() };
    train(&architecture(), &bars(5, 310), &settings, |r| reports.push(r)).expect("valid settings");
    assert_eq!(reports.iter().map(|r| r.epoch).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(reports[3].mean_loss < 0.8 * reports[0].mean_loss, "{reports:?}");
}

#[test]
fn runs_that_cannot_be_done_are_refused() {
    let good = Settings { epochs: 1, ..Settings::default() };
    let bad = [
        Settings { epochs: 0, ..good.clone() },
        Settings { batch: 0, ..good.clone() },
        Settings { rate: 0.0, ..good.clone() },
        Settings { rate: f32::NAN, ..good.clone() },
        Settings { threads: 0, ..good.clone() },
        Settings { threads: 3, ..good.clone() },
    ];
    for settings in bad {
        let result = train(&architecture(), &bars(5, 10), &settings, |_| {});
        assert!(matches!(result, Err(Error::Settings { .. })), "{settings:?}: {result:?}");
    }
    let wrong_size = Dataset::new(2, 2, vec![0; 4], vec![0]).expect("lengths agree");
    let wrong_label = Dataset::new(SIDE, SIDE, vec![0; SIDE * SIDE], vec![3]).expect("lengths agree");
    for data in [wrong_size, wrong_label] {
        let result = train(&architecture(), &data, &good, |_| {});
        assert!(matches!(result, Err(Error::Data { .. })), "{result:?}");
    }
}

#[test]
fn calibration_needs_images() {
    let empty = Dataset::new(SIDE, SIDE, vec![], vec![]).expect("lengths agree");
    let result = QuantisedNetwork::new(&trained(1, 1, 1), &empty);
    assert!(matches!(result, Err(Error::Settings { .. })), "{result:?}");
}
