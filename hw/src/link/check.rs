//! The frames' CRC-32, a bit a cycle.

use crate::cells::reg::Reg;
use crate::make::constant;
use crate::{comment, dff_setup, make};
use cortado_arch::link::{CHECK_START, POLYNOMIAL};
use rust_hdl::prelude::*;

/// Takes a byte in 8 cycles, the least significant bit first.
///
/// | port | what |
/// |---|---|
/// | `clear` | starts anew; before a byte, not with it |
/// | `valid`, `data` | one more byte; only while `busy` is low |
/// | `drain` | beside `valid`: the register moves down by a byte instead, which is how the checksum is read |
/// | `busy` | the byte is not all taken |
/// | `value` | the register: its complement is the checksum |
#[derive(LogicBlock)]
pub struct Check {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Starts anew.
    pub clear: Signal<In, Bit>,
    /// A byte comes.
    pub valid: Signal<In, Bit>,
    /// The byte.
    pub data: Signal<In, Bits<8>>,
    /// The register moves down by a byte instead.
    pub drain: Signal<In, Bit>,
    /// The byte before is not all taken.
    pub busy: Signal<Out, Bit>,
    /// The register.
    pub value: Signal<Out, Bits<32>>,
    register: Reg<Bits<32>>,
    /// The bits to come, and above them a one that tells when they are out.
    rest: Reg<Bits<9>>,
    draining: Reg<Bit>,
    polynomial: Constant<Bits<32>>,
    start: Constant<Bits<32>>,
    mark: Constant<Bits<9>>,
    taking: Signal<Local, Bit>,
}

impl Default for Check {
    fn default() -> Self {
        make!(
            clock clear valid data drain busy value register rest draining taking;
            polynomial: constant(POLYNOMIAL as usize), start: constant(CHECK_START as usize), mark: constant(0x100),
        )
    }
}

impl Logic for Check {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Check: CRC-32, a bit a cycle");
        dff_setup!(self, clock, register, rest, draining);
        self.value.next = self.register.q.val();
        self.taking.next = self.rest.q.val().get_bits::<8>(1).any();
        self.busy.next = self.taking.val();
        if self.valid.val() {
            self.rest.d.next = bit_cast::<9, 8>(self.data.val()) | self.mark.val();
            self.draining.d.next = self.drain.val();
        } else if self.taking.val() {
            self.rest.d.next = self.rest.q.val() >> 1;
            if (self.register.q.val().get_bit(0) ^ self.rest.q.val().get_bit(0)) & !self.draining.q.val() {
                self.register.d.next = (self.register.q.val() >> 1) ^ self.polynomial.val();
            } else {
                self.register.d.next = self.register.q.val() >> 1;
            }
        }
        if self.clear.val() {
            self.register.d.next = self.start.val();
        }
    }
}
