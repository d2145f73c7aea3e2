//! The recorded vectors' format, and the inputs they were recorded for.

use cortado_graph::ir::Tensor;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub struct Vectors {
    pub model: String,
    pub cases: Vec<Case>,
    /// Further `lcg` inputs of which only the last tensor is recorded.
    pub more: Vec<More>,
}

#[derive(Debug, Deserialize)]
pub struct More {
    pub seed: u32,
    pub output: Vec<i16>,
}

#[derive(Debug, Deserialize)]
pub struct Case {
    pub input: Input,
    /// One an operator, in the file's order.
    pub tensors: Vec<Recorded>,
    /// The whole last tensor.
    pub output: Vec<i16>,
}

/// One tensor, as much of it as is committed.
#[derive(Debug, Deserialize)]
pub struct Recorded {
    pub operator: usize,
    pub kind: String,
    pub tensor: String,
    pub source: String,
    pub shape: Vec<usize>,
    pub fnv1a64: String,
    /// Four hexadecimal digits a block; see [`blocks`].
    pub blocks: String,
    pub first: Vec<i16>,
}

/// How the input's bytes are made; `make_vectors.py` states each kind.
#[derive(Debug, Deserialize)]
pub struct Input {
    #[serde(flatten)]
    kind: Kind,
    fnv1a64: String,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Kind {
    Lcg { seed: u32 },
    Ramp { step: usize },
    File { path: String },
    Frame { path: String, at: usize },
}

impl Input {
    /// The input's bytes for `tensor`; `None` when the file it comes from is absent.
    pub fn bytes(&self, tensor: &Tensor, read: impl Fn(&str) -> Option<Vec<u8>>) -> Option<Vec<i16>> {
        let count: usize = tensor.shape.iter().product();
        let bytes: Vec<u8> = match &self.kind {
            Kind::Lcg { seed } => lcg(*seed, count),
            Kind::Ramp { step } => (0..count).map(|i| (i * step % 256) as u8).collect(),
            Kind::File { path } => read(path)?,
            Kind::Frame { path, at } => read(path)?
                .chunks_exact(4)
                .skip(*at)
                .take(count)
                .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]))
                .map(|real| {
                    let units =
                        (f64::from(real) / f64::from(tensor.scale) + 0.5).floor() + f64::from(tensor.zero_point);
                    units.clamp(-128.0, 127.0) as i8 as u8
                })
                .collect(),
        };
        assert_eq!(
            format!("{:016x}", fnv1a64(&bytes)),
            self.fnv1a64,
            "{self:?}: not the bytes the vectors were recorded for"
        );
        Some(bytes.into_iter().map(|byte| i16::from(byte as i8)).collect())
    }
}

/// `count` bytes of the generator `make_vectors.py` calls `lcg`.
pub fn lcg(seed: u32, count: usize) -> Vec<u8> {
    let mut state = seed;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect()
}

/// The 64-bit FNV-1a checksum.
pub fn fnv1a64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |value, &byte| (value ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// The block size, and the low 16 bits of the checksum of each of up to 32 equal pieces.
pub fn blocks(bytes: &[u8]) -> (usize, Vec<String>) {
    let size = bytes.len().div_ceil(32).max(1);
    let sums = bytes.chunks(size).map(|piece| format!("{:04x}", fnv1a64(piece) & 0xffff)).collect();
    (size, sums)
}
