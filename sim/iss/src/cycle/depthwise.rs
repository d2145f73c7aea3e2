//! Depthwise: a word a cycle, column by column; the word that completes a window starts its steps.

use cortado_arch::isa::Compute;

use super::sequencer::Issued;

#[derive(Debug)]
pub(crate) struct Depthwise {
    c: Compute,
    groups_left: u32,
    rows_left: u32,
    outputs_left: u32,
    kernel_rows_left: u32,
    /// Columns until the window of the next output is complete.
    until_window: u32,
    steps_left: u32,
}

impl Depthwise {
    pub fn new(c: &Compute) -> Self {
        Self {
            c: *c,
            groups_left: c.output_groups,
            rows_left: c.output_height,
            outputs_left: c.output_width,
            kernel_rows_left: c.kernel_height,
            until_window: c.kernel_width,
            steps_left: 0,
        }
    }

    pub fn busy(&self) -> bool {
        self.groups_left > 0 || self.steps_left > 0
    }

    pub fn cycle(&mut self, granted: bool, open: bool) -> Issued {
        let completes = self.kernel_rows_left == 1 && self.until_window == 1;
        let read = self.groups_left > 0 && granted && (!completes || (open && self.steps_left == 0));
        let begins = read && completes;
        let issued = Issued {
            read,
            step: begins || self.steps_left > 0,
            last: self.steps_left == 1 || (begins && self.c.window_steps == 1),
            paced: begins,
        };
        self.steps_left = self.steps_left.saturating_sub(1);
        if begins {
            self.steps_left = self.c.window_steps - 1;
        }
        if read {
            self.advance(completes);
        }
        issued
    }

    fn advance(&mut self, completes: bool) {
        self.kernel_rows_left -= 1;
        if self.kernel_rows_left > 0 {
            return;
        }
        self.kernel_rows_left = self.c.kernel_height;
        self.until_window -= 1;
        if !completes {
            return;
        }
        self.until_window = self.c.stride_x.max(1);
        self.outputs_left -= 1;
        if self.outputs_left > 0 {
            return;
        }
        self.outputs_left = self.c.output_width;
        self.until_window = self.c.kernel_width - self.c.shared_columns;
        self.rows_left -= 1;
        if self.rows_left == 0 {
            self.rows_left = self.c.output_height;
            self.until_window = self.c.kernel_width;
            self.groups_left -= 1;
        }
    }
}
