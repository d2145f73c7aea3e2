//! When which beats of a COMPUTE may take the place of those of the one before.

use super::{Compute, INSTRUCTION_BYTES};

/// The first field of COMPUTE that results on their way still need, and the first that no one reads
/// before a result of its own comes.
const RESULT_FIELD: &str = "mode";
const LATE_FIELD: &str = "output_address";

/// Fewest cycles from the launch of a COMPUTE to its first result's totals.
const LATE_BEATS: usize = 8;

/// How a COMPUTE goes to the registers of the layer at hand, a beat a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyBeats {
    /// Beats of an instruction.
    pub all: usize,
    /// The first ones, which may be replaced while results of the COMPUTE before are on their way.
    pub issue: usize,
    /// Those that must be there for the launch; more than `all` when the launch comes after the copy.
    pub launch: usize,
}

impl CopyBeats {
    /// Of beats of `port_bytes`, a divisor of [`INSTRUCTION_BYTES`].
    pub fn of(port_bytes: usize) -> Self {
        let offset = |name| Compute::fields().iter().find(|f| f.name == name).map_or(0, |f| f.offset);
        let all = INSTRUCTION_BYTES / port_bytes;
        let launch = offset(LATE_FIELD).div_ceil(8 * port_bytes).max(all.saturating_sub(LATE_BEATS));
        // Waits are known in the second cycle of an instruction.
        Self { all, issue: offset(RESULT_FIELD) / (8 * port_bytes), launch: launch.max(2) }
    }
}
