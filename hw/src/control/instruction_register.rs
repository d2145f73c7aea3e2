//! The instruction fetched ahead, and the COMPUTE at hand.

use crate::config::ComputeFields;
use crate::make;
use crate::make::signals;
use cortado_arch::isa::{Field, Header, Transfer, HEADER_BITS, INSTRUCTION_BYTES};
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;
use std::fmt::Write;

/// Takes an instruction beat by beat into a memory and shows its header and the fields of a LOAD or STORE;
/// a COMPUTE's beats are copied to `compute` one a cycle.
///
/// `copy` takes beat `copy_at` in that cycle; beats are copied in order, from the cycle after the last of
/// them has come, and a beat without fields changes nothing. The slices come from `cortado_arch::isa`: nothing
/// here knows an encoding.
#[derive(LogicBlock)]
pub struct InstructionRegister {
    pub clock: Signal<In, Clock>,
    pub beat_valid: Signal<In, Bit>,
    pub beat_at: Signal<In, Bits<6>>,
    pub beat: Vec<Signal<In, Bits<8>>>,
    pub opcode: Signal<Out, Bits<4>>,
    pub wait_dma: Signal<Out, Bits<16>>,
    pub wait_compute: Signal<Out, Bits<16>>,
    pub memory: Signal<Out, Bits<2>>,
    pub word_address: Signal<Out, Bits<16>>,
    pub words: Signal<Out, Bits<16>>,
    pub byte_address: Signal<Out, Bits<32>>,
    pub copy: Signal<In, Bit>,
    pub copy_at: Signal<In, Bits<6>>,
    pub compute: Signal<Out, ComputeFields>,
}

impl InstructionRegister {
    /// For beats of `port_bytes`, a divisor of 64.
    pub fn new(port_bytes: usize) -> Self {
        make!(
            clock beat_valid beat_at opcode wait_dma wait_compute memory word_address words byte_address copy copy_at
            compute;
            beat: signals(port_bytes),
        )
    }

    /// The memory of beats; `word` is the one at `copy_at`. A single beat needs no address.
    fn memory_text(beat: usize, beats: usize) -> String {
        if beats == 1 {
            return format!(
                "    reg [{top}:0] word;\n    always @(posedge clock) if (beat_valid) word <= beat;\n",
                top = beat - 1
            );
        }
        let high = beats.trailing_zeros() - 1;
        format!(
            "    (* no_rw_check *)
    reg [{top}:0] beats [0:{last}];
    reg [{top}:0] word;
    wire [{high}:0] next_at = copy_at[{high}:0] + {{{high}'h0, copy}};
    always @(posedge clock) begin
        if (beat_valid) beats[beat_at[{high}:0]] <= beat;
        word <= beats[next_at];
    end
",
            top = beat - 1,
            last = beats - 1,
        )
        .replace("{0'h0, copy}", "copy")
    }
}

/// Registers that take their bits of `source` beat by beat: `name` holds bits `low` to `high` (excluded).
fn slices(name: &str, low: usize, high: usize, beat: usize, enable: &str, at: &str, source: &str) -> String {
    let mut text = format!("    reg [{}:0] {name};\n    always @(posedge clock) begin\n", high - low - 1);
    for first in (low / beat * beat..high).step_by(beat) {
        let (from, to) = (first.max(low), (first + beat).min(high));
        let _ = writeln!(
            text,
            "        if ({enable} & {at} == 6'd{}) {name}[{}:{}] <= {source}[{}:{}];",
            first / beat,
            to - low - 1,
            from - low,
            to - first - 1,
            from - first,
        );
    }
    text.push_str("    end\n");
    text
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
        let beat = 8 * self.beat.len();
        let shown: Vec<Field> = Header::fields().into_iter().chain(Transfer::fields()).collect();
        let shown_bits = shown.iter().map(|f| f.offset + f.width).max().unwrap_or(0);
        let compute_end = HEADER_BITS + <ComputeFields as Synth>::BITS;
        let mut text = "// InstructionRegister: the instruction fetched ahead, and the COMPUTE at hand\n".to_string();
        text += &Self::memory_text(beat, 8 * INSTRUCTION_BYTES / beat);
        text += &slices("shown", 0, shown_bits, beat, "beat_valid", "beat_at", "beat");
        text += &slices("fields", HEADER_BITS, compute_end, beat, "copy", "copy_at", "word");
        for f in &shown {
            let _ = writeln!(text, "    assign {} = shown[{}:{}];", f.name, f.offset + f.width - 1, f.offset);
        }
        text.push_str("    assign compute = fields;\n");
        Verilog::Custom(text)
    }
}
