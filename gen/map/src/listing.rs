//! A compiled network for people to read.

use crate::compiled::Compiled;
use cortado_arch::isa::{Compute, Instruction, Mode, OnChip, Operation};
use cortado_graph::ir::Graph;
use std::fmt::Write;

/// One instruction in a line: mnemonic, operands, waits.
pub fn describe(instruction: &Instruction) -> String {
    let text = match &instruction.operation {
        Operation::End => "END".to_string(),
        Operation::Load(memory, t) => {
            let name = memory_name(*memory);
            format!(
                "LOAD    {name}[{}..{}] <- external[{:#x}]",
                t.word_address,
                t.word_address + t.words,
                t.byte_address
            )
        }
        Operation::Store(t) => format!(
            "STORE   external[{:#x}] <- activation[{}..{}]",
            t.byte_address,
            t.word_address,
            t.word_address + t.words
        ),
        Operation::Compute(mode, c) => compute(*mode, c),
    };
    let mut waits = String::new();
    if instruction.wait_dma > 0 {
        let _ = write!(waits, " dma>={}", instruction.wait_dma);
    }
    if instruction.wait_compute > 0 {
        let _ = write!(waits, " compute>={}", instruction.wait_compute);
    }
    if waits.is_empty() {
        text
    } else {
        format!("{text}  after{waits}")
    }
}

fn memory_name(memory: OnChip) -> &'static str {
    match memory {
        OnChip::Activation => "activation",
        OnChip::Weight => "weight",
        OnChip::Parameter => "parameter",
    }
}

fn compute(mode: Mode, c: &Compute) -> String {
    let mode = match mode {
        Mode::Convolution => "convolution",
        Mode::Channelwise if c.maximum != 0 => "maximum",
        Mode::Channelwise => "channelwise",
        Mode::Depthwise => "depthwise",
        Mode::Patch => "patch",
    };
    let residual = if c.residual != 0 { format!(" + activation[{}]", c.residual_address) } else { String::new() };
    format!(
        "COMPUTE {mode} {}x{} stride {}x{}: activation[{}] {}x{} -> activation[{}] {}x{} of {} groups{residual}, weight[{}], parameter[{}]",
        c.kernel_height,
        c.kernel_width,
        c.stride_y,
        c.stride_x,
        c.input_address,
        c.input_height,
        c.input_width,
        c.output_address,
        c.output_height,
        c.output_width,
        c.output_groups,
        c.weight_address,
        c.parameter_address
    )
}

/// The whole listing; `compiled.listing` itself is not read.
pub(crate) fn listing(compiled: &Compiled, graph: &Graph, arch: &cortado_arch::Architecture) -> String {
    let mut out = String::new();
    let e = &compiled.estimate;
    let turned = if compiled.transposed { ", maps transposed" } else { "" };
    let _ = writeln!(out, "{} on {}{turned}", graph.name, arch.name);
    let _ = writeln!(
        out,
        "{} MACs, ideal {} cycles, array steps {}, estimated {} cycles: utilisation {:.3} of at most {:.3}",
        e.macs, e.ideal_cycles, e.steps, e.cycles, e.utilisation, e.utilisation_bound
    );
    let _ = writeln!(
        out,
        "words: activation {} of {}, weight {} of {}, parameter {} of {}; bytes a run: {} in ({} streamed), {} out; image {}",
        e.activation_words,
        arch.activation_words,
        e.weight_words,
        arch.weight_words,
        e.parameter_words,
        arch.parameter_words,
        e.bytes_loaded,
        e.bytes_streamed,
        e.bytes_stored,
        compiled.image.len()
    );
    let _ = writeln!(
        out,
        "input   {} {:?} at {:#x}",
        compiled.input.name, compiled.input.shape, compiled.input.byte_address
    );
    for place in &compiled.tensors {
        let _ = writeln!(out, "tensor  {} {:?} at {:#x}", place.name, place.shape, place.byte_address);
    }
    for &node in &compiled.host_nodes {
        let _ = writeln!(out, "host    {}", graph.nodes[node].name);
    }
    let _ = writeln!(out, "load program at {:#x}, run program at {:#x}:", compiled.load_program, compiled.run_program);
    for (index, note) in compiled.instructions.iter().enumerate() {
        let _ = write!(out, "{index:4}  {}", describe(&note.instruction));
        if !note.nodes.is_empty() {
            let names = note.nodes.join(" + ");
            let _ = write!(out, "  ; {names}: {} MACs, {} steps, {} cycles", note.macs, note.steps, note.cycles);
        } else if let Some(tensor) = &note.tensor {
            let _ = write!(out, "  ; {tensor}");
        }
        out.push('\n');
    }
    out
}
