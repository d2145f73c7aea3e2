//! Results kept by content: a folder is named by the hash of all that went into it, and appears only when complete.

use super::error::SynthError;
use serde::de::DeserializeOwned;
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

const RESULT: &str = "result.json";

/// Makes the working folders of one process distinct.
static WORK_FOLDERS: AtomicUsize = AtomicUsize::new(0);

/// Returns the result kept in `folder`, or makes it there.
///
/// `make` works in a folder of its own, which becomes `folder` in one step once its result is written, so that
/// neither a crash nor a second process at the same work can leave a half-written result. When `make` fails, what
/// it wrote is left in `<folder>.failed` and the error's paths point there.
pub(super) fn kept<T: Serialize + DeserializeOwned>(
    folder: &Path,
    make: impl FnOnce(&Path) -> Result<T, SynthError>,
) -> Result<T, SynthError> {
    if let Some(result) = read(folder) {
        return Ok(result);
    }
    let serial = WORK_FOLDERS.fetch_add(1, Ordering::Relaxed);
    let work = suffixed(folder, &format!("work-{}-{serial}", process::id()));
    fs::create_dir_all(&work).map_err(SynthError::io(&work))?;
    match make(&work) {
        Ok(result) => {
            write(&work, &result)?;
            publish::<T>(&work, folder)?;
            // What is kept, not what was made: serde_json may read a float one bit off what it wrote, and the
            // first answer must equal the later ones.
            read(folder).ok_or_else(|| SynthError::report(&folder.join(RESULT), "cannot be read back as written"))
        }
        Err(error) => {
            let failed = suffixed(folder, "failed");
            match replace(&work, &failed) {
                Ok(()) => Err(error.moved(&work, &failed)),
                Err(_) => Err(error),
            }
        }
    }
}

fn read<T: DeserializeOwned>(folder: &Path) -> Option<T> {
    let text = fs::read(folder.join(RESULT)).ok()?;
    serde_json::from_slice(&text).ok()
}

fn write<T: Serialize>(folder: &Path, result: &T) -> Result<(), SynthError> {
    let path = folder.join(RESULT);
    let text = serde_json::to_vec_pretty(result).map_err(|error| SynthError::report(&path, error.to_string()))?;
    fs::write(&path, text).map_err(SynthError::io(&path))
}

/// Moves a finished `work` to `folder`. Another process may have been first: equal keys mean equal contents.
fn publish<T: DeserializeOwned>(work: &Path, folder: &Path) -> Result<(), SynthError> {
    if fs::rename(work, folder).is_ok() {
        return Ok(());
    }
    if read::<T>(folder).is_some() {
        // The folder to keep is in place; a copy that stays behind costs space only.
        let _ = fs::remove_dir_all(work);
        return Ok(());
    }
    replace(work, folder)
}

fn replace(from: &Path, to: &Path) -> Result<(), SynthError> {
    if to.exists() {
        fs::remove_dir_all(to).map_err(SynthError::io(to))?;
    }
    fs::rename(from, to).map_err(SynthError::io(to))
}

fn suffixed(folder: &Path, suffix: &str) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::super::scratch::Scratch;
    use super::*;

    #[test]
    fn a_result_is_made_once_and_kept() {
        let scratch = Scratch::new("kept");
        let folder = scratch.path().join("a");
        let first = kept(&folder, |_| Ok(7_u32)).expect("making 7 succeeds");
        let second = kept(&folder, |_| Ok(8_u32)).expect("7 is kept");
        assert_eq!((first, second), (7, 7));
    }

    #[test]
    fn the_first_answer_equals_the_kept_one_to_the_last_bit() {
        let scratch = Scratch::new("bits");
        // Most of these come back from serde_json as written; the first is one that did not.
        for (index, seconds) in [1.3527826090000001, 0.481251208, 365.363525390625, 0.1].iter().enumerate() {
            let folder = scratch.path().join(index.to_string());
            let first: f64 = kept(&folder, |_| Ok(*seconds)).expect("making a number succeeds");
            let second: f64 = kept(&folder, |_| Ok(0.0)).expect("the number is kept");
            assert_eq!(first.to_bits(), second.to_bits(), "{seconds}");
        }
    }

    #[test]
    fn a_damaged_result_is_made_again() {
        let scratch = Scratch::new("damaged");
        let folder = scratch.path().join("a");
        kept(&folder, |_| Ok(7_u32)).expect("making 7 succeeds");
        fs::write(folder.join(RESULT), "{").expect("the result is there to damage");
        assert_eq!(kept(&folder, |_| Ok(8_u32)).ok(), Some(8));
        assert_eq!(kept(&folder, |_| Ok(9_u32)).ok(), Some(8));
    }

    #[test]
    fn a_failure_keeps_its_log_and_is_not_a_result() {
        let scratch = Scratch::new("failure");
        let folder = scratch.path().join("a");
        for _ in 0..2 {
            let error = kept::<u32>(&folder, |work| {
                let log = work.join("log");
                fs::write(&log, "what it said").map_err(SynthError::io(&log))?;
                Err(SynthError::report(&log, "refused"))
            })
            .expect_err("the maker fails");
            let SynthError::Report { path, .. } = error else {
                panic!("another error came back: {error}");
            };
            assert_eq!(path, scratch.path().join("a.failed").join("log"));
            assert!(path.is_file());
        }
        assert!(!folder.exists());
    }
}
