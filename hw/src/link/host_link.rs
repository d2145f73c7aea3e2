//! The host link whole: from the serial line's pins to external memory and the engine.

use crate::cells::ram::RamError;
use crate::link::executor::Executor;
use crate::link::frame_receiver::FrameReceiver;
use crate::link::frame_sender::FrameSender;
use crate::link::uart_receiver::UartReceiver;
use crate::link::uart_transmitter::UartTransmitter;
use crate::make::signals;
use crate::{clock, comment, make};
use cortado_arch::Architecture;
use rust_hdl::prelude::*;

/// The link's parts in a row; ports as [`Executor`]'s, and the pins `rx` and `tx`.
#[derive(LogicBlock)]
pub struct HostLink {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub rx: Signal<In, Bit>,
    pub tx: Signal<Out, Bit>,
    pub beat_valid: Signal<Out, Bit>,
    pub beat_ready: Signal<In, Bit>,
    pub beat_write: Signal<Out, Bit>,
    pub beat_address: Signal<Out, Bits<32>>,
    pub beat_out: Vec<Signal<Out, Bits<8>>>,
    pub beat_in: Vec<Signal<In, Bits<8>>>,
    pub start: Signal<Out, Bit>,
    pub program_address: Signal<Out, Bits<32>>,
    pub busy: Signal<In, Bit>,
    pub error: Signal<In, Bits<8>>,
    pub memory_ready: Signal<In, Bit>,
    pub clear: Signal<Out, Bit>,
    uart_receiver: UartReceiver,
    frame_receiver: FrameReceiver,
    executor: Executor,
    frame_sender: FrameSender,
    uart_transmitter: UartTransmitter,
}

impl HostLink {
    /// For the port of `arch`, a memory of 2 to `memory_bits` bytes and bits of `bit_cycles` cycles on the line.
    ///
    /// # Errors
    /// Never: the frames' buffer has a size a memory can have.
    pub fn new(arch: &Architecture, memory_bits: usize, bit_cycles: usize) -> Result<Self, RamError> {
        Ok(make!(
            clock reset rx tx beat_valid beat_ready beat_write beat_address start program_address busy error memory_ready
            clear frame_sender;
            beat_out: signals(arch.port_bytes), beat_in: signals(arch.port_bytes),
            uart_receiver: UartReceiver::new(bit_cycles), frame_receiver: FrameReceiver::new()?,
            executor: Executor::new(arch, memory_bits), uart_transmitter: UartTransmitter::new(bit_cycles),
        ))
    }
}

impl Logic for HostLink {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("HostLink: a serial line to external memory and the engine");
        clock!(self, clock, uart_receiver, frame_receiver, executor, frame_sender, uart_transmitter);
        self.uart_receiver.reset.next = self.reset.val();
        self.uart_receiver.line.next = self.rx.val();
        self.frame_receiver.reset.next = self.reset.val();
        self.frame_receiver.valid.next = self.uart_receiver.valid.val();
        self.frame_receiver.data.next = self.uart_receiver.data.val();
        self.frame_receiver.broken.next = self.uart_receiver.broken.val();
        self.frame_receiver.frame_done.next = self.executor.frame_done.val();
        self.frame_receiver.read_address.next = self.executor.read_address.val();

        self.executor.reset.next = self.reset.val();
        self.executor.frame_valid.next = self.frame_receiver.frame_valid.val();
        self.executor.frame_bytes.next = self.frame_receiver.frame_bytes.val();
        self.executor.read_byte.next = self.frame_receiver.read_byte.val();
        self.executor.reply_ready.next = self.frame_sender.ready.val();
        self.executor.beat_ready.next = self.beat_ready.val();
        self.executor.busy.next = self.busy.val();
        self.executor.error.next = self.error.val();
        self.executor.memory_ready.next = self.memory_ready.val();
        self.beat_valid.next = self.executor.beat_valid.val();
        self.beat_write.next = self.executor.beat_write.val();
        self.beat_address.next = self.executor.beat_address.val();
        self.start.next = self.executor.start.val();
        self.program_address.next = self.executor.program_address.val();
        self.clear.next = self.executor.clear.val();
        for i in 0..self.beat_out.len() {
            self.beat_out[i].next = self.executor.beat_out[i].val();
            self.executor.beat_in[i].next = self.beat_in[i].val();
        }

        self.frame_sender.reset.next = self.reset.val();
        self.frame_sender.valid.next = self.executor.reply_valid.val();
        self.frame_sender.data.next = self.executor.reply_byte.val();
        self.frame_sender.last.next = self.executor.reply_last.val();
        self.frame_sender.line_ready.next = self.uart_transmitter.ready.val();
        self.uart_transmitter.valid.next = self.frame_sender.line_valid.val();
        self.uart_transmitter.data.next = self.frame_sender.line_byte.val();
        self.tx.next = self.uart_transmitter.line.val();
    }
}
