//! A compute unit under Verilator, with a memory that stalls at random, and networks as both sides name them.
#![allow(dead_code)]

use crate::blocks_support::random::Random;
use crate::blocks_support::{header, simulate, TOP};
use cortado_arch::trainer::network::{self, Network};
use cortado_arch::trainer::TrainerArchitecture;
use cortado_cosim::Instance;
use cortado_golden::a3c;
use cortado_hw::emit::emit;
use cortado_hw::trainer::unit::compute_unit::ComputeUnit;
use std::ffi::c_void;

/// Runs a task: commands are taken and lines move with the probabilities of `stalls`, in 256ths of no.
const RUN: &str = r#"
#include <deque>
struct UnitTask {
    uint32_t program, parameters, copy, maps, outputs;
    uint32_t latency, stall;
    uint64_t seed, limit;
};
struct UnitReport { uint64_t cycles, active, read_lines, write_lines, gradient_lines, fault; };
COSIM_EXPORT int32_t unit_run(Cosim* sim, const UnitTask* task, uint32_t* memory, uint64_t words, uint32_t* gradient,
                              uint64_t gradient_words, UnitReport* report) {
    struct Burst { uint64_t line, lines, ready; };
    return guarded(*sim, [&] {
        auto& top = *sim->model;
        uint64_t state = task->seed;
        auto random = [&] {
            uint64_t x = state += 0x9e3779b97f4a7c15u;
            x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
            x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
            return x ^ (x >> 31);
        };
        auto moves = [&] { return (random() & 255) >= task->stall; };
        std::deque<Burst> reads, writes;
        bool offered = false;
        *report = UnitReport{};
        top.start = 1;
        top.program_address = task->program;
        top.base_parameters = task->parameters;
        top.base_copy = task->copy;
        top.base_maps = task->maps;
        top.base_outputs = task->outputs;
        for (uint64_t cycle = 0;; ++cycle) {
            if (cycle == task->limit) { report->fault = 1; return; }
            top.clock = 0;
            if (!offered && !reads.empty() && reads[0].ready <= cycle && moves()) offered = true;
            top.read_data_valid = offered;
            if (offered) {
                if ((reads[0].line + 1) * 16 > words) { report->fault = 2; return; }
                for (int i = 0; i < 16; ++i) top.read_data[i] = memory[reads[0].line * 16 + i];
            } else {
                for (int i = 0; i < 16; ++i) top.read_data[i] = uint32_t(random());
            }
            top.read_command_ready = moves();
            top.write_command_ready = moves();
            top.write_data_ready = !writes.empty() && moves();
            top.gradient_ready = moves();
            top.eval();
            if (offered && top.read_data_ready) {
                offered = false;
                ++report->read_lines;
                ++reads[0].line;
                if (--reads[0].lines == 0) reads.pop_front();
            }
            if (top.write_data_valid && top.write_data_ready) {
                if ((writes[0].line + 1) * 16 > words) { report->fault = 3; return; }
                for (int i = 0; i < 16; ++i) memory[writes[0].line * 16 + i] = top.write_data[i];
                ++report->write_lines;
                ++writes[0].line;
                if (--writes[0].lines == 0) writes.pop_front();
            }
            if (top.read_command_valid && top.read_command_ready)
                reads.push_back({top.read_command_address / 64, top.read_command_beats, cycle + task->latency});
            if (top.write_command_valid && top.write_command_ready)
                writes.push_back({top.write_command_address / 64, top.write_command_beats, cycle});
            if (top.gradient_valid && top.gradient_ready) {
                uint64_t at = uint64_t(top.gradient_line) * 16;
                if (at + 16 > gradient_words) { report->fault = 4; return; }
                for (int i = 0; i < 16; ++i) gradient[at + i] = top.gradient[i];
                ++report->gradient_lines;
            }
            report->active += top.active;
            report->cycles = cycle;
            if (top.error && top.done) report->fault = 5;
            bool done = top.done;
            top.clock = 1;
            top.eval();
            top.start = 0;
            if (done) {
                if (!reads.empty() || !writes.empty()) report->fault = 6;
                return;
            }
        }
    });
}
"#;

#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Task {
    pub program: u32,
    pub parameters: u32,
    pub copy: u32,
    pub maps: u32,
    pub outputs: u32,
    pub latency: u32,
    /// Probability that something does not move in a cycle, in 256ths.
    pub stall: u32,
    pub seed: u64,
    pub limit: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    pub cycles: u64,
    /// Cycles in which the PEs had a step.
    pub active: u64,
    pub read_lines: u64,
    pub write_lines: u64,
    pub gradient_lines: u64,
    fault: u64,
}

type RunFn = unsafe extern "C" fn(*mut c_void, *const Task, *mut u32, u64, *mut u32, u64, *mut Report) -> i32;

/// A compute unit in simulation.
pub struct Unit(Instance);

impl Unit {
    /// `None`, said aloud, where Verilator is missing.
    pub fn new(arch: &TrainerArchitecture, seed: u64) -> Option<Self> {
        let mut unit = ComputeUnit::new(arch).expect("queues of sizes that can be");
        let mut instance = simulate(emit(TOP, &mut unit, &header()), RUN, seed)?;
        let mut set = |port: &str, value| instance.poke(port, value).unwrap_or_else(|error| panic!("{error}"));
        set("reset", 1);
        set("start", 0);
        instance.tick(2).unwrap_or_else(|error| panic!("{error}"));
        instance.poke("reset", 0).unwrap_or_else(|error| panic!("{error}"));
        Some(Self(instance))
    }

    /// Runs a task to its end.
    ///
    /// # Panics
    /// When it leaves memory, does not end, or ends with an error.
    #[track_caller]
    pub fn run(&mut self, task: &Task, memory: &mut [u32], gradient: &mut [u32]) -> Report {
        let mut report = Report::default();
        // SAFETY: `RUN` has this type; the simulation is alive, and the slices are as long as told.
        let status = unsafe {
            let run = self.0.model().symbol::<RunFn>("unit_run").expect("the text above has it");
            run(
                self.0.as_ptr(),
                task,
                memory.as_mut_ptr(),
                memory.len() as u64,
                gradient.as_mut_ptr(),
                gradient.len() as u64,
                &mut report,
            )
        };
        assert_eq!(status, 0, "the simulation failed");
        let faults = [
            "none",
            "the task did not end",
            "a read beyond memory",
            "a write beyond memory",
            "a gradient beyond its memory",
            "an instruction that names nothing",
            "lines were still on the way at the end",
        ];
        assert_eq!(report.fault, 0, "{}: {task:?}, {report:?}", faults[report.fault as usize]);
        report
    }
}

/// The network as the engine's side names it.
pub fn shapes(network: &a3c::Network) -> Network {
    let map = |map: a3c::Map| network::Map { height: map.height, width: map.width, channels: map.channels };
    let layer = |layer: &a3c::Layer| network::Layer {
        input: map(layer.input),
        output: map(layer.output),
        kernel: layer.kernel,
        stride: layer.stride,
        rectified: layer.rectified,
    };
    Network::new(network.layers().iter().map(layer).collect())
}

/// Small numbers of both signs; a few are zeros, a few far apart.
pub fn number(random: &mut Random) -> f32 {
    let small = random.signed(24) as f32 / (1 << 24) as f32;
    match random.below(40) {
        0 => 0.0,
        1 => -0.0,
        2 => small * 1e6,
        3 => small * 1e-12,
        _ => small,
    }
}
