//! The fields of a COMPUTE instruction as one signal: [`ComputeFields`] has the bits of
//! `cortado_arch::isa::Compute` in the same order, so a slice of the instruction is the decoder.

use rust_hdl::prelude::*;

macro_rules! compute_fields {
    ($($field:ident : $ty:ty,)*) => {
        /// COMPUTE's fields in encoding order; meanings in `cortado_arch::isa::Compute`.
        #[derive(LogicStruct, Default, Copy, Clone, Debug, PartialEq)]
        pub struct ComputeFields { $(pub $field: $ty,)* }

        impl ComputeFields {
            /// Each field's name and width in bits, in encoding order.
            pub fn widths() -> Vec<(&'static str, usize)> {
                vec![$((stringify!($field), <$ty as Synth>::BITS),)*]
            }
        }
    };
}

compute_fields! {
    input_address: Bits<16>,
    weight_address: Bits<16>,
    weight_hold: Bits<1>,
    input_width: Bits<12>,
    input_height: Bits<12>,
    kernel_width: Bits<4>,
    kernel_height: Bits<4>,
    stride_x: Bits<4>,
    stride_y: Bits<4>,
    pad_left: Bits<4>,
    pad_top: Bits<4>,
    input_blocks: Bits<12>,
    last_substeps: Bits<5>,
    pixel_words: Bits<12>,
    row_words: Bits<16>,
    step_x_words: Bits<16>,
    step_y_words: Bits<16>,
    shared_columns: Bits<4>,
    shared_words: Bits<16>,
    window_steps: Bits<6>,
    run_bytes: Bits<8>,
    step_x_bytes: Bits<8>,
    pad_left_bytes: Bits<8>,
    row_bytes: Bits<16>,
    mode: Bits<2>,
    maximum: Bits<1>,
    parameter_hold: Bits<1>,
    residual: Bits<1>,
    scale_residual: Bits<1>,
    pad_value: Bits<8>,
    output_width: Bits<12>,
    output_height: Bits<12>,
    output_groups: Bits<12>,
    parameter_address: Bits<16>,
    output_address: Bits<16>,
    residual_address: Bits<16>,
    output_pixel_words: Bits<12>,
    zero_point: Bits<8>,
    minimum: Bits<8>,
    maximum_value: Bits<8>,
    own_zero_point: Bits<8>,
    residual_zero_point: Bits<8>,
    sum_zero_point: Bits<8>,
    sum_minimum: Bits<8>,
    sum_maximum: Bits<8>,
    scale_q: Bits<31>,
    scale_shift: Bits<5>,
    sum_q: Bits<31>,
    sum_shift: Bits<5>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_those_of_the_instruction_set() {
        let isa: Vec<_> = cortado_arch::isa::Compute::fields().iter().map(|f| (f.name, f.width)).collect();
        assert_eq!(ComputeFields::widths(), isa);
    }
}
