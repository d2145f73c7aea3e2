//! Emitted blocks under Verilator, driven port by port, with random values in every register that
//! the block itself does not set.
#![allow(dead_code)]

pub mod layer;
pub mod part_cells;
pub mod random;
pub mod waveform;

use cortado_arch::isa::{Compute, HEADER_BITS};
use cortado_cosim::{BuildOptions, InitialValues, Instance, Model};
use cortado_hw::emit::{EmitError, Header};

/// Module name of every block under test.
pub const TOP: &str = "dut";

/// Emits a block and makes a simulation of it: `dut!(Requantiser::default(), seed)`. `None`, said
/// aloud, where Verilator is missing.
#[macro_export]
macro_rules! dut {
    ($block:expr, $seed:expr) => {
        $crate::blocks_support::Dut::new(
            cortado_hw::emit::emit($crate::blocks_support::TOP, &mut $block, &$crate::blocks_support::header()),
            $seed,
        )
    };
}

/// What the emitted text is headed with.
pub fn header() -> Header {
    cortado_tests::header("test")
}

/// Builds the emitted text, with `extra_cpp` behind the harness. The seed is printed, for it sets what no
/// reset does. `None`, said aloud, where Verilator is missing.
///
/// # Panics
/// When the text was refused or does not build, or Verilator is missing and `CI=true`.
pub fn simulate(text: Result<String, EmitError>, extra_cpp: &str, seed: u64) -> Option<Instance> {
    let text = text.unwrap_or_else(|error| panic!("refused: {error}"));
    let verilator = cortado_tests::verilator()?;
    println!("seed {seed}");
    let mut options = BuildOptions::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../build/cosim"));
    options.initial = InitialValues::Random;
    options.extra_cpp = extra_cpp.into();
    let model = Model::build(&verilator, TOP, &text, &options).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Some(model.instance(seed).unwrap_or_else(|error| panic!("{error}")))
}

/// A block in simulation. A cycle is: set inputs, [`Dut::settle`], look at outputs, [`Dut::tick`].
pub struct Dut(Instance);

impl Dut {
    /// As [`simulate`].
    pub fn new(text: Result<String, EmitError>, seed: u64) -> Option<Self> {
        simulate(text, "", seed).map(Self)
    }

    /// Sets an input of at most 64 bits.
    pub fn set(&mut self, port: &str, value: impl Into<u64>) {
        self.0.poke(port, value.into()).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Sets an input of `bits` bits to a number in two's complement.
    pub fn set_signed(&mut self, port: &str, bits: u32, value: i64) {
        self.set(port, low_bits(value, bits));
    }

    /// Sets a vector of elements of `bits` bits each, element 0 lowest.
    pub fn set_all(&mut self, port: &str, bits: u32, elements: &[i64]) {
        let words = pack(elements.iter().map(|&element| (element, bits)));
        self.set_words(port, &words);
    }

    /// Sets a vector of bytes, byte 0 lowest.
    pub fn set_bytes(&mut self, port: &str, bytes: &[u8]) {
        let words = pack(bytes.iter().map(|&byte| (i64::from(byte), 8)));
        self.set_words(port, &words);
    }

    /// Sets an input of COMPUTE's fields.
    pub fn set_layer(&mut self, port: &str, layer: &Compute) {
        let fields = Compute::fields();
        assert_eq!(fields[0].offset, HEADER_BITS, "fields follow the header");
        let values = layer.values();
        let words = pack(fields.iter().zip(&values).map(|(field, (_, value))| (*value, field.width as u32)));
        self.set_words(port, &words);
    }

    /// Sets a port from 32-bit words, lowest first.
    pub fn set_words(&mut self, port: &str, words: &[u32]) {
        self.0.poke_words(port, words).unwrap_or_else(|error| panic!("{error}"));
    }

    /// An output of at most 64 bits.
    pub fn get(&self, port: &str) -> u64 {
        self.0.peek(port).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Whether an output bit is high.
    pub fn is(&self, port: &str) -> bool {
        self.get(port) == 1
    }

    /// An output of `bits` bits as a number in two's complement.
    pub fn get_signed(&self, port: &str, bits: u32) -> i64 {
        extend(self.get(port), bits)
    }

    /// The bytes of a vector, byte 0 lowest.
    pub fn bytes(&self, port: &str, count: usize) -> Vec<u8> {
        let words = self.words(port);
        (0..count).map(|at| (words[at / 4] >> (8 * (at % 4))) as u8).collect()
    }

    /// A port as 32-bit words, lowest first.
    pub fn words(&self, port: &str) -> Vec<u32> {
        self.0.peek_words(port).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Lets the inputs reach the outputs within the cycle.
    pub fn settle(&mut self) {
        self.0.eval().unwrap_or_else(|error| panic!("{error}"));
    }

    /// The rising edge that ends the cycle.
    pub fn tick(&mut self) {
        self.0.tick(1).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// The lowest bits of a number in two's complement.
pub fn low_bits(value: i64, bits: u32) -> u64 {
    value as u64 & (u64::MAX >> (64 - bits))
}

/// The number whose lowest `bits` bits in two's complement these are.
pub fn extend(value: u64, bits: u32) -> i64 {
    (value << (64 - bits)) as i64 >> (64 - bits)
}

fn pack(values: impl Iterator<Item = (i64, u32)>) -> Vec<u32> {
    let (mut words, mut held, mut count) = (Vec::new(), 0u128, 0);
    for (value, bits) in values {
        held |= u128::from(low_bits(value, bits)) << count;
        count += bits;
        while count >= 32 {
            words.push(held as u32);
            held >>= 32;
            count -= 32;
        }
    }
    if count > 0 {
        words.push(held as u32);
    }
    words
}

/// `floor((a*q + 2^30) / 2^31)`, as docs/machine.md has it.
pub fn high_mul(a: i64, q: i64) -> i64 {
    ((i128::from(a) * i128::from(q) + (1 << 30)) >> 31) as i64
}

/// `v / 2^n`, halves away from zero.
pub fn round_shift(v: i64, n: u32) -> i64 {
    let (divisor, magnitude) = (1i128 << n, i128::from(v).abs());
    let rounded = (2 * magnitude + divisor) / (2 * divisor);
    rounded as i64 * v.signum()
}
