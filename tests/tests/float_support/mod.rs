//! Floating-point cells under Verilator, fed from C++ with a new set of operands every cycle.
#![allow(dead_code)]

pub mod machine;
pub mod operands;

use crate::blocks_support::simulate;
use cortado_cosim::Instance;
use cortado_hw::emit::EmitError;
use std::ffi::c_void;

/// Pokes a row of inputs, lets them settle, reads a row of outputs, and ends the cycle.
const STREAM: &str = "
COSIM_EXPORT int32_t float_stream(Cosim* sim, const uint32_t* in_ports, uint32_t in_count, const uint32_t* out_ports,
                                  uint32_t out_count, const uint32_t* in, uint32_t* out, uint64_t cycles) {
    return guarded(*sim, [&] {
        for (; cycles; --cycles) {
            sim->model->clock = 0;
            for (uint32_t i = 0; i < in_count; ++i) Access::poke(*sim->model, in_ports[i], in++);
            sim->model->eval();
            for (uint32_t i = 0; i < out_count; ++i) Access::peek(*sim->model, out_ports[i], out++);
            sim->model->clock = 1;
            sim->model->eval();
        }
    });
}
";

type StreamFn = unsafe extern "C" fn(*mut c_void, *const u32, u32, *const u32, u32, *const u32, *mut u32, u64) -> i32;

/// A cell in simulation.
pub struct Cell {
    instance: Instance,
    inputs: Vec<u32>,
    outputs: Vec<u32>,
}

impl Cell {
    /// As [`simulate`]; rows are of these ports.
    ///
    /// # Panics
    /// As it, or when the cell has no such port.
    pub fn new(text: Result<String, EmitError>, inputs: &[&str], outputs: &[&str], seed: u64) -> Option<Self> {
        let instance = simulate(text, STREAM, seed)?;
        let number = |name: &&str| {
            let at = instance.model().ports().iter().position(|port| port.name == *name);
            at.unwrap_or_else(|| panic!("the cell has no port {name}")) as u32
        };
        let (inputs, outputs) = (inputs.iter().map(number).collect(), outputs.iter().map(number).collect());
        Some(Self { instance, inputs, outputs })
    }

    /// One row of outputs for every row of inputs, of the same cycle.
    pub fn run(&mut self, rows: &[u32]) -> Vec<u32> {
        let cycles = rows.len() / self.inputs.len();
        let mut out = vec![0; cycles * self.outputs.len()];
        // SAFETY: `STREAM` has this type; the simulation is alive, and rows and port numbers are as long as told.
        let status = unsafe {
            let stream = self.instance.model().symbol::<StreamFn>("float_stream").expect("the text above has it");
            stream(
                self.instance.as_ptr(),
                self.inputs.as_ptr(),
                self.inputs.len() as u32,
                self.outputs.as_ptr(),
                self.outputs.len() as u32,
                rows.as_ptr(),
                out.as_mut_ptr(),
                cycles as u64,
            )
        };
        assert_eq!(status, 0, "the simulation failed");
        out
    }

    /// Feeds rows in batches, and holds the outputs `latency` cycles later against `wanted` of the row.
    pub fn check<const I: usize, const O: usize>(
        &mut self,
        latency: usize,
        rows: impl Iterator<Item = [u32; I]>,
        mut wanted: impl FnMut([u32; I]) -> [u32; O],
    ) -> usize {
        const BATCH: usize = 100_000;
        assert_eq!((self.inputs.len(), self.outputs.len()), (I, O));
        let (mut rows, mut count) = (rows.peekable(), 0);
        while rows.peek().is_some() {
            let batch: Vec<[u32; I]> = rows.by_ref().take(BATCH).collect();
            let mut fed = batch.concat();
            fed.resize(fed.len() + latency * I, 0);
            let out = self.run(&fed);
            for (cycle, row) in batch.iter().enumerate() {
                let got = &out[(cycle + latency) * O..][..O];
                let wanted = wanted(*row);
                assert!(
                    got == wanted,
                    "operands {row:08x?}: expected {wanted:08x?}, got {got:08x?}, cycle {}, operands in at {}",
                    count + cycle + latency,
                    count + cycle
                );
            }
            count += batch.len();
        }
        count
    }
}
