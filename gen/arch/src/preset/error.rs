//! What is wrong with a preset, in words that say where, what came and what would do.

use std::fmt;

/// One fault of a preset's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line in the text, from 1.
    pub line: usize,
    /// What is wrong and what would do.
    pub message: String,
}

impl Fault {
    pub(super) fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

/// Every fault of one preset, in the order of its lines. Prints one line each: `file.toml:7: ...`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresetErrors {
    /// Name of the file as the caller gave it.
    pub file_name: String,
    /// At least one.
    pub faults: Vec<Fault>,
}

impl fmt::Display for PresetErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.faults.iter().enumerate() {
            let newline = if i == 0 { "" } else { "\n" };
            write!(f, "{newline}{}:{}: {}", self.file_name, fault.line, fault.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for PresetErrors {}

/// No preset has this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownPreset {
    pub name: String,
    /// The most similar names first, at most three; empty when nothing is similar.
    pub near: Vec<&'static str>,
}

impl fmt::Display for UnknownPreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no preset is called {:?}", self.name)?;
        if !self.near.is_empty() {
            write!(f, "; did you mean {}?", self.near.join(" or "))?;
        }
        let all: Vec<_> = super::all_names().collect();
        write!(f, " There are {}", all.join(", "))
    }
}

impl std::error::Error for UnknownPreset {}

/// The `candidates` that a person who wrote `word` may have meant, nearest first, at most `most`.
pub(super) fn near<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let allowed = (word.chars().count() / 3).max(2);
    let mut scored: Vec<_> = candidates
        .into_iter()
        .map(|c| {
            let distance = if c.starts_with(word) && word.len() >= 3 { 1 } else { distance(word, c) };
            (distance, c)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .collect();
    scored.sort();
    scored.into_iter().take(most).map(|(_, c)| c).collect()
}

/// Levenshtein's edit distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substitution = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substitution.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
