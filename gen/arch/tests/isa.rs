//! Encodings read back as written, and any 64 bytes decode without panic.

use cortado_arch::isa::*;
use cortado_arch::listing::listing;
use proptest::prelude::*;

/// An instruction made by setting every field of `fields` to a value drawn from its range.
fn drawn(opcode: i64, fields: &[Field], draws: &[u64]) -> [u8; INSTRUCTION_BYTES] {
    let mut bytes = [0; INSTRUCTION_BYTES];
    set(&mut bytes, &Header::fields()[0], opcode).unwrap();
    for (field, draw) in Header::fields()[1..].iter().chain(fields).zip(draws) {
        let raw = (draw & ((1 << field.width) - 1)) as i64;
        let value = if field.signed { raw - (1 << (field.width - 1)) } else { raw };
        set(&mut bytes, field, value).unwrap();
        assert_eq!(get(&bytes, field), value, "{}", field.name);
    }
    bytes
}

proptest! {
    #[test]
    fn every_field_of_every_instruction_reads_back(draws in prop::collection::vec(any::<u64>(), 80), opcode in 0i64..4, memory in 0i64..3) {
        let fields = match opcode {
            0 => Vec::new(),
            3 => Compute::fields(),
            _ => Transfer::fields(),
        };
        let mut bytes = drawn(opcode, &fields, &draws);
        if opcode == 1 || opcode == 2 {
            set(&mut bytes, &Transfer::fields()[0], if opcode == 1 { memory } else { 0 }).unwrap();
        }
        let decoded = Instruction::decode(&bytes).unwrap();
        prop_assert_eq!(decoded.encode().unwrap(), bytes);
        let values = match decoded.operation {
            Operation::End => Vec::new(),
            Operation::Load(_, t) | Operation::Store(t) => t.values(),
            Operation::Compute(_, c) => c.values(),
        };
        for (field, (name, value)) in fields.iter().zip(values) {
            prop_assert_eq!(field.name, name);
            prop_assert_eq!(get(&bytes, field), value);
        }
    }

    #[test]
    fn bytes_are_an_instruction_or_a_named_error_and_always_have_a_listing(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for chunk in bytes.chunks_exact(INSTRUCTION_BYTES) {
            let mut array = [0; INSTRUCTION_BYTES];
            array.copy_from_slice(chunk);
            match Instruction::decode(&array) {
                Ok(i) => { prop_assert_eq!(Instruction::decode(&i.encode().unwrap()), Ok(i)); }
                Err(e) => prop_assert!(e.to_string().contains("none of") || e.to_string().contains("names nothing")),
            }
        }
        prop_assert_eq!(listing(&bytes).is_empty(), bytes.is_empty());
    }

    #[test]
    fn parameters_read_back(bias in -(1i32 << 27)..(1 << 27), q in 0u32..(1 << 31), shift in 0u32..32) {
        let p = Parameter { bias, q, shift };
        prop_assert_eq!(Parameter::decode(p.encode().unwrap()), p);
    }

    #[test]
    fn shift_parameters_read_back(bias in -(1i64 << 47)..(1 << 47), shift in 0u32..48) {
        let p = ShiftParameter { bias, shift };
        prop_assert_eq!(ShiftParameter::decode(p.encode().unwrap()), p);
    }

    #[test]
    fn a_field_refuses_what_does_not_fit_it(value in any::<i64>()) {
        let mut bytes = [0; INSTRUCTION_BYTES];
        for field in Compute::fields() {
            let fits = if field.signed {
                (-(1i64 << (field.width - 1))..1 << (field.width - 1)).contains(&value)
            } else {
                (0..1i64 << field.width).contains(&value)
            };
            prop_assert_eq!(set(&mut bytes, &field, value).is_ok(), fits);
        }
    }
}

#[test]
fn parameters_refuse_what_does_not_fit() {
    let said = |p: ShiftParameter| p.encode().map_err(|e| e.to_string()).unwrap_err();
    assert_eq!(said(ShiftParameter { bias: 0, shift: 48 }), "shift = 48 does not fit the instruction: 0 to 47");
    assert_eq!(
        said(ShiftParameter { bias: 1 << 47, shift: 0 }),
        "bias = 140737488355328 does not fit the instruction: -140737488355328 to 140737488355327"
    );
}

#[test]
fn the_listing_of_a_small_program_is_this() {
    let at = |wait_dma, wait_compute, operation| Instruction { wait_dma, wait_compute, operation }.encode().unwrap();
    let compute = Compute {
        output_width: 4,
        output_height: 5,
        input_width: 6,
        input_height: 7,
        kernel_width: 3,
        kernel_height: 3,
        stride_x: 1,
        stride_y: 2,
        input_blocks: 2,
        last_substeps: 1,
        output_groups: 3,
        pixel_words: 2,
        row_words: 12,
        step_x_words: 2,
        step_y_words: 24,
        output_pixel_words: 3,
        pad_value: -4,
        zero_point: 5,
        minimum: -128,
        maximum_value: 127,
        weight_address: 9,
        parameter_address: 8,
        output_address: 100,
        residual: 1,
        ..Compute::default()
    };
    let program: Vec<u8> = [
        at(
            0,
            0,
            Operation::Load(OnChip::Weight, Transfer { memory: 1, word_address: 3, words: 7, byte_address: 0x1234 }),
        ),
        at(1, 0, Operation::Compute(Mode::Convolution, compute)),
        at(0, 1, Operation::Store(Transfer { memory: 0, word_address: 0, words: 1, byte_address: 64 })),
        [0x0f; INSTRUCTION_BYTES],
        at(0, 0, Operation::End),
        at(0, 0, Operation::End),
    ]
    .concat();
    let expected = "    0  LOAD     weight[3..10] <- 0x00001234
    1  COMPUTE  convolution 3x3 / 2x1, 7x6 -> 5x4, 3 groups       wait dma 1
         activation 0 -> 100, weight 9, parameter 8
         2 input blocks, 1 substeps of the last
         words: pixel 2, row 12, step 24 x 2, output pixel 3; padding top 0, left 0, of -4
         result + 5, -128 to 127
         residual 0 - 0, own - 0, own * 0 >> 0
         sum * 0 >> 0, + 0, 0 to 0
    2  STORE    activation[0..1] -> 0x00000040                    wait compute 1
    3  malformed: opcode 15 is none of 0 (END), 1 (LOAD), 2 (STORE), 3 (COMPUTE)
    4  END
";
    assert_eq!(listing(&program), expected);
}
