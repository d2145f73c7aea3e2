//! Issues the reads and steps of the Convolution and Channelwise modes.

use super::step::{Element, Step};
use crate::cells::reg::Reg;
use crate::config::ComputeFields;
use crate::make::constant;
use crate::{comment, dff_setup, make};
use rust_hdl::prelude::*;

/// Walks output row, output column, group, kernel row, kernel column, block, substep (outermost
/// first), one step per cycle.
///
/// A word is read at substep 0 only. A step waits while its read is not granted, and a result's last
/// step while the pacer is shut. `launch` starts a walk; `busy` falls after the last step has issued.
#[derive(LogicBlock)]
pub struct ScanSequencer {
    pub clock: Signal<In, Clock>,
    pub launch: Signal<In, Bit>,
    pub layer: Signal<In, ComputeFields>,
    /// The read port is free this cycle.
    pub read_grant: Signal<In, Bit>,
    pub pace_open: Signal<In, Bit>,
    pub busy: Signal<Out, Bit>,
    pub read_address: Signal<Out, Bits<16>>,
    pub element: Signal<Out, Element>,
    pub step: Signal<Out, Step>,

    running: Reg<Bit>,
    rows_left: Reg<Bits<12>>,
    last_row: Reg<Bit>,
    columns_left: Reg<Bits<12>>,
    last_column: Reg<Bit>,
    groups_left: Reg<Bits<12>>,
    last_group: Reg<Bit>,
    kernel_rows_left: Reg<Bits<4>>,
    last_kernel_row: Reg<Bit>,
    kernel_columns_left: Reg<Bits<4>>,
    last_kernel_column: Reg<Bit>,
    blocks_left: Reg<Bits<12>>,
    /// Set while the count is one: known a step ahead, it keeps the comparison out of `advance`.
    last_block: Reg<Bit>,
    substep: Reg<Bits<5>>,
    last_of_word: Reg<Bit>,
    fresh: Reg<Bit>,
    /// First word of the window of the row's first output, of this output, of this group.
    row_origin: Reg<Bits<16>>,
    pixel_origin: Reg<Bits<16>>,
    group_origin: Reg<Bits<16>>,
    /// First word of the kernel row, of the kernel position, and the word read.
    kernel_row: Reg<Bits<16>>,
    position: Reg<Bits<16>>,
    address: Reg<Bits<16>>,
    /// Position in the map, two's complement.
    x: Reg<Bits<13>>,
    y: Reg<Bits<13>>,
    weight_address: Reg<Bits<16>>,

    substeps: Constant<Bits<5>>,
    one_substep: Constant<Bit>,
    channelwise: Reg<Bit>,
    next_last_block: Signal<Local, Bit>,
    substep_limit: Signal<Local, Bits<5>>,
    last_substep: Signal<Local, Bit>,
    last_step: Signal<Local, Bit>,
    first_substep: Signal<Local, Bit>,
    advance: Signal<Local, Bit>,
    pad: Signal<Local, Bit>,
    next_origin: Signal<Local, Bits<16>>,
    next_kernel_row: Signal<Local, Bits<16>>,
    next_position: Signal<Local, Bits<16>>,
    start_x: Signal<Local, Bits<13>>,
    start_y: Signal<Local, Bits<13>>,
    /// To the next position, two's complement: on by one, back over the kernel, or over to the next output.
    move_x: Signal<Local, Bits<5>>,
    move_y: Signal<Local, Bits<5>>,
    wide_x: Signal<Local, Bits<13>>,
    wide_y: Signal<Local, Bits<13>>,
    moved_x: Signal<Local, Bits<13>>,
    moved_y: Signal<Local, Bits<13>>,
    sign: Constant<Bits<13>>,
}

impl ScanSequencer {
    /// For words of `substeps` = Tm/Tn steps.
    pub fn new(substeps: usize) -> Self {
        make!(
            clock launch layer read_grant pace_open busy read_address element step running rows_left
            columns_left groups_left kernel_rows_left kernel_columns_left blocks_left substep fresh
            row_origin pixel_origin group_origin kernel_row position address x y
            weight_address channelwise next_last_block substep_limit last_of_word last_substep last_block last_kernel_column
            last_kernel_row last_group last_column last_row last_step first_substep advance pad
            next_origin next_kernel_row next_position start_x start_y move_x move_y wide_x wide_y moved_x moved_y;
            substeps: constant(substeps), one_substep: Constant::new(substeps == 1),
            sign: constant(0x1fe0),
        )
    }
}

impl Logic for ScanSequencer {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("ScanSequencer: reads and steps of Convolution and Channelwise");
        dff_setup!(
            self,
            clock,
            running,
            rows_left,
            last_row,
            columns_left,
            last_column,
            groups_left,
            last_group,
            kernel_rows_left,
            last_kernel_row,
            kernel_columns_left,
            last_kernel_column,
            blocks_left,
            last_block,
            substep,
            last_of_word,
            channelwise,
            fresh,
            row_origin,
            pixel_origin,
            group_origin,
            kernel_row,
            position,
            address,
            x,
            y,
            weight_address
        );
        self.channelwise.d.next = self.layer.val().mode == bits::<2>(1);
        if self.last_block.q.val() {
            self.substep_limit.next = self.layer.val().last_substeps;
        } else {
            self.substep_limit.next = self.substeps.val();
        }
        self.last_substep.next = self.one_substep.val() | self.last_of_word.q.val();
        if self.last_block.q.val() {
            self.next_last_block.next = self.layer.val().input_blocks == bits::<12>(1);
        } else {
            self.next_last_block.next = self.blocks_left.q.val() == bits::<12>(2);
        }
        self.last_step.next = self.last_substep.val()
            & self.last_block.q.val()
            & self.last_kernel_column.q.val()
            & self.last_kernel_row.q.val();
        self.first_substep.next = self.one_substep.val() | !self.substep.q.val().any();
        self.advance.next = self.running.q.val()
            & (self.read_grant.val() | !self.first_substep.val())
            & (self.pace_open.val() | !self.last_step.val());
        // Two's complement below zero compares as a large number: one comparison per axis.
        self.pad.next = (self.x.q.val() >= bit_cast::<13, 12>(self.layer.val().input_width))
            | (self.y.q.val() >= bit_cast::<13, 12>(self.layer.val().input_height));

        self.busy.next = self.running.q.val();
        self.read_address.next = self.address.q.val();
        self.element.next.valid = self.advance.val() & self.first_substep.val();
        self.element.next.pad = self.pad.val();
        self.element.next.patch = false;
        self.element.next.rotation = bits::<8>(0);
        self.element.next.low = bits::<9>(0);
        self.element.next.high = bits::<9>(0);
        self.element.next.end = false;
        self.step.next.valid = self.advance.val();
        self.step.next.first = self.fresh.q.val();
        self.step.next.last = self.last_step.val();
        self.step.next.load = self.channelwise.q.val();
        self.step.next.shift = false;
        self.step.next.patch = false;
        self.step.next.substep = bits::<6>(0);
        if !self.one_substep.val() {
            self.step.next.substep = bit_cast::<6, 5>(self.substep.q.val());
        }
        self.step.next.weight_address = self.weight_address.q.val();

        self.next_position.next = self.position.q.val() + bit_cast::<16, 12>(self.layer.val().pixel_words);
        self.next_kernel_row.next = self.kernel_row.q.val() + self.layer.val().row_words;
        self.start_x.next = bits::<13>(0) - bit_cast::<13, 4>(self.layer.val().pad_left);
        self.start_y.next = bits::<13>(0) - bit_cast::<13, 4>(self.layer.val().pad_top);
        if !self.last_kernel_column.q.val() {
            self.move_x.next = bits::<5>(1);
        } else if self.last_kernel_row.q.val() & self.last_group.q.val() {
            self.move_x.next = bits::<5>(1) + bit_cast::<5, 4>(self.layer.val().stride_x)
                - bit_cast::<5, 4>(self.layer.val().kernel_width);
        } else {
            self.move_x.next = bits::<5>(1) - bit_cast::<5, 4>(self.layer.val().kernel_width);
        }
        if !self.last_kernel_row.q.val() {
            self.move_y.next = bits::<5>(1);
        } else if self.last_group.q.val() & self.last_column.q.val() {
            self.move_y.next = bits::<5>(1) + bit_cast::<5, 4>(self.layer.val().stride_y)
                - bit_cast::<5, 4>(self.layer.val().kernel_height);
        } else {
            self.move_y.next = bits::<5>(1) - bit_cast::<5, 4>(self.layer.val().kernel_height);
        }
        self.wide_x.next = bit_cast::<13, 5>(self.move_x.val());
        if self.move_x.val().get_bit(4) {
            self.wide_x.next = bit_cast::<13, 5>(self.move_x.val()) | self.sign.val();
        }
        self.moved_x.next = self.x.q.val() + self.wide_x.val();
        self.wide_y.next = bit_cast::<13, 5>(self.move_y.val());
        if self.move_y.val().get_bit(4) {
            self.wide_y.next = bit_cast::<13, 5>(self.move_y.val()) | self.sign.val();
        }
        self.moved_y.next = self.y.q.val() + self.wide_y.val();
        if !self.last_group.q.val() {
            if self.channelwise.q.val() {
                self.next_origin.next = self.group_origin.q.val() + 1;
            } else {
                self.next_origin.next = self.group_origin.q.val();
            }
        } else if !self.last_column.q.val() {
            self.next_origin.next = self.pixel_origin.q.val() + self.layer.val().step_x_words;
        } else {
            self.next_origin.next = self.row_origin.q.val() + self.layer.val().step_y_words;
        }

        if self.advance.val() {
            self.fresh.d.next = self.last_step.val();
            if !self.layer.val().weight_hold.any() {
                self.weight_address.d.next = self.weight_address.q.val() + 1;
            }
            if !self.last_substep.val() {
                self.substep.d.next = self.substep.q.val() + 1;
                self.last_of_word.d.next = (self.substep.q.val() + 2) == self.substep_limit.val();
            } else {
                self.substep.d.next = bits::<5>(0);
                self.last_of_word.d.next =
                    self.next_last_block.val() & (self.layer.val().last_substeps == bits::<5>(1));
                self.last_block.d.next = self.next_last_block.val();
                if !self.last_block.q.val() {
                    self.blocks_left.d.next = self.blocks_left.q.val() - 1;
                    self.address.d.next = self.address.q.val() + 1;
                } else {
                    self.blocks_left.d.next = self.layer.val().input_blocks;
                    if !self.last_kernel_column.q.val() {
                        self.kernel_columns_left.d.next = self.kernel_columns_left.q.val() - 1;
                        self.last_kernel_column.d.next = self.kernel_columns_left.q.val() == bits::<4>(2);
                        self.x.d.next = self.moved_x.val();
                        self.position.d.next = self.next_position.val();
                        self.address.d.next = self.next_position.val();
                    } else {
                        self.kernel_columns_left.d.next = self.layer.val().kernel_width;
                        self.last_kernel_column.d.next = self.layer.val().kernel_width == bits::<4>(1);
                        self.x.d.next = self.moved_x.val();
                        if !self.last_kernel_row.q.val() {
                            self.kernel_rows_left.d.next = self.kernel_rows_left.q.val() - 1;
                            self.last_kernel_row.d.next = self.kernel_rows_left.q.val() == bits::<4>(2);
                            self.y.d.next = self.moved_y.val();
                            self.kernel_row.d.next = self.next_kernel_row.val();
                            self.position.d.next = self.next_kernel_row.val();
                            self.address.d.next = self.next_kernel_row.val();
                        } else {
                            self.kernel_rows_left.d.next = self.layer.val().kernel_height;
                            self.last_kernel_row.d.next = self.layer.val().kernel_height == bits::<4>(1);
                            self.y.d.next = self.moved_y.val();
                            self.group_origin.d.next = self.next_origin.val();
                            self.kernel_row.d.next = self.next_origin.val();
                            self.position.d.next = self.next_origin.val();
                            self.address.d.next = self.next_origin.val();
                            if !self.last_group.q.val() {
                                self.groups_left.d.next = self.groups_left.q.val() - 1;
                                self.last_group.d.next = self.groups_left.q.val() == bits::<12>(2);
                            } else {
                                self.groups_left.d.next = self.layer.val().output_groups;
                                self.last_group.d.next = self.layer.val().output_groups == bits::<12>(1);
                                self.weight_address.d.next = self.layer.val().weight_address;
                                self.pixel_origin.d.next = self.next_origin.val();
                                if !self.last_column.q.val() {
                                    self.columns_left.d.next = self.columns_left.q.val() - 1;
                                    self.last_column.d.next = self.columns_left.q.val() == bits::<12>(2);
                                } else {
                                    self.columns_left.d.next = self.layer.val().output_width;
                                    self.last_column.d.next = self.layer.val().output_width == bits::<12>(1);
                                    self.rows_left.d.next = self.rows_left.q.val() - 1;
                                    self.last_row.d.next = self.rows_left.q.val() == bits::<12>(2);
                                    self.x.d.next = self.start_x.val();
                                    self.row_origin.d.next = self.next_origin.val();
                                    if self.last_row.q.val() {
                                        self.running.d.next = false;
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }

        if self.launch.val() {
            self.running.d.next = true;
            self.fresh.d.next = true;
            self.substep.d.next = bits::<5>(0);
            self.last_of_word.d.next =
                (self.layer.val().input_blocks == bits::<12>(1)) & (self.layer.val().last_substeps == bits::<5>(1));
            self.blocks_left.d.next = self.layer.val().input_blocks;
            self.last_block.d.next = self.layer.val().input_blocks == bits::<12>(1);
            self.kernel_columns_left.d.next = self.layer.val().kernel_width;
            self.last_kernel_column.d.next = self.layer.val().kernel_width == bits::<4>(1);
            self.kernel_rows_left.d.next = self.layer.val().kernel_height;
            self.last_kernel_row.d.next = self.layer.val().kernel_height == bits::<4>(1);
            self.groups_left.d.next = self.layer.val().output_groups;
            self.last_group.d.next = self.layer.val().output_groups == bits::<12>(1);
            self.columns_left.d.next = self.layer.val().output_width;
            self.last_column.d.next = self.layer.val().output_width == bits::<12>(1);
            self.rows_left.d.next = self.layer.val().output_height;
            self.last_row.d.next = self.layer.val().output_height == bits::<12>(1);
            self.row_origin.d.next = self.layer.val().input_address;
            self.pixel_origin.d.next = self.layer.val().input_address;
            self.group_origin.d.next = self.layer.val().input_address;
            self.kernel_row.d.next = self.layer.val().input_address;
            self.position.d.next = self.layer.val().input_address;
            self.address.d.next = self.layer.val().input_address;
            self.x.d.next = self.start_x.val();
            self.y.d.next = self.start_y.val();
            self.weight_address.d.next = self.layer.val().weight_address;
        }
    }
}
