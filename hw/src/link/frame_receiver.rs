//! Whole, undamaged frames from a stream of bytes.

use crate::cells::ram::{BankedRam, RamError, ReadStage};
use crate::cells::reg::Reg;
use crate::link::check::Check;
use crate::make::constant;
use crate::{clock, comment, dff_setup, make};
use cortado_arch::link::{BUFFER_BYTES, CHECK_BYTES, CHECK_GOOD, ESCAPE, ESCAPE_FLIP, FLAG, MOST_DATA, REQUEST_BYTES};
use rust_hdl::prelude::*;

/// Keeps two frames: one that is being worked on, and one that comes or waits. A frame that is damaged, too short, too long
/// or finds no room is dropped; the next flag starts anew, whatever came before it.
///
/// Bytes must be at least 10 cycles apart, which the checksum takes.
///
/// | port | what |
/// |---|---|
/// | `valid`, `data`, `broken` | a byte from the line, and whether it is known to be bad |
/// | `frame_valid` | a frame stands in the buffer, until `frame_done` |
/// | `frame_bytes` | its bytes, checksum left out |
/// | `frame_done` | it is not needed any more |
/// | `read_address`, `read_byte` | the buffer; data a cycle later |
#[derive(LogicBlock)]
pub struct FrameReceiver {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets all frames.
    pub reset: Signal<In, Bit>,
    /// A byte comes.
    pub valid: Signal<In, Bit>,
    /// The byte.
    pub data: Signal<In, Bits<8>>,
    /// It is known to be bad.
    pub broken: Signal<In, Bit>,
    /// A frame stands in the buffer.
    pub frame_valid: Signal<Out, Bit>,
    /// Its bytes less the checksum's.
    pub frame_bytes: Signal<Out, Bits<8>>,
    /// The buffer is free for another.
    pub frame_done: Signal<In, Bit>,
    /// Byte of the frame to read.
    pub read_address: Signal<In, Bits<8>>,
    /// The byte asked for a cycle ago.
    pub read_byte: Signal<Out, Bits<8>>,

    check: Check,
    buffer: BankedRam,
    /// The byte and whether it belongs to a frame, a cycle after it came.
    taken: Reg<Bits<8>>,
    taken_valid: Reg<Bit>,
    escaped: Reg<Bit>,
    bad: Reg<Bit>,
    count: Reg<Bits<8>>,
    /// The frame has the bytes of the shortest one.
    enough: Reg<Bit>,
    /// The half of the buffer that is written; the other one is read.
    half: Reg<Bit>,
    /// The written half holds a whole frame that waits for the other half.
    waiting: Reg<Bit>,
    full: Reg<Bit>,
    bytes: Reg<Bits<8>>,

    flag: Constant<Bits<8>>,
    escape: Constant<Bits<8>>,
    flip: Constant<Bits<8>>,
    good: Constant<Bits<32>>,
    check_bytes: Constant<Bits<8>>,
    last_of_fewest: Constant<Bits<8>>,
    most: Constant<Bits<8>>,
    upper: Constant<Bits<16>>,
    is_flag: Signal<Local, Bit>,
    is_escape: Signal<Local, Bit>,
    whole: Signal<Local, Bit>,
    read_place: Signal<Local, Bits<16>>,
    write_place: Signal<Local, Bits<16>>,
}

impl FrameReceiver {
    /// # Errors
    /// Never: the buffer's size is one a memory can have.
    pub fn new() -> Result<Self, RamError> {
        Ok(make!(
            clock reset valid data broken frame_valid frame_bytes frame_done read_address read_byte check taken
            taken_valid escaped bad count enough half waiting full bytes is_flag is_escape whole read_place write_place;
            buffer: BankedRam::new(2 * BUFFER_BYTES, 1, 8, ReadStage::None)?,
            flag: constant(FLAG.into()), escape: constant(ESCAPE.into()), flip: constant(ESCAPE_FLIP.into()),
            good: constant(CHECK_GOOD as usize), check_bytes: constant(CHECK_BYTES),
            last_of_fewest: constant(REQUEST_BYTES + CHECK_BYTES - 1), most: constant(REQUEST_BYTES + MOST_DATA + CHECK_BYTES),
            upper: constant(BUFFER_BYTES),
        ))
    }
}

impl Logic for FrameReceiver {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("FrameReceiver: whole, undamaged frames of a stream of bytes");
        clock!(self, clock, check, buffer);
        dff_setup!(self, clock, taken, taken_valid, escaped, bad, count, enough, half, waiting, full, bytes);
        self.frame_valid.next = self.full.q.val();
        self.frame_bytes.next = self.bytes.q.val();
        self.is_flag.next = self.valid.val() & (self.data.val() == self.flag.val());
        self.is_escape.next = self.valid.val() & (self.data.val() == self.escape.val());

        // Bytes of the frame.
        self.taken_valid.d.next = self.valid.val() & !self.is_flag.val() & !self.is_escape.val();
        if self.valid.val() {
            self.escaped.d.next = self.is_escape.val();
            if self.escaped.q.val() {
                self.taken.d.next = self.data.val() ^ self.flip.val();
            } else {
                self.taken.d.next = self.data.val();
            }
        }
        self.check.clear.next = self.is_flag.val();
        self.check.valid.next = self.taken_valid.q.val();
        self.check.drain.next = false;
        self.check.data.next = self.taken.q.val();
        if self.taken_valid.q.val() & !self.waiting.q.val() {
            if self.count.q.val() == self.most.val() {
                self.bad.d.next = true;
            } else {
                self.count.d.next = self.count.q.val() + 1;
            }
            if self.count.q.val() == self.last_of_fewest.val() {
                self.enough.d.next = true;
            }
        }
        // Bytes that find both halves taken are lost, and their frame with them.
        if self.valid.val() & (self.broken.val() | self.waiting.q.val()) {
            self.bad.d.next = true;
        }
        self.write_place.next = bit_cast::<16, 8>(self.count.q.val());
        self.read_place.next = bit_cast::<16, 8>(self.read_address.val());
        if self.half.q.val() {
            self.write_place.next = bit_cast::<16, 8>(self.count.q.val()) | self.upper.val();
        } else {
            self.read_place.next = bit_cast::<16, 8>(self.read_address.val()) | self.upper.val();
        }
        self.buffer.write_enable[0].next = self.taken_valid.q.val() & !self.waiting.q.val();
        self.buffer.write_address.next = self.write_place.val();
        self.buffer.write_data[0].next = self.taken.q.val();
        self.buffer.read_enable.next = true;
        self.buffer.read_address.next = self.read_place.val();
        self.read_byte.next = self.buffer.read_data[0].val();

        // The end of a frame; two flags together are no frame.
        self.whole.next = !self.bad.q.val()
            & !self.broken.val()
            & !self.waiting.q.val()
            & !self.escaped.q.val()
            & self.enough.q.val()
            & (self.check.value.val() == self.good.val());
        if self.frame_done.val() {
            self.full.d.next = false;
        }
        if self.is_flag.val() {
            self.bad.d.next = self.broken.val();
            if self.whole.val() {
                self.waiting.d.next = true;
            } else if !self.waiting.q.val() {
                self.count.d.next = bits::<8>(0);
                self.enough.d.next = false;
            }
        }
        if self.waiting.q.val() & !self.full.q.val() {
            self.waiting.d.next = false;
            self.full.d.next = true;
            self.half.d.next = !self.half.q.val();
            self.bytes.d.next = self.count.q.val() - self.check_bytes.val();
            self.count.d.next = bits::<8>(0);
            self.enough.d.next = false;
        }
        if self.reset.val() {
            self.escaped.d.next = false;
            self.bad.d.next = false;
            self.count.d.next = bits::<8>(0);
            self.enough.d.next = false;
            self.waiting.d.next = false;
            self.full.d.next = false;
        }
    }
}
