//! The engine: everything between `start` and `done`.

use crate::array::lanes_in_blocks;
use crate::array::output_lane::OutputLane;
use crate::cells::dot_product::{INT16_SUM, INT8_SUM};
use crate::cells::ram::{BankedRam, RamError, ReadStage};
use crate::cells::reg::Reg;
use crate::cells::stream::StreamError;
use crate::control::beat_assembler::BeatAssembler;
use crate::control::compute_control::ComputeControl;
use crate::control::dispatcher::Dispatcher;
use crate::control::instruction_register::InstructionRegister;
use crate::control::reader::Reader;
use crate::control::store_turn::StoreTurn;
use crate::control::transfer::Transfer;
use crate::control::writer::Writer;
use crate::emit::{emit, EmitError, Header};
use crate::feed::feed::Feed;
use crate::make;
use crate::make::{constant, many, signals};
use crate::memory::ActivationMemory;
use crate::post::post_processor::PostProcessor;
use crate::{clock, comment, dff_setup};
use cortado_arch::{ActivationKind, Architecture, DataType};
use rust_hdl::prelude::*;

/// Name of the top module.
pub const TOP: &str = "cortado";

/// Why an architecture has no Verilog.
#[derive(Debug)]
pub enum EngineError {
    Memory(RamError),
    Stream(StreamError),
    Emit(EmitError),
}

impl std::fmt::Display for EngineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            EngineError::Memory(e) => write!(f, "{e}"),
            EngineError::Stream(e) => write!(f, "{e}"),
            EngineError::Emit(e) => write!(f, "{e}"),
        }
    }
}

impl std::error::Error for EngineError {}

impl From<RamError> for EngineError {
    fn from(error: RamError) -> Self {
        EngineError::Memory(error)
    }
}

impl From<StreamError> for EngineError {
    fn from(error: StreamError) -> Self {
        EngineError::Stream(error)
    }
}

/// The Verilog of an engine; its top module is [`TOP`].
///
/// # Errors
/// When the description breaks one of the backend's rules: a defect of the generator, told with
/// module and signal.
pub fn verilog(arch: &Architecture, header: &Header) -> Result<String, EngineError> {
    match arch.data_type {
        DataType::Int8 => text::<INT8_SUM>(arch, header),
        DataType::Int16 => text::<INT16_SUM>(arch, header),
    }
}

fn text<const SUM: usize>(arch: &Architecture, header: &Header) -> Result<String, EngineError> {
    let mut engine = Engine::<SUM>::new(arch)?;
    emit(TOP, &mut engine, header).map_err(EngineError::Emit)
}

/// One engine with its memories, of accumulators of `SUM` bits; ports in `docs/machine.md`.
///
/// Elements travel as bytes, the lowest first: a word of Tm elements is one vector whatever the data type.
#[derive(LogicBlock)]
pub struct Engine<const SUM: usize> {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub start: Signal<In, Bit>,
    pub program_address: Signal<In, Bits<32>>,
    pub busy: Signal<Out, Bit>,
    pub done: Signal<Out, Bit>,
    pub error: Signal<Out, Bits<8>>,
    pub read_command_valid: Signal<Out, Bit>,
    pub read_command_ready: Signal<In, Bit>,
    pub read_command_address: Signal<Out, Bits<32>>,
    pub read_command_beats: Signal<Out, Bits<16>>,
    pub read_data_valid: Signal<In, Bit>,
    pub read_data_ready: Signal<Out, Bit>,
    pub read_data: Vec<Signal<In, Bits<8>>>,
    pub write_command_valid: Signal<Out, Bit>,
    pub write_command_ready: Signal<In, Bit>,
    pub write_command_address: Signal<Out, Bits<32>>,
    pub write_command_beats: Signal<Out, Bits<16>>,
    pub write_data_valid: Signal<Out, Bit>,
    pub write_data_ready: Signal<In, Bit>,
    pub write_data: Vec<Signal<Out, Bits<8>>>,
    pub retire_valid: Signal<Out, Bit>,
    pub retire_index: Signal<Out, Bits<16>>,
    pub array_active: Signal<Out, Bit>,

    dispatcher: Dispatcher,
    instruction_register: InstructionRegister,
    transfer: Transfer,
    reader: Reader,
    writer: Writer,
    /// One where a beat holds several activation words, else none.
    beat_assembler: Vec<BeatAssembler>,
    /// One where COMPUTEs leave STOREs no read, else none.
    store_turn: Vec<StoreTurn>,
    compute_control: ComputeControl,
    feed: Feed,
    output_lane: Vec<OutputLane<SUM>>,
    post_processor: PostProcessor<SUM>,
    activation_memory: ActivationMemory,
    weight_memory: BankedRam,
    parameter_memory: BankedRam,

    activation_read: Reg<Bit>,
    /// A STORE's read was given this cycle's turn, one cycle ago.
    store_taken: Reg<Bit>,
    activation_read_address: Reg<Bits<16>>,
    /// A beat on its way to weight or parameter memory.
    load_data: Vec<Reg<Bits<8>>>,
    load_address: Reg<Bits<16>>,
    weight_write: Vec<Reg<Bit>>,
    parameter_write: Vec<Reg<Bit>>,
    activation_write: Vec<Reg<Bit>>,
    activation_write_address: Reg<Bits<16>>,
    activation_write_data: Vec<Reg<Bits<8>>>,

    single_port: Constant<Bit>,
    to_activation: Signal<Local, Bit>,
    read_open: Signal<Local, Bit>,
    reading: Signal<Local, Bit>,
    load_ready: Signal<Local, Bit>,
    load_activation: Signal<Local, Bit>,
    /// What a beat brings for an activation word: all of it, or the piece at hand.
    load_piece: Vec<Signal<Local, Bits<8>>>,
    /// Pieces of a beat but the first.
    piece_number: Vec<Constant<Bits<10>>>,
    wide: Constant<Bit>,
    bank_number: Vec<Constant<Bits<10>>>,
}

impl<const SUM: usize> Engine<SUM> {
    /// # Errors
    /// A memory or a stream of a size none can have; a checked architecture has none.
    pub fn new(arch: &Architecture) -> Result<Self, EngineError> {
        let (word, port) = (arch.activation_word_bytes(), arch.port_bytes);
        let bytes = |words: usize| words / port;
        let piece = port.min(word);
        let stage = ReadStage::of(&arch.family);
        Ok(make!(
            clock reset start program_address busy done error read_command_valid read_command_ready
            read_command_address read_command_beats read_data_valid read_data_ready write_command_valid
            write_command_ready write_command_address write_command_beats write_data_valid write_data_ready
            retire_valid retire_index array_active activation_read store_taken
            activation_read_address activation_write_address load_address to_activation read_open reading load_ready
            load_activation;
            read_data: signals(port), write_data: signals(port),
            instruction_register: InstructionRegister::new(port),
            dispatcher: Dispatcher::new(arch), compute_control: ComputeControl::new(port),
            transfer: Transfer::new(arch), reader: Reader::new(arch), writer: Writer::new(piece, word, arch.store_words_ahead())?,
            beat_assembler: (port > piece).then(|| BeatAssembler::new(port, piece)).into_iter().collect(),
            store_turn: arch.store_patience().map(StoreTurn::new).into_iter().collect(),
            feed: Feed::new(arch),
            output_lane: lanes_in_blocks(arch).iter().map(|&n| OutputLane::new(arch.data_type, arch.tn, n, arch.window_taps)).collect(),
            post_processor: PostProcessor::new(arch),
            activation_memory: ActivationMemory::new(arch)?,
            weight_memory: BankedRam::new(arch.weight_words, bytes(arch.weight_word_bytes()), 8 * port, stage)?,
            parameter_memory: BankedRam::new(arch.parameter_words, bytes(arch.parameter_word_bytes()), 8 * port, stage)?,
            bank_number: (0..bytes(arch.weight_word_bytes().max(arch.parameter_word_bytes()))).map(constant).collect(),
            load_data: many(port), weight_write: many(bytes(arch.weight_word_bytes())),
            parameter_write: many(bytes(arch.parameter_word_bytes())),
            activation_write: many(word / piece), activation_write_data: many(word), load_piece: signals(piece),
            piece_number: (1..port / piece).map(constant).collect(), wide: Constant::new(port > piece),
            single_port: Constant::new(arch.activation_kind == ActivationKind::Spram),
        ))
    }
}

impl<const SUM: usize> Logic for Engine<SUM> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Engine: program in external memory in, results in external memory out");
        clock!(
            self,
            clock,
            dispatcher,
            instruction_register,
            transfer,
            reader,
            writer,
            compute_control,
            feed,
            post_processor,
            activation_memory,
            weight_memory,
            parameter_memory
        );
        dff_setup!(
            self,
            clock,
            activation_read,
            store_taken,
            activation_read_address,
            activation_write_address,
            load_address
        );

        // Dispatch.
        self.dispatcher.reset.next = self.reset.val();
        self.dispatcher.start.next = self.start.val();
        self.dispatcher.program_address.next = self.program_address.val();
        self.busy.next = self.dispatcher.busy.val();
        self.done.next = self.dispatcher.done.val();
        self.error.next = self.dispatcher.error.val();
        self.retire_valid.next = self.dispatcher.retire_valid.val();
        self.retire_index.next = self.dispatcher.retire_index.val();
        self.dispatcher.fetch_done.next = self.reader.fetch_done.val();
        self.dispatcher.opcode.next = self.instruction_register.opcode.val();
        self.dispatcher.wait_dma.next = self.instruction_register.wait_dma.val();
        self.dispatcher.wait_compute.next = self.instruction_register.wait_compute.val();
        self.dispatcher.memory.next = self.instruction_register.memory.val();
        self.dispatcher.words.next = self.instruction_register.words.val();
        self.dispatcher.transfer_done.next = self.transfer.done.val();
        self.dispatcher.compute_taken.next = self.compute_control.taken.val();
        self.dispatcher.compute_free.next = self.compute_control.free.val();
        self.dispatcher.compute_index.next = self.compute_control.index.val();
        self.dispatcher.compute_retire.next = self.compute_control.retire.val();

        // External memory.
        self.transfer.reset.next = self.reset.val();
        self.transfer.take.next = self.dispatcher.transfer_take.val();
        self.transfer.next_memory.next = self.instruction_register.memory.val();
        self.transfer.next_word_address.next = self.instruction_register.word_address.val();
        self.transfer.next_words.next = self.instruction_register.words.val();
        self.transfer.next_byte_address.next = self.instruction_register.byte_address.val();
        self.transfer.commanded.next = self.reader.commanded.val() | self.writer.commanded.val();
        self.transfer.moved.next = self.reader.moved.val() | self.writer.moved.val();
        self.transfer.next_word.next = self.reader.next_word.val() | self.writer.next_word.val();
        self.reader.reset.next = self.reset.val();
        self.reader.fetch.next = self.dispatcher.fetch.val();
        self.reader.fetch_address.next = self.dispatcher.fetch_address.val();
        self.reader.loading.next = self.dispatcher.loading.val();
        self.reader.memory.next = self.transfer.memory.val();
        self.reader.address.next = self.transfer.address.val();
        self.reader.beats.next = self.transfer.beats.val();
        self.reader.open.next = self.transfer.open.val();
        self.reader.on_the_way.next = self.transfer.on_the_way.val();
        self.read_command_valid.next = self.reader.command_valid.val();
        self.reader.command_ready.next = self.read_command_ready.val();
        self.read_command_address.next = self.reader.command_address.val();
        self.read_command_beats.next = self.reader.command_beats.val();
        self.reader.data_valid.next = self.read_data_valid.val();
        self.read_data_ready.next = self.reader.data_ready.val();
        self.instruction_register.beat_valid.next = self.reader.fetch_beat.val();
        self.instruction_register.beat_at.next = self.reader.fetch_at.val();
        for i in 0..self.read_data.len() {
            self.instruction_register.beat[i].next = self.read_data[i].val();
        }
        self.writer.reset.next = self.reset.val();
        self.writer.storing.next = self.dispatcher.storing.val();
        self.writer.open.next = self.transfer.open.val();
        self.writer.any_on_the_way.next = self.transfer.any_on_the_way.val();
        self.write_command_valid.next = self.writer.command_valid.val();
        self.writer.command_ready.next = self.write_command_ready.val();
        self.write_command_address.next = self.transfer.address.val();
        self.write_command_beats.next = self.transfer.beats.val();
        self.write_data_valid.next = self.writer.data_valid.val();
        self.writer.data_ready.next = self.write_data_ready.val();
        for i in 0..self.load_piece.len() {
            self.write_data[i].next = self.writer.data[i].val();
        }
        for k in 0..self.beat_assembler.len() {
            clock!(self, clock, beat_assembler[k]);
            self.beat_assembler[k].clear.next = self.reset.val() | !self.dispatcher.storing.val();
            self.beat_assembler[k].in_valid.next = self.writer.data_valid.val();
            self.writer.data_ready.next = self.beat_assembler[k].in_ready.val();
            for i in 0..self.load_piece.len() {
                self.beat_assembler[k].in_data[i].next = self.writer.data[i].val();
            }
            self.write_data_valid.next = self.beat_assembler[k].out_valid.val();
            self.beat_assembler[k].out_ready.next = self.write_data_ready.val();
            for i in 0..self.write_data.len() {
                self.write_data[i].next = self.beat_assembler[k].out_data[i].val();
            }
            self.transfer.moved.next = self.reader.moved.val() | self.beat_assembler[k].moved.val();
        }

        // COMPUTE.
        self.compute_control.reset.next = self.reset.val();
        self.compute_control.offered.next = self.dispatcher.compute_offered.val();
        self.compute_control.offered_index.next = self.dispatcher.compute_offered_index.val();
        self.compute_control.waits.next = self.dispatcher.compute_waits.val();
        self.compute_control.transfer_retired.next = self.dispatcher.transfer_retired.val();
        self.instruction_register.copy.next = self.compute_control.copy.val();
        self.instruction_register.copy_at.next = self.compute_control.copy_at.val();
        self.compute_control.busy.next = self.feed.busy.val();
        self.compute_control.result_issued.next = self.feed.result_issued.val();
        self.compute_control.result_written.next = self.post_processor.result_valid.val();
        self.feed.launch.next = self.compute_control.launch.val();
        self.feed.layer.next = self.instruction_register.compute.val();
        self.post_processor.launch.next = self.compute_control.launch.val();
        self.post_processor.layer.next = self.instruction_register.compute.val();
        self.post_processor.arrive.next = self.feed.arrive.val();
        self.array_active.next = self.feed.sum_valid.val();
        for m in 0..self.output_lane.len() {
            clock!(self, clock, output_lane[m]);
            self.output_lane[m].element_valid.next = self.feed.element_valid.val();
            for e in 0..(self.feed.elements.len() / self.output_lane.len()) {
                self.output_lane[m].element[e].next =
                    self.feed.elements[self.feed.elements.len() / self.output_lane.len() * m + e].val();
            }
            self.output_lane[m].load.next = self.feed.load.val();
            self.output_lane[m].shift.next = self.feed.shift.val();
            self.output_lane[m].sum_valid.next = self.feed.sum_valid.val();
            self.output_lane[m].sum_first.next = self.feed.sum_first.val();
            self.output_lane[m].maximum.next = self.instruction_register.compute.val().maximum.any();
            for n in 0..self.feed.shared.len() {
                self.output_lane[m].shared[n].next = self.feed.shared[n].val();
                self.output_lane[m].weights[n].next =
                    self.weight_memory.read_data[self.feed.shared.len() * m + n].val();
            }
            self.post_processor.totals[m].next = self.output_lane[m].total.val();
        }

        // Reads of activation memory: a residual that has waited, then steps, then a new residual
        // (which finds a free cycle wherever a word lasts two steps), then STORE; a STORE that has waited
        // long goes before steps. A single port reads nothing in the cycle of a result.
        self.read_open.next = !(self.single_port.val() & self.post_processor.result_valid.val());
        self.feed.read_grant.next = self.read_open.val() & !self.post_processor.residual_urgent.val();
        self.post_processor.residual_grant.next = self.read_open.val() & !self.feed.read.val();
        self.store_taken.d.next = self.writer.read.val()
            & self.read_open.val()
            & !self.post_processor.residual_read.val()
            & !self.feed.read.val();
        for k in 0..self.store_turn.len() {
            clock!(self, clock, store_turn[k]);
            self.store_turn[k].reset.next = self.reset.val();
            self.store_turn[k].wanted.next = self.writer.read.val();
            self.store_turn[k].given.next = self.writer.read.val()
                & self.read_open.val()
                & !self.post_processor.residual_read.val()
                & !self.feed.read.val();
            self.feed.read_grant.next =
                self.read_open.val() & !self.post_processor.residual_urgent.val() & !self.store_turn[k].urgent.val();
        }
        self.writer.read_taken.next = self.store_taken.q.val();
        self.reading.next = self.feed.read.val()
            | (self.read_open.val() & (self.post_processor.residual_read.val() | self.writer.read.val()));
        self.activation_read.d.next = self.reading.val();
        if self.feed.read.val() {
            self.activation_read_address.d.next = self.feed.read_address.val();
        } else if self.post_processor.residual_read.val() {
            self.activation_read_address.d.next = self.post_processor.residual_address.val();
        } else {
            self.activation_read_address.d.next = self.transfer.word_address.val();
        }
        self.activation_memory.read_enable.next = self.activation_read.q.val();
        self.activation_memory.read_address.next = self.activation_read_address.q.val();
        for m in 0..self.feed.word.len() {
            self.feed.word[m].next = self.activation_memory.read_data[m].val();
            self.post_processor.residual_word[m].next = self.activation_memory.read_data[m].val();
            self.writer.word[m].next = self.activation_memory.read_data[m].val();
        }

        // Writes: results, then LOADs; with a single port LOADs also yield to reads.
        self.to_activation.next = !self.transfer.memory.val().any();
        self.load_ready.next = !self.to_activation.val()
            | (!self.post_processor.result_valid.val() & !(self.single_port.val() & self.reading.val()));
        self.reader.beat_ready.next = self.load_ready.val();
        self.load_activation.next = self.reader.beat_valid.val() & self.load_ready.val() & self.to_activation.val();
        if self.post_processor.result_valid.val() {
            self.activation_write_address.d.next = self.post_processor.result_address.val();
        } else {
            self.activation_write_address.d.next = self.transfer.word_address.val();
        }
        for i in 0..self.load_piece.len() {
            self.load_piece[i].next = self.read_data[i].val();
        }
        for p in 0..self.piece_number.len() {
            if self.reader.bank.val() == self.piece_number[p].val() {
                for i in 0..self.load_piece.len() {
                    self.load_piece[i].next = self.read_data[self.load_piece.len() * (p + 1) + i].val();
                }
            }
        }
        for b in 0..self.activation_write.len() {
            dff_setup!(self, clock, activation_write[b]);
            self.activation_write[b].d.next = self.post_processor.result_valid.val()
                | (self.load_activation.val()
                    & (self.wide.val() | (self.reader.bank.val() == self.bank_number[b].val())));
            self.activation_memory.write_enable[b].next = self.activation_write[b].q.val();
            for i in 0..self.load_piece.len() {
                dff_setup!(self, clock, activation_write_data[self.load_piece.len() * b + i]);
                if self.post_processor.result_valid.val() {
                    self.activation_write_data[self.load_piece.len() * b + i].d.next =
                        self.post_processor.result[self.load_piece.len() * b + i].val();
                } else {
                    self.activation_write_data[self.load_piece.len() * b + i].d.next = self.load_piece[i].val();
                }
                self.activation_memory.write_data[self.load_piece.len() * b + i].next =
                    self.activation_write_data[self.load_piece.len() * b + i].q.val();
            }
        }
        self.activation_memory.write_address.next = self.activation_write_address.q.val();

        // Weights and parameters; a beat is written the cycle after it comes.
        self.load_address.d.next = self.transfer.word_address.val();
        for i in 0..self.load_data.len() {
            dff_setup!(self, clock, load_data[i]);
            self.load_data[i].d.next = self.read_data[i].val();
        }
        self.weight_memory.read_enable.next = self.feed.weight_read.val();
        self.weight_memory.read_address.next = self.feed.weight_address.val();
        self.weight_memory.write_address.next = self.load_address.q.val();
        for b in 0..self.weight_memory.write_enable.len() {
            dff_setup!(self, clock, weight_write[b]);
            self.weight_write[b].d.next = self.reader.beat_valid.val()
                & (self.transfer.memory.val() == bits::<2>(1))
                & (self.reader.bank.val() == self.bank_number[b].val());
            self.weight_memory.write_enable[b].next = self.weight_write[b].q.val();
            for i in 0..self.load_data.len() {
                self.weight_memory.write_data[self.load_data.len() * b + i].next = self.load_data[i].q.val();
            }
        }
        self.parameter_memory.read_enable.next = self.post_processor.parameter_read.val();
        self.parameter_memory.read_address.next = self.post_processor.parameter_address.val();
        self.parameter_memory.write_address.next = self.load_address.q.val();
        for b in 0..self.parameter_memory.write_enable.len() {
            dff_setup!(self, clock, parameter_write[b]);
            self.parameter_write[b].d.next = self.reader.beat_valid.val()
                & (self.transfer.memory.val() == bits::<2>(2))
                & (self.reader.bank.val() == self.bank_number[b].val());
            self.parameter_memory.write_enable[b].next = self.parameter_write[b].q.val();
            for i in 0..self.load_data.len() {
                self.parameter_memory.write_data[self.load_data.len() * b + i].next = self.load_data[i].q.val();
            }
        }
        for i in 0..self.post_processor.parameters.len() {
            self.post_processor.parameters[i].next = self.parameter_memory.read_data[i].val();
        }
    }
}
