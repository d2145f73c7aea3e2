//! The emitted text itself: pinned, stable, one module per kind, fast.

mod emit_support;

use std::time::Instant;

use cortado_hw::cells::reg::Reg;
use cortado_hw::{clock, comment, dff_setup};
use emit_support::{lint, text};
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
struct MulAcc {
    clock: Signal<In, Clock>,
    a: Signal<In, Signed<16>>,
    w: Signal<In, Signed<16>>,
    clear: Signal<In, Bit>,
    sum: Signal<Out, Signed<32>>,
    acc: Reg<Signed<32>>,
    product: Signal<Local, Signed<32>>,
}

impl Logic for MulAcc {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("MulAcc: adds a product a cycle");
        dff_setup!(self, clock, acc);
        self.product.next = self.a.val() * self.w.val();
        if self.clear.val() {
            self.acc.d.next = self.product.val();
        } else {
            self.acc.d.next = self.acc.q.val() + self.product.val();
        }
        self.sum.next = self.acc.q.val();
    }
}

#[derive(LogicBlock)]
struct Array {
    clock: Signal<In, Clock>,
    clear: Signal<In, Bit>,
    a: Vec<Signal<In, Signed<16>>>,
    w: Vec<Signal<In, Signed<16>>>,
    sum: Vec<Signal<Out, Signed<32>>>,
    pe: Vec<Vec<MulAcc>>,
}

impl Array {
    fn new(n: usize) -> Self {
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            a: (0..n).map(|_| Signal::default()).collect(),
            w: (0..n).map(|_| Signal::default()).collect(),
            sum: (0..n * n).map(|_| Signal::default()).collect(),
            pe: (0..n).map(|_| (0..n).map(|_| MulAcc::default()).collect()).collect(),
        }
    }
}

impl Logic for Array {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Array: a grid of multiply-accumulates");
        for i in 0..self.a.len() {
            for j in 0..self.w.len() {
                clock!(self, clock, pe[i][j]);
                self.pe[i][j].clear.next = self.clear.val();
                self.pe[i][j].a.next = self.a[i].val();
                self.pe[i][j].w.next = self.w[j].val();
                self.sum[i * self.w.len() + j].next = self.pe[i][j].sum.val();
            }
        }
    }
}

#[test]
fn a_small_array_is_written_as_pinned() {
    let expected = include_str!("emit_support/array_1.v");
    let got = text(Array::new(1));
    assert_eq!(got, expected, "emitted:\n{got}");
    lint("array_1", &got);
}

#[test]
fn equal_designs_give_equal_bytes_and_no_dollar_name() {
    let (one, two) = (text(Array::new(3)), text(Array::new(3)));
    assert_eq!(one, two);
    let without_calls = one.replace("$signed(", "").replace("$unsigned(", "");
    assert!(!without_calls.contains('$'), "{one}");
}

#[test]
fn instances_of_one_structure_share_a_module() {
    let got = text(Array::new(4));
    assert_eq!(got.matches("\nmodule ").count(), 2, "{got}");
    assert_eq!(got.matches("dut_mul_acc pe_").count(), 16);
}

#[derive(LogicBlock)]
struct TwoKinds {
    clock: Signal<In, Clock>,
    x: Signal<In, Bits<4>>,
    y: Signal<Out, Bits<4>>,
    narrow: Vec<Hold>,
    wide: Hold,
}

#[derive(LogicBlock)]
struct Hold {
    clock: Signal<In, Clock>,
    x: Signal<In, Bits<4>>,
    y: Signal<Out, Bits<4>>,
    stage: Vec<Reg<Bits<4>>>,
}

impl Hold {
    fn new(n: usize) -> Self {
        Self {
            clock: Signal::default(),
            x: Signal::default(),
            y: Signal::default(),
            stage: (0..n).map(|_| Reg::default()).collect(),
        }
    }
}

impl Logic for Hold {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Hold: a delay line");
        for i in 0..self.stage.len() {
            clock!(self, clock, stage[i]);
            if i == 0 {
                self.stage[i].d.next = self.x.val();
            } else {
                self.stage[i].d.next = self.stage[i - 1].q.val();
            }
        }
        self.y.next = self.stage[self.stage.len() - 1].q.val();
    }
}

impl Logic for TwoKinds {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, narrow[0], narrow[1], wide);
        self.narrow[0].x.next = self.x.val();
        self.narrow[1].x.next = self.narrow[0].y.val();
        self.wide.x.next = self.narrow[1].y.val();
        self.y.next = self.wide.y.val();
    }
}

#[test]
fn structures_that_differ_under_one_name_are_numbered() {
    let got = text(TwoKinds {
        clock: Signal::default(),
        x: Signal::default(),
        y: Signal::default(),
        narrow: vec![Hold::new(2), Hold::new(2)],
        wide: Hold::new(3),
    });
    for wanted in
        ["module dut_hold (", "module dut_hold_2 (", "dut_hold narrow_0 (", "dut_hold narrow_1 (", "dut_hold_2 wide ("]
    {
        assert!(got.contains(wanted), "{wanted} missing in\n{got}");
    }
    lint("two_kinds", &got);
}

#[test]
fn a_thousand_cells_emit_in_two_seconds() {
    let array = Array::new(32);
    let start = Instant::now();
    let got = text(array);
    let took = start.elapsed();
    println!("1024 cells: {took:?}, {} bytes", got.len());
    assert_eq!(got.matches("dut_mul_acc pe_").count(), 1024);
    assert!(took.as_secs_f64() < 2.0, "{took:?}");
}
