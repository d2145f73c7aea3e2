//! Bytes from a serial line: 8 bits, no parity, one stop bit.

use crate::cells::reg::Reg;
use crate::make::{constant, mask};
use crate::{comment, dff_setup, make};
use rust_hdl::prelude::*;

/// Samples each bit once, in its middle, counted from the start bit's edge: a sender may be 4 % off.
///
/// | port | what |
/// |---|---|
/// | `line` | the pin, in no step with `clock` |
/// | `valid` | a byte came, for one cycle, in the middle of its stop bit |
/// | `data` | the byte |
/// | `broken` | beside `valid`: the stop bit was low, so the byte is not to be trusted |
#[derive(LogicBlock)]
pub struct UartReceiver {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Waits for the next start bit.
    pub reset: Signal<In, Bit>,
    /// The pin.
    pub line: Signal<In, Bit>,
    /// A byte came.
    pub valid: Signal<Out, Bit>,
    /// The byte.
    pub data: Signal<Out, Bits<8>>,
    /// Its stop bit was low.
    pub broken: Signal<Out, Bit>,
    near: Reg<Bit>,
    level: Reg<Bit>,
    before: Reg<Bit>,
    receiving: Reg<Bit>,
    wait: Reg<Bits<12>>,
    place: Reg<Bits<4>>,
    shift: Reg<Bits<8>>,
    half: Constant<Bits<12>>,
    whole: Constant<Bits<12>>,
    wait_mask: Constant<Bits<12>>,
    sample: Signal<Local, Bit>,
    last: Signal<Local, Bit>,
    shifted: Signal<Local, Bits<8>>,
    stored: Signal<Local, Bits<8>>,
}

impl UartReceiver {
    /// For bits of `cycles` cycles, 4 to 4095.
    pub fn new(cycles: usize) -> Self {
        make!(
            clock reset line valid data broken near level before receiving wait place shift sample last shifted stored;
            half: constant(cycles / 2 - 1), whole: constant(cycles - 1), wait_mask: mask(cycles - 1),
        )
    }
}

impl Logic for UartReceiver {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("UartReceiver: bytes from a serial line");
        dff_setup!(self, clock, near, level, before, receiving, wait, place, shift);
        self.near.d.next = self.line.val();
        self.level.d.next = self.near.q.val();
        self.before.d.next = self.level.q.val();
        self.sample.next = self.receiving.q.val() & !self.wait.q.val().any();
        self.last.next = self.place.q.val() == bits::<4>(9);
        self.valid.next = self.sample.val() & self.last.val();
        self.data.next = self.shift.q.val();
        self.broken.next = !self.level.q.val();
        self.shifted.next = self.shift.q.val() >> 1;
        if self.level.q.val() {
            self.stored.next = self.shifted.val() | bits::<8>(0x80);
        } else {
            self.stored.next = self.shifted.val();
        }

        if !self.receiving.q.val() {
            self.wait.d.next = self.half.val();
            self.place.d.next = bits::<4>(0);
            self.receiving.d.next = self.before.q.val() & !self.level.q.val();
        } else if self.sample.val() {
            self.wait.d.next = self.whole.val();
            self.place.d.next = self.place.q.val() + 1;
            if !self.last.val() {
                self.shift.d.next = self.stored.val();
            }
            // A start bit that is over before its middle is a spike.
            if self.last.val() | (!self.place.q.val().any() & self.level.q.val()) {
                self.receiving.d.next = false;
            }
        } else {
            self.wait.d.next = (self.wait.q.val() - 1) & self.wait_mask.val();
        }
        if self.reset.val() {
            self.receiving.d.next = false;
        }
    }
}
