//! A built design, and simulations of it driven port by port.

use std::ffi::CString;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Arc;

use crate::compile::{compile, BuildError};
use crate::engine::contract;
use crate::interface::{Interface, RawSim};
use crate::ports::{parse_ports, Direction, Port};
use crate::shim::{self, Parts};
use crate::tool::Verilator;
use crate::BuildOptions;

/// A design compiled by Verilator and loaded. Clones share it; it may be used from several threads.
#[derive(Clone)]
pub struct Model {
    inner: Arc<Loaded>,
}

struct Loaded {
    ports: Vec<Port>,
    interface: Interface,
    traced: bool,
    cached: bool,
}

impl Model {
    /// Builds module `top` of the Verilog text, or takes it from the cache.
    ///
    /// # Errors
    /// The ports are not understood, Verilator or the compiler refuses the text or is missing, or the cache cannot
    /// be written.
    pub fn build(verilator: &Verilator, top: &str, verilog: &str, options: &BuildOptions) -> Result<Self, BuildError> {
        Self::build_with(verilator, top, verilog, options, false)
    }

    /// As [`Model::build`], with the engine's cycle loop inside when `engine` is set.
    pub(crate) fn build_with(
        verilator: &Verilator,
        top: &str,
        verilog: &str,
        options: &BuildOptions,
        engine: bool,
    ) -> Result<Self, BuildError> {
        let ports = parse_ports(top, verilog)?;
        let engine_bytes = if engine { Some(contract::check(&ports)?) } else { None };
        let is_clock =
            |port: &&Port| port.name == options.clock && port.direction == Direction::Input && port.width == 1;
        let clock = ports.iter().find(is_clock).map(|port| port.name.as_str());
        let parts = Parts { trace: options.trace, clock, engine_bytes, extra: &options.extra_cpp };
        let compiled = compile(verilator, top, verilog, &shim::source(&ports, parts), options)?;
        let interface = Interface::load(&compiled.library, engine)
            .map_err(|reason| BuildError::Load { path: compiled.library.clone(), reason })?;
        let (traced, cached) = (options.trace.is_some(), compiled.cached);
        Ok(Model { inner: Arc::new(Loaded { ports, interface, traced, cached }) })
    }

    /// The top module's ports, in the order of its header.
    pub fn ports(&self) -> &[Port] {
        &self.inner.ports
    }

    /// Whether it came from the cache.
    pub fn cached(&self) -> bool {
        self.inner.cached
    }

    /// A fresh simulation. The seed sets unset values where the model was built with
    /// [`crate::InitialValues::Random`]; equal seeds give equal simulations.
    ///
    /// # Errors
    /// The C++ side could not make it.
    pub fn instance(&self, seed: u64) -> Result<Instance, SimError> {
        // Verilator takes 31 bits, and 0 for "choose one".
        let seed = (seed % 0x7fff_fffe) as i32 + 1;
        // SAFETY: `new` is the shim's constructor; it returns null instead of throwing.
        let raw = unsafe { (self.inner.interface.new)(seed) };
        let raw = NonNull::new(raw).ok_or_else(|| SimError::Failed("the model could not be made".into()))?;
        Ok(Instance { raw, model: self.clone() })
    }

    /// A symbol of [`BuildOptions::extra_cpp`].
    ///
    /// # Errors
    /// The library has none of that name.
    ///
    /// # Safety
    /// `T` must be the symbol's type, and calls of it must keep to what the C++ text asks.
    pub unsafe fn symbol<T>(&self, name: &str) -> Result<libloading::Symbol<'_, T>, SimError> {
        // SAFETY: the caller answers for the type.
        unsafe { self.interface().library().get(name.as_bytes()) }.map_err(|error| SimError::Failed(error.to_string()))
    }

    pub(crate) fn interface(&self) -> &Interface {
        &self.inner.interface
    }
}

/// One simulation of a [`Model`]. Ports are named as in the Verilog text.
pub struct Instance {
    raw: NonNull<RawSim>,
    model: Model,
}

impl Instance {
    /// The model it is a simulation of.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The C++ object; it lives as long as this instance.
    pub fn as_ptr(&self) -> *mut std::ffi::c_void {
        self.raw.as_ptr().cast()
    }

    pub(crate) fn raw(&self) -> *mut RawSim {
        self.raw.as_ptr()
    }

    /// Sets an input of at most 64 bits. The design sees it at the next [`Instance::eval`] or [`Instance::tick`].
    ///
    /// # Errors
    /// There is no such input, or the value does not fit its width.
    pub fn poke(&mut self, port: &str, value: u64) -> Result<(), SimError> {
        let words = self.find(port)?.1.words();
        let mut buffer = [value as u32, (value >> 32) as u32].to_vec();
        if words == 1 && buffer[1] != 0 {
            return Err(SimError::TooWide { port: port.into(), width: self.find(port)?.1.width });
        }
        buffer.resize(words, 0);
        self.poke_words(port, &buffer)
    }

    /// Sets an input from 32-bit words, least significant first; there must be as many as the port needs.
    ///
    /// # Errors
    /// There is no such input, or the value does not fit its width.
    pub fn poke_words(&mut self, port: &str, words: &[u32]) -> Result<(), SimError> {
        let (number, found) = self.find(port)?;
        if found.direction == Direction::Output {
            return Err(SimError::NotAnInput { port: port.into() });
        }
        let unused = (found.words() as u32 * 32) - found.width;
        let fits = words.len() == found.words() && words.last().is_some_and(|last| last.leading_zeros() >= unused);
        if !fits {
            return Err(SimError::TooWide { port: port.into(), width: found.width });
        }
        // SAFETY: the simulation is alive, the number is a port of its model, and the slice has the port's words.
        unsafe { (self.model.interface().poke)(self.raw(), number, words.as_ptr()) };
        Ok(())
    }

    /// Reads a port of at most 64 bits.
    ///
    /// # Errors
    /// There is no such port, or it is wider.
    pub fn peek(&self, port: &str) -> Result<u64, SimError> {
        match self.peek_words(port)?.as_slice() {
            [low] => Ok(u64::from(*low)),
            [low, high] => Ok(u64::from(*low) | u64::from(*high) << 32),
            _ => Err(SimError::TooWide { port: port.into(), width: 64 }),
        }
    }

    /// Reads a port as 32-bit words, least significant first.
    ///
    /// # Errors
    /// There is no such port.
    pub fn peek_words(&self, port: &str) -> Result<Vec<u32>, SimError> {
        let (number, found) = self.find(port)?;
        let mut words = vec![0; found.words()];
        // SAFETY: as in `poke_words`.
        unsafe { (self.model.interface().peek)(self.raw(), number, words.as_mut_ptr()) };
        Ok(words)
    }

    /// Lets the inputs take effect without touching the clock.
    ///
    /// # Errors
    /// The design does not settle, or ran into `$stop`.
    pub fn eval(&mut self) -> Result<(), SimError> {
        // SAFETY: the simulation is alive.
        let status = unsafe { (self.model.interface().eval)(self.raw()) };
        self.check(status)
    }

    /// Runs whole clock cycles, each low, then high: afterwards outputs are those after the last rising edge.
    ///
    /// # Errors
    /// The design has no clock, does not settle, or ran into `$stop`.
    pub fn tick(&mut self, cycles: u64) -> Result<(), SimError> {
        let Some(tick) = self.model.interface().tick else {
            return Err(SimError::NoClock);
        };
        // SAFETY: the simulation is alive.
        let status = unsafe { tick(self.raw(), cycles) };
        self.check(status)
    }

    /// Starts writing every cycle to a trace file; a cycle is 10 time units, its rising edge in the middle.
    ///
    /// # Errors
    /// The model was built without trace, or the file cannot be written.
    pub fn open_trace(&mut self, path: &Path) -> Result<(), SimError> {
        if !self.model.inner.traced {
            return Err(SimError::NotTraced);
        }
        let failed = || SimError::Trace { path: path.display().to_string() };
        let name = CString::new(path.as_os_str().as_bytes()).map_err(|_| failed())?;
        // SAFETY: the simulation is alive and the name ends with NUL.
        match unsafe { (self.model.interface().trace_open)(self.raw(), name.as_ptr()) } {
            0 => Ok(()),
            _ => Err(failed()),
        }
    }

    /// Ends the trace, if one is open, and writes what is left of it.
    ///
    /// # Errors
    /// The rest could not be written.
    pub fn close_trace(&mut self) -> Result<(), SimError> {
        // SAFETY: the simulation is alive.
        let status = unsafe { (self.model.interface().trace_close)(self.raw()) };
        self.check(status)
    }

    /// Turns a status of the C side into a result.
    pub(crate) fn check(&self, status: i32) -> Result<(), SimError> {
        match status {
            0 => Ok(()),
            // SAFETY: the simulation is alive.
            _ => Err(SimError::Failed(unsafe { self.model.interface().last_error(self.raw()) })),
        }
    }

    fn find(&self, name: &str) -> Result<(u32, &Port), SimError> {
        let mut ports = (0u32..).zip(self.model.ports());
        ports.find(|(_, port)| port.name == name).ok_or_else(|| SimError::NoSuchPort { port: name.into() })
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: made by `new` of the same library, freed once.
        unsafe { (self.model.interface().free)(self.raw()) };
    }
}

/// Why a simulation could not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SimError {
    /// The top module has no such port.
    NoSuchPort {
        /// The name asked for.
        port: String,
    },
    /// An output was to be set.
    NotAnInput {
        /// Its name.
        port: String,
    },
    /// A value, or a number of words, that does not fit.
    TooWide {
        /// The port.
        port: String,
        /// The width that has to be kept, in bits.
        width: u32,
    },
    /// The design has no clock of the name it was built with.
    NoClock,
    /// The model was built without trace.
    NotTraced,
    /// A trace file could not be written.
    Trace {
        /// Its path.
        path: String,
    },
    /// The C++ side failed: `$stop`, or logic that does not settle.
    Failed(String),
}

impl fmt::Display for SimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SimError::NoSuchPort { port } => write!(f, "the top module has no port `{port}`"),
            SimError::NotAnInput { port } => {
                write!(f, "`{port}` is an output: only inputs can be set")
            }
            SimError::TooWide { port, width } => {
                write!(f, "`{port}`: value does not fit {width} bits")
            }
            SimError::NoClock => write!(f, "the design has no clock input of the name given in the build options"),
            SimError::NotTraced => write!(f, "the model was built without trace: set `BuildOptions::trace`"),
            SimError::Trace { path } => write!(f, "{path}: the trace cannot be written there"),
            SimError::Failed(reason) => write!(f, "the simulation failed: {reason}"),
        }
    }
}

impl std::error::Error for SimError {}
