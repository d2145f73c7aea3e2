//! FA3C's Transpose Load Unit.

use crate::cells::reg::Reg;
use crate::make;
use crate::make::{many, signals};
use crate::{comment, dff_setup};
use cortado_arch::trainer::LINE_WORDS;
use rust_hdl::prelude::*;

/// Transposes tiles of 16 x 16 words, a row in and a column out in the same cycle.
///
/// A line moves with `shift`. The columns of a tile leave, `out_valid`, with the shifts that take the next tile in: the
/// first one 16 shifts after the tile's first row. With `empty` beside the first of 16 shifts none of them takes anything
/// in; `flushing` is high from the second of them on. `holds` tells that a tile waits to leave, `boundary` that the next
/// shift begins a tile.
///
/// Tiles enter by turns along rows and along columns: what entered one way leaves the other.
#[derive(LogicBlock)]
pub struct Transpose {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub shift: Signal<In, Bit>,
    pub empty: Signal<In, Bit>,
    pub row: Vec<Signal<In, Bits<32>>>,
    pub column: Vec<Signal<Out, Bits<32>>>,
    pub out_valid: Signal<Out, Bit>,
    pub holds: Signal<Out, Bit>,
    pub boundary: Signal<Out, Bit>,
    pub flushing: Signal<Out, Bit>,
    /// Word j of line i is `words[16 i + j]`.
    words: Vec<Reg<Bits<32>>>,
    sideways: Reg<Bit>,
    count: Reg<Bits<4>>,
    /// The tile that leaves is one, and so is the one that enters.
    leaving: Reg<Bit>,
    entering: Reg<Bit>,
    enters: Signal<Local, Bit>,
}

impl Default for Transpose {
    fn default() -> Self {
        make!(
            clock reset shift empty out_valid holds boundary flushing sideways count leaving entering enters;
            row: signals(LINE_WORDS), column: signals(LINE_WORDS), words: many(LINE_WORDS * LINE_WORDS),
        )
    }
}

impl Logic for Transpose {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Transpose: a row of one tile in, a column of the tile before out");
        dff_setup!(self, clock, sideways, count, leaving, entering);
        self.boundary.next = self.count.q.val() == bits::<4>(0);
        self.holds.next = self.leaving.q.val();
        self.flushing.next = !self.boundary.val() & !self.entering.q.val();
        self.out_valid.next = self.shift.val() & self.leaving.q.val();
        self.enters.next = self.entering.q.val();
        if self.boundary.val() {
            self.enters.next = !self.empty.val();
        }
        if self.shift.val() {
            self.count.d.next = self.count.q.val() + 1;
            self.entering.d.next = self.enters.val();
            if self.count.q.val() == bits::<4>(15) {
                self.sideways.d.next = !self.sideways.q.val();
                self.leaving.d.next = self.enters.val();
            }
        }
        for i in 0..self.row.len() {
            for j in 0..self.row.len() {
                dff_setup!(self, clock, words[16 * i + j]);
            }
        }
        for i in 0..self.row.len() {
            if self.sideways.q.val() {
                self.column[i].next = self.words[16 * i].q.val();
            } else {
                self.column[i].next = self.words[i].q.val();
            }
            if self.shift.val() {
                for j in 0..(self.row.len() - 1) {
                    if self.sideways.q.val() {
                        self.words[16 * i + j].d.next = self.words[16 * i + j + 1].q.val();
                    } else {
                        self.words[16 * j + i].d.next = self.words[16 * j + i + 16].q.val();
                    }
                }
                if self.sideways.q.val() {
                    self.words[16 * i + 15].d.next = self.row[i].val();
                } else {
                    self.words[240 + i].d.next = self.row[i].val();
                }
            }
        }
        if self.reset.val() {
            self.count.d.next = bits::<4>(0);
            self.leaving.d.next = false;
            self.sideways.d.next = false;
        }
    }
}
