//! The fields of the instructions as signals, in encoding order, and the decoder that slices them out of a line.

use crate::make;
use crate::make::signals;
use cortado_arch::trainer::instruction::{Header, HEADER_BITS};
use cortado_arch::trainer::LINE_WORDS;
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;
use std::fmt::Write;

macro_rules! fields {
    ($(#[$doc:meta])* $name:ident; $($field:ident : $ty:ty,)*) => {
        $(#[$doc])*
        #[derive(LogicStruct, Default, Copy, Clone, Debug, PartialEq)]
        pub struct $name { $(pub $field: $ty,)* }

        impl $name {
            /// Each field's name and width in bits, in encoding order.
            pub fn widths() -> Vec<(&'static str, usize)> {
                vec![$((stringify!($field), <$ty as Synth>::BITS),)*]
            }
        }
    };
}

fields! {
    /// PARAMETERS' fields; meanings in `cortado_arch::trainer::instruction`.
    ParametersFields;
    base: Bits<2>,
    address: Bits<26>,
    transposed: Bits<1>,
    interleaved: Bits<1>,
    copied: Bits<1>,
    last_vectors: Bits<5>,
    short_outer: Bits<1>,
    count_0: Bits<16>,
    count_1: Bits<16>,
    count_2: Bits<16>,
    step_0: Bits<26>,
    step_1: Bits<26>,
    step_2: Bits<26>,
}

fields! {
    /// LOAD's and STORE's fields.
    TransferFields;
    base: Bits<2>,
    address: Bits<26>,
    step: Bits<26>,
    map_line: Bits<16>,
    lines: Bits<16>,
    maps: Bits<8>,
}

fields! {
    /// COMPUTE's fields.
    ComputeFields;
    stage: Bits<2>,
    dense: Bits<1>,
    rectified: Bits<1>,
    passes: Bits<16>,
    columns: Bits<12>,
    rows: Bits<12>,
    maps: Bits<8>,
    start: Bits<20>,
    step_x: Bits<20>,
    step_y: Bits<20>,
    step_map: Bits<20>,
    tap_step_x: Bits<20>,
    tap_step_y: Bits<20>,
    blocks: Bits<16>,
    last_steps: Bits<5>,
    taps_x: Bits<5>,
    taps_y: Bits<5>,
    bound_columns: Bits<12>,
    bound_rows: Bits<12>,
    vectors: Bits<16>,
    resident: Bits<1>,
    width: Bits<4>,
    second_start: Bits<20>,
    second_step: Bits<20>,
    second_step_map: Bits<20>,
    results: Bits<20>,
    slots: Bits<4>,
    lanes: Bits<5>,
    padding: Bits<4>,
    result_start: Bits<20>,
    result_step_x: Bits<20>,
    result_step_y: Bits<20>,
    result_step_map: Bits<20>,
}

/// The header and every reading of the fields behind it; which one holds is the opcode's to say.
///
/// The slices come from `cortado_arch::trainer`: nothing here knows an encoding.
#[derive(LogicBlock)]
pub struct Decoder {
    pub line: Vec<Signal<In, Bits<32>>>,
    pub opcode: Signal<Out, Bits<4>>,
    pub wait_loads: Signal<Out, Bits<12>>,
    pub wait_stores: Signal<Out, Bits<12>>,
    pub wait_computes: Signal<Out, Bits<12>>,
    pub parameters: Signal<Out, ParametersFields>,
    pub transfer: Signal<Out, TransferFields>,
    pub compute: Signal<Out, ComputeFields>,
}

impl Default for Decoder {
    fn default() -> Self {
        make!(
            opcode wait_loads wait_stores wait_computes parameters transfer compute;
            line: signals(LINE_WORDS),
        )
    }
}

impl Logic for Decoder {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.opcode.connect();
        self.wait_loads.connect();
        self.wait_stores.connect();
        self.wait_computes.connect();
        self.parameters.connect();
        self.transfer.connect();
        self.compute.connect();
    }

    fn hdl(&self) -> Verilog {
        let mut text = "// Decoder: an instruction's fields\n".to_string();
        for f in Header::fields() {
            let _ = writeln!(text, "    assign {} = line[{}:{}];", f.name, f.offset + f.width - 1, f.offset);
        }
        for (name, bits) in [
            ("parameters", <ParametersFields as Synth>::BITS),
            ("transfer", <TransferFields as Synth>::BITS),
            ("compute", <ComputeFields as Synth>::BITS),
        ] {
            let _ = writeln!(text, "    assign {name} = line[{}:{HEADER_BITS}];", HEADER_BITS + bits - 1);
        }
        Verilog::Custom(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cortado_arch::isa::Field;
    use cortado_arch::trainer::instruction::{Compute, Parameters, Transfer};

    #[test]
    fn fields_are_those_of_the_instruction_set() {
        let widths = |fields: Vec<Field>| fields.iter().map(|f| (f.name, f.width)).collect::<Vec<_>>();
        assert_eq!(ParametersFields::widths(), widths(Parameters::fields()));
        assert_eq!(TransferFields::widths(), widths(Transfer::fields()));
        assert_eq!(ComputeFields::widths(), widths(Compute::fields()));
    }
}
