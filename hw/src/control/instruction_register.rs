//! The instruction at hand, and its fields.

use crate::config::ComputeFields;
use crate::make;
use crate::make::signals;
use cortado_arch::isa::{Field, Header, Transfer, HEADER_BITS, INSTRUCTION_BYTES};
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;
use std::fmt::Write;

/// Takes an instruction beat by beat, lowest byte first, and shows its fields.
///
/// The slices come from `cortado_arch::isa`: nothing here knows an encoding.
#[derive(LogicBlock)]
pub struct InstructionRegister {
    pub clock: Signal<In, Clock>,
    pub beat_valid: Signal<In, Bit>,
    pub beat: Vec<Signal<In, Bits<8>>>,
    pub opcode: Signal<Out, Bits<4>>,
    pub wait_dma: Signal<Out, Bits<16>>,
    pub wait_compute: Signal<Out, Bits<16>>,
    pub memory: Signal<Out, Bits<2>>,
    pub word_address: Signal<Out, Bits<16>>,
    pub words: Signal<Out, Bits<16>>,
    pub byte_address: Signal<Out, Bits<32>>,
    pub compute: Signal<Out, ComputeFields>,
}

impl InstructionRegister {
    /// For beats of `port_bytes`, a divisor of 64.
    pub fn new(port_bytes: usize) -> Self {
        make!(
            clock beat_valid opcode wait_dma wait_compute memory word_address words byte_address compute;
            beat: signals(port_bytes),
        )
    }
}

impl Logic for InstructionRegister {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.opcode.connect();
        self.wait_dma.connect();
        self.wait_compute.connect();
        self.memory.connect();
        self.word_address.connect();
        self.words.connect();
        self.byte_address.connect();
        self.compute.connect();
    }

    fn hdl(&self) -> Verilog {
        let bits = 8 * INSTRUCTION_BYTES;
        let beat = 8 * self.beat.len();
        let mut text =
            format!("// InstructionRegister: an instruction and its fields\n    reg [{}:0] instruction;\n", bits - 1);
        let shifted =
            if beat == bits { "beat".to_string() } else { format!("{{beat, instruction[{}:{beat}]}}", bits - 1) };
        let _ = writeln!(text, "    always @(posedge clock) if (beat_valid) instruction <= {shifted};");
        let mut slice = |f: &Field| {
            let _ = writeln!(text, "    assign {} = instruction[{}:{}];", f.name, f.offset + f.width - 1, f.offset);
        };
        Header::fields().iter().for_each(&mut slice);
        Transfer::fields().iter().for_each(&mut slice);
        let _ = writeln!(
            text,
            "    assign compute = instruction[{}:{HEADER_BITS}];",
            HEADER_BITS + <ComputeFields as Synth>::BITS - 1
        );
        Verilog::Custom(text)
    }
}
