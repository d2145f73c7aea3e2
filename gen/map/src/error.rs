//! Why a network does not map onto an engine.

use std::fmt;

/// One reason, at one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapError {
    /// The node it concerns, or the graph's name when it concerns the whole network.
    pub node: String,
    /// What came, and what would do.
    pub reason: String,
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.node, self.reason)
    }
}

/// Every reason found, in node order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapErrors(pub Vec<MapError>);

impl MapErrors {
    /// A single reason.
    pub fn one(node: impl Into<String>, reason: impl Into<String>) -> Self {
        Self(vec![MapError { node: node.into(), reason: reason.into() }])
    }
}

impl fmt::Display for MapErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for MapErrors {}

/// Gathers the values of `results`, or all their errors.
pub(crate) fn gather<T>(results: impl Iterator<Item = Result<T, MapErrors>>) -> Result<Vec<T>, MapErrors> {
    let mut values = Vec::new();
    let mut errors = Vec::new();
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(MapErrors(mut more)) => errors.append(&mut more),
        }
    }
    if errors.is_empty() {
        Ok(values)
    } else {
        Err(MapErrors(errors))
    }
}
