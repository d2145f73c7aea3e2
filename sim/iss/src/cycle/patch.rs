//! Patch: one walker reads the words of the next patches, the other takes the steps of the one at hand.

use std::collections::VecDeque;

use cortado_arch::isa::Compute;
use cortado_arch::Architecture;

use super::sequencer::Issued;
use crate::timing::Timing;

#[derive(Debug)]
pub(crate) struct Patch {
    c: Compute,
    tm: i64,
    gather: u64,
    ahead: u64,
    /// Steps of a patch are never held up by the post-processor.
    smooth: bool,
    warm_up: u64,
    /// Output whose patch is read next; rows end at `output_height`.
    row: u32,
    column: u32,
    /// Reads left of the patch at hand; 0: none at hand.
    reads_left: u64,
    unread: bool,
    /// First cycle of a patch.
    young: bool,
    /// Patches begun and not yet taken.
    outstanding: u32,
    /// Cycles in which a patch stands whole in the gathering stage.
    gathered: VecDeque<u64>,
    /// Whether each stage of the reserve holds a patch; the first is the one taken from.
    reserve: Vec<bool>,
    groups_left: u32,
    steps_left: u32,
}

impl Patch {
    pub fn new(a: &Architecture, timing: &Timing, c: &Compute) -> Self {
        Self {
            c: *c,
            tm: a.tm as i64,
            gather: timing.gather,
            ahead: timing.patch_ahead,
            smooth: c.residual == 0 && c.window_steps as usize >= a.vector_interval(false).min(63),
            warm_up: timing.patch_warm_up,
            row: 0,
            column: 0,
            reads_left: 0,
            unread: false,
            young: false,
            outstanding: 0,
            gathered: VecDeque::new(),
            reserve: vec![false; a.patch_reserves()],
            groups_left: 0,
            steps_left: 0,
        }
    }

    pub fn busy(&self) -> bool {
        self.warm_up > 0 || self.reads_left > 0 || self.outstanding > 0 || self.groups_left > 0
    }

    pub fn cycle(&mut self, now: u64, granted: bool, open: bool) -> Issued {
        let stepping = self.groups_left > 0;
        let last_group = self.groups_left == 1;
        let last_step = self.steps_left == 1;
        let reserves = self.reserve.len() as u32;
        // A patch begins when the one before is sure to have left the gathering stage in time.
        let ends_soon = self.smooth && last_group && u64::from(self.steps_left) <= self.ahead;
        let room = self.outstanding <= reserves || (self.outstanding == reserves + 1 && (!stepping || ends_soon));
        let ends = self.reads_left == 1;
        let read = self.reads_left > 0 && (!self.unread || room) && granted && !(ends && self.young);
        let begins = read && self.unread;

        let step = stepping && (open || !last_step);
        let take = self.reserve[0] && (!stepping || (step && last_step && last_group));
        self.move_reserve(now, take);
        self.outstanding = self.outstanding + u32::from(begins) - u32::from(take);
        self.gather_cycle(now, read, ends);
        if step {
            self.steps_left -= 1;
            if last_step {
                self.steps_left = self.c.window_steps;
                self.groups_left -= 1;
            }
        }
        if take {
            self.groups_left = self.c.output_groups;
            self.steps_left = self.c.window_steps;
        }
        Issued { read, step, last: step && last_step, paced: step && last_step }
    }

    /// Patches move on where there is room ahead; the gathered one enters last.
    fn move_reserve(&mut self, now: u64, take: bool) {
        let mut room = take;
        for stage in 0..self.reserve.len() {
            room |= !self.reserve[stage];
            if room {
                self.reserve[stage] = match self.reserve.get(stage + 1) {
                    Some(behind) => *behind,
                    None => {
                        let whole = self.gathered.front().is_some_and(|at| *at <= now);
                        whole && self.gathered.pop_front().is_some()
                    }
                };
            }
        }
    }

    fn gather_cycle(&mut self, now: u64, read: bool, ends: bool) {
        self.young = false;
        let begin = self.warm_up == 1;
        self.warm_up = self.warm_up.saturating_sub(1);
        if read {
            self.unread = false;
            self.reads_left -= 1;
            if ends {
                self.gathered.push_back(now + self.gather);
            }
        }
        if (begin || (read && ends)) && self.row < self.c.output_height {
            self.reads_left = self.reads();
            self.young = true;
            self.unread = true;
            self.column += 1;
            if self.column == self.c.output_width {
                self.column = 0;
                self.row += 1;
            }
        }
    }

    /// Reads of the next patch: a run without bytes of the map takes one as well.
    fn reads(&self) -> u64 {
        let c = &self.c;
        let left = i64::from(self.column * c.step_x_bytes) - i64::from(c.pad_left_bytes);
        let (first, end) = (left.max(0), (left + i64::from(c.run_bytes)).min(i64::from(c.row_bytes)));
        let words = if first < end { ((end - 1) / self.tm - first / self.tm + 1) as u64 } else { 1 };
        let top = i64::from(self.row * c.stride_y) - i64::from(c.pad_top);
        let bottom = top + i64::from(c.kernel_height);
        let inside = (bottom.min(i64::from(c.input_height)) - top.max(0)).max(0) as u64;
        inside * words + (u64::from(c.kernel_height) - inside)
    }
}
