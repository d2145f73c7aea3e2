//! Issues the reads and steps of the Patch mode.

use super::step::{Element, Step};
use crate::cells::reg::Reg;
use crate::config::ComputeFields;
use crate::make::{constant, mask};
use crate::{comment, dff_setup, make};
use rust_hdl::prelude::*;

/// Two walkers side by side: one reads the words that hold the next patch, the other takes the
/// steps of the patch at hand, for every group.
///
/// Reads go on without a pause because a patch starts only when its predecessor is sure to have
/// left the gathering stage of the buffer by the time its first word arrives, six cycles later: when
/// the reserve has room, or the steps of the patch at hand end by then.
#[derive(LogicBlock)]
pub struct PatchSequencer {
    pub clock: Signal<In, Clock>,
    pub launch: Signal<In, Bit>,
    pub layer: Signal<In, ComputeFields>,
    pub read_grant: Signal<In, Bit>,
    pub pace_open: Signal<In, Bit>,
    /// The buffer holds a whole patch that may be taken.
    pub full: Signal<In, Bit>,
    pub busy: Signal<Out, Bit>,
    pub read_address: Signal<Out, Bits<16>>,
    pub element: Signal<Out, Element>,
    /// The oldest patch in reserve moves to the steps this cycle.
    pub take: Signal<Out, Bit>,
    pub step: Signal<Out, Step>,

    // Gathering.
    gathering: Reg<Bit>,
    warm_up: Reg<Bits<2>>,
    rows_left: Reg<Bits<12>>,
    last_row: Reg<Bit>,
    columns_left: Reg<Bits<12>>,
    /// Set while the count is one: known a step ahead, it keeps the comparison out of `advance` and `taking`.
    last_column: Reg<Bit>,
    kernel_rows_left: Reg<Bits<4>>,
    last_kernel_row: Reg<Bit>,
    /// First cycle of a patch: the next patch's bounds are not ready.
    young: Reg<Bit>,
    /// Nothing of the patch has been read.
    unread: Reg<Bit>,
    origin_row: Reg<Bits<16>>,
    row: Reg<Bits<16>>,
    origin_y: Reg<Bits<13>>,
    y: Reg<Bits<13>>,
    /// The same less the map's height: the row is in the map when `y` is not below zero and this is.
    origin_y_over: Reg<Bits<13>>,
    y_over: Reg<Bits<13>>,
    /// Bytes of the row in the map: `low <= byte < high`; the next to read.
    low: Reg<Bits<17>>,
    high: Reg<Bits<17>>,
    empty: Reg<Bit>,
    next_byte: Reg<Bits<17>>,
    /// Patch byte of row byte 0, modulo 256, or 512 where patches are larger.
    base: Reg<Bits<9>>,
    next_start: Reg<Bits<17>>,
    next_low: Reg<Bits<17>>,
    next_high: Reg<Bits<17>>,
    next_columns_left: Reg<Bits<12>>,
    /// Patches begun and not yet taken.
    outstanding: Reg<Bits<3>>,
    /// End of the word that holds `next_byte`, and of the one that holds `low`.
    word_end: Reg<Bits<17>>,
    low_word_end: Reg<Bits<17>>,
    /// The same less `high`: the word is the row's last unless this is below zero.
    word_over: Reg<Bits<18>>,
    low_word_over: Reg<Bits<18>>,
    /// Six steps or fewer are left of the patch at hand, and none will wait.
    ends_soon: Reg<Bit>,

    // Stepping.
    stepping: Reg<Bit>,
    steps_left: Reg<Bits<6>>,
    last_substep: Reg<Bit>,
    substep: Reg<Bits<6>>,
    groups_left: Reg<Bits<12>>,
    last_group: Reg<Bit>,
    /// The last step of the last group is next: known a step ahead, it keeps that out of `taking`, which moves whole patches.
    last_step: Reg<Bit>,
    weight_address: Reg<Bits<16>>,

    word_shift: Constant<Bits<17>>,
    word_bytes: Constant<Bits<17>>,
    interval: Constant<Bits<6>>,
    reserves: Constant<Bits<3>>,
    reserves_and_one: Constant<Bits<3>>,
    zero: Constant<Bits<17>>,
    byte_mask: Constant<Bits<9>>,
    in_map: Signal<Local, Bit>,
    last_word: Signal<Local, Bit>,
    wants: Signal<Local, Bit>,
    may_begin: Signal<Local, Bit>,
    advance: Signal<Local, Bit>,
    finish: Signal<Local, Bit>,
    load: Signal<Local, Bit>,
    next_start_end: Signal<Local, Bits<17>>,
    step_go: Signal<Local, Bit>,
    one_step: Signal<Local, Bit>,
    taking: Signal<Local, Bit>,
    smooth: Signal<Local, Bit>,
    short: Signal<Local, Bit>,
    first_word_end: Signal<Local, Bits<17>>,
    word_index: Signal<Local, Bits<17>>,
    row_start: Signal<Local, Bits<17>>,
    first_word_over: Signal<Local, Bits<18>>,
    start_y: Signal<Local, Bits<13>>,
    start_y_over: Signal<Local, Bits<13>>,
    next_y: Signal<Local, Bits<13>>,
    next_y_over: Signal<Local, Bits<13>>,
    next_row: Signal<Local, Bits<16>>,
    segment_end: Signal<Local, Bits<17>>,
    low_index: Signal<Local, Bits<17>>,
    high_index: Signal<Local, Bits<17>>,
}

impl PatchSequencer {
    /// For words of `tm` bytes, results at least `interval` cycles apart, and a buffer that keeps
    /// `reserves` whole patches of up to `patch_bytes`.
    pub fn new(tm: usize, interval: usize, reserves: usize, patch_bytes: usize) -> Self {
        make!(
            clock launch layer read_grant pace_open full busy read_address element take step gathering
            warm_up rows_left columns_left kernel_rows_left young unread origin_row row origin_y y origin_y_over y_over low
            high empty next_byte base next_start next_low next_high next_columns_left outstanding
            word_end low_word_end word_over low_word_over first_word_over start_y_over next_y_over ends_soon short first_word_end stepping steps_left substep groups_left weight_address in_map last_word
            last_kernel_row wants may_begin advance finish load next_start_end last_column last_row
            last_substep last_group last_step step_go one_step taking smooth word_index row_start start_y next_y
            next_row segment_end low_index high_index;
            word_shift: constant(tm.trailing_zeros() as usize),
            word_bytes: constant(tm),
            interval: constant(interval.min(63)),
            reserves: constant(reserves),
            reserves_and_one: constant(reserves + 1),
            zero: constant(0), byte_mask: mask(patch_bytes.max(255)),
        )
    }
}

impl Logic for PatchSequencer {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("PatchSequencer: reads and steps of Patch");
        dff_setup!(
            self,
            clock,
            gathering,
            warm_up,
            rows_left,
            last_row,
            columns_left,
            last_column,
            kernel_rows_left,
            last_kernel_row,
            young,
            unread,
            origin_row,
            row,
            origin_y,
            y,
            origin_y_over,
            y_over,
            low,
            high,
            empty,
            next_byte,
            base,
            next_start,
            next_low,
            next_high,
            next_columns_left,
            outstanding,
            word_end,
            low_word_end,
            word_over,
            low_word_over,
            ends_soon,
            stepping,
            steps_left,
            last_substep,
            substep,
            groups_left,
            last_group,
            last_step,
            weight_address
        );

        // Bounds of the next patch's rows, two cycles behind `next_start`.
        self.next_start_end.next = self.next_start.q.val() + bit_cast::<17, 8>(self.layer.val().run_bytes);
        if self.next_start.q.val().get_bit(16) {
            self.next_low.d.next = bits::<17>(0);
        } else {
            self.next_low.d.next = self.next_start.q.val();
        }
        if self.next_start_end.val().get_bit(16) {
            self.next_high.d.next = bits::<17>(0);
        } else if self.next_start_end.val() > bit_cast::<17, 16>(self.layer.val().row_bytes) {
            self.next_high.d.next = bit_cast::<17, 16>(self.layer.val().row_bytes);
        } else {
            self.next_high.d.next = self.next_start_end.val();
        }

        self.in_map.next = !self.y.q.val().get_bit(12) & self.y_over.q.val().get_bit(12) & !self.empty.q.val();
        self.word_index.next = self.next_byte.q.val() >> self.word_shift.val();
        self.first_word_end.next = ((self.next_low.q.val() >> self.word_shift.val()) + 1) << self.word_shift.val();
        self.first_word_over.next =
            bit_cast::<18, 17>(self.first_word_end.val()) - bit_cast::<18, 17>(self.next_high.q.val());
        self.last_word.next = !self.in_map.val() | !self.word_over.q.val().get_bit(17);
        if self.last_word.val() {
            self.segment_end.next = self.high.q.val();
        } else {
            self.segment_end.next = self.word_end.q.val();
        }

        // The steps end within six cycles, or nothing steps when results must be spaced out.
        self.smooth.next = (self.layer.val().window_steps >= self.interval.val()) & !self.layer.val().residual.any();
        self.may_begin.next = (self.outstanding.q.val() <= self.reserves.val())
            | ((self.outstanding.q.val() == self.reserves_and_one.val())
                & (!self.stepping.q.val() | self.ends_soon.q.val()));
        self.wants.next = self.gathering.q.val() & (!self.unread.q.val() | self.may_begin.val());
        self.finish.next = self.last_word.val() & self.last_kernel_row.q.val();
        self.advance.next = self.wants.val() & self.read_grant.val() & (!self.finish.val() | !self.young.q.val());

        self.read_address.next = self.row.q.val() + self.word_index.val().get_bits::<16>(0);
        self.low_index.next = self.next_byte.q.val() + bit_cast::<17, 9>(self.base.q.val());
        self.high_index.next = self.segment_end.val() + bit_cast::<17, 9>(self.base.q.val());
        self.element.next.valid = self.advance.val();
        self.element.next.pad = false;
        self.element.next.patch = true;
        self.element.next.rotation = self.base.q.val().get_bits::<8>(0);
        self.element.next.end = self.finish.val();
        if self.in_map.val() {
            self.element.next.low = self.low_index.val().get_bits::<9>(0) & self.byte_mask.val();
            self.element.next.high = self.high_index.val().get_bits::<9>(0) & self.byte_mask.val();
        } else {
            self.element.next.low = bits::<9>(0);
            self.element.next.high = bits::<9>(0);
        }

        self.load.next = (self.advance.val() & self.finish.val() & !(self.last_column.q.val() & self.last_row.q.val()))
            | (self.warm_up.q.val() == bits::<2>(1));
        self.row_start.next = self.zero.val() - bit_cast::<17, 8>(self.layer.val().pad_left_bytes);
        self.start_y.next = bits::<13>(0) - bit_cast::<13, 4>(self.layer.val().pad_top);
        self.start_y_over.next = self.start_y.val() - bit_cast::<13, 12>(self.layer.val().input_height);
        self.next_y.next = self.origin_y.q.val() + bit_cast::<13, 4>(self.layer.val().stride_y);
        self.next_y_over.next = self.origin_y_over.q.val() + bit_cast::<13, 4>(self.layer.val().stride_y);
        self.next_row.next = self.origin_row.q.val() + self.layer.val().step_y_words;

        self.young.d.next = false;
        if self.advance.val() {
            self.unread.d.next = false;
            if !self.last_word.val() {
                self.next_byte.d.next = self.word_end.q.val();
                self.word_end.d.next = self.word_end.q.val() + self.word_bytes.val();
                self.word_over.d.next = self.word_over.q.val() + bit_cast::<18, 17>(self.word_bytes.val());
            } else {
                self.next_byte.d.next = self.low.q.val();
                self.word_end.d.next = self.low_word_end.q.val();
                self.word_over.d.next = self.low_word_over.q.val();
                self.kernel_rows_left.d.next = self.kernel_rows_left.q.val() - 1;
                self.last_kernel_row.d.next = self.kernel_rows_left.q.val() == bits::<4>(2);
                self.row.d.next = self.row.q.val() + self.layer.val().row_words;
                self.y.d.next = self.y.q.val() + 1;
                self.y_over.d.next = self.y_over.q.val() + 1;
                self.base.d.next =
                    (self.base.q.val() + bit_cast::<9, 8>(self.layer.val().run_bytes)) & self.byte_mask.val();
                if self.last_kernel_row.q.val() {
                    if !self.last_column.q.val() {
                        self.columns_left.d.next = self.columns_left.q.val() - 1;
                        self.last_column.d.next = self.columns_left.q.val() == bits::<12>(2);
                        self.row.d.next = self.origin_row.q.val();
                        self.y.d.next = self.origin_y.q.val();
                        self.y_over.d.next = self.origin_y_over.q.val();
                    } else {
                        self.columns_left.d.next = self.layer.val().output_width;
                        self.last_column.d.next = self.layer.val().output_width == bits::<12>(1);
                        self.rows_left.d.next = self.rows_left.q.val() - 1;
                        self.last_row.d.next = self.rows_left.q.val() == bits::<12>(2);
                        self.origin_row.d.next = self.next_row.val();
                        self.row.d.next = self.next_row.val();
                        self.origin_y.d.next = self.next_y.val();
                        self.y.d.next = self.next_y.val();
                        self.origin_y_over.d.next = self.next_y_over.val();
                        self.y_over.d.next = self.next_y_over.val();
                        if self.last_row.q.val() {
                            self.gathering.d.next = false;
                        }
                    }
                }
            }
        }
        if self.warm_up.q.val().any() {
            self.warm_up.d.next = self.warm_up.q.val() - 1;
        }
        if self.load.val() {
            self.gathering.d.next = true;
            self.young.d.next = true;
            self.unread.d.next = true;
            self.kernel_rows_left.d.next = self.layer.val().kernel_height;
            self.last_kernel_row.d.next = self.layer.val().kernel_height == bits::<4>(1);
            self.low.d.next = self.next_low.q.val();
            self.high.d.next = self.next_high.q.val();
            self.empty.d.next = self.next_low.q.val() >= self.next_high.q.val();
            self.next_byte.d.next = self.next_low.q.val();
            self.word_end.d.next = self.first_word_end.val();
            self.low_word_end.d.next = self.first_word_end.val();
            self.word_over.d.next = self.first_word_over.val();
            self.low_word_over.d.next = self.first_word_over.val();
            self.base.d.next = (bits::<9>(0) - self.next_start.q.val().get_bits::<9>(0)) & self.byte_mask.val();
            if self.next_columns_left.q.val() == bits::<12>(1) {
                self.next_start.d.next = self.row_start.val();
                self.next_columns_left.d.next = self.layer.val().output_width;
            } else {
                self.next_start.d.next = self.next_start.q.val() + bit_cast::<17, 8>(self.layer.val().step_x_bytes);
                self.next_columns_left.d.next = self.next_columns_left.q.val() - 1;
            }
        }

        // Steps.
        self.one_step.next = self.layer.val().window_steps == bits::<6>(1);
        self.step_go.next = self.stepping.q.val() & (self.pace_open.val() | !self.last_substep.q.val());
        self.taking.next = self.full.val() & (!self.stepping.q.val() | (self.pace_open.val() & self.last_step.q.val()));
        self.take.next = self.taking.val();
        self.step.next.valid = self.step_go.val();
        self.step.next.first = !self.substep.q.val().any();
        self.step.next.last = self.last_substep.q.val();
        self.step.next.load = false;
        self.step.next.shift = false;
        self.step.next.patch = true;
        self.step.next.substep = self.substep.q.val();
        self.step.next.weight_address = self.weight_address.q.val();
        if self.step_go.val() {
            self.substep.d.next = self.substep.q.val() + 1;
            self.steps_left.d.next = self.steps_left.q.val() - 1;
            self.last_substep.d.next = self.steps_left.q.val() == bits::<6>(2);
            self.last_step.d.next = (self.steps_left.q.val() == bits::<6>(2)) & self.last_group.q.val();
            self.weight_address.d.next = self.weight_address.q.val() + 1;
            if self.last_substep.q.val() {
                self.substep.d.next = bits::<6>(0);
                self.steps_left.d.next = self.layer.val().window_steps;
                self.last_substep.d.next = self.one_step.val();
                self.groups_left.d.next = self.groups_left.q.val() - 1;
                self.last_group.d.next = self.groups_left.q.val() == bits::<12>(2);
                self.last_step.d.next = self.one_step.val() & (self.groups_left.q.val() == bits::<12>(2));
                if self.last_group.q.val() {
                    self.stepping.d.next = false;
                }
            }
        }
        self.short.next = self.smooth.val() & (self.layer.val().window_steps <= bits::<6>(6));
        if self.taking.val() {
            self.ends_soon.d.next = self.short.val() & (self.layer.val().output_groups == bits::<12>(1));
        } else if self.step_go.val() & self.last_substep.q.val() {
            self.ends_soon.d.next = self.short.val() & (self.groups_left.q.val() == bits::<12>(2));
        } else {
            self.ends_soon.d.next = self.smooth.val()
                & self.last_group.q.val()
                & ((self.steps_left.q.val() <= bits::<6>(6))
                    | (self.step_go.val() & (self.steps_left.q.val() == bits::<6>(7))));
        }
        if self.taking.val() {
            self.stepping.d.next = true;
            self.substep.d.next = bits::<6>(0);
            self.steps_left.d.next = self.layer.val().window_steps;
            self.last_substep.d.next = self.one_step.val();
            self.groups_left.d.next = self.layer.val().output_groups;
            self.last_group.d.next = self.layer.val().output_groups == bits::<12>(1);
            self.last_step.d.next = self.one_step.val() & (self.layer.val().output_groups == bits::<12>(1));
            self.weight_address.d.next = self.layer.val().weight_address;
        }
        if self.advance.val() & self.unread.q.val() {
            if !self.taking.val() {
                self.outstanding.d.next = self.outstanding.q.val() + 1;
            }
        } else if self.taking.val() {
            self.outstanding.d.next = self.outstanding.q.val() - 1;
        }

        self.busy.next = self.gathering.q.val()
            | self.warm_up.q.val().any()
            | self.stepping.q.val()
            | self.outstanding.q.val().any();

        if self.launch.val() {
            // `next_start`, then its bounds, then the first patch.
            self.warm_up.d.next = bits::<2>(3);
            self.next_start.d.next = self.row_start.val();
            self.next_columns_left.d.next = self.layer.val().output_width;
            self.rows_left.d.next = self.layer.val().output_height;
            self.last_row.d.next = self.layer.val().output_height == bits::<12>(1);
            self.columns_left.d.next = self.layer.val().output_width;
            self.last_column.d.next = self.layer.val().output_width == bits::<12>(1);
            self.origin_row.d.next = self.layer.val().input_address;
            self.row.d.next = self.layer.val().input_address;
            self.origin_y.d.next = self.start_y.val();
            self.y.d.next = self.start_y.val();
            self.origin_y_over.d.next = self.start_y_over.val();
            self.y_over.d.next = self.start_y_over.val();
        }
    }
}
