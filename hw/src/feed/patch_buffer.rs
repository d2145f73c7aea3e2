//! Gathers kernel rows of a packed image into a patch.

use super::word_select::pad_element;
use crate::make;
use crate::make::signals;
use cortado_arch::DataType;
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;
use std::fmt::Write;

/// A stage that gathers words, `reserves` stages that hold whole patches, and one that gives Tn elements of
/// the patch at hand. Patches take turns of few and many words (whether their rows straddle words), so
/// patches in reserve keep the steps going.
///
/// A word with `valid` puts its elements at patch elements `low` to `high - 1`, turned by `rotation` elements,
/// two cycles later. After `end_of_patch` the gathered elements (and the pad value for the rest) move on
/// as soon as there is room behind, one stage per cycle, and raise `full` at the end; `take` moves the
/// oldest patch to the steps. `lanes` follow `substep` by one cycle.
#[derive(LogicBlock)]
pub struct PatchBuffer {
    pub clock: Signal<In, Clock>,
    pub word: Vec<Signal<In, Bits<8>>>,
    pub valid: Signal<In, Bit>,
    pub rotation: Signal<In, Bits<8>>,
    pub low: Signal<In, Bits<9>>,
    pub high: Signal<In, Bits<9>>,
    pub end_of_patch: Signal<In, Bit>,
    pub pad_value: Signal<In, Bits<8>>,
    pub take: Signal<In, Bit>,
    pub substep: Signal<In, Bits<6>>,
    pub full: Signal<Out, Bit>,
    pub lanes: Vec<Signal<Out, Bits<8>>>,
    _data_type: DataType,
    _elements: usize,
    _reserves: usize,
}

impl PatchBuffer {
    /// For words of `tm` elements, `tn` a step, patches of `elements`, a multiple of `tn`, and at least one reserve.
    pub fn new(data_type: DataType, tm: usize, tn: usize, elements: usize, reserves: usize) -> Self {
        let bytes = data_type.bytes();
        make!(
            clock valid rotation low high end_of_patch pad_value take substep full;
            word: signals(tm * bytes), lanes: signals(tn * bytes), _data_type: data_type, _elements: elements,
            _reserves: reserves,
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
        let (bits, element_bytes) = (self._data_type.bits(), self._data_type.bytes());
        let (tm, elements, reserves) = (self.word.len() / element_bytes, self._elements, self._reserves);
        let (word_top, top) = (bits * tm - 1, bits * elements - 1);
        let padding = match pad_element(self._data_type) {
            whole if element_bytes == 1 => whole.to_string(),
            parts => format!("{{{parts}}}"),
        };
        let mut text = format!(
            "// PatchBuffer: patches of up to {bytes} bytes from words of {word_bytes}, {lane_bytes} bytes a step
    reg [{lanes_top}:0] lanes_q;
    reg [{word_top}:0] rotated;
    reg [8:0] low_q, high_q;
    reg write_q, end_q, gathered_q;
    reg [{top}:0] gathered;
    reg [{element_top}:0] present;
    reg [{top}:0] patch;
    wire [{double_top}:0] turned = {{word, word}} << {{rotation[{rotation_top}:0], {bit_bits}'b{zeros}}};
    reg [{top}:0] whole;
    integer j;
",
            bytes = elements * element_bytes,
            word_bytes = self.word.len(),
            lane_bytes = self.lanes.len(),
            lanes_top = 8 * self.lanes.len() - 1,
            element_top = elements - 1,
            double_top = 2 * word_top + 1,
            bit_bits = bits.trailing_zeros(),
            zeros = "0".repeat(bits.trailing_zeros() as usize),
            rotation_top = (tm.trailing_zeros() as usize).max(1) - 1,
        );
        for i in 0..reserves {
            let room_ahead = if i == 0 { "take".to_string() } else { format!("room_{}", i - 1) };
            let (from, full) = match i + 1 == reserves {
                true => ("whole".to_string(), "gathered_q".to_string()),
                false => (format!("reserve_{}", i + 1), format!("full_{}", i + 1)),
            };
            let _ = write!(
                text,
                "    reg [{top}:0] reserve_{i};
    reg full_{i};
    initial full_{i} = 0;
    wire room_{i} = ~full_{i} | {room_ahead};
    always @(posedge clock) if (room_{i}) begin
        reserve_{i} <= {from};
        full_{i} <= {full};
    end
",
            );
        }
        let _ = write!(
            text,
            "    wire move = gathered_q & room_{last};
    initial begin gathered_q = 0; write_q = 0; end_q = 0; present = 0; end
    always @(*)
        for (j = 0; j < {elements}; j = j + 1)
            whole[{bits}*j +: {bits}] = present[j] ? gathered[{bits}*j +: {bits}] : {padding};
    always @(posedge clock) begin
        rotated <= turned[{double_top}:{word_bits}];
        low_q <= low;
        high_q <= high;
        write_q <= valid;
        end_q <= valid & end_of_patch;
        if (take) patch <= reserve_0;
        if (move) present <= 0;
        gathered_q <= end_q | (gathered_q & ~move);
        if (write_q)
            for (j = 0; j < {elements}; j = j + 1)
                if (j >= low_q && j < high_q) begin
                    gathered[{bits}*j +: {bits}] <= rotated[{bits}*(j % {tm}) +: {bits}];
                    present[j] <= 1;
                end
        lanes_q <= patch[{lane_bits}*substep +: {lane_bits}];
    end
    assign full = full_0;
    assign lanes = lanes_q;
",
            last = reserves - 1,
            double_top = 2 * word_top + 1,
            word_bits = word_top + 1,
            lane_bits = 8 * self.lanes.len(),
        );
        Verilog::Custom(text)
    }
}
