//! Standard output, as text or JSON, and progress on standard error.

use crate::failure::{Failure, Outcome};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

/// Where a verb says what it found.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    json: bool,
}

impl Console {
    /// A console that answers in JSON or in text.
    pub fn new(json: bool) -> Console {
        Console { json }
    }

    /// Answers: `value` as one line of JSON, or the text that `text` makes of it.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn answer<T: Serialize>(self, value: &T, text: impl FnOnce(&T) -> String) -> Outcome {
        if self.json {
            let line = serde_json::to_string(value).map_err(Failure::refused)?;
            self.print(&format!("{line}\n"))
        } else {
            self.print(&text(value))
        }
    }

    /// Writes text to standard output.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn print(self, text: &str) -> Outcome {
        let mut output = io::stdout().lock();
        output.write_all(text.as_bytes()).and_then(|()| output.flush()).map_err(Failure::output)
    }

    /// A remark on standard error, such as what was skipped; never part of the answer.
    pub fn note(self, text: &str) {
        // A remark nobody can receive is no reason to stop.
        let _ = writeln!(io::stderr().lock(), "cortado: {text}");
    }

    /// A bar of `steps` steps; invisible unless standard error is a terminal.
    pub fn progress(self, steps: usize) -> Progress {
        let target =
            if io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(steps as u64), target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} [{pos}/{len}] {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Progress(bar)
    }
}

/// A progress bar; gone when dropped.
pub struct Progress(ProgressBar);

impl Progress {
    /// Says what is being done now.
    pub fn doing(&self, what: impl Into<String>) {
        self.0.set_message(what.into());
    }

    /// As many steps as `position` in all.
    pub fn reach(&self, position: u64) {
        self.0.set_position(position);
    }

    /// One step further.
    pub fn step(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
