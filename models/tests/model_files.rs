//! The writer against an independent reader, and the shipped files against their recipe.

mod reader;

use cortado_models::dataset::Dataset;
use cortado_models::{references, samples, tflite, Architecture, Network, QuantisedNetwork, FASHION, TINY};
use cortado_random::Rng;
use sha2::{Digest, Sha256};

const README: &str = include_str!("../README.md");
const SHIPPED: [(&str, &[u8]); 2] = [("fashion", FASHION), ("tiny", TINY)];

#[test]
fn what_is_written_is_what_is_read() {
    for (seed, architecture) in [(1, Architecture::fashion()), (2, Architecture::tiny())] {
        let mut rng = Rng::new(seed);
        let network = Network::new(&architecture, &mut rng).expect("a shipped architecture");
        let pixels = (0..784 * 3).map(|_| rng.below(256) as u8).collect();
        let images = Dataset::new(28, 28, pixels, vec![0; 3]).expect("lengths agree");
        let quantised = QuantisedNetwork::new(&network, &images).expect("images fit");
        assert_eq!(reader::read(&tflite::write(&quantised)), quantised, "seed {seed}");
    }
}

#[test]
fn shipped_files_are_what_the_writer_makes_of_them() {
    for (name, file) in SHIPPED {
        let network = reader::read(file);
        assert_eq!(network.name, name);
        assert!(tflite::write(&network) == file, "{name} was not made by this writer");
    }
}

#[test]
fn shipped_files_have_the_architecture_and_size_they_claim() {
    let claimed = [(Architecture::fashion(), 20_000), (Architecture::tiny(), 2_560)];
    for ((name, file), (architecture, most)) in SHIPPED.into_iter().zip(claimed) {
        let network = reader::read(file);
        let layers: Vec<_> = network.layers.iter().map(|l| l.layer).collect();
        assert_eq!(layers, architecture.layers().expect("a shipped architecture"), "{name}");
        let sizes = network.layers.iter().flat_map(|l| &l.parameters).map(|p| p.weights.len());
        assert!(sizes.sum::<usize>() <= most, "{name}");
    }
}

/// `expected.csv` comes from tflite-runtime's reference kernels: no tolerance.
#[test]
fn integer_evaluation_equals_tflite_runtime_on_every_sample() {
    let samples = samples();
    let references = references();
    assert_eq!(references.len(), SHIPPED.len() * samples.len());
    for (name, file) in SHIPPED {
        let network = reader::read(file);
        for reference in references.iter().filter(|r| r.network == name) {
            let logits = network.logits(&samples[reference.label].to_int8());
            assert_eq!(logits, reference.logits, "{name}, sample {}", reference.label);
        }
    }
}

#[test]
fn shipped_files_have_the_hash_in_the_readme() {
    for (name, file) in SHIPPED {
        let digest: String = Sha256::digest(file).iter().map(|b| format!("{b:02x}")).collect();
        let row = README.lines().find(|l| l.starts_with('|') && l.contains(&format!("`{name}.tflite`")));
        let row = row.unwrap_or_else(|| panic!("README.md has no row for {name}.tflite"));
        assert!(row.contains(&digest), "{name}.tflite has sha256 {digest}; README.md says {row}");
    }
}
