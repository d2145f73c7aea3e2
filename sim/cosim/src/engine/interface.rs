//! The C side of the engine's cycle loop; `shim/engine.h` mirrors these structures.

use std::mem::size_of;

use libloading::Library;

use crate::interface::RawSim;

/// A run in progress, only ever seen through its pointer.
#[repr(C)]
pub(crate) struct RawEngine {
    _opaque: [u8; 0],
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RawOptions {
    pub program_address: u64,
    pub max_cycles: u64,
    pub reset_cycles: u64,
    pub continue_state: u64,
    pub seed: u64,
    pub latency: u64,
    pub extra_latency: u64,
    pub max_outstanding: u64,
    pub rate_numerator: u64,
    pub rate_denominator: u64,
    pub rate_shared: u64,
    pub burst_cycles: u64,
    pub read_gap: u64,
    pub command_stall: u64,
    pub write_stall: u64,
    pub trace_first: u64,
    pub trace_end: u64,
    pub stop_at_trace_end: u64,
    pub digest: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RawChannel {
    pub transfers: u64,
    pub stalled: u64,
    pub waiting: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawRetire {
    pub index: u64,
    pub cycle: u64,
    pub active_cycles: u64,
    pub bytes_read: u64,
    pub bytes_written: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawRace {
    pub cycle: u64,
    pub read_first: u64,
    pub read_end: u64,
    pub write_first: u64,
    pub write_end: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawReport {
    pub end: u64,
    pub cycles: u64,
    pub error: u64,
    pub fault_kind: u64,
    pub fault_write: u64,
    pub fault_address: u64,
    pub fault_beats: u64,
    pub active_cycles: u64,
    pub bytes_read: u64,
    pub bytes_written: u64,
    pub race_count: u64,
    pub digest: u64,
    pub read_command: RawChannel,
    pub read_data: RawChannel,
    pub write_command: RawChannel,
    pub write_data: RawChannel,
    pub retires: *const RawRetire,
    pub retire_count: u64,
    pub races: *const RawRace,
    pub races_kept: u64,
}

/// The functions of the cycle loop.
pub(crate) struct EngineInterface {
    layout: unsafe extern "C" fn() -> u64,
    pub begin: unsafe extern "C" fn(*mut RawSim, *const RawOptions, *mut u8, u64) -> *mut RawEngine,
    pub advance: unsafe extern "C" fn(*mut RawEngine, u64) -> i32,
    pub report: unsafe extern "C" fn(*mut RawEngine, *mut RawReport),
    pub free: unsafe extern "C" fn(*mut RawEngine),
}

impl EngineInterface {
    /// Takes the functions from a library.
    ///
    /// # Safety
    /// The library was built with `shim/engine.h`.
    pub unsafe fn load(library: &Library) -> Result<Self, libloading::Error> {
        // SAFETY: the caller says where the library is from; the types are those of shim/engine.h.
        unsafe {
            Ok(EngineInterface {
                layout: *library.get(b"cosim_engine_layout\0")?,
                begin: *library.get(b"cosim_engine_begin\0")?,
                advance: *library.get(b"cosim_engine_advance\0")?,
                report: *library.get(b"cosim_engine_report\0")?,
                free: *library.get(b"cosim_engine_free\0")?,
            })
        }
    }

    /// Whether both sides agree on the size of what they exchange.
    pub fn layout_matches(&self) -> bool {
        // SAFETY: takes nothing, touches nothing.
        let theirs = unsafe { (self.layout)() };
        theirs == (size_of::<RawOptions>() as u64) << 32 | size_of::<RawReport>() as u64
    }
}
