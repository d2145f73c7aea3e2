//! Words of a STORE side by side, where a beat of the port holds several.

use crate::cells::reg::Reg;
use crate::make;
use crate::make::{constant, many, mask, signals};
use crate::{comment, dff_setup};
use rust_hdl::prelude::*;

/// Puts pieces of a beat together, lowest first. The last one goes through in the cycle in which it comes.
///
/// | port | what |
/// |---|---|
/// | `clear` | forgets a beat that is not complete |
/// | `in_valid`, `in_ready`, `in_data` | pieces, valid until they are taken |
/// | `out_valid`, `out_ready`, `out_data` | beats |
/// | `moved` | a beat goes |
#[derive(LogicBlock)]
pub struct BeatAssembler {
    pub clock: Signal<In, Clock>,
    pub clear: Signal<In, Bit>,
    pub in_valid: Signal<In, Bit>,
    pub in_ready: Signal<Out, Bit>,
    pub in_data: Vec<Signal<In, Bits<8>>>,
    pub out_valid: Signal<Out, Bit>,
    pub out_ready: Signal<In, Bit>,
    pub out_data: Vec<Signal<Out, Bits<8>>>,
    pub moved: Signal<Out, Bit>,
    /// All pieces but the last.
    held: Vec<Reg<Bits<8>>>,
    count: Reg<Bits<6>>,
    piece_number: Vec<Constant<Bits<6>>>,
    last_piece: Constant<Bits<6>>,
    count_mask: Constant<Bits<6>>,
    last: Signal<Local, Bit>,
}

impl BeatAssembler {
    /// For beats of `beat` bytes and pieces of `piece`, at least two to a beat.
    pub fn new(beat: usize, piece: usize) -> Self {
        let pieces = beat / piece;
        make!(
            clock clear in_valid in_ready out_valid out_ready moved count last;
            in_data: signals(piece), out_data: signals(beat), held: many(beat - piece),
            piece_number: (0..pieces - 1).map(constant).collect(),
            last_piece: constant(pieces - 1), count_mask: mask(pieces - 1),
        )
    }
}

impl Logic for BeatAssembler {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("BeatAssembler: words side by side in a beat");
        dff_setup!(self, clock, count);
        self.last.next = self.count.q.val() == self.last_piece.val();
        self.out_valid.next = self.in_valid.val() & self.last.val();
        self.in_ready.next = !self.last.val() | self.out_ready.val();
        self.moved.next = self.out_valid.val() & self.out_ready.val();
        if self.in_valid.val() & self.in_ready.val() {
            if self.last.val() {
                self.count.d.next = bits::<6>(0);
            } else {
                self.count.d.next = (self.count.q.val() + 1) & self.count_mask.val();
            }
        }
        for i in 0..self.held.len() {
            dff_setup!(self, clock, held[i]);
            self.out_data[i].next = self.held[i].q.val();
        }
        for p in 0..self.piece_number.len() {
            if self.count.q.val() == self.piece_number[p].val() {
                for i in 0..self.in_data.len() {
                    self.held[self.in_data.len() * p + i].d.next = self.in_data[i].val();
                }
            }
        }
        for i in 0..self.in_data.len() {
            self.out_data[self.held.len() + i].next = self.in_data[i].val();
        }
        if self.clear.val() {
            self.count.d.next = bits::<6>(0);
        }
    }
}
