//! From activation memory to the multipliers' operands: the sequencers that issue reads and array
//! steps, one per mode, and the datapath that turns words into operands.

pub mod depthwise_sequencer;
#[allow(clippy::module_inception)]
pub mod feed;
pub mod pacer;
pub mod patch_buffer;
pub mod patch_sequencer;
pub mod scan_sequencer;
pub mod step;
pub mod word_select;
