//! Why a float graph cannot be quantised: which node, what came, what would do.

use std::fmt;

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuantiseFault {
    /// Name and kind of the node; `None` when the reason is the graph's.
    pub node: Option<(String, &'static str)>,
    pub came: String,
    pub would_do: String,
}

impl fmt::Display for QuantiseFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, kind)) = &self.node {
            write!(f, "layer {name:?} ({kind}): ")?;
        }
        write!(f, "{}; {}", self.came, self.would_do)
    }
}

/// Every reason at once, in execution order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuantiseErrors {
    pub model: String,
    pub faults: Vec<QuantiseFault>,
}

impl fmt::Display for QuantiseErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{}: {fault}", self.model)?;
        }
        Ok(())
    }
}

impl std::error::Error for QuantiseErrors {}
