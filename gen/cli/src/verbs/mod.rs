//! The verbs of the command line, one file each: its arguments, what it does, how it says so.

pub mod bench;
pub mod bitstream;
pub mod boards;
pub mod compile;
pub mod cosim;
pub mod explore;
pub mod flash;
pub mod gates;
pub mod inspect;
pub mod lint;
pub mod presets;
pub mod quantise;
pub mod report;
pub mod run;
pub mod synth;
pub mod train;
pub mod verilog;
