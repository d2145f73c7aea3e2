//! What the backend refuses, in which words.

mod emit_support;

use cortado_hw::emit::EmitErrorKind;
use emit_support::{text, try_text};
use rust_hdl::prelude::*;

/// The signals of the blocks below; their `update` is written out because `#[hdl_gen]` makes a
/// `connect(&mut self)` that a macro's `self` does not reach.
macro_rules! block {
    ($name:ident) => {
        #[derive(LogicBlock, Default)]
        struct $name {
            a: Signal<In, Bits<16>>,
            s: Signal<In, Signed<16>>,
            t: Signal<Local, Signed<16>>,
            u: Signal<Local, Bits<16>>,
            y: Signal<Out, Signed<32>>,
            z: Signal<Out, Bits<16>>,
        }
    };
}

block!(Fine);
impl Logic for Fine {
    #[hdl_gen]
    fn update(&mut self) {
        self.t.next = self.s.val();
        self.u.next = self.a.val();
        self.y.next = signed_bit_cast::<32, 16>(self.t.val());
        self.z.next = self.u.val();
    }
}

block!(CastProduct);
impl Logic for CastProduct {
    #[hdl_gen]
    fn update(&mut self) {
        self.t.next = self.s.val();
        self.u.next = self.a.val();
        self.y.next = signed_bit_cast::<32, 16>(self.t.val());
        self.z.next = self.u.val();
        self.y.next = signed_bit_cast::<32, 32>(self.s.val() * self.t.val());
    }
}

block!(CastSum);
impl Logic for CastSum {
    #[hdl_gen]
    fn update(&mut self) {
        self.t.next = self.s.val();
        self.u.next = self.a.val();
        self.y.next = signed_bit_cast::<32, 16>(self.t.val());
        self.z.next = self.u.val();
        self.y.next = signed_bit_cast::<32, 16>(self.s.val() + self.t.val());
    }
}

block!(CompareLiteral);
impl Logic for CompareLiteral {
    #[hdl_gen]
    fn update(&mut self) {
        self.t.next = self.s.val();
        self.u.next = self.a.val();
        self.y.next = signed_bit_cast::<32, 16>(self.t.val());
        self.z.next = self.u.val();
        if self.s.val() < 0.into() {
            self.z.next = 1.into();
        }
    }
}

block!(CompareLiteralLeft);
impl Logic for CompareLiteralLeft {
    #[hdl_gen]
    fn update(&mut self) {
        self.t.next = self.s.val();
        self.u.next = self.a.val();
        self.y.next = signed_bit_cast::<32, 16>(self.t.val());
        self.z.next = self.u.val();
        self.z.next = 2.into();
        if self.s.val() >= (-4).into() {
            self.z.next = 1.into();
        }
    }
}

block!(WritesInput);
impl Logic for WritesInput {
    #[hdl_gen]
    fn update(&mut self) {
        self.t.next = self.s.val();
        self.u.next = self.a.val();
        self.y.next = signed_bit_cast::<32, 16>(self.t.val());
        self.z.next = self.u.val();
        self.a.next = 3.into();
    }
}

block!(PartOfSum);
impl Logic for PartOfSum {
    #[hdl_gen]
    fn update(&mut self) {
        self.t.next = self.s.val();
        self.u.next = self.a.val();
        self.y.next = signed_bit_cast::<32, 16>(self.t.val());
        self.z.next = self.u.val();
        self.z.next = (self.a.val() + self.u.val()).get_bits::<16>(0);
    }
}

block!(TooLarge);
impl Logic for TooLarge {
    #[hdl_gen]
    fn update(&mut self) {
        self.t.next = self.s.val();
        self.u.next = self.a.val();
        self.y.next = signed_bit_cast::<32, 16>(self.t.val());
        self.z.next = self.u.val();
        if self.a.val() == 70000 {
            self.z.next = 1.into();
        }
    }
}

block!(WildIndex);
impl Logic for WildIndex {
    #[hdl_gen]
    fn update(&mut self) {
        self.t.next = self.s.val();
        self.u.next = self.a.val();
        self.y.next = signed_bit_cast::<32, 16>(self.t.val());
        self.z.next = self.u.val();
        self.z.next = self.a.val().replace_bit(self.u.val().index(), true);
    }
}

#[derive(LogicBlock, Default)]
struct Latch {
    a: Signal<In, Bit>,
    y: Signal<Out, Bit>,
}
impl Logic for Latch {
    #[hdl_gen]
    fn update(&mut self) {
        if self.a.val() {
            self.y.next = true;
        }
    }
}

#[derive(LogicBlock, Default)]
struct Circle {
    a: Signal<In, Bit>,
    l: Signal<Local, Bit>,
    y: Signal<Out, Bit>,
}
impl Logic for Circle {
    #[hdl_gen]
    fn update(&mut self) {
        self.l.next = self.y.val() & self.a.val();
        self.y.next = self.l.val();
    }
}

#[derive(LogicBlock, Default)]
struct Open {
    inner: Latch,
    y: Signal<Out, Bit>,
}
impl Logic for Open {
    #[hdl_gen]
    fn update(&mut self) {
        self.y.next = self.inner.y.val();
    }
}

#[derive(Clone, Debug, Default, LogicInterface)]
struct Port {
    data: Signal<In, Bit>,
}

#[derive(LogicBlock, Default)]
struct Twice {
    port: Port,
    port_data: Signal<In, Bit>,
    y: Signal<Out, Bit>,
}
impl Logic for Twice {
    #[hdl_gen]
    fn update(&mut self) {
        self.y.next = self.port.data.val() & self.port_data.val();
    }
}

#[derive(LogicBlock, Default)]
struct Reserved {
    task: Signal<In, Bit>,
    y: Signal<Out, Bit>,
}
impl Logic for Reserved {
    #[hdl_gen]
    fn update(&mut self) {
        self.y.next = self.task.val();
    }
}

#[derive(LogicBlock, Default)]
struct Generic<const N: usize> {
    a: Signal<In, Bits<8>>,
    y: Signal<Out, Bit>,
}
impl<const N: usize> Logic for Generic<N> {
    #[hdl_gen]
    fn update(&mut self) {
        self.y.next = self.a.val().get_bit(N);
    }
}

#[derive(LogicBlock, Default)]
struct Silent {
    a: Signal<In, Bit>,
}
impl Logic for Silent {
    fn update(&mut self) {}
}

#[derive(LogicBlock, Default)]
struct Gated {
    clock: Signal<In, Clock>,
    enable: Signal<In, Bit>,
    count: cortado_hw::cells::reg::Reg<Bit>,
}
impl Logic for Gated {
    #[hdl_gen]
    fn update(&mut self) {
        self.count.clock.next = self.clock.val();
        self.count.d.next = !self.count.q.val();
        if self.enable.val() {
            self.count.clock.next = self.clock.val();
        }
    }
}

fn refused<B: Block>(block: B, kind: EmitErrorKind, words: &str) {
    let error = try_text(block).expect_err(words);
    assert_eq!((error.kind, error.to_string().as_str()), (kind, words));
}

#[test]
fn a_sound_block_is_not_refused() {
    text(Fine::default());
}

#[test]
fn signed_traps_are_refused() {
    let cast =
        "is arithmetic inside a signed cast; assign the arithmetic to a Local of full width, then cast the Local";
    refused(CastProduct::default(), EmitErrorKind::Signed, &format!("E-EMIT-SIGNED: module dut, signal s * t: {cast}"));
    refused(CastSum::default(), EmitErrorKind::Signed, &format!("E-EMIT-SIGNED: module dut, signal s + t: {cast}"));
    let compare = "E-EMIT-SIGNED: module dut, signal s: is signed and ordered against a bare literal; compare with a Constant<Signed<N>>, or test the sign bit";
    refused(CompareLiteral::default(), EmitErrorKind::Signed, compare);
    refused(CompareLiteralLeft::default(), EmitErrorKind::Signed, compare);
}

#[test]
fn undriven_latched_looped_and_overdriven_signals_are_refused() {
    refused(Latch::default(), EmitErrorKind::Latch, "E-EMIT-LATCH: module dut, signal y: gets a value on some paths only, which is a latch; assign a default to it first");
    refused(Circle::default(), EmitErrorKind::Loop, "E-EMIT-LOOP: module dut, signal y: is read before it has a value on every path, which is a loop of logic; assign it above the read, or read what it is assigned from");
    refused(
        Open::default(),
        EmitErrorKind::Open,
        "E-EMIT-OPEN: module dut.inner, signal a: is not driven; assign it in the parent's update()",
    );
    refused(
        WritesInput::default(),
        EmitErrorKind::WritesInput,
        "E-EMIT-INPUT: module dut, signal a: is an input of this module and written inside it; write it in the parent",
    );
    refused(Gated::default(), EmitErrorKind::Clock, "E-EMIT-CLOCK: module dut, signal count.clock: is a clock that is computed, conditional or read back; wire it: self.child.clock.next = self.clock.val()");
}

#[test]
fn names_that_collide_or_mean_nothing_are_refused() {
    refused(Twice::default(), EmitErrorKind::Collision, "E-EMIT-NAME-TWICE: module dut, signal port_data: would be named port_data in Verilog, and so would port.data; rename one of the fields");
    refused(
        Reserved::default(),
        EmitErrorKind::Name,
        "E-EMIT-NAME: module dut, signal task: is a reserved word of Verilog; rename the field",
    );
    refused(Generic::<3>::default(), EmitErrorKind::Unknown, "E-EMIT-UNKNOWN: module dut, signal N: names no signal, constant, state or loop index of this module; a const generic or Rust constant needs a Constant field; an index must be below the length");
}

#[test]
fn forms_without_exact_verilog_are_refused() {
    refused(PartOfSum::default(), EmitErrorKind::Unsupported, "E-EMIT-FORM: module dut, signal a + u: is an expression of which bits are taken; assign it to a Local first, then take the bits");
    refused(
        TooLarge::default(),
        EmitErrorKind::Width,
        "E-EMIT-WIDTH: module dut, signal 70000: does not fit 16 bits; use a wider signal or a smaller number",
    );
    refused(WildIndex::default(), EmitErrorKind::Width, "E-EMIT-WIDTH: module dut, signal u: may reach bit 65535 of the 16 bits of a; shift into a Local and take its low bits, or narrow the index");
    refused(
        Silent::default(),
        EmitErrorKind::Unsupported,
        "E-EMIT-FORM: module dut, signal dut: gives no Verilog; put #[hdl_gen] on update(), or write hdl()",
    );
}
