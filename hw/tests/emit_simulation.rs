//! Every construct blocks are written with: the emitted text, in Verilator, against a plain model.

mod emit_support;

use cortado_hw::cells::reg::Reg;
use cortado_hw::emit::idiom::unsigned_cast_bits;
use cortado_hw::{clock, comment, dff_setup};
use emit_support::{simulate, text};
use rust_hdl::prelude::*;

fn signals<D: Direction, T: Synth>(count: usize) -> Vec<Signal<D, T>> {
    (0..count).map(|_| Signal::default()).collect()
}

#[derive(LogicBlock)]
struct Operators {
    a: Signal<In, Bits<8>>,
    b: Signal<In, Bits<8>>,
    s: Signal<In, Signed<8>>,
    t: Signal<In, Signed<8>>,
    bound: Constant<Signed<8>>,
    carry_lost: Signal<Out, Bits<8>>,
    sum_compare: Signal<Out, Bit>,
    mixed: Signal<Out, Bits<8>>,
    less: Signal<Out, Bit>,
    below: Signal<Out, Bit>,
    wide: Signal<Out, Signed<16>>,
    narrow: Signal<Out, Bits<4>>,
    reduce: Signal<Out, Bits<4>>,
    part: Signal<Out, Bits<2>>,
    picked: Signal<Out, Bit>,
    with_bit: Signal<Out, Bits<8>>,
    negated: Signal<Out, Signed<8>>,
    equal: Signal<Out, Bit>,
    shifted: Signal<Out, Bits<8>>,
    minus_five: Signal<Out, Signed<8>>,
    product: Signal<Out, Signed<32>>,
    s16: Signal<Local, Signed<16>>,
    t16: Signal<Local, Signed<16>>,
}

impl Default for Operators {
    fn default() -> Self {
        Self {
            a: Signal::default(),
            b: Signal::default(),
            s: Signal::default(),
            t: Signal::default(),
            bound: Constant::new((-3).into()),
            carry_lost: Signal::default(),
            sum_compare: Signal::default(),
            mixed: Signal::default(),
            less: Signal::default(),
            below: Signal::default(),
            wide: Signal::default(),
            narrow: Signal::default(),
            reduce: Signal::default(),
            part: Signal::default(),
            picked: Signal::default(),
            with_bit: Signal::default(),
            negated: Signal::default(),
            equal: Signal::default(),
            shifted: Signal::default(),
            minus_five: Signal::default(),
            product: Signal::default(),
            s16: Signal::default(),
            t16: Signal::default(),
        }
    }
}

impl Logic for Operators {
    // Rust's precedence is what `mixed` is about.
    #[allow(clippy::precedence)]
    #[hdl_gen]
    fn update(&mut self) {
        self.carry_lost.next = (self.a.val() + self.b.val()) >> 1;
        self.sum_compare.next = self.a.val() + 1 > self.b.val();
        self.mixed.next = self.a.val() & self.b.val() ^ (self.a.val() | !self.b.val()) - self.b.val();
        self.less.next = self.s.val() < self.t.val();
        self.below.next = self.s.val() < self.bound.val();
        self.wide.next = signed_bit_cast::<16, 8>(self.s.val());
        self.narrow.next = bit_cast::<4, 8>(self.a.val() + self.b.val());
        self.reduce.next = 0.into();
        self.reduce.next = self.reduce.val().replace_bit(0, self.a.val().any());
        self.reduce.next = self.reduce.val().replace_bit(1, self.a.val().all());
        self.reduce.next = self.reduce.val().replace_bit(3, self.a.val().xor());
        self.part.next = self.a.val().get_bits::<8>(0).get_bits::<2>(5);
        self.picked.next = self.a.val().get_bit(self.b.val().get_bits::<3>(0).index());
        self.with_bit.next = self.a.val().replace_bit(self.b.val().get_bits::<3>(2).index(), true);
        self.negated.next = -self.s.val() + self.t.val();
        self.equal.next = (self.a.val() == self.b.val()) || (self.s.val() == 0.into()) && !self.a.val().get_bit(0);
        self.shifted.next = self.a.val() << self.b.val().get_bits::<3>(0);
        self.minus_five.next = (-5).into();
        self.s16.next = signed_bit_cast::<16, 8>(self.s.val());
        self.t16.next = signed_bit_cast::<16, 8>(self.t.val());
        self.product.next = self.s16.val() * self.t16.val();
    }
}

#[test]
fn operators_keep_rust_widths_and_signs() {
    let body = r#"
    for (int n = 0; n < 65536; n++) {
        uint8_t a = n, b = n >> 8; int8_t s = random64(), t = random64();
        top.a = a; top.b = b; top.s = s; top.t = t; tick();
        check("carry_lost", top.carry_lost, uint8_t(a + b) >> 1);
        check("sum_compare", top.sum_compare, uint8_t(a + 1) > b);
        check("mixed", top.mixed, uint8_t((a & b) ^ uint8_t((a | uint8_t(~b)) - b)));
        check("less", top.less, s < t);
        check("below", top.below, s < -3);
        check("wide", int16_t(top.wide), s);
        check("narrow", top.narrow, (a + b) & 15);
        check("reduce", top.reduce, (a != 0) | (a == 255) << 1 | __builtin_parity(a) << 3);
        check("part", top.part, (a >> 5) & 3);
        check("picked", top.picked, a >> (b & 7) & 1);
        check("with_bit", top.with_bit, a | 1 << ((b >> 2) & 7));
        check("negated", int8_t(top.negated), int8_t(-s + t));
        check("equal", top.equal, (a == b) || ((s == 0) && !(a & 1)));
        check("shifted", top.shifted, uint8_t(a << (b & 7)));
        check("minus_five", int8_t(top.minus_five), -5);
        check("product", int32_t(top.product), s * t);
    }
"#;
    simulate("operators", &text(Operators::default()), body);
}

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
enum State {
    Idle,
    Run,
    Flush,
}

#[derive(LogicBlock, Default)]
struct Machine {
    clock: Signal<In, Clock>,
    go: Signal<In, Bit>,
    code: Signal<In, Bits<2>>,
    busy: Signal<Out, Bit>,
    value: Signal<Out, Bits<4>>,
    ticks: Signal<Out, Bits<8>>,
    state: Reg<State>,
    count: Reg<Bits<8>>,
}

impl Logic for Machine {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Machine: three states and a counter");
        dff_setup!(self, clock, state, count);
        self.busy.next = true;
        match self.state.q.val() {
            State::Idle => {
                self.busy.next = false;
                if self.go.val() {
                    self.state.d.next = State::Run;
                }
            }
            State::Run => {
                self.count.d.next = self.count.q.val() + 1;
                if self.count.q.val().get_bits::<2>(0) == 3 {
                    self.state.d.next = State::Flush;
                } else if self.go.val() {
                    self.count.d.next = self.count.q.val() + 2;
                }
            }
            State::Flush => {
                self.state.d.next = State::Idle;
            }
        }
        match self.code.val().index() {
            0 => self.value.next = 9.into(),
            2 => self.value.next = self.count.q.val().get_bits::<4>(4),
            _ => self.value.next = bits::<4>(5),
        }
        self.ticks.next = self.count.q.val();
    }
}

#[test]
fn states_ifs_and_matches_behave_as_written() {
    let body = r#"
    int state = 0; uint8_t count = 0;
    for (int n = 0; n < 2000; n++) {
        bool go = random64() & 1; int code = random64() & 3;
        top.go = go; top.code = code; top.clock = 0; top.eval();
        check("busy", top.busy, state != 0);
        check("value", top.value, code == 0 ? 9 : code == 2 ? count >> 4 : 5);
        check("ticks", top.ticks, count);
        int next = state; uint8_t next_count = count;
        if (state == 0) { if (go) next = 1; }
        else if (state == 1) {
            next_count = count + 1;
            if ((count & 3) == 3) next = 2; else if (go) next_count = count + 2;
        } else next = 0;
        tick(); state = next; count = next_count;
    }
"#;
    simulate("machine", &text(Machine::default()), body);
}

#[derive(LogicBlock, Default)]
struct Scale {
    clock: Signal<In, Clock>,
    x: Vec<Signal<In, Signed<8>>>,
    sum: Signal<Out, Signed<16>>,
    part: Vec<Signal<Local, Signed<16>>>,
    total: Signal<Local, Signed<16>>,
    held: Reg<Signed<16>>,
}

impl Logic for Scale {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, held);
        self.total.next = 0.into();
        for i in 0..self.x.len() {
            self.part[i].next = signed_bit_cast::<16, 8>(self.x[i].val());
            self.total.next = self.total.val() + self.part[i].val();
        }
        self.held.d.next = self.total.val();
        self.sum.next = self.held.q.val();
    }
}

#[derive(LogicBlock)]
struct Grid {
    clock: Signal<In, Clock>,
    x: Vec<Signal<In, Signed<8>>>,
    y: Vec<Vec<Signal<Out, Signed<16>>>>,
    last: Signal<Out, Bits<16>>,
    least: Signal<Out, Bit>,
    scale: Vec<Vec<Scale>>,
    taps: Vec<Reg<Signed<8>>>,
    chain: Vec<Signal<Local, Bits<16>>>,
}

impl Grid {
    fn new(n: usize) -> Self {
        let scale = || Scale { x: signals(n), part: signals(n), ..Scale::default() };
        Self {
            clock: Signal::default(),
            x: signals(n),
            y: (0..2).map(|_| signals(n)).collect(),
            last: Signal::default(),
            least: Signal::default(),
            scale: (0..2).map(|_| (0..n).map(|_| scale()).collect()).collect(),
            taps: (0..n).map(|_| Reg::default()).collect(),
            chain: signals(n + 1),
        }
    }
}

impl Logic for Grid {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..self.taps.len() {
            clock!(self, clock, taps[i]);
            if i == 0 {
                self.taps[i].d.next = self.x[0].val();
            } else {
                self.taps[i].d.next = self.taps[i - 1].q.val();
            }
        }
        for row in 0..2 {
            for i in 0..self.x.len() {
                clock!(self, clock, scale[row][i]);
                for k in 0..self.x.len() {
                    if row == 0 {
                        self.scale[row][i].x[k].next = self.x[k].val();
                    } else {
                        self.scale[row][i].x[k].next = self.taps[(i + k) % self.taps.len()].q.val();
                    }
                }
                self.y[row][i].next = self.scale[row][i].sum.val();
            }
        }
        self.chain[0].next = 7.into();
        for i in 0..self.x.len() {
            self.chain[i + 1].next = self.chain[i].val() + unsigned_cast_bits::<16, 8>(unsigned_cast(self.x[i].val()));
        }
        self.last.next = self.chain[self.chain.len() - 1].val();
        self.least.next = self.x[0].val() < self.x[1].val();
    }
}

#[test]
fn vectors_of_signals_registers_and_blocks_pack_and_unroll() {
    let body = r#"
    int8_t taps[3] = {0, 0, 0}; int16_t y[2][3] = {};
    for (int n = 0; n < 2000; n++) {
        int8_t x[3]; uint32_t packed = 0; int chain = 7;
        for (int i = 0; i < 3; i++) {
            x[i] = random64(); packed |= uint32_t(uint8_t(x[i])) << 8 * i; chain += uint8_t(x[i]);
        }
        top.x = packed; top.clock = 0; top.eval();
        check("last", top.last, uint16_t(chain));
        check("least", top.least, x[0] < x[1]);
        for (int r = 0; r < 2; r++) for (int i = 0; i < 3; i++) {
            int bit = (r * 3 + i) * 16;
            check("y", int16_t(top.y[bit / 32] >> bit % 32), y[r][i]);
            y[r][i] = 0;
            for (int k = 0; k < 3; k++) y[r][i] += r ? taps[(i + k) % 3] : x[k];
        }
        tick();
        taps[2] = taps[1]; taps[1] = taps[0]; taps[0] = x[0];
    }
"#;
    simulate("grid", &text(Grid::new(3)), body);
}

#[derive(Clone, Debug, Default, LogicInterface)]
#[join = "Sink"]
struct Source {
    data: Signal<Out, Bits<8>>,
    valid: Signal<Out, Bit>,
    ready: Signal<In, Bit>,
}

#[derive(Clone, Debug, Default, LogicInterface)]
#[join = "Source"]
struct Sink {
    data: Signal<In, Bits<8>>,
    valid: Signal<In, Bit>,
    ready: Signal<Out, Bit>,
}

#[derive(Default, PartialEq, LogicStruct, Copy, Clone, Debug)]
struct Pair {
    low: Bits<3>,
    high: Bits<5>,
}

#[derive(LogicBlock, Default)]
struct Spill {
    clock: Signal<In, Clock>,
    arrival: Sink,
    result: Source,
    full: Reg<Bit>,
    pair: Reg<Pair>,
}

impl Logic for Spill {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, full, pair);
        self.arrival.ready.next = !self.full.q.val() || self.result.ready.val();
        self.result.valid.next = self.full.q.val();
        self.result.data.next = bit_cast::<8, 3>(self.pair.q.val().low) << 5 | bit_cast::<8, 5>(self.pair.q.val().high);
        if self.arrival.ready.val() {
            self.full.d.next = self.arrival.valid.val();
            self.pair.d.next.low = self.arrival.data.val().get_bits::<3>(5);
            self.pair.d.next.high = self.arrival.data.val().get_bits::<5>(0);
        }
    }
}

#[derive(LogicBlock, Default)]
struct Pipe {
    clock: Signal<In, Clock>,
    sink: Sink,
    source: Source,
    first: Spill,
    second: Spill,
}

impl Logic for Pipe {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, first, second);
        Sink::link(&mut self.sink, &mut self.first.arrival);
        Source::join(&mut self.first.result, &mut self.second.arrival);
        Source::link(&mut self.source, &mut self.second.result);
    }
}

#[test]
fn interfaces_join_and_link_and_structs_keep_their_fields() {
    let body = r#"
    unsigned char queue[8]; int held = 0, sent = 0, received = 0; unsigned char next = 1;
    for (int n = 0; n < 4000; n++) {
        top.sink_valid = random64() & 1; top.sink_data = next; top.source_ready = random64() & 1;
        top.clock = 0; top.eval();
        bool in = top.sink_valid && top.sink_ready, out = top.source_valid && top.source_ready;
        if (out) {
            check("order", top.source_data, queue[0]);
            for (int i = 1; i < held; i++) queue[i - 1] = queue[i];
            held--; received++;
        }
        if (in) { queue[held++] = next; next = next * 5 + 1; sent++; }
        check("held at most two", held <= 2, 1);
        tick();
    }
    check("something moved", received > 500, 1);
"#;
    simulate("pipe", &text(Pipe::default()), body);
}

/// A struct of which one field is constant and another is computed in an `if`.
#[derive(LogicStruct, Default, Copy, Clone, Debug, PartialEq)]
struct Tagged {
    tag: Bits<4>,
    value: Bits<8>,
    flag: Bit,
}

#[derive(LogicBlock, Default)]
struct HalfConstant {
    choose: Signal<In, Bit>,
    a: Signal<In, Bits<8>>,
    result: Signal<Out, Tagged>,
}

impl Logic for HalfConstant {
    #[hdl_gen]
    fn update(&mut self) {
        self.result.next.tag = bits::<4>(9);
        self.result.next.flag = true;
        if self.choose.val() {
            self.result.next.value = self.a.val();
        } else {
            self.result.next.value = !self.a.val();
        }
    }
}

#[test]
fn constant_fields_beside_computed_ones_have_their_value_in_simulation() {
    let text = text(HalfConstant::default());
    assert!(text.contains("// result: tag [3:0] value [11:4] flag [12]"), "{text}");
    let body = r#"
    for (int n = 0; n < 512; n++) {
        top.choose = n & 1; top.a = n >> 1; top.eval();
        unsigned value = n & 1 ? n >> 1 : ~(n >> 1) & 0xff;
        check("struct", top.result, 9u | value << 4 | 1u << 12);
    }
"#;
    simulate("half_constant", &text, body);
}
