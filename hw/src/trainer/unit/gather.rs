//! Gathers the scalars of the groups' slots from the map buffer, a batch at a time.

use super::control::Batch;
use super::fields::ComputeFields;
use super::position_walker::PositionWalker;
use super::run_walker::RunWalker;
use super::tap_walker::TapWalker;
use crate::cells::reg::Reg;
use crate::make;
use crate::make::constant;
use crate::{clock, comment, dff_setup};
use rust_hdl::prelude::*;

/// Where the words of a read go, and what comes with them.
#[derive(LogicStruct, Default, Copy, Clone, Debug, PartialEq)]
pub struct Gathered {
    pub valid: Bit,
    /// The errors of a position (GC): to the error buffer.
    pub error: Bit,
    /// Half and entry of the buffer.
    pub place: Bits<4>,
    /// All groups, the pair that `group` is of, or `group` alone.
    pub all: Bit,
    pub pair: Bit,
    pub group: Bits<3>,
    /// Lanes from `lane` on, as many as `length`.
    pub lane: Bits<5>,
    pub length: Bits<5>,
    /// The scalar is 1.
    pub bias: Bit,
    pub present: Bit,
    /// The batch is whole with these.
    pub batch_end: Bit,
}

/// For each COMPUTE: the batches of all its passes, in the order in which the array takes them.
///
/// FW and BW: for each block of 16 rows, or kernel position and 16 outputs, a line for each position of the pass. GC:
/// for each position its errors and then the lines of the pass's rows; a batch has 8 positions.
///
/// A read is issued in a cycle with `read_free`: the words at `read_address` go where `gathered` says, and `batch` is of
/// the batch that this ends. Two batches may be gathered and not yet `released`.
#[derive(LogicBlock)]
pub struct Gather {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub in_valid: Signal<In, Bit>,
    pub in_ready: Signal<Out, Bit>,
    pub in_compute: Signal<In, ComputeFields>,
    pub read_free: Signal<In, Bit>,
    pub read_address: Signal<Out, Bits<20>>,
    pub gathered: Signal<Out, Gathered>,
    pub batch: Signal<Out, Batch>,
    pub released: Signal<In, Bit>,

    compute: Reg<ComputeFields>,
    starting: Reg<Bit>,
    running: Reg<Bit>,
    passes_left: Reg<Bits<16>>,
    block: Reg<Bits<16>>,
    entry: Reg<Bits<6>>,
    pair: Reg<Bits<3>>,
    in_batch: Reg<Bits<3>>,
    first_batch: Reg<Bit>,
    error_turn: Reg<Bit>,
    half: Reg<Bit>,
    free: Reg<Bits<2>>,
    positions: PositionWalker,
    errors: PositionWalker,
    runs: RunWalker,
    taps: TapWalker,

    forward: Signal<Local, Bit>,
    backward: Signal<Local, Bit>,
    gradient: Signal<Local, Bit>,
    dense: Signal<Local, Bit>,
    go: Signal<Local, Bit>,
    line: Signal<Local, Bit>,
    segment: Signal<Local, Bit>,
    line_end: Signal<Local, Bit>,
    last_entry: Signal<Local, Bit>,
    last_block: Signal<Local, Bit>,
    batch_end: Signal<Local, Bit>,
    pass_end: Signal<Local, Bit>,
    position_end: Signal<Local, Bit>,
    half_place: Signal<Local, Bits<4>>,
    x: Signal<Local, Bits<12>>,
    y: Signal<Local, Bits<12>>,
    entries: Constant<Bits<6>>,
    pairs: Constant<Bits<3>>,
}

impl Gather {
    /// For `groups` groups.
    pub fn new(groups: usize) -> Self {
        let narrow = (8 * groups).min(cortado_arch::trainer::LINE_WORDS);
        make!(
            clock reset in_valid in_ready in_compute read_free read_address gathered batch released compute starting
            running passes_left block entry pair in_batch first_batch error_turn half free taps forward backward gradient
            dense go line segment line_end last_entry last_block batch_end pass_end position_end half_place x y;
            positions: PositionWalker::new(false), errors: PositionWalker::new(true), runs: RunWalker::new(narrow),
            entries: constant(8 * groups - 1), pairs: constant(groups.div_ceil(2) - 1),
        )
    }
}

impl Logic for Gather {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Gather: scalars of the slots, batch by batch");
        clock!(self, clock, positions, errors, runs, taps);
        dff_setup!(
            self,
            clock,
            compute,
            starting,
            running,
            passes_left,
            block,
            entry,
            pair,
            in_batch,
            first_batch,
            error_turn,
            half,
            free
        );
        self.positions.columns.next = self.compute.q.val().columns;
        self.positions.rows.next = self.compute.q.val().rows;
        self.positions.maps.next = self.compute.q.val().maps;
        self.positions.start.next = self.compute.q.val().start;
        self.positions.step_x.next = self.compute.q.val().step_x;
        self.positions.step_y.next = self.compute.q.val().step_y;
        self.positions.step_map.next = self.compute.q.val().step_map;
        self.errors.columns.next = self.compute.q.val().columns;
        self.errors.rows.next = self.compute.q.val().rows;
        self.errors.maps.next = self.compute.q.val().maps;
        self.errors.start.next = self.compute.q.val().second_start;
        self.errors.step_x.next = self.compute.q.val().second_step;
        self.errors.step_y.next = self.compute.q.val().second_step;
        self.errors.step_map.next = self.compute.q.val().second_step_map;
        self.runs.run.next = self.compute.q.val().tap_step_x;
        self.runs.row_step.next = self.compute.q.val().tap_step_y;
        self.taps.taps_x.next = self.compute.q.val().taps_x;
        self.taps.taps_y.next = self.compute.q.val().taps_y;
        self.taps.blocks.next = self.compute.q.val().blocks;
        self.taps.step_x.next = self.compute.q.val().tap_step_x;
        self.taps.step_y.next = self.compute.q.val().tap_step_y;

        self.forward.next = self.compute.q.val().stage == bits::<2>(0);
        self.backward.next = self.compute.q.val().stage == bits::<2>(1);
        self.gradient.next = self.compute.q.val().stage == bits::<2>(2);
        self.dense.next = self.compute.q.val().dense.any();
        self.runs.narrow.next = self.gradient.val();

        // A line is read at once in BW, segment by segment else.
        self.go.next = self.running.q.val() & self.read_free.val() & self.free.q.val().any();
        self.line.next = self.go.val() & !(self.gradient.val() & self.error_turn.q.val());
        self.segment.next = self.line.val() & !self.backward.val();
        self.line_end.next = self.line.val() & (self.backward.val() | self.runs.line_end.val());
        self.last_entry.next = self.positions.last.val() | (self.entry.q.val() == self.entries.val());
        self.position_end.next = self.line_end.val() & self.gradient.val() & (self.pair.q.val() == self.pairs.val());
        if self.backward.val() {
            self.last_block.next = self.taps.last.val();
        } else {
            self.last_block.next = self.block.q.val() + 1 == self.compute.q.val().blocks;
        }
        if self.gradient.val() {
            self.batch_end.next =
                self.position_end.val() & (self.positions.last.val() | (self.in_batch.q.val() == bits::<3>(7)));
            self.pass_end.next = self.position_end.val() & self.positions.last.val();
        } else {
            self.batch_end.next = self.line_end.val() & self.last_entry.val();
            self.pass_end.next = self.batch_end.val() & self.last_block.val();
        }

        self.positions.restart.next = self.starting.q.val();
        self.positions.advance.next = false;
        self.positions.restore.next = false;
        self.positions.save.next = self.starting.q.val();
        self.runs.restart.next = self.starting.q.val();
        self.runs.advance.next = self.segment.val();
        self.runs.restore.next = false;
        self.runs.save.next = self.starting.q.val();
        self.taps.restart.next = self.starting.q.val() | self.pass_end.val();
        self.taps.advance.next = self.backward.val() & self.batch_end.val();
        self.errors.restart.next = self.starting.q.val() | self.pass_end.val();
        self.errors.advance.next = self.position_end.val();
        self.errors.restore.next = false;
        self.errors.save.next = false;
        if self.gradient.val() {
            self.positions.advance.next = self.position_end.val();
            if self.pass_end.val() {
                self.positions.restart.next = true;
                self.runs.save.next = true;
            } else {
                self.runs.restore.next = self.position_end.val();
            }
        } else {
            self.positions.advance.next = self.line_end.val();
            if self.pass_end.val() {
                // A dense layer's passes take the same positions.
                self.positions.restart.next = self.dense.val();
                self.positions.save.next = true;
                self.runs.restart.next = true;
                self.runs.save.next = true;
            } else if self.batch_end.val() {
                self.positions.restore.next = true;
                self.runs.save.next = true;
            } else {
                self.runs.restore.next = self.line_end.val();
            }
        }

        if self.line.val() {
            self.error_turn.d.next = self.position_end.val();
        } else if self.go.val() {
            self.error_turn.d.next = false;
        }
        if self.line_end.val() {
            self.entry.d.next = self.entry.q.val() + 1;
            self.pair.d.next = self.pair.q.val() + 1;
        }
        if self.position_end.val() {
            self.pair.d.next = bits::<3>(0);
            self.in_batch.d.next = self.in_batch.q.val() + 1;
        }
        if self.batch_end.val() {
            self.entry.d.next = bits::<6>(0);
            self.in_batch.d.next = bits::<3>(0);
            self.block.d.next = self.block.q.val() + 1;
            self.first_batch.d.next = false;
            self.half.d.next = !self.half.q.val();
        }
        if self.pass_end.val() {
            self.block.d.next = bits::<16>(0);
            self.first_batch.d.next = true;
            self.passes_left.d.next = self.passes_left.q.val() - 1;
            if self.passes_left.q.val() == bits::<16>(1) {
                self.running.d.next = false;
            }
        }
        if self.batch_end.val() & !self.released.val() {
            self.free.d.next = self.free.q.val() - 1;
        } else if self.released.val() & !self.batch_end.val() {
            self.free.d.next = self.free.q.val() + 1;
        }

        self.half_place.next = bits::<4>(0);
        if self.half.q.val() {
            self.half_place.next = bits::<4>(8);
        }
        self.x.next = self.positions.x.val() - bit_cast::<12, 5>(self.taps.x.val());
        self.y.next = self.positions.y.val() - bit_cast::<12, 5>(self.taps.y.val());
        self.gathered.next.valid = self.go.val();
        self.gathered.next.error = !self.line.val();
        self.gathered.next.all = self.dense.val();
        self.gathered.next.pair = self.gradient.val();
        self.gathered.next.bias = self.segment.val() & self.runs.bias.val();
        self.gathered.next.present = true;
        self.gathered.next.batch_end = self.batch_end.val();
        if self.backward.val() {
            self.read_address.next = self.positions.address.val() + self.taps.at.val();
            self.gathered.next.lane = bits::<5>(0);
            self.gathered.next.length = bits::<5>(16);
            // Two's complement below zero compares as a large number.
            self.gathered.next.present =
                (self.x.val() < self.compute.q.val().bound_columns) & (self.y.val() < self.compute.q.val().bound_rows);
        } else {
            self.read_address.next = self.positions.address.val() + self.runs.at.val();
            self.gathered.next.lane = self.runs.lane.val();
            self.gathered.next.length = self.runs.length.val();
        }
        if self.gradient.val() {
            self.gathered.next.place = self.half_place.val() | bit_cast::<4, 3>(self.in_batch.q.val());
            self.gathered.next.group = self.pair.q.val() + self.pair.q.val();
            if self.error_turn.q.val() {
                self.read_address.next = self.errors.address.val();
            }
        } else {
            self.gathered.next.place = self.half_place.val() | bit_cast::<4, 3>(self.entry.q.val().get_bits::<3>(0));
            self.gathered.next.group = self.entry.q.val().get_bits::<3>(3);
        }

        if self.gradient.val() {
            self.batch.next.steps = bit_cast::<5, 3>(self.in_batch.q.val()) + 1;
        } else if (self.backward.val() & self.taps.last_block.val()) | (self.forward.val() & self.last_block.val()) {
            self.batch.next.steps = self.compute.q.val().last_steps;
        } else {
            self.batch.next.steps = bits::<5>(16);
        }
        self.batch.next.first = self.first_batch.q.val();
        self.batch.next.last = self.pass_end.val();
        self.batch.next.forward = self.forward.val();
        self.batch.next.gradient = self.gradient.val();
        self.batch.next.dense = self.dense.val();
        self.batch.next.width = self.compute.q.val().width;
        self.batch.next.resident = self.compute.q.val().resident.any();
        self.batch.next.again = self.compute.q.val().resident.any() & (self.passes_left.q.val() != bits::<16>(1));

        self.in_ready.next = !self.running.q.val() & !self.starting.q.val();
        if self.in_ready.val() & self.in_valid.val() {
            self.compute.d.next = self.in_compute.val();
            self.starting.d.next = true;
            self.passes_left.d.next = self.in_compute.val().passes;
        }
        if self.starting.q.val() {
            self.starting.d.next = false;
            self.running.d.next = true;
            self.block.d.next = bits::<16>(0);
            self.entry.d.next = bits::<6>(0);
            self.pair.d.next = bits::<3>(0);
            self.in_batch.d.next = bits::<3>(0);
            self.first_batch.d.next = true;
            self.error_turn.d.next = true;
        }
        if self.reset.val() {
            self.running.d.next = false;
            self.starting.d.next = false;
            self.half.d.next = false;
            self.free.d.next = bits::<2>(2);
        }
    }
}
