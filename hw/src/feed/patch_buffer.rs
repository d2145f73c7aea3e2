//! Gathers kernel rows of a byte-packed image into a patch.

use crate::make;
use crate::make::signals;
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;

/// Three stages: one gathers words, one holds a whole patch, one gives Tn bytes of the patch at hand.
/// Patches take turns of few and many words (whether their rows straddle words), so one whole patch
/// in reserve keeps the steps going.
///
/// A word with `valid` puts its bytes at patch bytes `low` to `high - 1`, turned by `rotation` bytes,
/// two cycles later. After `end_of_patch` the gathered bytes (and the pad value for the rest) move on
/// as soon as the reserve is empty or taken, and raise `full`; `take` moves the reserve to the steps.
/// `lanes` follow `substep` by one cycle.
#[derive(LogicBlock)]
pub struct PatchBuffer {
    pub clock: Signal<In, Clock>,
    pub word: Vec<Signal<In, Bits<8>>>,
    pub valid: Signal<In, Bit>,
    pub rotation: Signal<In, Bits<8>>,
    pub low: Signal<In, Bits<8>>,
    pub high: Signal<In, Bits<8>>,
    pub end_of_patch: Signal<In, Bit>,
    pub pad_value: Signal<In, Bits<8>>,
    pub take: Signal<In, Bit>,
    pub substep: Signal<In, Bits<6>>,
    pub full: Signal<Out, Bit>,
    pub lanes: Vec<Signal<Out, Bits<8>>>,
    _bytes: usize,
}

impl PatchBuffer {
    /// For words of `tm` bytes, `tn` bytes a step and patches of `bytes`, a multiple of `tn`.
    pub fn new(tm: usize, tn: usize, bytes: usize) -> Self {
        make!(
            clock valid rotation low high end_of_patch pad_value take substep full;
            word: signals(tm), lanes: signals(tn), _bytes: bytes,
        )
    }
}

impl Logic for PatchBuffer {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.full.connect();
        for lane in &mut self.lanes {
            lane.connect();
        }
    }

    fn hdl(&self) -> Verilog {
        let tm = self.word.len();
        let tn = self.lanes.len();
        let bytes = self._bytes;
        Verilog::Custom(format!(
            "// PatchBuffer: patches of up to {bytes} bytes from words of {tm}, {tn} bytes a step\n\
             \x20   reg gathered_q, full_q;\n\
             \x20   reg [{lanes_top}:0] lanes_q;\n\
             \x20   reg [{word_top}:0] rotated;\n\
             \x20   reg [7:0] low_q, high_q;\n\
             \x20   reg write_q, end_q;\n\
             \x20   reg [{top}:0] gathered;\n\
             \x20   reg [{byte_top}:0] present;\n\
             \x20   reg [{top}:0] reserve;\n\
             \x20   reg [{top}:0] patch;\n\
             \x20   wire move = gathered_q & (~full_q | take);\n\
             \x20   wire [{double_top}:0] turned = {{word, word}} << {{rotation[{rotation_top}:0], 3'b000}};\n\
             \x20   integer j;\n\
             \x20   initial begin gathered_q = 0; full_q = 0; write_q = 0; end_q = 0; present = 0; end\n\
             \x20   always @(posedge clock) begin\n\
             \x20       rotated <= turned[{double_top}:{word_bits}];\n\
             \x20       low_q <= low;\n\
             \x20       high_q <= high;\n\
             \x20       write_q <= valid;\n\
             \x20       end_q <= valid & end_of_patch;\n\
             \x20       if (take) patch <= reserve;\n\
             \x20       full_q <= move | (full_q & ~take);\n\
             \x20       if (move) begin\n\
             \x20           for (j = 0; j < {bytes}; j = j + 1)\n\
             \x20               reserve[8*j +: 8] <= present[j] ? gathered[8*j +: 8] : pad_value;\n\
             \x20           present <= 0;\n\
             \x20           gathered_q <= 0;\n\
             \x20       end\n\
             \x20       if (write_q)\n\
             \x20           for (j = 0; j < {bytes}; j = j + 1)\n\
             \x20               if (j >= low_q && j < high_q) begin\n\
             \x20                   gathered[8*j +: 8] <= rotated[8*(j % {tm}) +: 8];\n\
             \x20                   present[j] <= 1;\n\
             \x20               end\n\
             \x20       if (end_q) gathered_q <= 1;\n\
             \x20       lanes_q <= patch[{lane_bits}*substep +: {lane_bits}];\n\
             \x20   end\n\
             \x20   assign full = full_q;\n\
             \x20   assign lanes = lanes_q;\n",
            lanes_top = 8 * tn - 1,
            lane_bits = 8 * tn,
            word_top = 8 * tm - 1,
            word_bits = 8 * tm,
            double_top = 16 * tm - 1,
            rotation_top = (tm.trailing_zeros() as usize).max(1) - 1,
            top = 8 * bytes - 1,
            byte_top = bytes - 1,
        ))
    }
}
