//! Bytes to a serial line: 8 bits, no parity, one stop bit.

use crate::cells::reg::Reg;
use crate::make::{constant, mask};
use crate::{comment, dff_setup, make};
use rust_hdl::prelude::*;

/// A byte every ten bits.
///
/// | port | what |
/// |---|---|
/// | `valid`, `ready`, `data` | the stream of bytes |
/// | `line` | the pin; high at rest |
#[derive(LogicBlock)]
pub struct UartTransmitter {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// A byte is offered.
    pub valid: Signal<In, Bit>,
    /// It is taken.
    pub ready: Signal<Out, Bit>,
    /// The byte.
    pub data: Signal<In, Bits<8>>,
    /// The pin.
    pub line: Signal<Out, Bit>,
    /// The complement of the line, so that it rests high from the start.
    low: Reg<Bit>,
    /// The bits to come, and above them a one that tells when they are out.
    shift: Reg<Bits<10>>,
    wait: Reg<Bits<12>>,
    sending: Reg<Bit>,
    whole: Constant<Bits<12>>,
    wait_mask: Constant<Bits<12>>,
    mark: Constant<Bits<10>>,
    over: Signal<Local, Bit>,
}

impl UartTransmitter {
    /// For bits of `cycles` cycles, 4 to 4095.
    pub fn new(cycles: usize) -> Self {
        make!(
            clock valid ready data line low shift wait sending over;
            whole: constant(cycles - 1), wait_mask: mask(cycles - 1), mark: constant(0x300),
        )
    }
}

impl Logic for UartTransmitter {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("UartTransmitter: bytes to a serial line");
        dff_setup!(self, clock, low, shift, wait, sending);
        self.line.next = !self.low.q.val();
        self.ready.next = !self.sending.q.val();
        self.over.next = !self.wait.q.val().any();
        if !self.sending.q.val() {
            self.wait.d.next = self.whole.val();
            if self.valid.val() {
                self.sending.d.next = true;
                self.low.d.next = true;
                self.shift.d.next = bit_cast::<10, 8>(self.data.val()) | self.mark.val();
            }
        } else if self.over.val() {
            self.wait.d.next = self.whole.val();
            self.shift.d.next = self.shift.q.val() >> 1;
            self.low.d.next = !self.shift.q.val().get_bit(0);
            // The last one left is the mark: the stop bit is over.
            if self.shift.q.val() == bits::<10>(1) {
                self.sending.d.next = false;
            }
        } else {
            self.wait.d.next = (self.wait.q.val() - 1) & self.wait_mask.val();
        }
    }
}
