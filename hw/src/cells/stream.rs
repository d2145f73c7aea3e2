//! Streams of valid, ready and data: a register that cuts every path between two stages, and a queue.
//!
//! A word moves when `valid` and `ready` are both high at a rising edge. `valid` never waits for
//! `ready`; once high, it and the data hold until the word has moved. Both cells ask that of what
//! stands before them (`in_*`) and promise it to what stands behind (`out_*`). A word that comes
//! while `reset` is high is lost, and with it what the cell holds.
//!
//! A word is `width` elements of any type: `SpillRegister::<Byte>::new(4)` carries four bytes,
//! `SpillRegister::<Transfer>::new(1)` one struct.

use crate::cells::reg::Reg;
use crate::make::{many, signals};
use crate::{comment, dff_setup, make};
use rust_hdl::core::ast::Verilog;
use rust_hdl::prelude::*;

/// Element of a stream of bytes.
pub type Byte = Bits<8>;

/// Why a stream cell of the wanted size cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamError(String);

impl std::fmt::Display for StreamError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StreamError {}

/// One register in the stream: no path runs through it from any `in` to any `out` port or back.
///
/// Latency one cycle, a word every cycle. While `out_ready` is low it takes one word more than it
/// shows, because `in_ready` falls a cycle late: two words of storage.
///
/// | port | what |
/// |---|---|
/// | `clock` | rising edge |
/// | `reset` | forgets what it holds; a cycle is enough |
/// | `in_valid`, `in_ready`, `in_data` | the stream from before, `width` elements a word |
/// | `out_valid`, `out_ready`, `out_data` | the same stream one cycle later |
#[derive(LogicBlock)]
pub struct SpillRegister<T: Synth> {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets what it holds.
    pub reset: Signal<In, Bit>,
    /// A word is offered.
    pub in_valid: Signal<In, Bit>,
    /// It is taken.
    pub in_ready: Signal<Out, Bit>,
    /// The word, element by element.
    pub in_data: Vec<Signal<In, T>>,
    /// A word is offered.
    pub out_valid: Signal<Out, Bit>,
    /// It is taken.
    pub out_ready: Signal<In, Bit>,
    /// The word, element by element.
    pub out_data: Vec<Signal<Out, T>>,
    shown: Vec<Reg<T>>,
    shown_full: Reg<Bit>,
    spilled: Vec<Reg<T>>,
    spilled_full: Reg<Bit>,
    moves: Signal<Local, Bit>,
}

impl<T: Synth> SpillRegister<T> {
    /// For words of `width` elements.
    ///
    /// # Errors
    /// No element.
    pub fn new(width: usize) -> Result<Self, StreamError> {
        check_width(width)?;
        Ok(make!(
            clock reset in_valid in_ready out_valid out_ready shown_full spilled_full moves;
            in_data: signals(width), out_data: signals(width), shown: many(width), spilled: many(width),
        ))
    }
}

impl<T: Synth> Logic for SpillRegister<T> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("SpillRegister: cuts valid, ready and data of a stream");
        dff_setup!(self, clock, shown_full, spilled_full);
        self.in_ready.next = !self.spilled_full.q.val();
        self.out_valid.next = self.shown_full.q.val();
        self.moves.next = !self.shown_full.q.val() | self.out_ready.val();
        if self.moves.val() {
            self.shown_full.d.next = self.spilled_full.q.val() | self.in_valid.val();
            self.spilled_full.d.next = false;
        } else {
            self.spilled_full.d.next = self.spilled_full.q.val() | self.in_valid.val();
        }
        for i in 0..self.in_data.len() {
            dff_setup!(self, clock, shown[i], spilled[i]);
            self.out_data[i].next = self.shown[i].q.val();
            if !self.spilled_full.q.val() {
                self.spilled[i].d.next = self.in_data[i].val();
            }
            if self.moves.val() {
                if self.spilled_full.q.val() {
                    self.shown[i].d.next = self.spilled[i].q.val();
                } else {
                    self.shown[i].d.next = self.in_data[i].val();
                }
            }
        }
        if self.reset.val() {
            self.shown_full.d.next = false;
            self.spilled_full.d.next = false;
        }
    }
}

/// A queue of `depth` words whose first word stands at the output (first-word fall-through).
///
/// Latency one cycle when empty, a word every cycle. `in_ready` and `out_valid` depend on registers
/// alone: a full queue refuses a word even in the cycle in which one leaves. The words lie in a memory
/// read without a clock, distributed RAM where the part has it (ECP5) and registers where not
/// (iCE40), so keep `depth * bits` small; for more use `cells::ram`.
///
/// | port | what |
/// |---|---|
/// | `clock` | rising edge |
/// | `reset` | empties it; a cycle is enough |
/// | `in_valid`, `in_ready`, `in_data` | the stream from before, `width` elements a word |
/// | `out_valid`, `out_ready`, `out_data` | the same words in the same order |
#[derive(LogicBlock)]
pub struct Fifo<T: Synth> {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Empties it.
    pub reset: Signal<In, Bit>,
    /// A word is offered.
    pub in_valid: Signal<In, Bit>,
    /// It is taken: there is room.
    pub in_ready: Signal<Out, Bit>,
    /// The word, element by element.
    pub in_data: Vec<Signal<In, T>>,
    /// A word is offered.
    pub out_valid: Signal<Out, Bit>,
    /// It is taken.
    pub out_ready: Signal<In, Bit>,
    /// The oldest word, element by element.
    pub out_data: Vec<Signal<Out, T>>,
    _depth: usize,
}

/// Most words of a [`Fifo`]: beyond, block RAM is the better place.
pub const MOST_FIFO_WORDS: usize = 64;

impl<T: Synth> Fifo<T> {
    /// Of `depth` words of `width` elements.
    ///
    /// # Errors
    /// No element, or a depth that is not a power of two from 2 to [`MOST_FIFO_WORDS`].
    pub fn new(depth: usize, width: usize) -> Result<Self, StreamError> {
        check_width(width)?;
        if !depth.is_power_of_two() || !(2..=MOST_FIFO_WORDS).contains(&depth) {
            return Err(StreamError(format!(
                "a queue of {depth} words; a power of two from 2 to {MOST_FIFO_WORDS} is needed"
            )));
        }
        Ok(make!(
            clock reset in_valid in_ready out_valid out_ready;
            in_data: signals(width), out_data: signals(width), _depth: depth,
        ))
    }
}

/// Widest stream in elements; wider is a mistake in a size.
const MOST_ELEMENTS: usize = 1 << 12;

fn check_width(width: usize) -> Result<(), StreamError> {
    if (1..=MOST_ELEMENTS).contains(&width) {
        return Ok(());
    }
    Err(StreamError(format!("a stream of {width} elements; 1 to {MOST_ELEMENTS} are needed")))
}

impl<T: Synth> Logic for Fifo<T> {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.in_ready.connect();
        self.out_valid.connect();
        self.out_data.iter_mut().for_each(|signal| signal.connect());
    }

    fn hdl(&self) -> Verilog {
        let depth = self._depth;
        let bits = depth.trailing_zeros();
        Verilog::Custom(format!(
            "// Fifo: {depth} words in order, the oldest at the output
    reg [{top}:0] words [0:{last}];
    // One bit more than an address: equal but for it means full.
    reg [{bits}:0] written, read;
    wire [{bits}:0] held = written - read;
    initial begin written = 0; read = 0; end
    always @(posedge clock) begin
        if (in_valid & in_ready) words[written[{high}:0]] <= in_data;
        if (reset) begin
            written <= 0;
            read <= 0;
        end else begin
            if (in_valid & in_ready) written <= written + 1'b1;
            if (out_valid & out_ready) read <= read + 1'b1;
        end
    end
    assign in_ready = ~held[{bits}];
    assign out_valid = written != read;
    assign out_data = words[read[{high}:0]];
",
            top = T::BITS * self.in_data.len() - 1,
            last = depth - 1,
            high = bits - 1,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_cannot_be_are_refused_with_what_would_do() {
        for (depth, width) in [(0, 8), (1, 8), (3, 8), (128, 8), (4, 0)] {
            let error = Fifo::<Byte>::new(depth, width).err();
            let said = error.map(|error| error.to_string()).unwrap_or_default();
            assert!(said.contains("needed"), "depth {depth}, width {width}: {said}");
        }
        assert!(SpillRegister::<Byte>::new(0).is_err());
        assert!(Fifo::<Byte>::new(2, 1).is_ok());
    }
}
