//! What networks are fed with: embedded images, files, and random bytes by seed.

use crate::failure::Failure;
use crate::files;
use crate::model::ModelFile;
use cortado_graph::ir::{DataType, Graph, Tensor};
use cortado_models::{pixel_to_int8, samples, Sample, SAMPLE_SIDE};
use cortado_random::Rng;
use std::path::Path;

/// Larger than any input these engines take.
const MOST_BYTES: u64 = 1 << 26;

/// One input of a network.
#[derive(Clone, Debug)]
pub struct Input {
    /// What it is, for people.
    pub name: String,
    /// Values of the network's type, NHWC.
    pub values: Vec<i16>,
    /// The image it is, where it is one of the embedded.
    pub sample: Option<Sample>,
}

/// `count` random values of a type, all alike.
pub fn random_values(rng: &mut Rng, data_type: DataType, count: usize) -> Vec<i16> {
    let spare = 64 - 8 * data_type.bytes();
    (0..count).map(|_| (rng.next_u64() as i64 >> spare) as i16).collect()
}

/// The network's one input tensor.
///
/// # Errors
/// The graph has none, or several.
pub fn tensor(graph: &Graph) -> Result<&Tensor, Failure> {
    match graph.inputs[..] {
        [input] => graph.tensors.get(input),
        _ => None,
    }
    .ok_or_else(|| {
        Failure::Refused(format!("{}: {} inputs; engines take networks with one", graph.name, graph.inputs.len()))
    })
}

/// Elements of a tensor.
pub fn elements(tensor: &Tensor) -> usize {
    tensor.shape.iter().product()
}

/// `count` inputs: for an embedded network its images first, then random values of the seed.
///
/// # Errors
/// As [`tensor`].
pub fn many(model: &ModelFile, graph: &Graph, count: usize, seed: u64) -> Result<Vec<Input>, Failure> {
    let size = elements(tensor(graph)?);
    let images = if model.embedded { samples() } else { Vec::new() };
    let mut rng = Rng::new(seed);
    let images = images.into_iter().map(image);
    let rest = (0..).map(|index| Input {
        name: format!("random {index} of seed {seed}"),
        values: random_values(&mut rng, graph.data_type, size),
        sample: None,
    });
    Ok(images.chain(rest).take(count).collect())
}

/// The embedded image `index`.
///
/// # Errors
/// There is none of this index.
pub fn sample(index: usize) -> Result<Input, Failure> {
    let all = samples();
    let count = all.len();
    all.into_iter().nth(index).map(image).ok_or_else(|| {
        Failure::Refused(format!("no embedded image {index}; there are 0 to {}", count.saturating_sub(1)))
    })
}

fn image(sample: Sample) -> Input {
    Input {
        name: format!("image {} ({})", sample.label, sample.name),
        values: int8(&sample.pixels),
        sample: Some(sample),
    }
}

/// The values of an image's pixels in the int8 networks that come with the binary.
fn int8(pixels: &[u8]) -> Vec<i16> {
    pixels.iter().map(|&pixel| pixel_to_int8(pixel).into()).collect()
}

/// Reads an input: a PGM image of 28 x 28 pixels for an int8 network, or the tensor's values, NHWC.
///
/// # Errors
/// The file cannot be read or does not fit the tensor.
pub fn file(path: &Path, graph: &Graph) -> Result<Input, Failure> {
    let (tensor, data_type) = (tensor(graph)?, graph.data_type);
    let bytes = files::read(path, MOST_BYTES, "an input")?;
    let name = path.display().to_string();
    let refuse = |what: String| Failure::Refused(format!("{name}: {what}"));
    let picture = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("pgm"));
    let values: Vec<i16> = match picture {
        true if data_type == DataType::Int8 => int8(pixels(&bytes).map_err(refuse)?),
        true => return Err(refuse(format!("pictures are for int8 networks; give the {} values", data_type.name()))),
        false => data_type.from_bytes(&bytes),
    };
    if values.len() != elements(tensor) {
        return Err(refuse(format!(
            "{} values; the input {:?} of shape {:?} needs {}, {} each in NHWC order",
            values.len(),
            tensor.name,
            tensor.shape,
            elements(tensor),
            what(data_type),
        )));
    }
    Ok(Input { name, values, sample: None })
}

/// How a value lies in a file.
pub fn what(data_type: DataType) -> &'static str {
    match data_type {
        DataType::Int8 => "one int8 byte",
        DataType::Int16 => "two int16 bytes, the lower first,",
    }
}

/// The pixels of a binary PGM of 28 x 28 pixels and 256 levels.
fn pixels(file: &[u8]) -> Result<&[u8], String> {
    let (header, start) = header(file).ok_or("not a binary PGM file (P5, width, height, 255)")?;
    if header != [SAMPLE_SIDE, SAMPLE_SIDE, 255] {
        let [width, height, most] = header;
        return Err(format!(
            "{width} x {height} pixels up to {most}; the networks take {SAMPLE_SIDE} x {SAMPLE_SIDE} up to 255"
        ));
    }
    let pixels = file.get(start..).unwrap_or(&[]);
    match pixels.len() == SAMPLE_SIDE * SAMPLE_SIDE {
        true => Ok(pixels),
        false => Err(format!("{} bytes of pixels; {} are needed", pixels.len(), SAMPLE_SIDE * SAMPLE_SIDE)),
    }
}

/// Width, height and largest value of a PGM, and where its pixels begin. Comments run from `#` to the line's end.
fn header(file: &[u8]) -> Option<([usize; 3], usize)> {
    let mut at = file.starts_with(b"P5").then_some(2)?;
    let mut numbers = [0; 3];
    for number in &mut numbers {
        let begun = at;
        while file.get(at).is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'#') {
            at = match file[at] {
                b'#' => at + file[at..].iter().position(|byte| *byte == b'\n')?,
                _ => at + 1,
            };
        }
        let digits = file[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if at == begun || digits > 6 {
            return None;
        }
        *number = std::str::from_utf8(&file[at..at + digits]).ok()?.parse().ok()?;
        at += digits;
    }
    file.get(at).filter(|byte| byte.is_ascii_whitespace())?;
    Some((numbers, at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pgm_headers_are_read_whatever_their_spacing() {
        for (text, expected) in [
            ("P5\n28 28\n255\nx", Some(([28, 28, 255], 13))),
            ("P5 # made by hand\n2  3\n255 x", Some(([2, 3, 255], 27))),
            ("P5\n28 28\n255", None),
            ("P2\n28 28\n255\n", None),
            ("P528 28 255\n", None),
            ("P5\n28 28\n", None),
            ("P5\n99999999999999999999 1 255\n", None),
            ("P5 #", None),
            ("", None),
        ] {
            assert_eq!(header(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn random_values_repeat_by_seed_and_differ_between_seeds() {
        let of = |seed| random_values(&mut Rng::new(seed), DataType::Int8, 64);
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }
}
