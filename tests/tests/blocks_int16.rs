//! The blocks that compute otherwise at int16, as emitted: products, accumulator, requantiser.

mod blocks_support;

use blocks_support::part_cells::PartCells;
use blocks_support::random::Random;
use blocks_support::{round_shift, Dut};
use cortado_arch::isa::ShiftParameter;
use cortado_arch::DataType;
use cortado_hw::array::accumulator::Accumulator;
use cortado_hw::cells::dot_product::{latency, DotProduct, INT16_SUM};
use cortado_hw::post::shift_requantiser::{ShiftRequantiser, SHIFT_LATENCY};
use std::collections::VecDeque;

const BITS: u32 = INT16_SUM as u32;
const INT16: DataType = DataType::Int16;
const LEAST: i64 = -(1 << (BITS - 1));
const GREATEST: i64 = (1 << (BITS - 1)) - 1;

fn bytes(values: &[i16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// `count` values: all at one end, or each at random, often at an end.
fn operands(random: &mut Random, count: usize) -> Vec<i16> {
    let ends = [i16::MIN, i16::MAX, i16::MIN + 1, -1, 0, 1];
    if random.chance(20) {
        return vec![random.pick(&ends); count];
    }
    let one = |random: &mut Random| if random.chance(20) { random.pick(&ends) } else { random.signed(16) as i16 };
    (0..count).map(|_| one(random)).collect()
}

/// Feeds operands every cycle and compares the sums.
fn multiply(dut: &mut Dut, random: &mut Random, lanes: usize, cycles: usize) {
    let mut wanted: VecDeque<i64> = VecDeque::new();
    for cycle in 0..cycles {
        let (a, b) = (operands(random, lanes), operands(random, lanes));
        dut.set_bytes("a", &bytes(&a));
        dut.set_bytes("b", &bytes(&b));
        dut.settle();
        if wanted.len() == latency(lanes) {
            let sum = wanted.pop_back();
            assert_eq!(Some(dut.get_signed("sum", BITS)), sum, "{lanes} lanes, cycle {cycle}");
        }
        wanted.push_front(a.iter().zip(&b).map(|(&a, &b)| i64::from(a) * i64::from(b)).sum());
        dut.tick();
    }
}

#[test]
fn int16_dot_products_are_exact_at_the_corners_and_at_random() {
    let seed = 61;
    let mut random = Random(seed);
    for lanes in [1usize, 2, 8, 32] {
        let Some(mut dut) = dut!(DotProduct::<INT16_SUM>::new(INT16, lanes, lanes), seed) else { return };
        multiply(&mut dut, &mut random, lanes, 20_000);
    }
}

#[test]
fn int16_dot_products_in_the_parts_multipliers_are_exact() {
    let seed = 62;
    let mut random = Random(seed);
    for cells in [PartCells::Ecp5, PartCells::Up5k] {
        for lanes in [1usize, 4] {
            println!("{cells:?}, {lanes} lanes");
            let mut block = DotProduct::<INT16_SUM>::new(INT16, lanes, lanes);
            let emitted = cortado_hw::emit::emit(blocks_support::TOP, &mut block, &blocks_support::header());
            let Some(text) = cells.choose(emitted) else { return };
            let Some(mut dut) = Dut::new(text, seed) else { return };
            multiply(&mut dut, &mut random, lanes, 20_000);
        }
    }
}

#[test]
fn the_int16_accumulator_reaches_both_ends_of_48_bits_and_keeps_the_largest_of_17() {
    let seed = 63;
    let Some(mut dut) = dut!(Accumulator::<INT16_SUM>::new(INT16), seed) else { return };
    let mut random = Random(seed);
    dut.set("valid", true);
    // Halves of the range from both sides add up to its ends.
    for (parts, total) in [
        (vec![LEAST / 2, LEAST / 2], LEAST),
        (vec![GREATEST / 2, GREATEST / 2 + 1], GREATEST),
        (vec![LEAST, GREATEST], -1),
        (vec![GREATEST, LEAST], -1),
    ] {
        dut.set("maximum", false);
        for (at, part) in parts.iter().enumerate() {
            dut.set("first", at == 0);
            dut.set_signed("sum", BITS, *part);
            dut.tick();
        }
        dut.settle();
        assert_eq!(dut.get_signed("total", BITS), total, "{parts:?}");
    }
    dut.set("maximum", true);
    let mut held = 0i64;
    for cycle in 0..20_000 {
        let first = cycle == 0 || random.chance(20);
        let sum = i64::from(operands(&mut random, 1)[0]);
        dut.set("first", first);
        dut.set_signed("sum", BITS, sum);
        dut.tick();
        dut.settle();
        held = if first { sum } else { held.max(sum) };
        assert_eq!(dut.get_signed("total", BITS), held, "cycle {cycle}");
    }
}

struct Case {
    total: i64,
    parameter: ShiftParameter,
    bounds: (i16, i16),
}

impl Case {
    fn random(random: &mut Random) -> Case {
        let ends = [LEAST, GREATEST, -1, 0, 1];
        let parameter = ShiftParameter {
            bias: if random.chance(20) { random.pick(&ends) } else { random.scaled(BITS) },
            shift: random.below(48) as u32,
        };
        let total = match random.below(8) {
            0 => random.pick(&ends),
            // Exact halves, and their neighbours.
            1 | 2 => (random.signed(17) << parameter.shift) + ((1i64 << parameter.shift) >> 1) + random.signed(2),
            _ => random.scaled(BITS),
        };
        // The sum keeps 48 bits; the mapper proves that none leaves them.
        let total =
            (total - parameter.bias).clamp(LEAST.max(LEAST - parameter.bias), GREATEST.min(GREATEST - parameter.bias));
        let (a, b) =
            if random.chance(50) { (i16::MIN, i16::MAX) } else { (random.signed(16) as i16, random.signed(16) as i16) };
        Case { total, parameter, bounds: (a.min(b), a.max(b)) }
    }

    fn wanted(&self) -> i16 {
        let rounded = round_shift(self.total + self.parameter.bias, self.parameter.shift);
        rounded.clamp(self.bounds.0.into(), self.bounds.1.into()) as i16
    }
}

#[test]
fn the_shift_requantiser_rounds_halves_away_from_zero_at_every_shift() {
    let seed = 64;
    let mut random = Random(seed);
    let Some(mut dut) = dut!(ShiftRequantiser::<INT16_SUM>::new(), seed) else { return };
    let cases: Vec<Case> = (0..200_000).map(|_| Case::random(&mut random)).collect();
    for cycle in 0..cases.len() + SHIFT_LATENCY {
        if let Some(case) = cases.get(cycle) {
            dut.set_signed("total", BITS, case.total);
        }
        if let Some(case) = cycle.checked_sub(2).and_then(|at| cases.get(at)) {
            dut.set_bytes("channel", &case.parameter.encode().expect("in range"));
        }
        if let Some(case) = cycle.checked_sub(SHIFT_LATENCY - 1).and_then(|at| cases.get(at)) {
            dut.set_bytes("minimum", &case.bounds.0.to_le_bytes());
            dut.set_bytes("maximum", &case.bounds.1.to_le_bytes());
        }
        dut.settle();
        if let Some(case) = cycle.checked_sub(SHIFT_LATENCY).and_then(|at| cases.get(at)) {
            let got = dut.get_signed("clamped", 16);
            let Case { total, parameter, bounds } = case;
            assert_eq!(got, i64::from(case.wanted()), "{total} with {parameter:?} in {bounds:?}");
        }
        dut.tick();
    }
}
