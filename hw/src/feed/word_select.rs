//! Words from activation memory on their way to the lanes.

use crate::make;
use crate::make::signals;
use cortado_arch::DataType;
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;
use std::fmt::Write;

/// Puts padding in place of words outside the map, holds a word for its later substeps, and picks
/// the Tn bytes that all output lanes share.
///
/// `elements` are the word's bytes in the same cycle; `shared` come one cycle later: the substep's
/// bytes of the word, or `patch_lanes` in a patch step. With Tm = Tn a word has one step, and its bytes are
/// only there the cycle after `word_valid`.
#[derive(LogicBlock)]
pub struct WordSelect {
    pub clock: Signal<In, Clock>,
    pub word: Vec<Signal<In, Bits<8>>>,
    pub word_valid: Signal<In, Bit>,
    pub pad: Signal<In, Bit>,
    pub pad_value: Signal<In, Bits<8>>,
    pub patch_lanes: Vec<Signal<In, Bits<8>>>,
    /// One with a patch unit, else none; as `patch_lanes`.
    pub patch: Vec<Signal<In, Bit>>,
    pub substep: Signal<In, Bits<6>>,
    pub elements: Vec<Signal<Out, Bits<8>>>,
    pub shared: Vec<Signal<Out, Bits<8>>>,
    _data_type: DataType,
}

impl WordSelect {
    /// For words of `tm` elements and `tn` input lanes.
    pub fn new(data_type: DataType, tm: usize, tn: usize, has_patches: bool) -> Self {
        let (tm, tn) = (tm * data_type.bytes(), tn * data_type.bytes());
        let (patches, lanes) = if has_patches { (1, tn) } else { (0, 0) };
        make!(
            clock word_valid pad pad_value substep;
            patch: signals(patches), patch_lanes: signals(lanes),
            word: signals(tm), elements: signals(tm), shared: signals(tn), _data_type: data_type,
        )
    }
}

/// The parts of an element outside the map, the highest first: `Compute::pad_value` and zeros.
pub(super) fn pad_element(data_type: DataType) -> &'static str {
    match data_type {
        DataType::Int8 => "pad_value",
        DataType::Int16 => "pad_value, 8'd0",
    }
}

impl Logic for WordSelect {
    fn update(&mut self) {}

    fn connect(&mut self) {
        for signal in self.elements.iter_mut().chain(&mut self.shared) {
            signal.connect();
        }
    }

    fn hdl(&self) -> Verilog {
        let tm = self.word.len();
        let tn = self.shared.len();
        let (lanes_top, top) = (8 * tn - 1, 8 * tm - 1);
        let elements = tm / self._data_type.bytes();
        let padding = pad_element(self._data_type);
        let mut text = format!(
            "// WordSelect: padding, and {tn} of {tm} bytes a step
    reg [{lanes_top}:0] shared_q;
    wire [{top}:0] padded = pad ? {{{elements}{{{padding}}}}} : word;
"
        );
        // A word of one step is never wanted later.
        let pick = if tm == tn {
            "padded".to_string()
        } else {
            let _ = write!(
                text,
                "    reg [{top}:0] held;
    wire [{top}:0] source = word_valid ? padded : held;
    always @(posedge clock) if (word_valid) held <= padded;
"
            );
            let bits = (tm / tn).trailing_zeros() as usize;
            format!("source[{}*substep[{}:0] +: {}]", 8 * tn, bits - 1, 8 * tn)
        };
        let chosen = if self.patch.is_empty() { pick } else { format!("patch ? patch_lanes : {pick}") };
        let _ = write!(
            text,
            "    always @(posedge clock) shared_q <= {chosen};
    assign elements = padded;
    assign shared = shared_q;
"
        );
        Verilog::Custom(text)
    }
}
