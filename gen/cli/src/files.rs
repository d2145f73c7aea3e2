//! Reading with a bound, and writing so that a file is either whole or not there.

use crate::failure::{Failure, Outcome};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Makes the temporary names of one process distinct.
static SERIAL: AtomicUsize = AtomicUsize::new(0);

/// Reads a file of at most `most` bytes; `what` names its kind in the refusal of a larger one.
///
/// # Errors
/// The file cannot be read, or is larger.
pub fn read(path: &Path, most: u64, what: &str) -> Result<Vec<u8>, Failure> {
    let file = File::open(path).map_err(Failure::file(path))?;
    let mut bytes = Vec::new();
    // A device or pipe has no size to ask for, so the bound is on what comes.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(Failure::file(path))?;
    if bytes.len() as u64 > most {
        return Err(Failure::Refused(format!("{}: more than {most} bytes, too large for {what}", path.display())));
    }
    Ok(bytes)
}

/// Writes a file under a temporary name beside `path` and renames it, making the folders on the way.
///
/// # Errors
/// A folder cannot be made or the file not be written; nothing is left behind then.
pub fn write(path: &Path, bytes: &[u8]) -> Outcome {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(Failure::file(folder))?;
    let work = temporary(path);
    let written = File::create(&work)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&work, path));
    written.map_err(|error| {
        // Gone already when the file could not be created.
        let _ = fs::remove_file(&work);
        Failure::file(path)(error)
    })
}

fn temporary(path: &Path) -> PathBuf {
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}-{serial}.part", process::id()));
    path.with_file_name(name)
}

/// The build folder of the current directory, where every artefact has a fixed place.
pub fn build() -> &'static Path {
    Path::new("build")
}

/// The folder the private environment's tools are in: of the current directory or the nearest above that has one.
pub fn tools() -> PathBuf {
    const TOOLS: &str = "build/tools/venv/bin";
    let here = std::env::current_dir().unwrap_or_default();
    let found = here.ancestors().map(|above| above.join(TOOLS)).find(|folder| folder.is_dir());
    found.unwrap_or_else(|| PathBuf::from(TOOLS))
}

/// Networks and recordings of others: `CORTADO_DATA`, else `../shared/data`.
pub fn data() -> PathBuf {
    match std::env::var_os("CORTADO_DATA") {
        Some(folder) if !folder.is_empty() => PathBuf::from(folder),
        _ => PathBuf::from("../shared/data"),
    }
}
