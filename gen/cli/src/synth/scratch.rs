//! A folder for one test, removed when the test is over.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new(test: &str) -> Scratch {
        let path = env::temp_dir().join(format!("cortado-synth-{}-{test}", process::id()));
        fs::create_dir_all(&path).expect("the system's temporary folder can be written");
        Scratch(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A test that cannot tidy up has still passed.
        let _ = fs::remove_dir_all(&self.0);
    }
}
