//! Where the results of an instruction go, in the order in which they come.

use crate::cells::reg::Reg;
use crate::config::ComputeFields;
use crate::{comment, dff_setup, make};
use rust_hdl::prelude::*;

/// `offset` is the word of the current result relative to the first; `advance` moves to the next.
///
/// Depthwise makes a group's whole map before the next group; the other modes all groups of a pixel.
/// `parameters_return` tells that the next result begins with the first group again (or, in Depthwise, stays
/// in its group): the parameter pointer goes back to where the group set began.
#[derive(LogicBlock)]
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
    /// Columns of the row in Depthwise, else groups of the pixel.
    inner_left: Reg<Bits<12>>,
    rows_left: Reg<Bits<12>>,
    depthwise_unit: Constant<Bit>,
    depthwise: Signal<Local, Bit>,
    last_inner: Signal<Local, Bit>,
    last_pixel: Signal<Local, Bit>,
    /// The next result lies beside `origin`, not beside this one.
    from_origin: Signal<Local, Bit>,
    inner_count: Signal<Local, Bits<12>>,
    base: Signal<Local, Bits<16>>,
    distance: Signal<Local, Bits<12>>,
    there: Signal<Local, Bits<16>>,
}

impl ResultWalker {
    /// Without `depthwise_unit` no layer is Depthwise.
    pub fn new(depthwise_unit: bool) -> Self {
        make!(
            clock launch advance layer offset parameters_return parameters_move here origin inner_left rows_left
            depthwise last_inner last_pixel from_origin inner_count base distance there;
            depthwise_unit: Constant::new(depthwise_unit),
        )
    }
}

impl Logic for ResultWalker {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("ResultWalker: order and place of results");
        dff_setup!(self, clock, here, origin, inner_left, rows_left);
        self.depthwise.next = self.depthwise_unit.val() & (self.layer.val().mode == bits::<2>(2));
        self.last_inner.next = self.inner_left.q.val() == bits::<12>(1);
        self.last_pixel.next = self.last_inner.val() & (self.rows_left.q.val() == bits::<12>(1));
        self.offset.next = self.here.q.val();
        self.parameters_move.next = self.depthwise.val() & self.last_pixel.val();
        if self.depthwise.val() {
            self.inner_count.next = self.layer.val().output_width;
            self.from_origin.next = self.last_pixel.val();
            self.parameters_return.next = self.layer.val().parameter_hold.any() | !self.last_pixel.val();
        } else {
            self.inner_count.next = self.layer.val().output_groups;
            self.from_origin.next = self.last_inner.val();
            self.parameters_return.next = self.layer.val().parameter_hold.any() | self.last_inner.val();
        }
        if self.from_origin.val() {
            self.base.next = self.origin.q.val();
        } else {
            self.base.next = self.here.q.val();
        }
        if self.depthwise.val() ^ self.from_origin.val() {
            self.distance.next = self.layer.val().output_pixel_words;
        } else {
            self.distance.next = bits::<12>(1);
        }
        self.there.next = self.base.val() + bit_cast::<16, 12>(self.distance.val());
        if self.advance.val() {
            self.here.d.next = self.there.val();
            if self.from_origin.val() {
                self.origin.d.next = self.there.val();
            }
            if self.last_inner.val() {
                self.inner_left.d.next = self.inner_count.val();
                self.rows_left.d.next = self.rows_left.q.val() - 1;
            } else {
                self.inner_left.d.next = self.inner_left.q.val() - 1;
            }
            if self.last_pixel.val() {
                self.rows_left.d.next = self.layer.val().output_height;
            }
        }
        if self.launch.val() {
            self.here.d.next = bits::<16>(0);
            self.origin.d.next = bits::<16>(0);
            self.inner_left.d.next = self.inner_count.val();
            self.rows_left.d.next = self.layer.val().output_height;
        }
    }
}
