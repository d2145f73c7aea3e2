//! The compute unit: FW, BW and GC on the same PEs (hw/docs/trainer.md).

pub mod compute_unit;
pub mod control;
pub mod dispatcher;
pub mod fields;
pub mod gather;
pub mod group;
pub mod line_reader;
pub mod line_writer;
pub mod map_buffer;
pub mod map_transfer;
pub mod map_writer;
pub mod order;
pub mod parameter_buffer;
pub mod position_walker;
pub mod results;
pub mod rotate;
pub mod run_walker;
pub mod scalar_buffer;
pub mod sequencer;
pub mod tap_walker;
pub mod tile_reader;
pub mod transpose;
pub mod word_ram;
