//! Addresses of the positions of a stack of maps.

use crate::cells::reg::Reg;
use crate::make;
use crate::{comment, dff_setup};
use rust_hdl::prelude::*;

/// Where a walk is.
#[derive(LogicStruct, Default, Copy, Clone, Debug, PartialEq)]
pub struct Place {
    pub address: Bits<20>,
    /// Where the row and the map began.
    pub row: Bits<20>,
    pub map: Bits<20>,
    pub x: Bits<12>,
    pub y: Bits<12>,
    pub number: Bits<8>,
}

/// Walks columns, rows, maps, the columns fastest. `address`, `x`, `y` are of the position at hand, `last` tells that it
/// is the last one.
///
/// `restart` goes to the first position, `advance` to the next one, `restore` to the one saved; `save` saves where it goes.
/// Whatever comes first of `restore`, `restart`, `advance` holds. A `dense_rows` walk has rows that follow each other without
/// `step_y`: `step_x` from the last position of one to the first of the next.
#[derive(LogicBlock)]
pub struct PositionWalker {
    pub clock: Signal<In, Clock>,
    pub columns: Signal<In, Bits<12>>,
    pub rows: Signal<In, Bits<12>>,
    pub maps: Signal<In, Bits<8>>,
    pub start: Signal<In, Bits<20>>,
    pub step_x: Signal<In, Bits<20>>,
    pub step_y: Signal<In, Bits<20>>,
    pub step_map: Signal<In, Bits<20>>,
    pub restart: Signal<In, Bit>,
    pub advance: Signal<In, Bit>,
    pub restore: Signal<In, Bit>,
    pub save: Signal<In, Bit>,
    pub address: Signal<Out, Bits<20>>,
    pub x: Signal<Out, Bits<12>>,
    pub y: Signal<Out, Bits<12>>,
    pub last: Signal<Out, Bit>,
    here: Reg<Place>,
    saved: Reg<Place>,
    there: Signal<Local, Place>,
    last_column: Signal<Local, Bit>,
    last_row: Signal<Local, Bit>,
    next_column: Signal<Local, Bits<20>>,
    next_row: Signal<Local, Bits<20>>,
    next_map: Signal<Local, Bits<20>>,
    dense_rows: Constant<Bit>,
}

impl PositionWalker {
    pub fn new(dense_rows: bool) -> Self {
        make!(
            clock columns rows maps start step_x step_y step_map restart advance restore save address x y last here saved
            there last_column last_row next_column next_row next_map;
            dense_rows: Constant::new(dense_rows),
        )
    }
}

impl Logic for PositionWalker {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("PositionWalker: columns, rows, maps");
        dff_setup!(self, clock, here, saved);
        self.address.next = self.here.q.val().address;
        self.x.next = self.here.q.val().x;
        self.y.next = self.here.q.val().y;
        self.last_column.next = self.here.q.val().x + 1 == self.columns.val();
        self.last_row.next = self.here.q.val().y + 1 == self.rows.val();
        self.last.next =
            self.last_column.val() & self.last_row.val() & (self.here.q.val().number + 1 == self.maps.val());
        self.next_column.next = self.here.q.val().address + self.step_x.val();
        self.next_row.next = self.here.q.val().row + self.step_y.val();
        if self.dense_rows.val() {
            self.next_row.next = self.next_column.val();
        }
        self.next_map.next = self.here.q.val().map + self.step_map.val();

        self.there.next = self.here.q.val();
        if self.restore.val() {
            self.there.next = self.saved.q.val();
        } else if self.restart.val() {
            self.there.next.address = self.start.val();
            self.there.next.row = self.start.val();
            self.there.next.map = self.start.val();
            self.there.next.x = bits::<12>(0);
            self.there.next.y = bits::<12>(0);
            self.there.next.number = bits::<8>(0);
        } else if self.advance.val() {
            if !self.last_column.val() {
                self.there.next.address = self.next_column.val();
                self.there.next.x = self.here.q.val().x + 1;
            } else {
                self.there.next.x = bits::<12>(0);
                if !self.last_row.val() {
                    self.there.next.address = self.next_row.val();
                    self.there.next.row = self.next_row.val();
                    self.there.next.y = self.here.q.val().y + 1;
                } else {
                    self.there.next.address = self.next_map.val();
                    self.there.next.row = self.next_map.val();
                    self.there.next.map = self.next_map.val();
                    self.there.next.y = bits::<12>(0);
                    self.there.next.number = self.here.q.val().number + 1;
                }
            }
        }
        self.here.d.next = self.there.val();
        if self.save.val() {
            self.saved.d.next = self.there.val();
        }
    }
}
