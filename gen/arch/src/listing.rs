//! A program as text, for people: one line an instruction, and what a COMPUTE does below it.

use std::fmt::Write;

use crate::isa::{Compute, Instruction, Mode, OnChip, Operation, Transfer, INSTRUCTION_BYTES};

/// Lists `program` up to its END or its last byte. Bytes that mean nothing are listed as such, so
/// every program has a listing.
pub fn listing(program: &[u8]) -> String {
    let mut text = String::new();
    for (index, bytes) in program.chunks(INSTRUCTION_BYTES).enumerate() {
        let Ok(bytes) = <&[u8; INSTRUCTION_BYTES]>::try_from(bytes) else {
            line(&mut text, index, &format!("{} bytes, not an instruction", bytes.len()));
            break;
        };
        match Instruction::decode(bytes) {
            Err(e) => line(&mut text, index, &format!("malformed: {e}")),
            Ok(instruction) => {
                line(&mut text, index, &one(&instruction));
                if let Operation::Compute(mode, c) = instruction.operation {
                    for detail in details(mode, &c) {
                        text.push_str("         ");
                        text.push_str(&detail);
                        text.push('\n');
                    }
                }
                if instruction.operation == Operation::End {
                    break;
                }
            }
        }
    }
    text
}

fn line(text: &mut String, index: usize, what: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{index:5}  {}", what.trim_end());
}

fn one(instruction: &Instruction) -> String {
    let waits = match (instruction.wait_dma, instruction.wait_compute) {
        (0, 0) => String::new(),
        (dma, 0) => format!("wait dma {dma}"),
        (0, compute) => format!("wait compute {compute}"),
        (dma, compute) => format!("wait dma {dma}, compute {compute}"),
    };
    let what = match instruction.operation {
        Operation::End => "END".to_owned(),
        Operation::Load(memory, t) => {
            format!("LOAD     {} <- {:#010x}", words(memory, &t), t.byte_address)
        }
        Operation::Store(t) => format!("STORE    {} -> {:#010x}", words(OnChip::Activation, &t), t.byte_address),
        Operation::Compute(mode, c) => format!("COMPUTE  {}", summary(mode, &c)),
    };
    format!("{what:<58} {waits}")
}

fn words(memory: OnChip, t: &Transfer) -> String {
    let name = match memory {
        OnChip::Activation => "activation",
        OnChip::Weight => "weight",
        OnChip::Parameter => "parameter",
    };
    format!("{name}[{}..{}]", t.word_address, u64::from(t.word_address) + u64::from(t.words))
}

fn summary(mode: Mode, c: &Compute) -> String {
    let mode = match mode {
        Mode::Convolution => "convolution",
        Mode::Channelwise => "channelwise",
        Mode::Depthwise => "depthwise",
        Mode::Patch => "patch",
    };
    format!(
        "{mode} {}x{} / {}x{}, {}x{} -> {}x{}, {} groups",
        c.kernel_height,
        c.kernel_width,
        c.stride_y,
        c.stride_x,
        c.input_height,
        c.input_width,
        c.output_height,
        c.output_width,
        c.output_groups
    )
}

fn details(mode: Mode, c: &Compute) -> Vec<String> {
    let hold = |x: u32| if x == 1 { " (held)" } else { "" };
    let mut lines = vec![
        format!(
            "activation {} -> {}, weight {}{}, parameter {}{}{}",
            c.input_address,
            c.output_address,
            c.weight_address,
            hold(c.weight_hold),
            c.parameter_address,
            hold(c.parameter_hold),
            if c.maximum == 1 { ", maximum" } else { "" }
        ),
        match mode {
            Mode::Convolution => format!("{} input blocks, {} substeps of the last", c.input_blocks, c.last_substeps),
            Mode::Channelwise => "one input word a position".to_owned(),
            Mode::Depthwise => {
                format!("{} steps a window, {} columns shared by rows", c.window_steps, c.shared_columns)
            }
            Mode::Patch => format!(
                "{} steps a patch, runs of {} bytes, {} bytes apart, {} before the row of {}",
                c.window_steps, c.run_bytes, c.step_x_bytes, c.pad_left_bytes, c.row_bytes
            ),
        },
        format!(
            "words: pixel {}, row {}, step {} x {}, output pixel {}; padding top {}, left {}, of {}",
            c.pixel_words,
            c.row_words,
            c.step_y_words,
            c.step_x_words,
            c.output_pixel_words,
            c.pad_top,
            c.pad_left,
            c.pad_value
        ),
        format!("result + {}, {} to {}", c.zero_point, c.minimum, c.maximum_value),
    ];
    if c.residual == 1 {
        lines.push(format!(
            "residual {} - {}, own - {}, {} * {} >> {}",
            c.residual_address,
            c.residual_zero_point,
            c.own_zero_point,
            if c.scale_residual == 1 { "residual" } else { "own" },
            c.scale_q,
            c.scale_shift
        ));
        lines.push(format!(
            "sum * {} >> {}, + {}, {} to {}",
            c.sum_q, c.sum_shift, c.sum_zero_point, c.sum_minimum, c.sum_maximum
        ));
    }
    lines
}
