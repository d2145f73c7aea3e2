//! The floating-point cells as emitted, against the software model, which is held against the machine's own arithmetic.

mod blocks_support;
mod float_support;

use blocks_support::part_cells::PartCells;
use blocks_support::random::Random;
use blocks_support::{header, TOP};
use cortado_golden::float::{self, Dot};
use cortado_hw::emit::emit;
use cortado_hw::float::add::{self, FloatAdd};
use cortado_hw::float::compare::{self, FloatCompare};
use cortado_hw::float::convert::{self, FloatFromInteger, FloatToInteger};
use cortado_hw::float::divide::{self, FloatDivide};
use cortado_hw::float::multiply::{Factors, FloatMultiply};
use cortado_hw::float::multiply_accumulate::{self, FloatMultiplyAccumulate};
use cortado_hw::float::pair_sum::{self, PairSum};
use cortado_hw::float::square_root::{self, FloatSquareRoot};
use float_support::{machine, operands, Cell};

/// Random operands of every cell.
const MANY: usize = 10_000_000;

/// The model's answer, which must be the machine's.
#[track_caller]
fn agreed(model: u32, machine: u32, row: &[u32]) -> u32 {
    assert!(model == machine, "the model itself, {row:08x?}: machine {machine:08x}, model {model:08x}");
    model
}

/// All pairs of corners, then `count` random pairs.
fn pairs(seed: u64, count: usize) -> impl Iterator<Item = [u32; 2]> {
    let mut random = Random(seed);
    operands::corner_pairs().chain((0..count).map(move |_| operands::pair(&mut random)))
}

/// All corners, then `count` random numbers.
fn singles(seed: u64, count: usize) -> impl Iterator<Item = [u32; 1]> {
    let mut random = Random(seed);
    operands::corners().chain((0..count).map(move |_| operands::one(&mut random))).map(|a| [a])
}

macro_rules! cell {
    ($block:expr, $inputs:expr, $outputs:expr, $seed:expr) => {{
        let Some(cell) = Cell::new(emit(TOP, &mut $block, &header()), &$inputs, &$outputs, $seed) else { return };
        cell
    }};
}

fn check_multiply(mut cell: Cell, factors: Factors, rows: impl Iterator<Item = [u32; 2]>) {
    let wanted = |[a, b]: [u32; 2]| match factors {
        Factors::Single => [agreed(float::multiply(a, b), machine::multiply(a, b), &[a, b])],
        Factors::Bfloat16 => {
            let near = machine::multiply(machine::to_bfloat16(a), machine::to_bfloat16(b));
            [agreed(float::multiply_bfloat16(a, b), near, &[a, b])]
        }
    };
    println!("{} products", cell.check(factors.latency(), rows, wanted));
}

#[test]
fn products_are_exact() {
    let seed = 101;
    let cell = cell!(FloatMultiply::new(Factors::Single), ["a", "b"], ["product"], seed);
    check_multiply(cell, Factors::Single, pairs(seed, MANY));
}

#[test]
fn products_of_bfloat16_are_exact() {
    let seed = 102;
    let cell = cell!(FloatMultiply::new(Factors::Bfloat16), ["a", "b"], ["product"], seed);
    check_multiply(cell, Factors::Bfloat16, pairs(seed, MANY));
}

#[test]
fn products_in_the_ecp5s_multipliers_are_exact() {
    let seed = 103;
    for factors in [Factors::Single, Factors::Bfloat16] {
        let emitted = emit(TOP, &mut FloatMultiply::new(factors), &header());
        let Some(text) = PartCells::Ecp5.choose(emitted) else { return };
        let blocks = text.as_ref().map_or(0, |text| text.matches("    MULT18X18D #(").count());
        assert_eq!(blocks, factors.ecp5_blocks(), "{factors:?}");
        let Some(cell) = Cell::new(text, &["a", "b"], &["product"], seed) else { return };
        check_multiply(cell, factors, pairs(seed, MANY));
    }
}

#[test]
fn sums_and_differences_are_exact() {
    let seed = 104;
    let mut cell = cell!(FloatAdd::default(), ["a", "b", "subtract"], ["sum"], seed);
    let corners = operands::corner_pairs().flat_map(|[a, b]| [[a, b, 0], [a, b, 1]]);
    let mut random = Random(seed);
    let any = (0..MANY).map(|_| {
        let [a, b] = operands::pair(&mut random);
        [a, b, random.below(2) as u32]
    });
    let count = cell.check(add::LATENCY, corners.chain(any), |row| {
        let [a, b, subtract] = row;
        match subtract {
            0 => [agreed(float::add(a, b), machine::add(a, b), &row)],
            _ => [agreed(float::subtract(a, b), machine::subtract(a, b), &row)],
        }
    });
    println!("{count} sums");
}

#[test]
fn quotients_are_exact() {
    let seed = 105;
    let mut cell = cell!(FloatDivide::default(), ["a", "b"], ["quotient"], seed);
    let count = cell.check(divide::LATENCY, pairs(seed, MANY), |[a, b]| {
        [agreed(float::divide(a, b), machine::divide(a, b), &[a, b])]
    });
    println!("{count} quotients");
}

#[test]
fn square_roots_are_exact() {
    let seed = 106;
    let mut cell = cell!(FloatSquareRoot::default(), ["a"], ["root"], seed);
    // Every significand, of an odd and of an even exponent.
    let all = (0x3f80_0000..0x4080_0000).map(|a| [a]);
    let count = cell.check(square_root::LATENCY, all.chain(singles(seed, MANY)), |[a]| {
        [agreed(float::square_root(a), machine::square_root(a), &[a])]
    });
    println!("{count} roots");
}

#[test]
fn comparisons_are_exact() {
    let seed = 107;
    let mut cell = cell!(FloatCompare::default(), ["a", "b"], ["less", "equal", "greater", "maximum"], seed);
    let same = operands::corners().map(|a| [a, a]);
    let count = cell.check(compare::LATENCY, same.chain(pairs(seed, MANY)), |[a, b]| {
        let order = float::compare(a, b);
        let (x, y) = (machine::flushed(a), machine::flushed(b));
        assert_eq!((order.less, order.equal, order.greater), (x < y, x == y, x > y), "the model itself, {x} {y}");
        // Of two zeros the positive one: their bits' conjunction.
        let greater = match (x.is_nan() || y.is_nan(), x == y) {
            (true, _) => float::NAN,
            (_, true) => machine::bits(x) & machine::bits(y),
            _ => machine::bits(x.max(y)),
        };
        let maximum = agreed(float::maximum(a, b), greater, &[a, b]);
        [order.less.into(), order.equal.into(), order.greater.into(), maximum]
    });
    println!("{count} comparisons");
}

#[test]
fn integers_become_the_nearest_numbers() {
    let seed = 108;
    let mut cell = cell!(FloatFromInteger::default(), ["value"], ["number"], seed);
    let ends = (0..32).flat_map(|bit| [-1i32, 0, 1].map(|near| (1i32 << bit).wrapping_add(near)));
    let corners = (-70_000..70_000).chain(ends.clone()).chain(ends.map(i32::wrapping_neg));
    let mut random = Random(seed);
    let any = (0..MANY).map(|_| random.scaled(32) as i32);
    let count = cell.check(convert::LATENCY, corners.chain(any).map(|value| [value as u32]), |[value]| {
        if let Ok(byte) = u8::try_from(value) {
            assert_eq!(float::from_uint8(byte), f32::from(byte).to_bits());
        }
        [agreed(float::from_int32(value as i32), (value as i32 as f32).to_bits(), &[value])]
    });
    println!("{count} integers");
}

#[test]
fn numbers_become_the_nearest_integers() {
    let seed = 109;
    let mut cell = cell!(FloatToInteger::default(), ["number"], ["value"], seed);
    let halves = (-4000..4000).map(|quarter| [(quarter as f32 / 4.0).to_bits()]);
    let count = cell.check(convert::LATENCY, halves.chain(singles(seed, MANY)), |[a]| {
        [agreed(float::to_int32(a) as u32, machine::to_int32(a) as u32, &[a])]
    });
    println!("{count} numbers");
}

/// Rows of `a`, `b`, `valid`, `first`, `negative` and the sums a unit gives for them, held against those of the model.
fn accumulate(mut cell: Cell, factors: Factors, seed: u64, count: usize) {
    let dot = match factors {
        Factors::Single => Dot::Single,
        Factors::Bfloat16 => Dot::Bfloat16,
    };
    assert_eq!(float::SLOTS, multiply_accumulate::SLOTS);
    let mut random = Random(seed);
    let mut done = 0;
    while done < count {
        // Each batch begins with a first element in every slot; what the slots held is forgotten.
        let rows = (0..100_000.min(count)).map(|n| {
            let [a, b] = match random.below(50) {
                0 => operands::pair(&mut random),
                _ => [operands::near_one(&mut random, 12), operands::near_one(&mut random, 12)],
            };
            [a, b, random.chance(80).into(), (n < float::SLOTS || random.chance(3)).into(), random.below(2) as u32]
        });
        let rows: Vec<[u32; 5]> = rows.collect();
        let (mut sums, mut n) = ([0; float::SLOTS], 0);
        done += cell.check(multiply_accumulate::latency(factors), rows.into_iter(), |[a, b, valid, first, negative]| {
            let sum = &mut sums[n % float::SLOTS];
            n += 1;
            if first == 1 {
                *sum = negative << 31;
            }
            if valid == 1 {
                *sum = float::multiply_accumulate(dot, *sum, a, b);
            }
            [*sum]
        });
    }
    println!("{done} steps");
}

const STEP: [&str; 5] = ["a", "b", "valid", "first", "negative"];

#[test]
fn sums_of_products_are_exact() {
    let seed = 110;
    let cell = cell!(FloatMultiplyAccumulate::new(Factors::Single), STEP, ["sum"], seed);
    accumulate(cell, Factors::Single, seed, MANY);
}

#[test]
fn sums_of_bfloat16_products_are_exact() {
    let seed = 111;
    let cell = cell!(FloatMultiplyAccumulate::new(Factors::Bfloat16), STEP, ["sum"], seed);
    accumulate(cell, Factors::Bfloat16, seed, MANY);
}

#[test]
fn sums_of_products_in_the_ecp5s_multipliers_are_exact() {
    let seed = 112;
    for factors in [Factors::Single, Factors::Bfloat16] {
        let emitted = emit(TOP, &mut FloatMultiplyAccumulate::new(factors), &header());
        let Some(text) = PartCells::Ecp5.choose(emitted) else { return };
        let Some(cell) = Cell::new(text, &STEP, &["sum"], seed) else { return };
        accumulate(cell, factors, seed, 1_000_000);
    }
}

/// The sums that come out of a unit fed with these terms, with gaps between them.
fn pair_sums(cell: &mut Cell, random: &mut Random, terms: &[u32]) -> Vec<u32> {
    let mut rows = vec![1, 0, 0];
    for &term in terms {
        while random.chance(25) {
            rows.extend([0, 0, random.next() as u32]);
        }
        rows.extend([0, 1, term]);
    }
    rows.extend([0; 3].repeat(pair_sum::LATENCY));
    let out = cell.run(&rows);
    // Registers that no reset has set yet may say anything before it.
    let valid = out.chunks(2).skip(1).filter(|row| row[0] == 1);
    valid.map(|row| row[1]).collect()
}

#[test]
fn slots_are_added_in_pairs() {
    let seed = 113;
    let mut cell = cell!(PairSum::default(), ["reset", "valid", "term"], ["sum_valid", "sum"], seed);
    let mut random = Random(seed);
    let terms: Vec<u32> = (0..1_000_000 * float::SLOTS).map(|_| operands::near_one(&mut random, 30)).collect();
    // An odd term that a reset forgets.
    assert!(pair_sums(&mut cell, &mut random, &terms[..1]).is_empty());
    let mut sums = terms.clone();
    while sums.len() > terms.len() / float::SLOTS {
        sums = pair_sums(&mut cell, &mut random, &sums);
    }
    assert_eq!(sums.len(), terms.len() / float::SLOTS);
    for (n, (slots, &sum)) in terms.chunks(float::SLOTS).zip(&sums).enumerate() {
        let wanted = float::pairwise_sum(slots).expect("eight slots");
        assert!(sum == wanted, "group {n}, {slots:08x?}: expected {wanted:08x}, got {sum:08x}");
    }
}

#[test]
fn results_at_the_lower_end_are_rounded_before_they_are_flushed() {
    // (1 - 2^-24) * 2^-126: 24 bits hold it, so it is below 2^-126, though subnormal numbers have no room for it.
    let ieee = f32::from_bits(0x3f7f_ffff) * f32::from_bits(0x0080_0000);
    assert_eq!(ieee.to_bits(), 0x0080_0000);
    assert_eq!(float::multiply(0x3f7f_ffff, 0x0080_0000), 0);
    assert_eq!(float::multiply(0xbf7f_ffff, 0x0080_0000), 0x8000_0000);
    // (1 + 2^-13) * 2^-63 by (1 - 2^-13) * 2^-63 is (1 - 2^-26) * 2^-126, and 24 bits round that up.
    assert_eq!(float::multiply(0x2000_0400, 0x1fff_f800), 0x0080_0000);
}
