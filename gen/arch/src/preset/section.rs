//! One section of a preset's text, and the faults found in it.

use std::collections::BTreeMap;

use super::document::{Entry, Value};
use super::error::{near, Fault};
use super::rule::Rule;

/// Faults as they are found.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The faults in the order of their lines.
    pub fn sorted(mut self) -> Vec<Fault> {
        self.0.sort_by_key(|fault| fault.line);
        self.0
    }

    fn add(&mut self, line: usize, message: String) {
        self.0.push(Fault::new(line, message));
    }

    /// `key` of `section` has a value that cannot be, for `reason`.
    pub fn wrong(&mut self, section: &Section, key: &str, reason: &str) {
        if let Some(entry) = section.entries.get(key) {
            self.add(entry.line, format!("{key} = {} is wrong because {reason}", entry.value));
        }
    }

    /// `key` is too large for the part; `largest` would fit.
    pub fn too_large(&mut self, section: &Section, key: &str, reason: &str, largest: Option<usize>) {
        let would_do = largest.map_or("another memory must shrink".to_owned(), |words| format!("nearest {words}"));
        self.wrong(section, key, &format!("{reason}; {would_do}"));
    }

    /// `name`, shown as `shown`, is not one of those `known` in `place`.
    pub fn unknown(&mut self, line: usize, shown: &str, name: &str, known: &[&str], place: &str) {
        let known_here = known.iter().copied();
        let hint = match near(name, known_here, 1).first() {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!("there are {}", known.join(", ")),
        };
        self.add(line, format!("{shown} is unknown in {place}; {hint}"));
    }
}

/// The entries of one section.
#[derive(Debug)]
pub(super) struct Section {
    name: &'static str,
    line: usize,
    entries: BTreeMap<String, Entry>,
}

impl Section {
    /// Takes section `name` out of the document and reports keys that are not among `keys`.
    /// A section that is missing is one fault, whatever its keys.
    pub fn take(
        document: &mut BTreeMap<String, Entry>,
        name: &'static str,
        keys: &[&str],
        faults: &mut Faults,
    ) -> Option<Self> {
        let section = Self::take_open(document, name, keys, faults)?;
        section.close(keys, faults);
        Some(section)
    }

    /// As [`Section::take`], but leaves it to [`Section::close`] to report unknown keys.
    pub fn take_open(
        document: &mut BTreeMap<String, Entry>,
        name: &'static str,
        keys: &[&str],
        faults: &mut Faults,
    ) -> Option<Self> {
        match document.remove(name) {
            None => {
                faults.add(1, format!("section [{name}] is missing; it holds {}", keys.join(", ")));
                None
            }
            Some(Entry { line, value: Value::Table(entries) }) => Some(Self { name, line, entries }),
            Some(Entry { line, value }) => {
                faults.add(
                    line,
                    format!(
                        "{name} = {value} is wrong because it must be a section, [{name}], that holds {}",
                        keys.join(", ")
                    ),
                );
                None
            }
        }
    }

    /// Reports keys that are not among `keys`.
    pub fn close(&self, keys: &[&str], faults: &mut Faults) {
        for (key, entry) in &self.entries {
            if !keys.contains(&key.as_str()) {
                faults.unknown(entry.line, &format!("{key} = {}", entry.value), key, keys, &format!("[{}]", self.name));
            }
        }
    }

    /// The text of `key`, or `None` after a fault.
    pub fn text(&mut self, key: &str, faults: &mut Faults) -> Option<String> {
        match self.entries.get(key) {
            Some(Entry { value: Value::Text(text), .. }) => Some(text.clone()),
            Some(_) => {
                faults.wrong(self, key, "it must be text in quotes");
                None
            }
            None => self.missing(key, "a text", faults),
        }
    }

    /// The text of `key`, one of `choices`, or `None` after a fault.
    pub fn choice(&mut self, key: &str, choices: &[&str], faults: &mut Faults) -> Option<String> {
        if !self.entries.contains_key(key) {
            return self.missing(key, &format!("one of {}", choices.join(", ")), faults);
        }
        let text = self.text(key, faults)?;
        if choices.contains(&text.as_str()) {
            return Some(text);
        }
        let all: Vec<_> = choices.iter().map(|c| format!("{c:?}")).collect();
        let nearest = near(&text, choices.iter().copied(), 2);
        let nearest: Vec<_> = nearest.iter().map(|c| format!("{c:?}")).collect();
        let nearest = if nearest.is_empty() { String::new() } else { format!("; nearest {}", nearest.join(", ")) };
        faults.wrong(self, key, &format!("there are only {}{nearest}", all.join(", ")));
        None
    }

    /// As [`Section::choice`], of a key that may be absent and then stands for the first choice.
    pub fn choice_or_first(&mut self, key: &str, choices: &[&str], faults: &mut Faults) -> Option<String> {
        if !self.entries.contains_key(key) {
            return choices.first().map(|first| (*first).to_owned());
        }
        self.choice(key, choices, faults)
    }

    /// The integer of `key` if it obeys `rule`, or `None` after a fault.
    pub fn integer(&mut self, key: &str, rule: &Rule, faults: &mut Faults) -> Option<i64> {
        match self.entries.get(key) {
            Some(Entry { value: Value::Integer(x), .. }) => {
                let x = *x;
                match rule.broken_by(x) {
                    None => return Some(x),
                    Some(reason) => faults.wrong(self, key, &reason),
                }
            }
            Some(_) => faults.wrong(self, key, "it must be an integer without quotes"),
            None => return self.missing(key, &format!("an integer from {} to {}", rule.low, rule.high), faults),
        }
        None
    }

    /// As [`Section::integer`]; `default` where the key is left out.
    pub fn integer_or(&mut self, key: &str, default: i64, rule: &Rule, faults: &mut Faults) -> Option<i64> {
        match self.entries.contains_key(key) {
            true => self.integer(key, rule, faults),
            false => Some(default),
        }
    }

    fn missing<T>(&self, key: &str, what: &str, faults: &mut Faults) -> Option<T> {
        faults.add(self.line, format!("section [{}] has no {key}; it needs {what}", self.name));
        None
    }
}
