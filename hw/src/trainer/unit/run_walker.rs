//! The words of a position's patch, sixteen rows of parameters at a time (FW and GC).

use crate::cells::reg::Reg;
use crate::make;
use crate::make::constant;
use crate::{comment, dff_setup};
use rust_hdl::prelude::*;

/// Where a walk is: lane of the line that is gathered, and the word of the patch that goes there.
#[derive(LogicStruct, Default, Copy, Clone, Debug, PartialEq)]
pub struct RunPlace {
    pub lane: Bits<5>,
    /// Row 0, the biases: the scalar is 1.
    pub bias: Bit,
    /// Word within the kernel row, and where that lies, from the position's first word.
    pub within: Bits<20>,
    pub row: Bits<20>,
}

/// Cuts lines of rows into segments that lie together in the map: a kernel row is `run` words, and `row_step` words
/// farther the next one begins. Row 0 is a segment of its own.
///
/// A segment fills `length` lanes from `lane` on; the word for lane 0 would lie at `at`. `line_end` tells that it is the
/// line's last. `restart` goes to row 0, `advance` to the next segment, `restore` to the line saved; `save` saves where it
/// goes. Whatever comes first of `restore`, `restart`, `advance` holds.
#[derive(LogicBlock)]
pub struct RunWalker {
    pub clock: Signal<In, Clock>,
    pub run: Signal<In, Bits<20>>,
    pub row_step: Signal<In, Bits<20>>,
    /// Lanes of a line: in GC a group alone has fewer slots than a line has words.
    pub narrow: Signal<In, Bit>,
    pub restart: Signal<In, Bit>,
    pub advance: Signal<In, Bit>,
    pub restore: Signal<In, Bit>,
    pub save: Signal<In, Bit>,
    pub at: Signal<Out, Bits<20>>,
    pub bias: Signal<Out, Bit>,
    pub lane: Signal<Out, Bits<5>>,
    pub length: Signal<Out, Bits<5>>,
    pub line_end: Signal<Out, Bit>,
    here: Reg<RunPlace>,
    saved: Reg<RunPlace>,
    there: Signal<Local, RunPlace>,
    width: Signal<Local, Bits<5>>,
    room: Signal<Local, Bits<5>>,
    left: Signal<Local, Bits<20>>,
    run_end: Signal<Local, Bit>,
    next_lane: Signal<Local, Bits<5>>,
    line_words: Constant<Bits<5>>,
    narrow_words: Constant<Bits<5>>,
}

impl RunWalker {
    /// With `narrow` a line has `narrow_words` lanes.
    pub fn new(narrow_words: usize) -> Self {
        make!(
            clock run row_step narrow restart advance restore save at bias lane length line_end here saved there width room
            left run_end next_lane;
            line_words: constant(cortado_arch::trainer::LINE_WORDS), narrow_words: constant(narrow_words),
        )
    }
}

impl Logic for RunWalker {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("RunWalker: segments of patches");
        dff_setup!(self, clock, here, saved);
        self.width.next = self.line_words.val();
        if self.narrow.val() {
            self.width.next = self.narrow_words.val();
        }
        self.room.next = self.width.val() - self.here.q.val().lane;
        self.left.next = self.run.val() - self.here.q.val().within;
        self.run_end.next = self.left.val() <= bit_cast::<20, 5>(self.room.val());
        self.length.next = self.room.val();
        if self.here.q.val().bias {
            self.length.next = bits::<5>(1);
        } else if self.run_end.val() {
            self.length.next = self.left.val().get_bits::<5>(0);
        }
        self.next_lane.next = self.here.q.val().lane + self.length.val();
        self.line_end.next = self.next_lane.val() == self.width.val();
        self.at.next = self.here.q.val().row + self.here.q.val().within - bit_cast::<20, 5>(self.here.q.val().lane);
        self.bias.next = self.here.q.val().bias;
        self.lane.next = self.here.q.val().lane;

        self.there.next = self.here.q.val();
        if self.restore.val() {
            self.there.next = self.saved.q.val();
        } else if self.restart.val() {
            self.there.next.lane = bits::<5>(0);
            self.there.next.bias = true;
            self.there.next.within = bits::<20>(0);
            self.there.next.row = bits::<20>(0);
        } else if self.advance.val() {
            self.there.next.bias = false;
            self.there.next.lane = self.next_lane.val();
            if self.line_end.val() {
                self.there.next.lane = bits::<5>(0);
            }
            if !self.here.q.val().bias {
                if self.run_end.val() {
                    self.there.next.within = bits::<20>(0);
                    self.there.next.row = self.here.q.val().row + self.row_step.val();
                } else {
                    self.there.next.within = self.here.q.val().within + bit_cast::<20, 5>(self.length.val());
                }
            }
        }
        self.here.d.next = self.there.val();
        if self.save.val() {
            self.saved.d.next = self.there.val();
        }
    }
}
