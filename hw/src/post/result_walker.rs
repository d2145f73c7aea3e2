//! Where the results of an instruction go, in the order in which they come.

use crate::cells::reg::Reg;
use crate::config::ComputeFields;
use crate::{comment, dff_setup};
use rust_hdl::prelude::*;

/// `offset` is the word of the current result relative to the first; `advance` moves to the next.
///
/// Depthwise makes a group's whole map before the next group; the other modes all groups of a pixel.
/// `group_base` tells that the next result begins with the first group again (or, in Depthwise, stays
/// in its group): the parameter pointer goes back to where the group set began.
#[derive(LogicBlock, Default)]
pub struct ResultWalker {
    pub clock: Signal<In, Clock>,
    pub launch: Signal<In, Bit>,
    pub advance: Signal<In, Bit>,
    pub layer: Signal<In, ComputeFields>,
    pub offset: Signal<Out, Bits<16>>,
    /// The parameter pointer returns after this result.
    pub parameters_return: Signal<Out, Bit>,
    /// Where it returns to moves on to the next group after this result.
    pub parameters_move: Signal<Out, Bit>,
    here: Reg<Bits<16>>,
    origin: Reg<Bits<16>>,
    groups_left: Reg<Bits<12>>,
    columns_left: Reg<Bits<12>>,
    rows_left: Reg<Bits<12>>,
    depthwise: Signal<Local, Bit>,
    last_group: Signal<Local, Bit>,
    last_pixel: Signal<Local, Bit>,
    last_column: Signal<Local, Bit>,
    next_pixel: Signal<Local, Bits<16>>,
    next_pixel_origin: Signal<Local, Bits<16>>,
    next_group_origin: Signal<Local, Bits<16>>,
}

impl Logic for ResultWalker {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("ResultWalker: order and place of results");
        dff_setup!(self, clock, here, origin, groups_left, columns_left, rows_left);
        self.depthwise.next = self.layer.val().mode == bits::<2>(2);
        self.last_group.next = self.groups_left.q.val() == bits::<12>(1);
        self.last_column.next = self.columns_left.q.val() == bits::<12>(1);
        self.last_pixel.next = self.last_column.val() & (self.rows_left.q.val() == bits::<12>(1));
        self.offset.next = self.here.q.val();
        self.next_pixel.next = self.here.q.val() + bit_cast::<16, 12>(self.layer.val().output_pixel_words);
        self.next_pixel_origin.next = self.origin.q.val() + bit_cast::<16, 12>(self.layer.val().output_pixel_words);
        self.next_group_origin.next = self.origin.q.val() + 1;
        self.parameters_move.next = self.depthwise.val() & self.last_pixel.val();
        self.parameters_return.next = self.layer.val().parameter_hold.any()
            | (self.depthwise.val() & !self.last_pixel.val())
            | (!self.depthwise.val() & self.last_group.val());
        if self.advance.val() {
            if self.depthwise.val() {
                if self.last_column.val() {
                    self.columns_left.d.next = self.layer.val().output_width;
                    self.rows_left.d.next = self.rows_left.q.val() - 1;
                } else {
                    self.columns_left.d.next = self.columns_left.q.val() - 1;
                }
                if self.last_pixel.val() {
                    self.rows_left.d.next = self.layer.val().output_height;
                    self.origin.d.next = self.next_group_origin.val();
                    self.here.d.next = self.next_group_origin.val();
                } else {
                    self.here.d.next = self.next_pixel.val();
                }
            } else if self.last_group.val() {
                self.groups_left.d.next = self.layer.val().output_groups;
                self.origin.d.next = self.next_pixel_origin.val();
                self.here.d.next = self.next_pixel_origin.val();
            } else {
                self.groups_left.d.next = self.groups_left.q.val() - 1;
                self.here.d.next = self.here.q.val() + 1;
            }
        }
        if self.launch.val() {
            self.here.d.next = bits::<16>(0);
            self.origin.d.next = bits::<16>(0);
            self.groups_left.d.next = self.layer.val().output_groups;
            self.columns_left.d.next = self.layer.val().output_width;
            self.rows_left.d.next = self.layer.val().output_height;
        }
    }
}
