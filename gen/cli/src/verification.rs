//! Verilog against golden: the same network, input after input, every tensor.

use crate::difference::{compare, Comparison, Difference};
use crate::execution::{Run, Simulated, Verilated};
use crate::failure::Failure;
use crate::inputs::Input;
use crate::layers::{breakdown, utilisation, Breakdown};
use crate::single;
use crate::{files, host};
use cortado_arch::{Architecture, ExternalMemory};
use cortado_cosim::engine::{Begin, Jitter};
use cortado_cosim::InitialValues;
use cortado_graph::ir::Graph;
use cortado_map::{compile, CompileOptions, Compiled};
use serde::Serialize;
use std::fs;
use std::path::PathBuf;

/// Cycles of waveform on both sides of the instruction at fault.
const MARGIN: u64 = 64;

/// What is compared, and how.
pub struct Plan<'a> {
    /// The model's short name.
    pub model: &'a str,
    /// The network.
    pub graph: &'a Graph,
    /// The engine.
    pub arch: &'a Architecture,
    /// What it is fed with.
    pub inputs: &'a [Input],
    /// Seed of stalls and of registers' first values.
    pub seed: u64,
    /// The memory stalls at random.
    pub stalls: bool,
}

/// A layer's cycles, measured and predicted.
#[derive(Clone, Debug, Serialize)]
pub struct LayerFigures {
    /// Names of the nodes it does.
    pub name: String,
    /// Multiply-accumulates that count as work.
    pub macs: u64,
    /// Cycles of the Verilog.
    pub cycles: u64,
    /// Cycles the instruction-set simulator predicts; it knows no stalls.
    pub predicted_cycles: u64,
    /// `macs / (cycles * mac_units)`.
    pub utilisation: f64,
}

/// Outcome of a comparison. Cycles are those of the fastest program, of the first input.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// Tensors that differ, over all inputs and both programs.
    pub mismatches: usize,
    /// Tensors compared.
    pub tensors: usize,
    /// Cycles of an inference.
    pub cycles: u64,
    /// Multiply-accumulates of an inference that count as work.
    pub macs: u64,
    /// Multipliers of the engine.
    pub mac_units: usize,
    /// `macs / (cycles * mac_units)`.
    pub utilisation: f64,
    /// Layer by layer.
    pub layers: Vec<LayerFigures>,
    /// Cycles the instruction-set simulator predicts.
    pub predicted_cycles: u64,
    /// Cycles in which only the network's input was waited for.
    pub input_cycles: u64,
    /// Cycles after the last layer.
    pub output_cycles: u64,
    /// The model's short name.
    pub model: String,
    /// The preset's name.
    pub preset: String,
    /// Inputs compared.
    pub inputs: usize,
    /// Seed of inputs, stalls and first values.
    pub seed: u64,
    /// Whether the memory stalled at random.
    pub stalls: bool,
    /// The first difference.
    pub first: Option<Difference>,
    /// This tool's version.
    pub version: &'static str,
}

/// Compares every input: all tensors with the observing program, the outputs with the fastest one. Ends with the
/// first input that differs. `step` is called after each.
///
/// # Errors
/// The network does not map onto the engine, Verilator is missing, or an engine does not come to its end.
pub fn verify(plan: &Plan, step: &dyn Fn(&str)) -> Result<Verdict, Failure> {
    let jitter = if plan.stalls { Jitter::heavy() } else { Jitter::default() };
    let compiled = |arch: &Architecture, observe| {
        compile(plan.graph, arch, &CompileOptions { observe })
            .map_err(|error| Failure::Refused(format!("{} on {}:\n{error}", plan.model, arch.name)))
    };
    let roomy = roomy(plan.arch);
    let (observed, fast) = (compiled(&roomy, true)?, compiled(plan.arch, false)?);
    let golden = plan
        .inputs
        .iter()
        .map(|input| cortado_golden::run(plan.graph, &input.values).map_err(Failure::refused))
        .collect::<Result<Vec<_>, _>>()?;
    let mut total = Comparison::default();
    let mut measured = None;
    for (pass, (arch, compiled)) in [(&roomy, &observed), (plan.arch, &fast)].into_iter().enumerate() {
        step("building the model");
        let mut engine = Verilated::build(arch, InitialValues::Random, jitter, plan.seed)?;
        engine.load(compiled)?;
        for (input, golden) in plan.inputs.iter().zip(&golden) {
            step(&input.name);
            let run = engine.run(compiled, &input.values)?;
            let mut found = check(plan.graph, compiled, &run, golden, pass == 0)?;
            if let Some(first) = &mut found.first {
                first.program_at_fault = program_at_fault(plan, compiled, input, golden, pass == 0);
                first.waveform = waveform(&mut engine, plan, compiled, input, first.instruction);
            }
            total = sum(total, found);
            if pass == 1 && measured.is_none() {
                measured = Some(run);
            }
            if total.mismatches > 0 {
                break;
            }
        }
        if total.mismatches > 0 {
            break;
        }
    }
    step("predicting");
    verdict(plan, &fast, total, measured)
}

/// Bytes of external memory in which every tensor of a network is stored to be looked at.
const ROOM_FOR_TENSORS: u64 = 16 << 20;

/// The engine with more external memory, and address bits that reach it: an inference needs no room for every tensor.
fn roomy(arch: &Architecture) -> Architecture {
    let bytes = arch.external.bytes.max(ROOM_FOR_TENSORS);
    let address_bits = arch.address_bits.max(bytes.ilog2() as usize);
    Architecture { external: ExternalMemory { bytes, ..arch.external }, address_bits, ..arch.clone() }
}

/// Compares what a run stored, and on the way to the outputs what the host adds to it.
fn check(
    graph: &Graph,
    compiled: &Compiled,
    run: &Run,
    golden: &[Vec<i16>],
    observed: bool,
) -> Result<Comparison, Failure> {
    let places = if observed { &compiled.tensors } else { &compiled.outputs };
    let mut comparison = compare(graph, compiled, places, &run.memory, &run.retired, golden);
    if comparison.mismatches == 0 {
        let finished = host::outputs(graph, compiled, &run.memory)?;
        comparison.tensors += compiled.host_nodes.len();
        comparison.mismatches += finished.iter().filter(|(id, values)| golden.get(**id) != Some(values)).count();
    }
    Ok(comparison)
}

fn sum(total: Comparison, found: Comparison) -> Comparison {
    Comparison {
        tensors: total.tensors + found.tensors,
        mismatches: total.mismatches + found.mismatches,
        first: total.first.or(found.first),
    }
}

/// Whether the simulator's tensors differ as well; `None` when it refuses the program for another reason.
fn program_at_fault(
    plan: &Plan,
    compiled: &Compiled,
    input: &Input,
    golden: &[Vec<i16>],
    observed: bool,
) -> Option<bool> {
    let run = Simulated::load(plan.arch, compiled).ok()?.run(&input.values).ok()?;
    let compared = check(plan.graph, compiled, &run, golden, observed).ok()?;
    Some(compared.mismatches > 0)
}

/// Repeats the run from power-on with a trace of the instruction at fault; `None` where that cannot be had, which
/// must not hide the difference itself.
fn waveform(
    engine: &mut Verilated,
    plan: &Plan,
    compiled: &Compiled,
    input: &Input,
    instruction: Option<usize>,
) -> Option<String> {
    let joined = single::join(compiled, &input.values).ok()?;
    let index = u16::try_from(joined.loads + instruction?).ok()?;
    let cycles = compiled.estimate.cycles.saturating_add(compiled.image.len() as u64);
    let options = engine.options(joined.program, cycles, Begin::PowerOn);
    let report = engine.harness.run(&mut joined.memory.clone(), &options).ok()?;
    let nth = report.retired.iter().position(|one| one.index == index)?;
    let extension = engine.harness.trace_format().extension();
    let path: PathBuf = files::build().join(format!("cosim/{}-{}.{extension}", plan.model, plan.arch.name));
    let work = path.with_extension(format!("{extension}.part"));
    let traced = engine.harness.trace_instruction(&mut joined.memory.clone(), &options, &report, nth, MARGIN, &work);
    traced.ok()?;
    fs::rename(&work, &path).ok()?;
    Some(path.display().to_string())
}

fn verdict(plan: &Plan, fast: &Compiled, total: Comparison, measured: Option<Run>) -> Result<Verdict, Failure> {
    let mac_units = plan.arch.macs();
    let (cycles, spent) = match &measured {
        Some(run) => (run.cycles, breakdown(fast, &run.retired, run.cycles)),
        None => (0, Breakdown { layers: Vec::new(), input_cycles: 0, output_cycles: 0 }),
    };
    let predicted = match (&measured, plan.inputs.first()) {
        (Some(_), Some(input)) => Some(Simulated::load(plan.arch, fast)?.run(&input.values)?),
        _ => None,
    };
    let predicted_cycles = predicted.as_ref().map_or(0, |run| run.cycles);
    let predicted = predicted.map(|run| breakdown(fast, &run.retired, run.cycles).layers).unwrap_or_default();
    let figures = |layer: crate::layers::Layer| LayerFigures {
        predicted_cycles: predicted.iter().find(|one| one.name == layer.name).map_or(0, |one| one.cycles),
        utilisation: utilisation(layer.macs, layer.cycles, mac_units),
        name: layer.name,
        macs: layer.macs,
        cycles: layer.cycles,
    };
    let macs = fast.estimate.macs;
    Ok(Verdict {
        mismatches: total.mismatches,
        tensors: total.tensors,
        cycles,
        macs,
        mac_units,
        utilisation: utilisation(macs, cycles, mac_units),
        layers: spent.layers.into_iter().map(figures).collect(),
        predicted_cycles,
        input_cycles: spent.input_cycles,
        output_cycles: spent.output_cycles,
        model: plan.model.to_owned(),
        preset: plan.arch.name.clone(),
        inputs: plan.inputs.len(),
        seed: plan.seed,
        stalls: plan.stalls,
        first: total.first,
        version: crate::rtl::VERSION,
    })
}
