//! Verilog to a mapped netlist, and the counts of its cells.

use super::error::SynthError;
use super::part::{Family, Part};
use super::tools::Tool;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::time::Instant;

/// The mapped netlist, in nextpnr's JSON.
pub(super) const NETLIST: &str = "netlist.json";
/// The mapped netlist as Verilog, for gate-level simulation.
const NETLIST_VERILOG: &str = "netlist.v";
/// Copies of the Verilog read, so that the folder is all that is needed to run its script again.
const SOURCES: &str = "sources";
const SCRIPT: &str = "yosys.ys";
const STAT: &str = "stat.json";
/// Modules that stay whole on the ECP5. Where lanes are flattened, their logic is shared across the chip and the
/// router of the largest engines does not come to an end.
const KEPT: &str = "*_output_lane";
/// What a wire between two look-up tables of the ECP5 takes in large engines, in picoseconds. Yosys' own 300 let it
/// save tables where chains of them bound the clock.
const WIRE_PS: u32 = 1000;
/// What ABC does with the logic of an ECP5: restructures it, then maps it twice, the second time from the first mapping.
/// With Yosys's own script (one round, no `&syn3`) `ulx3s-85f-16x8` has paths of one or two cells more, and 4 % more LUTs.
const ABC_SCRIPT: &str = "+&scorr;&sweep;&dc2;&syn3;&syn3;&dch,-f,-r;&if,{W};&mfs;&st;&dch,-f,-r;&if,{W};&mfs";

/// Brings out how wide each comparison really is. On the iCE40 comparisons are then made of look-up tables: on carry
/// chains, as Yosys makes them, they take two logic cells a bit, one for the carry and one that inverts its input.
const NARROW: &str = "opt_expr\nopt_clean\nopt -nodffe -nosdff\nwreduce\nopt_clean";

/// Cells of the mapped netlist, before packing and without the port harness.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cells {
    /// Four-input look-up tables.
    #[serde(rename = "lut")]
    pub lut4: u64,
    /// Flip-flops in the fabric; registers inside DSPs and memories are not counted.
    pub ff: u64,
    /// Carry cells: CCU2C (two bits each) on ECP5, SB_CARRY (one bit) on iCE40.
    pub carry: u64,
    /// MULT18X18D on ECP5, SB_MAC16 on iCE40.
    pub dsp: u64,
    /// DP16KD (18 Kibit) on ECP5, SB_RAM40_4K (4 Kibit) on iCE40.
    pub bram: u64,
    /// SB_SPRAM256KA (256 Kibit), on the UP5K alone.
    pub spram: u64,
    /// TRELLIS_DPR16X4 (64 bits of LUT memory), on ECP5 alone.
    pub lutram: u64,
}

/// What one run of Yosys gave.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Mapped {
    pub(super) cells: Cells,
    pub(super) seconds: f64,
}

/// What Yosys is asked to do.
pub(super) struct Job<'a> {
    pub(super) sources: &'a [PathBuf],
    pub(super) data: &'a [PathBuf],
    pub(super) top: &'a str,
    pub(super) part: Part,
    pub(super) infer_dsp: bool,
}

impl Job<'_> {
    /// Maps the design, leaving netlists, script, statistics and log in `folder`.
    pub(super) fn run(&self, yosys: &Tool, folder: &Path) -> Result<Mapped, SynthError> {
        let names = self.collect(folder)?;
        let script = folder.join(SCRIPT);
        fs::write(&script, self.script(&names)).map_err(SynthError::io(&script))?;
        let start = Instant::now();
        yosys.run(["-s", SCRIPT], folder, "yosys.log")?;
        let seconds = start.elapsed().as_secs_f64();
        let stat = folder.join(STAT);
        let text = fs::read_to_string(&stat).map_err(SynthError::io(&stat))?;
        let cells = count_cells(&text, self.part.family()).map_err(|what| SynthError::report(&stat, what))?;
        Ok(Mapped { cells, seconds })
    }

    /// The commands' text less paths: what the result depends on besides the sources.
    pub(super) fn recipe(&self) -> String {
        format!("{}{}", self.read(""), self.map())
    }

    fn read(&self, source: &str) -> String {
        format!("read_verilog -D {} \"{source}\"\n", self.part.cells_macro())
    }

    fn map(&self) -> String {
        let Job { top, part, .. } = self;
        let command = part.yosys_command(self.infer_dsp);
        match part.family() {
            Family::Ecp5 => format!(
                "setattr -mod -set keep_hierarchy 1 {KEPT}\n{command} -top {top} -run :map_luts\nabc9 -W {WIRE_PS} -script {ABC_SCRIPT}\nclean\n\
                 {command} -top {top} -run map_cells:"
            ),
            Family::Ice40 => format!(
                "{command} -top {top} -run begin:coarse\n{NARROW}\ntechmap -map +/cmp2lut.v -map +/cmp2lcu.v -D LUT_WIDTH=4\n\
                 {command} -top {top} -run coarse:"
            ),
        }
    }

    /// Copies the files Yosys reads into `folder` and returns the sources' paths in it.
    fn collect(&self, folder: &Path) -> Result<Vec<String>, SynthError> {
        let mut names = Vec::new();
        for source in self.sources {
            let name = format!("{SOURCES}/{}", script_word(source)?);
            if names.contains(&name) {
                return Err(SynthError::Request(format!(
                    "{}: another source has the same file name; rename one",
                    source.display()
                )));
            }
            copy(source, &folder.join(&name))?;
            names.push(name);
        }
        for data in self.data {
            let inside = data.components().all(|part| matches!(part, Component::Normal(_)));
            if !inside {
                return Err(SynthError::Request(format!(
                    "{}: a $readmemh file needs a path below the current folder, without '..'",
                    data.display()
                )));
            }
            copy(data, &folder.join(data))?;
        }
        Ok(names)
    }

    fn script(&self, sources: &[String]) -> String {
        let mut script = String::new();
        for source in sources {
            script += &self.read(source);
        }
        script += &self.map();
        // $scopeinfo cells carry names only, and nextpnr before 0.8 refuses a netlist that has them.
        script += "\ndelete t:$scopeinfo\n";
        script += &format!("write_json {NETLIST}\nwrite_verilog -noattr {NETLIST_VERILOG}\n");
        script += &format!("tee -q -o {STAT} stat -json\n");
        script
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), SynthError> {
    let folder = to.parent().unwrap_or(to);
    fs::create_dir_all(folder).map_err(SynthError::io(folder))?;
    fs::copy(from, to).map_err(SynthError::io(from))?;
    Ok(())
}

/// A file's name as text that can stand between quotes in a Yosys script.
fn script_word(path: &Path) -> Result<&str, SynthError> {
    match path.file_name().and_then(OsStr::to_str) {
        Some(name) if !name.contains(['"', '\\', '\n', '\r', ';', '#']) => Ok(name),
        _ => Err(SynthError::Request(format!(
            "{}: Yosys cannot read a file of this name; use one without quotes, backslashes, line ends, ';' and '#'",
            path.display()
        ))),
    }
}

/// Counts cells in the text of `stat -json`, refusing cells that were not mapped to the family.
fn count_cells(stat: &str, family: Family) -> Result<Cells, String> {
    let stat: Value = serde_json::from_str(stat).map_err(|error| error.to_string())?;
    let types = stat
        .pointer("/design/num_cells_by_type")
        .and_then(Value::as_object)
        .ok_or("no /design/num_cells_by_type in the output of `stat -json`")?;
    let mut cells = Cells::default();
    for (cell, count) in types {
        let count = count.as_u64().ok_or_else(|| format!("the number of {cell} is {count}, not a count"))?;
        if cell.starts_with('$') {
            return Err(format!(
                "{count} cells of type {cell} were not mapped to the part; see yosys.log beside this file"
            ));
        }
        if let Some(field) = cells.field(family, cell) {
            *field = field.saturating_add(count);
        }
    }
    Ok(cells)
}

impl Cells {
    /// Where a cell type is counted; wide multiplexers, pads and the like are not.
    fn field(&mut self, family: Family, cell: &str) -> Option<&mut u64> {
        match (family, cell) {
            (Family::Ecp5, "LUT4") | (Family::Ice40, "SB_LUT4") => Some(&mut self.lut4),
            (Family::Ecp5, "TRELLIS_FF") => Some(&mut self.ff),
            (Family::Ice40, _) if cell.starts_with("SB_DFF") => Some(&mut self.ff),
            (Family::Ecp5, "CCU2C") | (Family::Ice40, "SB_CARRY") => Some(&mut self.carry),
            (Family::Ecp5, "MULT18X18D") | (Family::Ice40, "SB_MAC16") => Some(&mut self.dsp),
            (Family::Ecp5, "DP16KD") => Some(&mut self.bram),
            (Family::Ice40, _) if cell.starts_with("SB_RAM40_4K") => Some(&mut self.bram),
            (Family::Ice40, "SB_SPRAM256KA") => Some(&mut self.spram),
            (Family::Ecp5, "TRELLIS_DPR16X4") => Some(&mut self.lutram),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::scratch::Scratch;
    use super::*;
    use std::slice;

    fn stat(types: &str) -> String {
        format!(
            r#"{{"creator": "Yosys 0.70", "modules": {{}}, "design": {{"num_cells": 9, "num_cells_by_type": {{{types}}}}}}}"#
        )
    }

    #[test]
    fn ecp5_cells_are_counted_by_kind() {
        let text = stat(
            r#""CCU2C": 24, "DP16KD": 4, "L6MUX21": 2, "LUT4": 811, "MULT18X18D": 16, "TRELLIS_DPR16X4": 8, "TRELLIS_FF": 708"#,
        );
        let expected = Cells { lut4: 811, ff: 708, carry: 24, dsp: 16, bram: 4, spram: 0, lutram: 8 };
        assert_eq!(count_cells(&text, Family::Ecp5), Ok(expected));
    }

    #[test]
    fn ice40_registers_and_memories_are_counted_over_their_variants() {
        let text = stat(
            r#""SB_CARRY": 6, "SB_DFF": 3, "SB_DFFESR": 8, "SB_LUT4": 8, "SB_MAC16": 8, "SB_RAM40_4K": 2, "SB_RAM40_4KNR": 1, "SB_SPRAM256KA": 4"#,
        );
        let expected = Cells { lut4: 8, ff: 11, carry: 6, dsp: 8, bram: 3, spram: 4, lutram: 0 };
        assert_eq!(count_cells(&text, Family::Ice40), Ok(expected));
    }

    #[test]
    fn statistics_that_cannot_be_counted_are_refused() {
        for (text, says) in [
            (stat(r#""$mem_v2": 1"#), "$mem_v2"),
            (stat(r#""LUT4": "many""#), "LUT4"),
            ("{}".to_owned(), "num_cells_by_type"),
            ("ERROR".to_owned(), "expected"),
        ] {
            let message = count_cells(&text, Family::Ecp5).expect_err("not to be counted");
            assert!(message.contains(says), "{message}");
        }
    }

    #[test]
    fn files_are_collected_into_the_folder_and_odd_names_refused() {
        let scratch = Scratch::new("collect");
        let write = |name: &str| {
            let path = scratch.path().join(name);
            fs::write(&path, name).expect("the scratch folder can be written");
            path
        };
        fs::create_dir_all(scratch.path().join("other")).expect("the scratch folder can be written");
        let plain = write("a b.v");
        let out = scratch.path().join("out");
        let collect = |sources: &[PathBuf], data: &[PathBuf]| {
            let job = Job { sources, data, top: "engine", part: Part::Ecp5Lfe25, infer_dsp: false };
            job.collect(&out).map(|names| job.script(&names))
        };
        let script = collect(slice::from_ref(&plain), &[]).expect("a space is no obstacle");
        assert!(
            script.starts_with(&format!("read_verilog -D CORTADO_CELLS_ECP5 \"sources/a b.v\"\nsetattr -mod -set keep_hierarchy 1 *_output_lane\nsynth_ecp5 -top engine -run :map_luts\nabc9 -W 1000 -script {ABC_SCRIPT}\nclean\nsynth_ecp5 -top engine -run map_cells:\n")),
            "{script}"
        );
        assert_eq!(fs::read(out.join("sources/a b.v")).ok(), Some(b"a b.v".to_vec()));

        let named_alike = write("other/a b.v");
        let quoted = PathBuf::from("a\";shell date;\".v");
        let above = PathBuf::from("../weights.hex");
        for (sources, data, says) in [
            (vec![quoted], vec![], "cannot read a file of this name"),
            (vec![plain.clone(), named_alike], vec![], "the same file name"),
            (vec![plain.clone()], vec![above], "without '..'"),
            (vec![plain.clone()], vec![plain.clone()], "below the current folder"),
        ] {
            match collect(&sources, &data) {
                Err(SynthError::Request(message)) => assert!(message.contains(says), "{message}"),
                other => panic!("{sources:?}, {data:?}: {other:?}"),
            }
        }
    }
}
