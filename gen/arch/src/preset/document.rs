//! A TOML text as a tree that remembers the line of every key.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use toml::Spanned;

use super::error::Fault;

/// A value and the line its key stands on.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub line: usize,
    pub value: Value,
}

/// What a preset can hold, and what it cannot but a person may have written.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Integer(i64),
    Text(String),
    Table(BTreeMap<String, Entry>),
    /// Of no use to a preset: kept as text for the error.
    Other(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Integer(x) => write!(f, "{x}"),
            Value::Text(x) => write!(f, "{x:?}"),
            Value::Table(_) => f.write_str("{..}"),
            Value::Other(x) => f.write_str(x),
        }
    }
}

/// The crate hands a date over as a map with this key, which has no position.
const DATETIME_MARK: &str = "$__toml_private_datetime";

/// Reads `text`; a syntax error is one fault, with its line.
pub(super) fn read(text: &str) -> Result<BTreeMap<String, Entry>, Fault> {
    match toml::from_str::<Node>(text) {
        Ok(Node::Table(entries)) => Ok(lines(entries, &LineIndex::new(text))),
        Ok(_) => Err(Fault::new(1, "the text is not a table of sections")),
        Err(e) => {
            let line = e.span().map_or(1, |span| LineIndex::new(text).line(span.start));
            if e.message().contains(DATETIME_MARK) {
                return Err(Fault::new(line, "dates and times have no place in a preset"));
            }
            let message = e.message().lines().collect::<Vec<_>>().join(", ");
            Err(Fault::new(line, format!("not TOML: {message}")))
        }
    }
}

struct LineIndex(Vec<usize>);

impl LineIndex {
    fn new(text: &str) -> Self {
        Self(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i).collect())
    }

    fn line(&self, byte: usize) -> usize {
        1 + self.0.partition_point(|newline| *newline < byte)
    }
}

fn lines(entries: Vec<(Spanned<String>, Node)>, index: &LineIndex) -> BTreeMap<String, Entry> {
    let entry = |(key, node): (Spanned<String>, Node)| {
        let line = index.line(key.span().start);
        let value = match node {
            Node::Integer(x) => Value::Integer(x),
            Node::Text(x) => Value::Text(x),
            Node::Other(x) => Value::Other(x),
            Node::Table(inner) => Value::Table(lines(inner, index)),
        };
        (key.into_inner(), Entry { line, value })
    };
    entries.into_iter().map(entry).collect()
}

/// A [`Value`] that still has byte offsets for lines.
enum Node {
    Integer(i64),
    Text(String),
    Table(Vec<(Spanned<String>, Node)>),
    Other(String),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a TOML value")
    }

    fn visit_i64<E>(self, x: i64) -> Result<Node, E> {
        Ok(Node::Integer(x))
    }

    fn visit_str<E>(self, x: &str) -> Result<Node, E> {
        Ok(Node::Text(x.to_owned()))
    }

    fn visit_f64<E>(self, x: f64) -> Result<Node, E> {
        Ok(Node::Other(format!("{x:?}")))
    }

    fn visit_bool<E>(self, x: bool) -> Result<Node, E> {
        Ok(Node::Other(x.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Node::Other("[..]".to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            entries.push((key, map.next_value::<Node>()?));
        }
        Ok(Node::Table(entries))
    }
}
