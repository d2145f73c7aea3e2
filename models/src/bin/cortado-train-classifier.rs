//! Trains one of the shipped networks and writes its `.tflite` file.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use cortado_models::dataset::Dataset;
use cortado_models::network::argmax;
use cortado_models::train::{self, Settings};
use cortado_models::{pixel_to_int8, tflite, Architecture, QuantisedNetwork};

/// Exit status for input that cannot be used.
const BAD_INPUT: u8 = 2;

/// Trains a small int8 classifier on Fashion-MNIST (or anything in the same IDX files).
#[derive(Parser)]
#[command(after_help = "Example:\n  cortado-train-classifier --data /usr/share/datasets/fashion-mnist \
--net fashion --epochs 15 --out fashion.tflite")]
struct Arguments {
    /// Folder with {train,t10k}-{images-idx3,labels-idx1}-ubyte, gzipped (.gz) or not.
    #[arg(long)]
    data: PathBuf,
    /// Which network.
    #[arg(long, value_enum, default_value = "fashion")]
    net: Net,
    /// Model file to write.
    #[arg(long)]
    out: PathBuf,
    /// The same seed, epochs and data give the same file.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long, default_value_t = 15)]
    epochs: usize,
    /// 1 or 2; changes the time only.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Training images whose activations set the int8 ranges.
    #[arg(long, default_value_t = 2000)]
    calibration: usize,
    /// Also write the first test image of each class that the network gets right, as PGM.
    #[arg(long)]
    samples: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Net {
    Fashion,
    Tiny,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(BAD_INPUT)
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let training = load(&arguments.data, "train")?;
    let test = load(&arguments.data, "t10k")?;
    let architecture = match arguments.net {
        Net::Fashion => Architecture::fashion(),
        Net::Tiny => Architecture::tiny(),
    };
    let settings =
        Settings { seed: arguments.seed, epochs: arguments.epochs, threads: arguments.threads, ..Settings::default() };
    let network = train::train(&architecture, &training, &settings, |report| {
        println!("epoch {:>2}  mean loss {:.4}", report.epoch, report.mean_loss);
    })?;
    println!("float accuracy {:.2} %", 100.0 * train::accuracy(&network, &test)?);

    let quantised = QuantisedNetwork::new(&network, &first(&training, arguments.calibration)?)?;
    println!("int8 accuracy  {:.2} %", 100.0 * quantised.accuracy(&test)?);
    write(&arguments.out, &tflite::write(&quantised))?;
    if let Some(folder) = &arguments.samples {
        write_samples(folder, &quantised, &test)?;
    }
    Ok(())
}

fn load(folder: &Path, set: &str) -> Result<Dataset, Box<dyn Error>> {
    let images = read(folder, &format!("{set}-images-idx3-ubyte"))?;
    let labels = read(folder, &format!("{set}-labels-idx1-ubyte"))?;
    Ok(Dataset::from_idx(&images, &labels).map_err(|e| format!("{}: {set}: {e}", folder.display()))?)
}

/// The file `name`, or `name.gz` when there is none.
fn read(folder: &Path, name: &str) -> Result<Vec<u8>, String> {
    let (plain, zipped) = (folder.join(name), folder.join(format!("{name}.gz")));
    let path = if plain.exists() { plain } else { zipped };
    fs::read(&path).map_err(|e| format!("{}: {e}; Debian's package dataset-fashion-mnist has it", path.display()))
}

/// The first `count` images of `data`.
fn first(data: &Dataset, count: usize) -> Result<Dataset, cortado_models::Error> {
    let (height, width) = data.size();
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for (image, label) in data.iter().take(count) {
        pixels.extend_from_slice(image);
        labels.push(label);
    }
    Dataset::new(height, width, pixels, labels)
}

fn write_samples(folder: &Path, network: &QuantisedNetwork, data: &Dataset) -> Result<(), String> {
    let (height, width) = data.size();
    let classes = network.layers.last().map_or(0, |l| l.layer.output.len());
    for class in 0..classes {
        let right = |pixels: &[u8]| {
            let codes: Vec<i8> = pixels.iter().map(|&p| pixel_to_int8(p)).collect();
            argmax(&network.logits(&codes)) == class
        };
        let mut images = data.iter().filter(|&(_, label)| usize::from(label) == class);
        if let Some((pixels, _)) = images.find(|(pixels, _)| right(pixels)) {
            let mut file = format!("P5\n{width} {height}\n255\n").into_bytes();
            file.extend_from_slice(pixels);
            write(&folder.join(format!("{class}.pgm")), &file)?;
        }
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    fs::write(path, bytes).map_err(|e| format!("{}: {e}", path.display()))?;
    println!("wrote {} ({} bytes)", path.display(), bytes.len());
    Ok(())
}
