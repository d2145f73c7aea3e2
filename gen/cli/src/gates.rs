//! A preset's netlist against its Verilog: the same programs side by side in Verilator, equal in every cycle; and the
//! netlist's cells against what the engine is made of.

use crate::execution::{Run, Verilated};
use crate::failure::Failure;
use crate::inputs::Input;
use crate::synth::{Cells, SynthReport};
use crate::{files, host, rtl};
use cortado_arch::isa::OnChip;
use cortado_arch::{Architecture, Family};
use cortado_cosim::cells;
use cortado_cosim::engine::Jitter;
use cortado_graph::ir::Graph;
use cortado_hw::array::multiplier_blocks;
use cortado_map::{compile, CompileOptions, Compiled};
use serde::Serialize;
use std::fs;

/// What is compared, and how.
pub struct Plan<'a> {
    /// The network.
    pub graph: &'a Graph,
    /// The engine.
    pub arch: &'a Architecture,
    /// Its netlist.
    pub synthesised: &'a SynthReport,
    /// What it is fed with.
    pub inputs: &'a [Input],
    /// Seed of stalls and of registers' first values.
    pub seed: u64,
    /// The memory stalls at random.
    pub stalls: bool,
}

/// Outcome of a comparison.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Comparison {
    /// Programs whose runs differ between netlist and Verilog, and outputs that are not the golden model's.
    pub mismatches: usize,
    /// Outputs compared with the golden model.
    pub tensors: usize,
    /// Cycles in which all ports of both were compared.
    pub cycles: u64,
    /// The first difference, in words.
    pub first: Option<String>,
}

impl Comparison {
    fn differs(&mut self, how: impl FnOnce() -> String) {
        self.mismatches += 1;
        self.first.get_or_insert_with(how);
    }
}

/// Runs the network's programs on netlist and Verilog, under equal stalls. Ends with the first input that differs;
/// `step` is called before each part of the work.
///
/// # Errors
/// The network does not map onto the engine, Verilator or a cell's model is missing, or an engine does not come to its
/// end.
pub fn compare(plan: &Plan, step: &dyn Fn(&str)) -> Result<Comparison, Failure> {
    let jitter = if plan.stalls { Jitter::heavy() } else { Jitter::default() };
    let compiled = compile(plan.graph, plan.arch, &CompileOptions { observe: false });
    let compiled = compiled.map_err(|error| {
        Failure::Refused(format!("{} does not run on {}:\n{error}", plan.graph.name, plan.arch.name))
    })?;
    step("building the Verilog's model");
    let mut verilog = Verilated::lock_step(plan.arch, &rtl::verilog(plan.arch)?, jitter, plan.seed)?;
    step("building the netlist's model");
    let mut netlist = Verilated::lock_step(plan.arch, &text(plan)?, jitter, plan.seed)?;
    let mut found = Comparison::default();
    step("loading");
    in_step(&mut found, "load program", &netlist.load(&compiled)?, &verilog.load(&compiled)?);
    for input in plan.inputs {
        if found.mismatches > 0 {
            break;
        }
        step(&input.name);
        let (run, reference) = (netlist.run(&compiled, &input.values)?, verilog.run(&compiled, &input.values)?);
        in_step(&mut found, &input.name, &run, &reference);
        against_golden(&mut found, plan, &compiled, input, &run)?;
    }
    Ok(found)
}

/// The netlist with the models of its cells behind it.
fn text(plan: &Plan) -> Result<String, Failure> {
    let file = plan.synthesised.netlist_dir.join("netlist.v");
    let netlist = fs::read_to_string(&file).map_err(Failure::file(&file))?;
    let share = cells::yosys_share(&files::tools()).ok_or_else(|| {
        Failure::refused("the models of the parts' cells come with Yosys, which is not found; `make tools` gets it")
    })?;
    let models = match plan.arch.family {
        Family::Ecp5 { .. } => cells::ecp5(&share),
        Family::Ice40 { .. } | Family::Generic => cells::ice40(&share),
    };
    Ok(netlist + &models.map_err(Failure::file(&share))?)
}

fn in_step(found: &mut Comparison, what: &str, netlist: &Run, verilog: &Run) {
    found.cycles += netlist.cycles.min(verilog.cycles);
    let equal = netlist.digest == verilog.digest && netlist.cycles == verilog.cycles;
    if !equal || netlist.retired != verilog.retired || netlist.memory != verilog.memory {
        found.differs(|| format!("{what}: {}", difference(netlist, verilog)));
    }
}

/// Where two runs part, as far as can be told after them.
fn difference(netlist: &Run, verilog: &Run) -> String {
    let mut pairs = netlist.retired.iter().zip(&verilog.retired);
    if let Some((got, expected)) = pairs.find(|(got, expected)| got != expected) {
        let [(got, at), (expected, by)] = [got, expected];
        return format!("instruction {got} ends in cycle {at} of the netlist, {expected} in cycle {by} of the Verilog");
    }
    let bytes = netlist.memory.iter().zip(&verilog.memory);
    if let Some(address) = bytes.map(|(got, expected)| got != expected).position(|differs| differs) {
        return format!("byte {address:#x} of external memory differs after {} cycles", netlist.cycles);
    }
    match netlist.cycles == verilog.cycles {
        true => "the ports differ in some cycle, and nothing that was stored".to_owned(),
        false => format!("{} cycles on the netlist, {} on the Verilog", netlist.cycles, verilog.cycles),
    }
}

fn against_golden(
    found: &mut Comparison,
    plan: &Plan,
    compiled: &Compiled,
    input: &Input,
    run: &Run,
) -> Result<(), Failure> {
    let golden = cortado_golden::run(plan.graph, &input.values).map_err(Failure::refused)?;
    for (id, values) in host::outputs(plan.graph, compiled, &run.memory)? {
        found.tensors += 1;
        if golden.get(id) != Some(&values) {
            let name = plan.graph.tensors.get(id).map_or("", |tensor| tensor.name.as_str());
            found.differs(|| format!("{}: tensor {name:?} is not the golden model's", input.name));
        }
    }
    Ok(())
}

/// Blocks of the part, as an engine instantiates or a netlist has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Blocks {
    /// Multipliers.
    pub dsp: u64,
    /// Block RAMs.
    pub bram: u64,
    /// Single-port RAMs of the UP5K.
    pub spram: u64,
}

impl From<&Cells> for Blocks {
    fn from(cells: &Cells) -> Self {
        Blocks { dsp: cells.dsp, bram: cells.bram, spram: cells.spram }
    }
}

/// What an engine instantiates of its part. On the iCE40 its memories are four: the beats of an instruction take a block
/// for each 16 bits of the port; on the ECP5 they lie in LUTs.
pub fn expected(arch: &Architecture) -> Blocks {
    let beats = match arch.family {
        Family::Ice40 { .. } => arch.port_bytes.div_ceil(2) as u64,
        Family::Ecp5 { .. } | Family::Generic => 0,
    };
    let memories =
        [OnChip::Activation, OnChip::Weight, OnChip::Parameter].map(|memory| arch.banked_memory_blocks(memory));
    Blocks {
        dsp: multiplier_blocks(arch) as u64,
        bram: beats + memories.iter().map(|one| one.block_rams as u64).sum::<u64>(),
        spram: memories.iter().map(|one| one.sprams as u64).sum(),
    }
}
