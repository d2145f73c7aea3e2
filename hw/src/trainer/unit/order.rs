//! What the lines of a burst are, known when they come.

use rust_hdl::prelude::*;

/// Who asked for a burst.
pub const FETCH: usize = 0;
pub const TILE: usize = 1;
pub const MAPS: usize = 2;

/// A burst asked for. Lines come in the order of the bursts.
#[derive(LogicStruct, Default, Copy, Clone, Debug, PartialEq)]
pub struct Order {
    /// [`FETCH`], [`TILE`] or [`MAPS`].
    pub client: Bits<2>,
    pub lines: Bits<5>,
    /// A tile's vectors, and their place among those of the tiles beside it: every `stride`-th from `index` on.
    pub vectors: Bits<5>,
    pub stride: Bits<4>,
    pub index: Bits<3>,
    pub transposed: Bit,
    pub copied: Bit,
    /// The last tile of those beside each other; the last burst of a LOAD.
    pub closes: Bit,
    /// The copy's first line in external memory; the first line of the map buffer.
    pub to: Bits<26>,
}
