//! The networks and images that ship with the project; `README.md` beside them has the recipe.

/// Fashion-MNIST classifier, int8 `.tflite`: input `[1, 28, 28, 1]`, output `[1, 10]`.
pub const FASHION: &[u8] = include_bytes!("../fashion.tflite");

/// The same task in 2,504 weights, for the smallest parts. Input and output as [`FASHION`].
pub const TINY: &[u8] = include_bytes!("../tiny.tflite");

/// What output `i` of [`FASHION`] and [`TINY`] stands for.
pub const FASHION_CLASSES: [&str; 10] =
    ["t-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"];

/// Height and width of every sample.
pub const SAMPLE_SIDE: usize = 28;

/// Scale of the networks' int8 input; its real values are `pixel / 255`.
pub const INPUT_SCALE: f32 = 1.0 / 255.0;

/// Zero point of the networks' int8 input.
pub const INPUT_ZERO_POINT: i32 = -128;

/// The int8 input code of a pixel: `pixel - 128`, so that 0 (black) is the zero point.
pub fn pixel_to_int8(pixel: u8) -> i8 {
    (pixel ^ 0x80) as i8
}

/// One Fashion-MNIST test image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Index into [`FASHION_CLASSES`].
    pub label: usize,
    /// `FASHION_CLASSES[label]`.
    pub name: &'static str,
    pub width: usize,
    pub height: usize,
    /// Row by row, 0 black to 255 white.
    pub pixels: Vec<u8>,
}

impl Sample {
    /// The networks' input for this image, HWC.
    pub fn to_int8(&self) -> Vec<i8> {
        self.pixels.iter().map(|&p| pixel_to_int8(p)).collect()
    }
}

/// What tflite-runtime 2.14 with its reference kernels computes for one sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// `fashion` or `tiny`.
    pub network: &'static str,
    /// Label of the sample.
    pub label: usize,
    /// Output of the dense layer.
    pub logits: Vec<i8>,
    /// Output of the softmax: scale 1/256, zero point -128.
    pub probabilities: Vec<i8>,
}

/// Start of every file in `samples/`.
const PGM_HEADER: &[u8] = b"P5\n28 28\n255\n";
const PGM_LEN: usize = PGM_HEADER.len() + SAMPLE_SIDE * SAMPLE_SIDE;

const SAMPLES: [&[u8; PGM_LEN]; 10] = [
    include_bytes!("../samples/0.pgm"),
    include_bytes!("../samples/1.pgm"),
    include_bytes!("../samples/2.pgm"),
    include_bytes!("../samples/3.pgm"),
    include_bytes!("../samples/4.pgm"),
    include_bytes!("../samples/5.pgm"),
    include_bytes!("../samples/6.pgm"),
    include_bytes!("../samples/7.pgm"),
    include_bytes!("../samples/8.pgm"),
    include_bytes!("../samples/9.pgm"),
];

const REFERENCES: &str = include_str!("../samples/expected.csv");

/// Ten test images, one of each class in the order of [`FASHION_CLASSES`]; both networks classify
/// all of them correctly.
pub fn samples() -> Vec<Sample> {
    let sample = |(label, (file, name)): (usize, (&&[u8; PGM_LEN], &'static str))| Sample {
        label,
        name,
        width: SAMPLE_SIDE,
        height: SAMPLE_SIDE,
        pixels: file[PGM_HEADER.len()..].to_vec(),
    };
    SAMPLES.iter().zip(FASHION_CLASSES).enumerate().map(sample).collect()
}

/// The expected outputs of both networks for every sample: [`FASHION`] for labels 0 to 9, then
/// [`TINY`].
pub fn references() -> Vec<Reference> {
    REFERENCES.lines().filter_map(parse_reference).collect()
}

/// `network,label,` then ten logits and ten probabilities; None for the heading.
fn parse_reference(line: &'static str) -> Option<Reference> {
    let mut columns = line.split(',');
    let network = columns.next()?;
    let label = columns.next()?.parse().ok()?;
    let codes = columns.map(|c| c.parse().ok()).collect::<Option<Vec<i8>>>()?;
    let (logits, probabilities) = codes.split_at_checked(FASHION_CLASSES.len())?;
    let (logits, probabilities) = (logits.to_vec(), probabilities.to_vec());
    Some(Reference { network, label, logits, probabilities })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_a_28_by_28_pgm() {
        for (label, file) in SAMPLES.iter().enumerate() {
            assert!(file.starts_with(PGM_HEADER), "sample {label}");
        }
        let samples = samples();
        assert_eq!(samples.len(), 10);
        for (label, sample) in samples.iter().enumerate() {
            assert_eq!((sample.label, sample.name), (label, FASHION_CLASSES[label]));
            assert_eq!(sample.pixels.len(), sample.width * sample.height);
            assert!(sample.pixels.iter().any(|&p| p > 128), "sample {label} is not blank");
        }
    }

    #[test]
    fn references_cover_both_networks_and_name_the_right_class() {
        let references = references();
        let order: Vec<_> = references.iter().map(|r| (r.network, r.label)).collect();
        let fashion = (0..10).map(|l| ("fashion", l));
        assert_eq!(order, fashion.chain((0..10).map(|l| ("tiny", l))).collect::<Vec<_>>());
        for r in &references {
            assert_eq!((r.logits.len(), r.probabilities.len()), (10, 10));
            assert_eq!(crate::network::argmax(&r.logits), r.label, "{r:?}");
            assert_eq!(crate::network::argmax(&r.probabilities), r.label, "{r:?}");
        }
    }

    #[test]
    fn pixels_map_to_their_distance_from_128() {
        for pixel in 0..=255u8 {
            assert_eq!(i32::from(pixel_to_int8(pixel)), i32::from(pixel) - 128);
        }
    }
}
