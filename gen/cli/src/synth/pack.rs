//! A routed chip to the bitstream that configures it.

use super::cache;
use super::error::SynthError;
use super::key::Key;
use super::part::Family;
use super::tools::Tool;
use super::SynthReport;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// A bitstream's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bitstream {
    /// The file, `.bin` for iCE40 and `.bit` for ECP5.
    pub bitstream: PathBuf,
    /// Its size.
    pub bytes: u64,
}

/// Packs the routed design of `report`, or takes the bitstream that was packed from the same chip before.
///
/// # Errors
/// The design was not routed, or the packer is missing or refuses.
pub fn pack(report: &SynthReport, tools_dir: &Path) -> Result<Bitstream, SynthError> {
    let routed = report
        .routed
        .as_ref()
        .ok_or_else(|| SynthError::Request("the design is not routed: ask for a route first".to_owned()))?;
    let family = report.part.family();
    let packer = Tool::packer(family, tools_dir)?;
    let (input, output) = match family {
        Family::Ice40 => ("routed.asc", "routed.bin"),
        Family::Ecp5 => ("routed.config", "routed.bit"),
    };
    let key = Key::new("pack 1").text(&packer.version).file(&routed.chip)?;
    let folder = report.netlist_dir.join(format!("bitstream-{}", key.short()));
    let bytes = cache::kept(&folder, |work| {
        let copy = work.join(input);
        fs::copy(&routed.chip, &copy).map_err(SynthError::io(&routed.chip))?;
        match family {
            Family::Ice40 => packer.run([input, output], work, "pack.log")?,
            Family::Ecp5 => packer.run(["--compress", "--input", input, "--bit", output], work, "pack.log")?,
        }
        let made = work.join(output);
        let bytes = fs::metadata(&made).map_err(SynthError::io(&made))?.len();
        match bytes {
            0 => Err(SynthError::report(&made, "is empty: the packer wrote nothing")),
            _ => Ok(bytes),
        }
    })?;
    Ok(Bitstream { bitstream: folder.join(output), bytes })
}
