//! One compute unit, whole; hw/docs/trainer.md has its ports.

use super::control::Batch;
use super::dispatcher::Dispatcher;
use super::gather::{Gather, Gathered};
use super::group::Group;
use super::line_reader::LineReader;
use super::line_writer::LineWriter;
use super::map_buffer::{self, MapBuffer};
use super::map_transfer::MapTransfer;
use super::map_writer::MapWriter;
use super::parameter_buffer::ParameterBuffer;
use super::results::Results;
use super::sequencer::Sequencer;
use super::tile_reader::TileReader;
use super::word_ram::WordRam;
use crate::cells::reg::Reg;
use crate::cells::stream::StreamError;
use crate::float::multiply::Factors;
use crate::make::{constant, many, signals};
use crate::{clock, comment, dff_setup, make};
use cortado_arch::trainer::{self, TrainerArchitecture, LINE_WORDS};
use rust_hdl::prelude::*;

/// Cycles from a read's address at its register to the words.
const READ_LATENCY: usize = 1 + map_buffer::READ_LATENCY;

/// FW, BW and GC by program; ports in hw/docs/trainer.md.
#[derive(LogicBlock)]
pub struct ComputeUnit {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub start: Signal<In, Bit>,
    pub program_address: Signal<In, Bits<32>>,
    pub base_parameters: Signal<In, Bits<32>>,
    pub base_copy: Signal<In, Bits<32>>,
    pub base_maps: Signal<In, Bits<32>>,
    pub base_outputs: Signal<In, Bits<32>>,
    pub busy: Signal<Out, Bit>,
    pub done: Signal<Out, Bit>,
    pub error: Signal<Out, Bit>,
    pub read_command_valid: Signal<Out, Bit>,
    pub read_command_ready: Signal<In, Bit>,
    pub read_command_address: Signal<Out, Bits<32>>,
    pub read_command_beats: Signal<Out, Bits<16>>,
    pub read_data_valid: Signal<In, Bit>,
    pub read_data_ready: Signal<Out, Bit>,
    pub read_data: Vec<Signal<In, Bits<32>>>,
    pub write_command_valid: Signal<Out, Bit>,
    pub write_command_ready: Signal<In, Bit>,
    pub write_command_address: Signal<Out, Bits<32>>,
    pub write_command_beats: Signal<Out, Bits<16>>,
    pub write_data_valid: Signal<Out, Bit>,
    pub write_data_ready: Signal<In, Bit>,
    pub write_data: Vec<Signal<Out, Bits<32>>>,
    pub gradient_valid: Signal<Out, Bit>,
    pub gradient_ready: Signal<In, Bit>,
    pub gradient_line: Signal<Out, Bits<20>>,
    pub gradient: Vec<Signal<Out, Bits<32>>>,
    /// The PEs have a step in this cycle; for observation.
    pub active: Signal<Out, Bit>,

    dispatcher: Dispatcher,
    line_reader: LineReader,
    line_writer: LineWriter,
    tile_reader: TileReader,
    parameter_buffer: ParameterBuffer,
    loads: MapTransfer,
    stores: MapTransfer,
    map_writer: MapWriter,
    map_buffer: MapBuffer,
    gather: Gather,
    sequencer: Sequencer,
    groups: Vec<Group>,
    errors: Vec<WordRam>,
    results: Results,

    bases: Vec<Reg<Bits<26>>>,
    read_address: Reg<Bits<20>>,
    gathered: Vec<Reg<Gathered>>,
    batches: Vec<Reg<Batch>>,

    tile_base: Signal<Local, Bits<26>>,
    load_base: Signal<Local, Bits<26>>,
    store_base: Signal<Local, Bits<26>>,
    now: Signal<Local, Gathered>,
    lanes: Vec<Signal<Local, Bit>>,
    words: Vec<Signal<Local, Bits<32>>>,
    bus: Vec<Signal<Local, Bits<32>>>,
    for_group: Vec<Signal<Local, Bit>>,
    error_write: Signal<Local, Bit>,
    copying: Signal<Local, Bit>,
    tile_moves: Signal<Local, Bit>,
    load_moves: Signal<Local, Bit>,
    load_line: Signal<Local, Bits<16>>,
    lane: Vec<Constant<Bits<5>>>,
    number: Vec<Constant<Bits<3>>>,
    tile: Constant<Bits<2>>,
    one: Constant<Bits<32>>,
    nothing: Constant<Gathered>,
}

impl ComputeUnit {
    /// A unit of this engine.
    ///
    /// # Errors
    /// None: the queues have sizes that they may have.
    pub fn new(arch: &TrainerArchitecture) -> Result<Self, StreamError> {
        let factors = match arch.factors {
            trainer::Factors::Single => Factors::Single,
            trainer::Factors::Bfloat16 => Factors::Bfloat16,
        };
        Ok(make!(
            clock reset start program_address base_parameters base_copy base_maps base_outputs busy done error
            read_command_valid read_command_ready read_command_address read_command_beats read_data_valid read_data_ready
            write_command_valid write_command_ready write_command_address write_command_beats write_data_valid
            write_data_ready gradient_valid gradient_ready gradient_line active read_address tile_base load_base store_base
            now error_write copying tile_moves load_moves load_line;
            read_data: signals(LINE_WORDS), write_data: signals(LINE_WORDS), gradient: signals(LINE_WORDS),
            dispatcher: Dispatcher::new()?, line_reader: LineReader::new()?, line_writer: LineWriter::new()?,
            tile_reader: TileReader::new()?, parameter_buffer: ParameterBuffer::new(arch.parameter_lines),
            loads: MapTransfer::new()?, stores: MapTransfer::new()?, map_writer: MapWriter::new(READ_LATENCY),
            map_buffer: MapBuffer::new(arch.map_lines), gather: Gather::new(arch.groups),
            sequencer: Sequencer::new(arch.groups, factors)?,
            groups: (0..arch.groups).map(|number| Group::new(number, factors)).collect(),
            errors: (0..LINE_WORDS).map(|_| WordRam::new(16)).collect(),
            results: Results::new(arch.groups, READ_LATENCY)?,
            bases: many(4), gathered: many(READ_LATENCY), batches: many(READ_LATENCY),
            lanes: signals(LINE_WORDS), words: signals(LINE_WORDS), bus: signals(LINE_WORDS),
            for_group: signals(arch.groups),
            lane: (0..LINE_WORDS).map(constant).collect(), number: (0..arch.groups).map(constant).collect(),
            tile: constant(super::order::TILE), one: constant(0x3f80_0000), nothing: Constant::new(Gathered::default()),
        ))
    }
}

impl Logic for ComputeUnit {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("ComputeUnit: FW, BW and GC by program");
        clock!(self, clock, dispatcher, line_reader, line_writer, tile_reader, parameter_buffer, loads, stores);
        clock!(self, clock, map_writer, map_buffer, gather, sequencer, results);
        dff_setup!(self, clock, read_address);
        for i in 0..self.bases.len() {
            dff_setup!(self, clock, bases[i]);
        }
        for i in 0..self.gathered.len() {
            dff_setup!(self, clock, gathered[i], batches[i]);
        }
        self.dispatcher.reset.next = self.reset.val();
        self.line_reader.reset.next = self.reset.val();
        self.line_writer.reset.next = self.reset.val();
        self.tile_reader.reset.next = self.reset.val();
        self.parameter_buffer.reset.next = self.reset.val();
        self.loads.reset.next = self.reset.val();
        self.stores.reset.next = self.reset.val();
        self.map_writer.reset.next = self.reset.val();
        self.gather.reset.next = self.reset.val();
        self.sequencer.reset.next = self.reset.val();
        self.results.reset.next = self.reset.val();

        // Task and instructions.
        self.dispatcher.start.next = self.start.val();
        self.dispatcher.program_line.next = self.program_address.val().get_bits::<26>(6);
        self.busy.next = self.dispatcher.busy.val();
        self.done.next = self.dispatcher.done.val();
        self.error.next = self.dispatcher.error.val();
        if self.start.val() & !self.dispatcher.busy.val() {
            self.bases[0].d.next = self.base_parameters.val().get_bits::<26>(6);
            self.bases[1].d.next = self.base_copy.val().get_bits::<26>(6);
            self.bases[2].d.next = self.base_maps.val().get_bits::<26>(6);
            self.bases[3].d.next = self.base_outputs.val().get_bits::<26>(6);
        }
        self.line_reader.fetch_valid.next = self.dispatcher.fetch_valid.val();
        self.dispatcher.fetch_ready.next = self.line_reader.fetch_ready.val();
        self.line_reader.fetch_line.next = self.dispatcher.fetch_line.val();
        self.dispatcher.line_valid.next = self.line_reader.to_fetch.val();
        self.load_moves.next = self.line_reader.to_maps.val() & !self.results.write_any.val();
        self.dispatcher.load_retired.next =
            self.load_moves.val() & self.line_reader.last.val() & self.line_reader.order.val().closes;
        self.dispatcher.store_retired.next = self.map_writer.taken.val() & self.stores.final_burst.val();
        self.dispatcher.compute_retired.next = self.results.retired.val();
        self.dispatcher.others_idle.next = self.tile_reader.idle.val()
            & self.line_reader.idle.val()
            & self.parameter_buffer.idle.val()
            & self.line_writer.idle.val()
            & !self.results.gradient_valid.val();

        // Parameters.
        self.tile_reader.in_valid.next = self.dispatcher.parameters_valid.val();
        self.dispatcher.parameters_ready.next = self.tile_reader.in_ready.val();
        self.tile_reader.in_parameters.next = self.dispatcher.parameters.val();
        self.tile_base.next = self.bases[0].q.val();
        if self.tile_reader.base_choice.val() == bits::<2>(1) {
            self.tile_base.next = self.bases[1].q.val();
        } else if self.tile_reader.base_choice.val() == bits::<2>(2) {
            self.tile_base.next = self.bases[2].q.val();
        } else if self.tile_reader.base_choice.val() == bits::<2>(3) {
            self.tile_base.next = self.bases[3].q.val();
        }
        self.tile_reader.base.next = self.tile_base.val();
        self.tile_reader.copy_base.next = self.bases[1].q.val();
        self.tile_reader.room.next = self.parameter_buffer.room.val();
        self.parameter_buffer.reserve.next = self.tile_reader.reserve.val();
        self.line_reader.tile_valid.next = self.tile_reader.command_valid.val();
        self.tile_reader.command_ready.next = self.line_reader.tile_ready.val();
        self.line_reader.tile_line.next = self.tile_reader.command_line.val();
        self.line_reader.tile_order.next = self.tile_reader.command_order.val();
        // A copied line moves when both the buffer and the writer take it.
        self.copying.next = self.line_reader.to_tile.val() & self.line_reader.order.val().copied;
        self.tile_moves.next = self.line_reader.to_tile.val()
            & self.parameter_buffer.line_ready.val()
            & (!self.copying.val() | self.line_writer.copy_ready.val());
        self.line_reader.tile_take.next = self.tile_moves.val();
        self.parameter_buffer.line_valid.next =
            self.line_reader.to_tile.val() & (!self.copying.val() | self.line_writer.copy_ready.val());
        self.parameter_buffer.line_last.next = self.line_reader.last.val();
        self.parameter_buffer.order.next = self.line_reader.order.val();
        self.parameter_buffer.more.next = self.line_reader.order_valid.val()
            & (self.line_reader.order.val().client == self.tile.val())
            & self.line_reader.order.val().transposed;
        self.line_writer.copy_offered.next = self.copying.val();
        self.line_writer.copy_valid.next = self.copying.val() & self.tile_moves.val();
        self.line_writer.copy_last.next = self.line_reader.last.val();
        self.line_writer.copy_burst.next.line = self.line_reader.order.val().to;
        self.line_writer.copy_burst.next.lines = self.line_reader.order.val().lines;

        // LOADs.
        self.loads.in_valid.next = self.dispatcher.load_valid.val();
        self.dispatcher.load_ready.next = self.loads.in_ready.val();
        self.loads.in_transfer.next = self.dispatcher.transfer.val();
        self.load_base.next = self.bases[0].q.val();
        if self.loads.base_choice.val() == bits::<2>(1) {
            self.load_base.next = self.bases[1].q.val();
        } else if self.loads.base_choice.val() == bits::<2>(2) {
            self.load_base.next = self.bases[2].q.val();
        } else if self.loads.base_choice.val() == bits::<2>(3) {
            self.load_base.next = self.bases[3].q.val();
        }
        self.loads.base.next = self.load_base.val();
        self.line_reader.maps_valid.next = self.loads.valid.val();
        self.line_reader.maps_line.next = self.loads.line.val();
        self.line_reader.maps_order.next.client = bits::<2>(2);
        self.line_reader.maps_order.next.lines = self.loads.lines.val();
        self.line_reader.maps_order.next.vectors = bits::<5>(0);
        self.line_reader.maps_order.next.stride = bits::<4>(0);
        self.line_reader.maps_order.next.index = bits::<3>(0);
        self.line_reader.maps_order.next.transposed = false;
        self.line_reader.maps_order.next.copied = false;
        self.line_reader.maps_order.next.closes = self.loads.final_burst.val();
        self.line_reader.maps_order.next.to = bit_cast::<26, 16>(self.loads.map_line.val());
        self.loads.taken.next = self.loads.valid.val() & self.line_reader.maps_ready.val();
        self.line_reader.maps_take.next = !self.results.write_any.val();
        self.load_line.next =
            self.line_reader.order.val().to.get_bits::<16>(0) + bit_cast::<16, 5>(self.line_reader.number.val());

        // STOREs.
        self.stores.in_valid.next = self.dispatcher.store_valid.val();
        self.dispatcher.store_ready.next = self.stores.in_ready.val();
        self.stores.in_transfer.next = self.dispatcher.transfer.val();
        self.store_base.next = self.bases[0].q.val();
        if self.stores.base_choice.val() == bits::<2>(1) {
            self.store_base.next = self.bases[1].q.val();
        } else if self.stores.base_choice.val() == bits::<2>(2) {
            self.store_base.next = self.bases[2].q.val();
        } else if self.stores.base_choice.val() == bits::<2>(3) {
            self.store_base.next = self.bases[3].q.val();
        }
        self.stores.base.next = self.store_base.val();
        self.map_writer.valid.next = self.stores.valid.val();
        self.map_writer.map_line.next = self.stores.map_line.val();
        self.map_writer.lines.next = self.stores.lines.val();
        self.stores.taken.next = self.map_writer.taken.val();
        self.line_writer.map_wanted.next = self.map_writer.wanted.val();
        self.map_writer.grant.next = self.line_writer.map_grant.val();
        self.line_writer.map_read.next = self.map_writer.read.val();
        self.line_writer.map_valid.next = self.map_writer.comes.val();
        self.line_writer.map_last.next = self.map_writer.last.val();
        self.line_writer.map_burst.next.line = self.stores.line.val();
        self.line_writer.map_burst.next.lines = self.stores.lines.val();

        // COMPUTEs go to the gather and to the results at once.
        self.dispatcher.compute_ready.next = self.gather.in_ready.val() & self.results.in_ready.val();
        self.gather.in_valid.next = self.dispatcher.compute_valid.val() & self.results.in_ready.val();
        self.results.in_valid.next = self.dispatcher.compute_valid.val() & self.gather.in_ready.val();
        self.gather.in_compute.next = self.dispatcher.compute.val();
        self.results.in_compute.next = self.dispatcher.compute.val();

        // The map buffer's reads: masks, then scalars, then STOREs.
        self.gather.read_free.next = !self.results.mask_read.val();
        self.map_writer.read_free.next = !self.results.mask_read.val() & !self.gather.gathered.val().valid;
        if self.results.mask_read.val() {
            self.read_address.d.next = self.results.mask_address.val();
        } else if self.gather.gathered.val().valid {
            self.read_address.d.next = self.gather.read_address.val();
        } else {
            self.read_address.d.next = self.map_writer.read_address.val();
        }
        self.map_buffer.read_address.next = self.read_address.q.val();
        self.gathered[0].d.next = self.gather.gathered.val();
        self.batches[0].d.next = self.gather.batch.val();
        for i in 1..self.gathered.len() {
            self.gathered[i].d.next = self.gathered[i - 1].q.val();
            self.batches[i].d.next = self.batches[i - 1].q.val();
        }
        self.now.next = self.gathered[self.gathered.len() - 1].q.val();

        // Its writes: results, then LOADs.
        if self.results.write_any.val() {
            self.map_buffer.write_address.next = self.results.write_address.val();
        } else {
            self.map_buffer.write_address.next = bit_cast::<20, 16>(self.load_line.val()) << 4;
        }

        // Scalars to the groups, errors to their buffer.
        self.error_write.next = self.now.val().valid & self.now.val().error;
        for j in 0..self.lanes.len() {
            clock!(self, clock, errors[j]);
            self.line_writer.copy[j].next = self.read_data[j].val();
            self.line_writer.map[j].next = self.map_buffer.read_data[j].val();
            self.write_data[j].next = self.line_writer.data[j].val();
            self.dispatcher.line[j].next = self.read_data[j].val();
            self.parameter_buffer.line[j].next = self.read_data[j].val();
            self.map_buffer.write_enable[j].next = self.results.write_enable[j].val() | self.load_moves.val();
            if self.results.write_any.val() {
                self.map_buffer.write_data[j].next = self.results.write_data[j].val();
            } else {
                self.map_buffer.write_data[j].next = self.read_data[j].val();
            }
            self.words[j].next = self.map_buffer.read_data[j].val();
            if self.now.val().bias {
                self.words[j].next = self.one.val();
            }
            self.lanes[j].next = self.now.val().valid
                & !self.now.val().error
                & (self.lane[j].val() >= self.now.val().lane)
                & (self.lane[j].val() < self.now.val().lane + self.now.val().length);
            self.errors[j].write_enable.next = self.error_write.val();
            self.errors[j].write_address.next = bit_cast::<16, 4>(self.now.val().place);
            self.errors[j].write_data.next = self.map_buffer.read_data[j].val();
            self.errors[j].read_address.next = bit_cast::<16, 4>(self.sequencer.error_place.val());
            if self.sequencer.from_errors.val() {
                self.bus[j].next = self.errors[j].read_data.val();
            } else {
                self.bus[j].next = self.parameter_buffer.bus[j].val();
            }
            self.results.mask[j].next = self.map_buffer.read_data[j].val();
            self.gradient[j].next = self.results.gradient[j].val();
        }
        for g in 0..self.groups.len() {
            clock!(self, clock, groups[g]);
            // A pair's number is even; its second group has the number after it.
            self.for_group[g].next = self.now.val().all
                | (self.number[g].val() == self.now.val().group)
                | (self.now.val().pair & (self.number[g].val() == self.now.val().group + 1));
            self.groups[g].write_entry.next = self.now.val().place;
            self.groups[g].write_present.next = self.now.val().present;
            self.groups[g].result_place.next = self.results.place.val();
            for j in 0..self.lanes.len() {
                self.groups[g].write_enable[j].next = self.lanes[j].val() & self.for_group[g].val();
                self.groups[g].write_data[j].next = self.words[j].val();
                self.groups[g].bus[j].next = self.bus[j].val();
            }
        }

        // The groups, one behind the other.
        self.sequencer.batch_valid.next = self.now.val().valid & self.now.val().batch_end;
        self.sequencer.batch.next = self.batches[self.batches.len() - 1].q.val();
        self.gather.released.next = self.sequencer.released.val();
        self.sequencer.vectors.next = self.parameter_buffer.vectors.val();
        self.parameter_buffer.take.next = self.sequencer.take.val();
        self.parameter_buffer.rewind.next = self.sequencer.rewind.val();
        self.parameter_buffer.keep.next = self.sequencer.keep.val();
        self.sequencer.drained.next = self.results.drained.val();
        self.results.pass.next = self.sequencer.pass.val();
        self.active.next = self.sequencer.active.val();
        self.groups[0].control.next = self.sequencer.control.val();
        self.groups[0].capture.next = self.sequencer.capture.val();
        for j in 0..self.lanes.len() {
            self.groups[0].chained[j].next = self.bus[j].val();
        }
        for g in 1..self.groups.len() {
            self.groups[g].control.next = self.groups[g - 1].next_control.val();
            self.groups[g].capture.next = self.groups[g - 1].next_capture.val();
            for j in 0..self.lanes.len() {
                self.groups[g].chained[j].next = self.groups[g - 1].vector[j].val();
            }
        }
        for j in 0..self.lanes.len() {
            self.results.vector[j].next = self.groups[0].result[j].val();
            for g in 1..self.groups.len() {
                if self.number[g].val() == self.results.group.val() {
                    self.results.vector[j].next = self.groups[g].result[j].val();
                }
            }
        }

        // The channels.
        self.read_command_valid.next = self.line_reader.command_valid.val();
        self.line_reader.command_ready.next = self.read_command_ready.val();
        self.read_command_address.next = self.line_reader.command_address.val();
        self.read_command_beats.next = self.line_reader.command_beats.val();
        self.line_reader.data_valid.next = self.read_data_valid.val();
        self.read_data_ready.next = self.line_reader.data_ready.val();
        self.write_command_valid.next = self.line_writer.command_valid.val();
        self.line_writer.command_ready.next = self.write_command_ready.val();
        self.write_command_address.next = self.line_writer.command_address.val();
        self.write_command_beats.next = self.line_writer.command_beats.val();
        self.write_data_valid.next = self.line_writer.data_valid.val();
        self.line_writer.data_ready.next = self.write_data_ready.val();
        self.gradient_valid.next = self.results.gradient_valid.val();
        self.results.gradient_ready.next = self.gradient_ready.val();
        self.gradient_line.next = self.results.gradient_line.val();

        if self.reset.val() {
            for i in 0..self.gathered.len() {
                self.gathered[i].d.next = self.nothing.val();
            }
        }
    }
}
