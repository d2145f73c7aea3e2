//! What every board has: an engine, a host link, and an arbiter in front of the memory both share.

use crate::boards::arbiter::Arbiter;
use crate::cells::reg::Reg;
use crate::engine::{Engine, EngineError};
use crate::link::host_link::HostLink;
use crate::make::signals;
use crate::{clock, comment, dff_setup, make};
use cortado_arch::Architecture;
use rust_hdl::prelude::*;

/// Engine, of accumulators of `SUM` bits, host link and arbiter; the memory's ports are [`Arbiter`]'s.
#[derive(LogicBlock)]
pub struct System<const SUM: usize> {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    /// The serial line from the host.
    pub rx: Signal<In, Bit>,
    /// The serial line to the host.
    pub tx: Signal<Out, Bit>,
    /// A program runs.
    pub busy: Signal<Out, Bit>,
    /// The last run ended with an error.
    pub failed: Signal<Out, Bit>,
    /// The memory takes commands.
    pub memory_ready: Signal<In, Bit>,
    /// The memory must forget the burst at hand.
    pub memory_reset: Signal<Out, Bit>,
    pub command_valid: Signal<Out, Bit>,
    pub command_ready: Signal<In, Bit>,
    pub command_write: Signal<Out, Bit>,
    pub command_address: Signal<Out, Bits<32>>,
    pub command_beats: Signal<Out, Bits<16>>,
    pub last: Signal<Out, Bit>,
    pub in_valid: Signal<In, Bit>,
    pub in_ready: Signal<Out, Bit>,
    pub in_data: Vec<Signal<In, Bits<8>>>,
    pub out_valid: Signal<Out, Bit>,
    pub out_ready: Signal<In, Bit>,
    pub out_data: Vec<Signal<Out, Bits<8>>>,
    engine: Engine<SUM>,
    host_link: HostLink,
    arbiter: Arbiter,
    stop: Reg<Bit>,
}

impl<const SUM: usize> System<SUM> {
    /// For a memory of 2 to `memory_bits` bytes and bits of `bit_cycles` cycles on the serial line.
    ///
    /// # Errors
    /// A memory or stream of a size none can have; a checked architecture has none.
    pub fn new(arch: &Architecture, memory_bits: usize, bit_cycles: usize) -> Result<Self, EngineError> {
        Ok(make!(
            clock reset rx tx busy failed memory_ready memory_reset command_valid command_ready command_write
            command_address command_beats last in_valid in_ready out_valid out_ready stop;
            in_data: signals(arch.port_bytes), out_data: signals(arch.port_bytes),
            engine: Engine::new(arch)?, host_link: HostLink::new(arch, memory_bits, bit_cycles)?,
            arbiter: Arbiter::new(arch.port_bytes, arch.burst_beats),
        ))
    }
}

impl<const SUM: usize> Logic for System<SUM> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("System: engine, host link and the memory they share");
        clock!(self, clock, engine, host_link, arbiter);
        dff_setup!(self, clock, stop);
        self.stop.d.next = self.reset.val() | self.host_link.clear.val();
        self.memory_reset.next = self.stop.q.val();
        self.busy.next = self.engine.busy.val();
        self.failed.next = self.engine.error.val().any();

        self.host_link.reset.next = self.reset.val();
        self.host_link.rx.next = self.rx.val();
        self.tx.next = self.host_link.tx.val();
        self.host_link.busy.next = self.engine.busy.val();
        self.host_link.error.next = self.engine.error.val();
        self.host_link.memory_ready.next = self.memory_ready.val();
        self.host_link.beat_ready.next = self.arbiter.beat_ready.val();

        self.engine.reset.next = self.stop.q.val();
        self.engine.start.next = self.host_link.start.val();
        self.engine.program_address.next = self.host_link.program_address.val();
        self.engine.read_command_ready.next = self.arbiter.read_command_ready.val();
        self.engine.read_data_valid.next = self.arbiter.read_data_valid.val();
        self.engine.write_command_ready.next = self.arbiter.write_command_ready.val();
        self.engine.write_data_ready.next = self.arbiter.write_data_ready.val();

        self.arbiter.reset.next = self.stop.q.val();
        self.arbiter.read_command_valid.next = self.engine.read_command_valid.val();
        self.arbiter.read_command_address.next = self.engine.read_command_address.val();
        self.arbiter.read_command_beats.next = self.engine.read_command_beats.val();
        self.arbiter.read_data_ready.next = self.engine.read_data_ready.val();
        self.arbiter.write_command_valid.next = self.engine.write_command_valid.val();
        self.arbiter.write_command_address.next = self.engine.write_command_address.val();
        self.arbiter.write_command_beats.next = self.engine.write_command_beats.val();
        self.arbiter.write_data_valid.next = self.engine.write_data_valid.val();
        self.arbiter.beat_valid.next = self.host_link.beat_valid.val();
        self.arbiter.beat_write.next = self.host_link.beat_write.val();
        self.arbiter.beat_address.next = self.host_link.beat_address.val();
        self.arbiter.command_ready.next = self.command_ready.val();
        self.arbiter.in_valid.next = self.in_valid.val();
        self.arbiter.out_ready.next = self.out_ready.val();
        self.command_valid.next = self.arbiter.command_valid.val();
        self.command_write.next = self.arbiter.command_write.val();
        self.command_address.next = self.arbiter.command_address.val();
        self.command_beats.next = self.arbiter.command_beats.val();
        self.last.next = self.arbiter.last.val();
        self.in_ready.next = self.arbiter.in_ready.val();
        self.out_valid.next = self.arbiter.out_valid.val();
        for i in 0..self.in_data.len() {
            self.engine.read_data[i].next = self.in_data[i].val();
            self.host_link.beat_in[i].next = self.in_data[i].val();
            self.arbiter.write_data[i].next = self.engine.write_data[i].val();
            self.arbiter.beat_out[i].next = self.host_link.beat_out[i].val();
            self.out_data[i].next = self.arbiter.out_data[i].val();
        }
    }
}
