//! The C interface of a loaded model; `shim/model.h` is its other side.

use std::ffi::{c_char, CStr};
use std::path::Path;

use libloading::Library;

use crate::engine::interface::EngineInterface;

/// A C++ simulation, only ever seen through its pointer.
#[repr(C)]
pub(crate) struct RawSim {
    _opaque: [u8; 0],
}

/// The functions of one loaded library. They stay callable as long as this value lives.
pub(crate) struct Interface {
    pub new: unsafe extern "C" fn(i32) -> *mut RawSim,
    pub free: unsafe extern "C" fn(*mut RawSim),
    pub error: unsafe extern "C" fn(*const RawSim) -> *const c_char,
    pub poke: unsafe extern "C" fn(*mut RawSim, u32, *const u32),
    pub peek: unsafe extern "C" fn(*mut RawSim, u32, *mut u32),
    pub eval: unsafe extern "C" fn(*mut RawSim) -> i32,
    pub tick: Option<unsafe extern "C" fn(*mut RawSim, u64) -> i32>,
    pub trace_open: unsafe extern "C" fn(*mut RawSim, *const c_char) -> i32,
    pub trace_close: unsafe extern "C" fn(*mut RawSim) -> i32,
    pub engine: Option<EngineInterface>,
    library: Library,
}

impl Interface {
    /// Loads a library this crate built; `engine` says whether it was built with the engine's cycle loop.
    pub fn load(path: &Path, engine: bool) -> Result<Self, String> {
        // SAFETY: the library is built from this crate's own shim, which has no constructors beyond Verilator's,
        // and each symbol has the type given here (shim/model.h).
        let loaded = unsafe {
            Library::new(path).and_then(|library| {
                Ok(Interface {
                    new: *library.get(b"cosim_new\0")?,
                    free: *library.get(b"cosim_free\0")?,
                    error: *library.get(b"cosim_error\0")?,
                    poke: *library.get(b"cosim_poke\0")?,
                    peek: *library.get(b"cosim_peek\0")?,
                    eval: *library.get(b"cosim_eval\0")?,
                    tick: library.get(b"cosim_tick\0").ok().map(|symbol| *symbol),
                    trace_open: *library.get(b"cosim_trace_open\0")?,
                    trace_close: *library.get(b"cosim_trace_close\0")?,
                    engine: if engine { Some(EngineInterface::load(&library)?) } else { None },
                    library,
                })
            })
        };
        let interface = loaded.map_err(|error| error.to_string())?;
        match &interface.engine {
            Some(engine) if !engine.layout_matches() => Err("its engine structures differ from this program's".into()),
            _ => Ok(interface),
        }
    }

    /// The library, for symbols of a caller's own C++ text.
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// Text of the last failure of a simulation.
    ///
    /// # Safety
    /// `sim` came from this interface and is alive.
    pub unsafe fn last_error(&self, sim: *const RawSim) -> String {
        // SAFETY: the shim returns a NUL-terminated string owned by `sim`, which the caller keeps alive.
        unsafe { CStr::from_ptr((self.error)(sim)) }.to_string_lossy().into_owned()
    }
}
