//! Copies parameters: a sync by itself.

use super::burst::{Burst, MemoryError};
use super::stream_reader::StreamReader;
use super::stream_writer::StreamWriter;
use crate::make::signals;
use crate::{clock, comment, make};
use cortado_arch::trainer::LINE_WORDS;
use rust_hdl::prelude::*;

/// Copies `lines` lines after a `start`; `idle` when the memory has taken the last. A client of the memory port.
#[derive(LogicBlock)]
pub struct ParameterCopy {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    /// Only while idle.
    pub start: Signal<In, Bit>,
    /// Byte addresses.
    pub from: Signal<In, Bits<32>>,
    pub to: Signal<In, Bits<32>>,
    pub lines: Signal<In, Bits<32>>,
    pub idle: Signal<Out, Bit>,
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
    reader: StreamReader,
    writer: StreamWriter,
}

impl ParameterCopy {
    /// # Errors
    /// A burst that no queue holds.
    pub fn new(burst: Burst) -> Result<Self, MemoryError> {
        Ok(make!(
            clock reset start from to lines idle read_command_valid read_command_ready read_command_address
            read_command_beats read_data_valid read_data_ready write_command_valid write_command_ready
            write_command_address write_command_beats write_data_valid write_data_ready;
            read_data: signals(LINE_WORDS), write_data: signals(LINE_WORDS),
            reader: StreamReader::new(burst)?, writer: StreamWriter::new(burst)?,
        ))
    }
}

impl Logic for ParameterCopy {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("ParameterCopy: a run of external memory to another place");
        clock!(self, clock, reader, writer);
        self.idle.next = self.writer.idle.val();
        self.reader.reset.next = self.reset.val();
        self.reader.start.next = self.start.val();
        self.reader.address.next = self.from.val();
        self.reader.lines.next = self.lines.val();
        self.read_command_valid.next = self.reader.command_valid.val();
        self.reader.command_ready.next = self.read_command_ready.val();
        self.read_command_address.next = self.reader.command_address.val();
        self.read_command_beats.next = self.reader.command_beats.val();
        self.reader.data_valid.next = self.read_data_valid.val();
        self.read_data_ready.next = self.reader.data_ready.val();
        self.reader.out_ready.next = self.writer.in_ready.val();
        self.writer.reset.next = self.reset.val();
        self.writer.start.next = self.start.val();
        self.writer.address.next = self.to.val();
        self.writer.lines.next = self.lines.val();
        self.writer.in_valid.next = self.reader.out_valid.val();
        self.write_command_valid.next = self.writer.command_valid.val();
        self.writer.command_ready.next = self.write_command_ready.val();
        self.write_command_address.next = self.writer.command_address.val();
        self.write_command_beats.next = self.writer.command_beats.val();
        self.write_data_valid.next = self.writer.data_valid.val();
        self.writer.data_ready.next = self.write_data_ready.val();
        for i in 0..self.read_data.len() {
            self.reader.data[i].next = self.read_data[i].val();
            self.writer.in_data[i].next = self.reader.out_data[i].val();
            self.write_data[i].next = self.writer.data[i].val();
        }
    }
}
