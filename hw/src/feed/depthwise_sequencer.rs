//! Issues the reads and steps of the Depthwise mode.

use super::step::{Element, Step};
use crate::cells::reg::Reg;
use crate::config::ComputeFields;
use crate::make::constant;
use crate::{comment, dff_setup, make};
use rust_hdl::prelude::*;

/// Reads the map column by column (kernel row fastest) for each group and output row, and starts an
/// output's steps with the word that completes its window.
///
/// One word per cycle; an output's `window_steps` steps run beside the reads of the next, whose
/// completing word waits for them and for the pacer. The columns that a row's start shares with the
/// previous row's end are padding in both and are read once.
#[derive(LogicBlock)]
pub struct DepthwiseSequencer {
    pub clock: Signal<In, Clock>,
    pub launch: Signal<In, Bit>,
    pub layer: Signal<In, ComputeFields>,
    pub read_grant: Signal<In, Bit>,
    pub pace_open: Signal<In, Bit>,
    pub busy: Signal<Out, Bit>,
    pub read_address: Signal<Out, Bits<16>>,
    pub element: Signal<Out, Element>,
    pub step: Signal<Out, Step>,

    running: Reg<Bit>,
    groups_left: Reg<Bits<12>>,
    rows_left: Reg<Bits<12>>,
    last_row: Reg<Bit>,
    columns_left: Reg<Bits<12>>,
    /// Set while the count is one: known a step ahead, it keeps the comparison out of `advance`.
    last_column: Reg<Bit>,
    kernel_rows_left: Reg<Bits<4>>,
    last_kernel_row: Reg<Bit>,
    /// Columns until the window of the next output is complete.
    until_window: Reg<Bits<4>>,
    /// Set while the count is one.
    last_until: Reg<Bit>,
    group_origin: Reg<Bits<16>>,
    row_origin: Reg<Bits<16>>,
    column: Reg<Bits<16>>,
    address: Reg<Bits<16>>,
    x: Reg<Bits<13>>,
    origin_y: Reg<Bits<13>>,
    y: Reg<Bits<13>>,
    /// Weight word of the group's first step, and of the step to come.
    group_weight: Reg<Bits<16>>,
    weight_address: Reg<Bits<16>>,
    steps_left: Reg<Bits<6>>,
    /// Set while steps are left.
    stepping: Reg<Bit>,

    zero: Constant<Bits<13>>,
    completing: Signal<Local, Bit>,
    advance: Signal<Local, Bit>,
    begin_steps: Signal<Local, Bit>,
    one_step: Signal<Local, Bit>,
    pad: Signal<Local, Bit>,
    start_x: Signal<Local, Bits<13>>,
    start_y: Signal<Local, Bits<13>>,
    next_column: Signal<Local, Bits<16>>,
    next_row: Signal<Local, Bits<16>>,
    next_y: Signal<Local, Bits<13>>,
    next_group: Signal<Local, Bits<16>>,
    /// Columns of a row's first window that the row before has not read.
    row_window: Signal<Local, Bits<4>>,
}

impl DepthwiseSequencer {
    pub fn new() -> Self {
        make!(
            clock launch layer read_grant pace_open busy read_address element step running groups_left
            rows_left columns_left kernel_rows_left until_window last_until group_origin row_origin column address
            x origin_y y group_weight weight_address steps_left stepping completing advance begin_steps one_step
            last_kernel_row last_column last_row pad start_x start_y next_column next_row next_y
            next_group row_window;
            zero: constant(0),
        )
    }
}

impl Default for DepthwiseSequencer {
    fn default() -> Self {
        Self::new()
    }
}

impl Logic for DepthwiseSequencer {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("DepthwiseSequencer: reads and steps of Depthwise");
        dff_setup!(
            self,
            clock,
            running,
            groups_left,
            rows_left,
            last_row,
            columns_left,
            last_column,
            kernel_rows_left,
            last_kernel_row,
            until_window,
            last_until,
            group_origin,
            row_origin,
            column,
            address,
            x,
            origin_y,
            y,
            group_weight,
            weight_address,
            steps_left,
            stepping
        );
        self.completing.next = self.last_kernel_row.q.val() & self.last_until.q.val();
        self.advance.next = self.running.q.val()
            & self.read_grant.val()
            & (!self.completing.val() | (self.pace_open.val() & !self.stepping.q.val()));
        self.begin_steps.next = self.advance.val() & self.completing.val();
        self.one_step.next = self.layer.val().window_steps == bits::<6>(1);
        self.pad.next = (self.x.q.val() >= bit_cast::<13, 12>(self.layer.val().input_width))
            | (self.y.q.val() >= bit_cast::<13, 12>(self.layer.val().input_height));

        self.busy.next = self.running.q.val() | self.stepping.q.val();
        self.read_address.next = self.address.q.val();
        self.element.next.valid = self.advance.val();
        self.element.next.pad = self.pad.val();
        self.element.next.patch = false;
        self.element.next.rotation = bits::<8>(0);
        self.element.next.low = bits::<9>(0);
        self.element.next.high = bits::<9>(0);
        self.element.next.end = false;

        self.step.next.valid = self.begin_steps.val() | self.stepping.q.val();
        self.step.next.first = self.begin_steps.val();
        self.step.next.last =
            (self.begin_steps.val() & self.one_step.val()) | (self.steps_left.q.val() == bits::<6>(1));
        self.step.next.load = self.begin_steps.val();
        self.step.next.shift = !self.begin_steps.val();
        self.step.next.patch = false;
        self.step.next.substep = bits::<6>(0);
        if self.begin_steps.val() {
            self.step.next.weight_address = self.group_weight.q.val();
        } else {
            self.step.next.weight_address = self.weight_address.q.val();
        }

        self.start_x.next = self.zero.val() - bit_cast::<13, 4>(self.layer.val().pad_left);
        self.start_y.next = self.zero.val() - bit_cast::<13, 4>(self.layer.val().pad_top);
        self.next_column.next = self.column.q.val() + bit_cast::<16, 12>(self.layer.val().pixel_words);
        self.next_row.next = self.row_origin.q.val() + self.layer.val().step_y_words;
        self.next_y.next = self.origin_y.q.val() + bit_cast::<13, 4>(self.layer.val().stride_y);
        self.row_window.next = self.layer.val().kernel_width - self.layer.val().shared_columns;
        self.next_group.next = self.group_origin.q.val() + 1;

        if self.stepping.q.val() {
            self.steps_left.d.next = self.steps_left.q.val() - 1;
            self.stepping.d.next = self.steps_left.q.val() != bits::<6>(1);
            self.weight_address.d.next = self.weight_address.q.val() + 1;
        }
        if self.begin_steps.val() {
            self.steps_left.d.next = self.layer.val().window_steps - 1;
            self.stepping.d.next = !self.one_step.val();
            self.weight_address.d.next = self.group_weight.q.val() + 1;
        }

        if self.advance.val() {
            if !self.last_kernel_row.q.val() {
                self.kernel_rows_left.d.next = self.kernel_rows_left.q.val() - 1;
                self.last_kernel_row.d.next = self.kernel_rows_left.q.val() == bits::<4>(2);
                self.address.d.next = self.address.q.val() + self.layer.val().row_words;
                self.y.d.next = self.y.q.val() + 1;
            } else {
                self.kernel_rows_left.d.next = self.layer.val().kernel_height;
                self.last_kernel_row.d.next = self.layer.val().kernel_height == bits::<4>(1);
                self.column.d.next = self.next_column.val();
                self.address.d.next = self.next_column.val();
                self.x.d.next = self.x.q.val() + 1;
                self.y.d.next = self.origin_y.q.val();
                if !self.completing.val() {
                    self.until_window.d.next = self.until_window.q.val() - 1;
                    self.last_until.d.next = self.until_window.q.val() == bits::<4>(2);
                } else {
                    self.until_window.d.next = self.layer.val().stride_x;
                    self.last_until.d.next = self.layer.val().stride_x == bits::<4>(1);
                    self.columns_left.d.next = self.columns_left.q.val() - 1;
                    self.last_column.d.next = self.columns_left.q.val() == bits::<12>(2);
                    if self.last_column.q.val() {
                        self.columns_left.d.next = self.layer.val().output_width;
                        self.last_column.d.next = self.layer.val().output_width == bits::<12>(1);
                        if !self.last_row.q.val() {
                            self.rows_left.d.next = self.rows_left.q.val() - 1;
                            self.last_row.d.next = self.rows_left.q.val() == bits::<12>(2);
                            self.until_window.d.next = self.row_window.val();
                            self.last_until.d.next = self.row_window.val() == bits::<4>(1);
                            self.x.d.next = self.start_x.val() + bit_cast::<13, 4>(self.layer.val().shared_columns);
                            self.origin_y.d.next = self.next_y.val();
                            self.y.d.next = self.next_y.val();
                            self.row_origin.d.next = self.next_row.val();
                            self.column.d.next = self.next_row.val() + self.layer.val().shared_words;
                            self.address.d.next = self.next_row.val() + self.layer.val().shared_words;
                        } else {
                            self.rows_left.d.next = self.layer.val().output_height;
                            self.last_row.d.next = self.layer.val().output_height == bits::<12>(1);
                            self.until_window.d.next = self.layer.val().kernel_width;
                            self.last_until.d.next = self.layer.val().kernel_width == bits::<4>(1);
                            self.x.d.next = self.start_x.val();
                            self.origin_y.d.next = self.start_y.val();
                            self.y.d.next = self.start_y.val();
                            self.group_origin.d.next = self.next_group.val();
                            self.row_origin.d.next = self.next_group.val();
                            self.column.d.next = self.next_group.val();
                            self.address.d.next = self.next_group.val();
                            self.group_weight.d.next =
                                self.group_weight.q.val() + bit_cast::<16, 6>(self.layer.val().window_steps);
                            self.groups_left.d.next = self.groups_left.q.val() - 1;
                            if self.groups_left.q.val() == bits::<12>(1) {
                                self.running.d.next = false;
                            }
                        }
                    }
                }
            }
        }

        if self.launch.val() {
            self.running.d.next = true;
            self.groups_left.d.next = self.layer.val().output_groups;
            self.rows_left.d.next = self.layer.val().output_height;
            self.last_row.d.next = self.layer.val().output_height == bits::<12>(1);
            self.columns_left.d.next = self.layer.val().output_width;
            self.last_column.d.next = self.layer.val().output_width == bits::<12>(1);
            self.kernel_rows_left.d.next = self.layer.val().kernel_height;
            self.last_kernel_row.d.next = self.layer.val().kernel_height == bits::<4>(1);
            self.until_window.d.next = self.layer.val().kernel_width;
            self.last_until.d.next = self.layer.val().kernel_width == bits::<4>(1);
            self.group_origin.d.next = self.layer.val().input_address;
            self.row_origin.d.next = self.layer.val().input_address;
            self.column.d.next = self.layer.val().input_address;
            self.address.d.next = self.layer.val().input_address;
            self.x.d.next = self.start_x.val();
            self.origin_y.d.next = self.start_y.val();
            self.y.d.next = self.start_y.val();
            self.group_weight.d.next = self.layer.val().weight_address;
            self.steps_left.d.next = bits::<6>(0);
            self.stepping.d.next = false;
        }
    }
}
