//! The arithmetic cells as emitted: requantiser, dot product, element window.

mod blocks_support;

use blocks_support::part_cells::PartCells;
use std::collections::VecDeque;

use blocks_support::{extend, high_mul, random::Random, round_shift, Dut};
use cortado_arch::DataType;
use cortado_hw::cells::dot_product::{self, DotProduct, INT8_SUM};
use cortado_hw::cells::element_window::ElementWindow;
use cortado_hw::cells::requantiser::{clamped_latency, rounded_latency, Requantiser, OPERAND_BITS};

/// One number for the requantiser, with what belongs to its result.
#[derive(Clone, Copy, Debug)]
struct Case {
    operand: i64,
    q: i64,
    shift: u32,
    zero_point: i8,
    minimum: i8,
    maximum: i8,
}

impl Case {
    fn rounded(&self) -> i64 {
        round_shift(high_mul(self.operand, self.q), self.shift)
    }

    fn clamped(&self) -> i64 {
        let shifted = self.rounded() + i64::from(self.zero_point);
        shifted.clamp(self.minimum.into(), self.maximum.into())
    }
}

/// Feeds a case every `cycles` cycles and compares both outputs at their latencies.
fn requantise(dut: &mut Dut, cycles: usize, cases: impl Iterator<Item = Case>) -> usize {
    let (rounded_at, clamped_at) = (rounded_latency(cycles), clamped_latency(cycles));
    let mut count = 0;
    let mut pipeline: VecDeque<Option<Case>> = vec![None; clamped_at + 1].into();
    let spaced = cases.flat_map(|case| std::iter::once(Some(case)).chain(std::iter::repeat_n(None, cycles - 1)));
    let mut spaced = spaced.chain(std::iter::repeat_n(None, clamped_at)).peekable();
    let factor = |dut: &mut Dut, case: &Case| {
        dut.set("q", case.q as u64);
        dut.set("shift", case.shift);
    };
    dut.set("start", false);
    for _ in 0..clamped_at {
        dut.tick();
    }
    if cycles > 1 {
        // Of the first, in the cycle before its operand.
        if let Some(Some(case)) = spaced.peek() {
            factor(dut, case);
        }
        dut.set("start", true);
        dut.tick();
    }
    while let Some(case) = spaced.next() {
        let next = spaced.peek().copied().flatten();
        pipeline.push_front(case);
        pipeline.pop_back();
        if let Some(case) = case {
            count += 1;
            dut.set_signed("operand", OPERAND_BITS as u32, case.operand);
            factor(dut, &case);
        }
        if cycles > 1 {
            dut.set("start", next.is_some());
            if let Some(next) = next {
                factor(dut, &next);
            }
        }
        if let Some(case) = pipeline[clamped_at - 1] {
            dut.set("minimum", case.minimum as u8);
            dut.set("maximum", case.maximum as u8);
        }
        if let Some(case) = pipeline[rounded_at] {
            dut.set("zero_point", case.zero_point as u8);
            dut.settle();
            let rounded = dut.get_signed("rounded", OPERAND_BITS as u32);
            assert_eq!(rounded, case.rounded(), "rounded, number {count}: {case:?}");
        }
        if let Some(case) = pipeline[clamped_at] {
            let clamped = dut.get_signed("clamped", 8);
            assert_eq!(clamped, case.clamped(), "clamped, number {count}: {case:?}");
        }
        dut.tick();
    }
    count
}

/// Least and greatest operand.
const LEAST: i64 = -(1 << (OPERAND_BITS - 1));
const GREATEST: i64 = (1 << (OPERAND_BITS - 1)) - 1;

#[test]
fn the_requantiser_is_exact_at_every_corner() {
    for cycles in [1, 4] {
        let Some(mut dut) = dut!(Requantiser::new(cycles), 21) else { return };
        let mut operands = vec![LEAST, GREATEST, 0];
        for power in [0, 1, 7, 8, 14, 15, 16, 20, 28, 29] {
            for near in [-1, 0, 1] {
                operands.extend([(1 << power) + near, -(1 << power) + near]);
            }
        }
        operands.retain(|operand| (LEAST..=GREATEST).contains(operand));
        operands.sort_unstable();
        operands.dedup();
        let factors = [0, 1, 2, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x1_ffff, 0x3fff_ffff, 0x4000_0000, 0x4000_0001];
        let factors = factors.into_iter().chain([0x5a82_799a, 0x7fff_0000, 0x7fff_fffe, 0x7fff_ffff]);
        let bounds =
            [(0, -128, 127), (127, -128, 127), (-128, -128, 127), (-128, -128, -128), (127, 127, 127), (5, -3, 4)];
        let mut cases = Vec::new();
        for q in factors {
            for shift in 0..32 {
                for &operand in &operands {
                    let (zero_point, minimum, maximum) = bounds[cases.len() % bounds.len()];
                    cases.push(Case { operand, q, shift, zero_point, minimum, maximum });
                }
            }
        }
        for &operand in &operands {
            for (zero_point, minimum, maximum) in bounds {
                for shift in [0, 1, 22] {
                    cases.push(Case { operand, q: 1 << 30, shift, zero_point, minimum, maximum });
                }
            }
        }
        println!("{} corners", requantise(&mut dut, cycles, cases.into_iter()));
    }
}

#[test]
fn the_requantiser_rounds_halves_away_from_zero_on_both_sides() {
    for cycles in [1, 4] {
        let Some(mut dut) = dut!(Requantiser::new(cycles), 22) else { return };
        let mut cases = Vec::new();
        for shift in 1..=27 {
            for odd in [1i64, 3, 5, 101] {
                for sign in [1, -1] {
                    for beside in [-1, 0, 1] {
                        // With q = 2^30 the product is half the operand, so its double gives the product itself.
                        let product = sign * (odd << (shift - 1)) + beside;
                        let (operand, q) = (2 * product, 1 << 30);
                        if !(LEAST..=GREATEST).contains(&operand) {
                            continue;
                        }
                        let case = Case { operand, q, shift, zero_point: 0, minimum: -128, maximum: 127 };
                        assert_eq!(high_mul(operand, q), product);
                        if beside == 0 {
                            assert_eq!(case.rounded(), sign * (odd + 1) / 2, "the model itself, {case:?}");
                        }
                        cases.push(case);
                    }
                }
            }
        }
        assert!(requantise(&mut dut, cycles, cases.into_iter()) > 400);
    }
}

#[test]
fn the_requantiser_is_exact_on_a_million_random_numbers() {
    let seed = 23;
    for cycles in [1, 4] {
        let Some(mut dut) = dut!(Requantiser::new(cycles), seed) else { return };
        let mut random = Random(seed);
        let mut any = || {
            let (first, second) = (random.byte() as i8, random.byte() as i8);
            Case {
                operand: if random.chance(50) { random.signed(30) } else { random.scaled(30) },
                q: random.next() as i64 & 0x7fff_ffff | if random.chance(80) { 1 << 30 } else { 0 },
                shift: random.below(32) as u32,
                zero_point: random.byte() as i8,
                minimum: first.min(second),
                maximum: first.max(second),
            }
        };
        let count = requantise(&mut dut, cycles, (0..1_000_000).map(|_| any()));
        assert_eq!(count, 1_000_000);
    }
}

/// A sum and the operands it comes from.
type Products = (i64, Vec<u8>, Vec<u8>);

/// Feeds operands every cycle and compares the sums.
fn multiply(dut: &mut Dut, lanes: usize, cases: impl Iterator<Item = (Vec<u8>, Vec<u8>)>) {
    let latency = dot_product::latency(lanes);
    let mut wanted: VecDeque<Option<Products>> = vec![None; latency + 1].into();
    for case in cases.map(Some).chain(std::iter::repeat_n(None, latency)) {
        if let Some((a, b)) = &case {
            dut.set_bytes("a", a);
            dut.set_bytes("b", b);
        }
        wanted.push_front(case.map(|(a, b)| {
            let products = a.iter().zip(&b).map(|(&a, &b)| i64::from(a as i8) * i64::from(b as i8));
            (products.sum(), a, b)
        }));
        wanted.truncate(latency + 1);
        if let Some((sum, a, b)) = &wanted[latency] {
            assert_eq!(dut.get_signed("sum", INT8_SUM as u32), *sum, "{lanes} lanes: {a:?} {b:?}");
        }
        dut.tick();
    }
}

#[test]
fn a_product_is_right_for_every_pair_of_bytes() {
    // Alone in logic, and two side by side in multiplier blocks.
    for lanes in [1, 2] {
        let Some(mut dut) = dut!(DotProduct::<INT8_SUM>::new(DataType::Int8, lanes, lanes), 31) else { return };
        let pairs = (0..=u16::MAX).map(|pair| (pair as u8, (pair >> 8) as u8));
        let both = pairs.map(|(a, b)| (vec![a, b][..lanes].into(), vec![b, a ^ 0x55][..lanes].into()));
        multiply(&mut dut, lanes, both);
    }
}

#[test]
fn the_dot_product_is_exact_at_the_corners_and_at_random() {
    let seed = 32;
    let mut random = Random(seed);
    let sizes = [(1usize, 0), (2, 0), (2, 2), (4, 2), (8, 0), (8, 8), (16, 10), (32, 12), (32, 32)];
    for (lanes, in_blocks) in sizes {
        let Some(mut dut) = dut!(DotProduct::<INT8_SUM>::new(DataType::Int8, lanes, in_blocks), seed) else { return };
        const ENDS: [u8; 2] = [0x80, 0x7f];
        // Every lane at an end in each operand: all combinations where they are few, else a sample.
        let all = 1u64 << (2 * lanes).min(16);
        let mut corners = Vec::new();
        for pattern in 0..all {
            let bits = if 2 * lanes <= 16 { pattern } else { random.next() };
            let operand = |from: usize| (0..lanes).map(|n| ENDS[(bits >> ((from + n) % 64)) as usize & 1]).collect();
            corners.push((operand(0), operand(lanes)));
        }
        for (a, b) in [(0x80, 0x80), (0x80, 0x7f), (0x7f, 0x80), (0x7f, 0x7f)] {
            corners.push((vec![a; lanes], vec![b; lanes]));
        }
        println!("{lanes} lanes, {in_blocks} in multiplier blocks");
        multiply(&mut dut, lanes, corners.into_iter());
        multiply(&mut dut, lanes, (0..20_000).map(|_| (random.bytes(lanes), random.bytes(lanes))));
        // One lane alone: none is left out or counted twice.
        multiply(
            &mut dut,
            lanes,
            (0..lanes).map(|n| {
                let mut one = vec![0; lanes];
                one[n] = n as u8 + 1;
                (one, vec![0x80; lanes])
            }),
        );
    }
}

/// The block as synthesis takes it for a part.
macro_rules! dut_of_part {
    ($cells:expr, $block:expr, $seed:expr) => {{
        let emitted = cortado_hw::emit::emit(blocks_support::TOP, &mut $block, &blocks_support::header());
        let Some(text) = $cells.choose(emitted) else { return };
        blocks_support::Dut::new(text, $seed)
    }};
}

#[test]
fn dot_products_in_the_parts_multipliers_are_exact() {
    let seed = 33;
    let mut random = Random(seed);
    for cells in [PartCells::Ecp5, PartCells::Up5k] {
        for lanes in [2, 8] {
            println!("{cells:?}, {lanes} lanes");
            let Some(mut dut) = dut_of_part!(cells, DotProduct::<INT8_SUM>::new(DataType::Int8, lanes, lanes), seed)
            else {
                return;
            };
            let ends = [0x80, 0x7f, 0, 1, 0xff];
            let corners = (0..25).map(|n| (vec![ends[n / 5]; lanes], vec![ends[n % 5]; lanes]));
            multiply(&mut dut, lanes, corners);
            multiply(&mut dut, lanes, (0..20_000).map(|_| (random.bytes(lanes), random.bytes(lanes))));
        }
    }
}

#[test]
fn the_requantiser_in_the_parts_multipliers_is_exact() {
    let seed = 34;
    let mut random = Random(seed);
    let parts = [PartCells::Ecp5, PartCells::Up5k];
    for (cells, cycles) in parts.into_iter().flat_map(|cells| [(cells, 1), (cells, 4)]) {
        println!("{cells:?}, {cycles} cycles");
        let Some(mut dut) = dut_of_part!(cells, Requantiser::new(cycles), seed) else { return };
        let mut any = |n: usize| Case {
            operand: match n % 4 {
                0 => random.scaled(30),
                1 => [LEAST, GREATEST, 0, -1][n / 4 % 4],
                _ => random.signed(30),
            },
            q: random.next() as i64 & 0x7fff_ffff | 1 << 30,
            shift: random.below(32) as u32,
            zero_point: random.byte() as i8,
            minimum: -128,
            maximum: 127,
        };
        requantise(&mut dut, cycles, (0..100_000).map(&mut any));
    }
}

#[test]
fn the_element_window_gives_shared_bytes_taps_and_later_taps() {
    let seed = 41;
    let mut random = Random(seed);
    for (lanes, taps) in [(1, 2), (1, 9), (2, 2), (2, 12), (4, 12), (8, 16), (16, 16)] {
        let Some(mut dut) = dut!(ElementWindow::new(DataType::Int8, lanes, taps), seed) else { return };
        let mut chain: VecDeque<u8> = VecDeque::new();
        // Taps not yet used, and the operands to come; none where nothing has been said of them.
        let mut window: Vec<Option<u8>> = vec![None; taps];
        for cycle in 0..6000 {
            let (element, shared) = (random.byte(), random.bytes(lanes));
            let filled = chain.len() == taps;
            let element_valid = !filled || random.chance(50);
            let load = filled && random.chance(25);
            let shift = random.chance(50);
            dut.set("element_valid", element_valid);
            dut.set("element", element);
            dut.set("load", load);
            dut.set("shift", shift);
            dut.set_bytes("shared", &shared);
            dut.settle();
            for (n, byte) in dut.bytes("operands", lanes).into_iter().enumerate() {
                if let Some(wanted) = window[n] {
                    assert_eq!(byte, wanted, "{lanes} lanes, {taps} taps, cycle {cycle}, operand {n}");
                }
            }
            if load {
                window = chain.iter().copied().map(Some).collect();
            } else if shift {
                window.drain(..lanes);
                window.resize(taps, None);
            } else {
                for (operand, &byte) in window.iter_mut().zip(&shared) {
                    *operand = Some(byte);
                }
            }
            if element_valid {
                chain.push_front(element);
                chain.truncate(taps);
            }
            dut.tick();
        }
    }
}

#[test]
fn the_models_round_as_the_machine_page_says() {
    for (value, shift, wanted) in
        [(-3, 1, -2), (3, 1, 2), (-1, 1, -1), (-5, 2, -1), (-6, 2, -2), (7, 0, 7), (1 << 28, 31, 0)]
    {
        assert_eq!(round_shift(value, shift), wanted, "{value} by 2^{shift}");
    }
    assert_eq!(high_mul(-1, 1 << 30), 0);
    assert_eq!(high_mul(-3, 1 << 30), -1);
    assert_eq!(extend(0x3fff_ffff, 30), -1);
}
