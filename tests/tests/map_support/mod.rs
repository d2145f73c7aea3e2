//! Shared by the mapper's suites: run a compiled graph on the simulator and compare with golden.

#[allow(dead_code)]
pub mod maker;

use cortado_arch::isa::{Instruction, Operation, INSTRUCTION_BYTES};
use cortado_arch::{Architecture, ExternalMemory, Family};
use cortado_graph::ir::{DataType, Graph};
use cortado_iss::{Machine, RunReport};
use cortado_map::{check_hazards, compile, CompileOptions, Compiled};

/// The int16 engine of the same sizes, on no part in particular and with no more memory than small networks take.
#[allow(dead_code)]
pub fn int16(arch: &Architecture) -> Architecture {
    Architecture {
        name: format!("int16 {}", arch.name),
        family: Family::Generic,
        data_type: cortado_arch::DataType::Int16,
        residual_unit: false,
        requantise_cycles: 1,
        external: ExternalMemory { bytes: 1 << 20, ..arch.external },
        ..arch.clone()
    }
}

/// The graphs' type of an engine's.
#[allow(dead_code)]
pub fn data_type(arch: &Architecture) -> DataType {
    match arch.data_type {
        cortado_arch::DataType::Int8 => DataType::Int8,
        cortado_arch::DataType::Int16 => DataType::Int16,
    }
}

/// A small generator of repeatable numbers.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound.max(1)
    }

    pub fn within(&mut self, low: i32, high: i32) -> i32 {
        low + self.below((high - low + 1) as usize) as i32
    }

    /// `count` values of a type, all alike.
    pub fn values(&mut self, data_type: DataType, count: usize) -> Vec<i16> {
        let (low, high) = data_type.range();
        (0..count).map(|_| self.within(low, high) as i16).collect()
    }
}

/// The instructions of the program at `address` of `image`.
pub fn program(image: &[u8], address: u32) -> Vec<Instruction> {
    let mut instructions = Vec::new();
    for bytes in image[address as usize..].chunks_exact(INSTRUCTION_BYTES) {
        let bytes = bytes.try_into().expect("64 bytes");
        let instruction = Instruction::decode(bytes).expect("the mapper writes valid instructions");
        instructions.push(instruction);
        if matches!(instruction.operation, Operation::End) {
            break;
        }
    }
    instructions
}

/// Compiles, runs two inputs one after the other, and compares every stored tensor with golden's.
pub fn check(graph: &Graph, arch: &Architecture, observe: bool, seed: u64) -> (Compiled, RunReport) {
    let what = format!("{} on {}, observe {observe}, seed {seed}", graph.name, arch.name);
    let compiled = compile(graph, arch, &CompileOptions { observe }).unwrap_or_else(|e| panic!("{what}: {e}"));
    for address in [compiled.load_program, compiled.run_program] {
        let hazards = check_hazards(&program(&compiled.image, address), arch);
        assert_eq!(hazards, Ok(()), "{what}\n{}", compiled.listing);
    }
    let mut machine = Machine::new(arch);
    machine.external[..compiled.image.len()].copy_from_slice(&compiled.image);
    machine.run(compiled.load_program).unwrap_or_else(|e| panic!("{what}: load: {e}\n{}", compiled.listing));
    let mut random = Random::new(seed);
    let mut last = None;
    for _ in 0..2 {
        let input = random.values(graph.data_type, compiled.input.layout.elements());
        let expected = cortado_golden::run(graph, &input).unwrap_or_else(|e| panic!("{what}: golden: {e}"));
        let packed = compiled.input.pack_input(&input).expect("the tensor's own size");
        machine.external[compiled.input.range()].copy_from_slice(&packed);
        let report =
            machine.run(compiled.run_program).unwrap_or_else(|e| panic!("{what}: run: {e}\n{}", compiled.listing));
        assert_eq!(report.error, 0, "{what}");
        for place in &compiled.tensors {
            let got = place.unpack(&machine.external[place.range()]).expect("the layout's own size");
            let wanted = &expected[place.tensor];
            if let Some(at) = got.iter().zip(wanted).position(|(a, b)| a != b) {
                panic!(
                    "{what}: tensor {} differs from element {at}: {} instead of {}\n{}",
                    place.name, got[at], wanted[at], compiled.listing
                );
            }
            assert_eq!(got.len(), wanted.len(), "{what}: tensor {}", place.name);
        }
        last = Some(report);
    }
    let report = last.expect("two runs");
    (compiled, report)
}
