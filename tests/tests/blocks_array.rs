//! The array's blocks as emitted: accumulator and output lane.

mod blocks_support;

use blocks_support::{extend, random::Random, waveform::Waveform};
use cortado_arch::DataType;
use cortado_hw::array::accumulator::Accumulator;
use cortado_hw::array::output_lane::OutputLane;
use cortado_hw::cells::dot_product::{latency, INT8_SUM};

const BITS: u32 = INT8_SUM as u32;
const INT8: DataType = DataType::Int8;

#[test]
fn the_accumulator_sums_keeps_the_largest_and_restarts() {
    let seed = 51;
    let Some(mut dut) = dut!(Accumulator::<INT8_SUM>::new(INT8), seed) else { return };
    let mut random = Random(seed);
    let mut held: Option<i64> = None;
    let (least, greatest) = (-(1i64 << (BITS - 1)), (1i64 << (BITS - 1)) - 1);
    for cycle in 0..50_000 {
        let valid = random.chance(70);
        let maximum = random.chance(50);
        // What is compared has fewer bits, and so has what it is compared with.
        let narrow = 1i64 << (INT8.maximum_bits() - 1);
        let sum = match random.below(8) {
            _ if maximum => random.signed(INT8.maximum_bits() as u32),
            0 => least,
            1 => greatest,
            2 => random.signed(BITS),
            _ => random.scaled(20),
        };
        // The mapper proves that no total overflows: where one would, an output starts.
        let fits = held.is_some_and(|held| (least..=greatest).contains(&(held + sum)));
        let wide = held.is_some_and(|held| !(-narrow..narrow).contains(&held));
        let first = random.chance(15) || held.is_none() || if maximum { wide } else { !fits };
        dut.set("valid", valid);
        dut.set("first", first);
        dut.set("maximum", maximum);
        dut.set_signed("sum", BITS, sum);
        dut.settle();
        if let Some(held) = held {
            assert_eq!(dut.get_signed("total", BITS), held, "cycle {cycle}");
        }
        if valid {
            held = match held {
                Some(held) if !first && maximum => Some(held.max(sum)),
                Some(held) if !first => Some(held + sum),
                _ => Some(sum),
            };
        }
        dut.tick();
    }
}

/// One step of a lane: its operands and their products' sum.
struct LaneStep {
    shared: Vec<u8>,
    weights: Vec<u8>,
    first: bool,
}

impl LaneStep {
    fn sum(&self) -> i64 {
        let products = self.shared.iter().zip(&self.weights);
        products.map(|(&a, &b)| i64::from(a as i8) * i64::from(b as i8)).sum()
    }
}

#[test]
fn an_output_lane_adds_up_the_steps_of_each_output() {
    let seed = 52;
    let mut random = Random(seed);
    for (tn, in_blocks) in [(1usize, 0), (2, 2), (8, 4)] {
        let Some(mut dut) = dut!(OutputLane::<INT8_SUM>::new(INT8, tn, in_blocks, 2 * tn), seed) else { return };
        // Shared bytes stand a cycle before the weights, the sum's marks come a latency after those.
        let sum_at = 1 + latency(tn);
        let maximum = tn == 2;
        // A maximum's sums are those of a pool: twice a byte.
        let pool: Vec<u8> = (0..tn).map(|n| if n == 0 { 2 } else { 0 }).collect();
        let steps: Vec<LaneStep> = (0..3000)
            .map(|at| LaneStep {
                shared: random.bytes(tn),
                weights: if maximum { pool.clone() } else { random.bytes(tn) },
                first: at % 7 == 0,
            })
            .collect();
        dut.set("load", false);
        dut.set("shift", false);
        dut.set("element_valid", false);
        dut.set("maximum", maximum);
        let mut total = 0;
        for cycle in 0..steps.len() + sum_at + 1 {
            if let Some(step) = steps.get(cycle) {
                dut.set_bytes("shared", &step.shared);
            }
            if let Some(step) = cycle.checked_sub(1).and_then(|at| steps.get(at)) {
                dut.set_bytes("weights", &step.weights);
            }
            let summed = cycle.checked_sub(sum_at).and_then(|at| steps.get(at));
            dut.set("sum_valid", summed.is_some());
            dut.set("sum_first", summed.is_some_and(|step| step.first));
            dut.settle();
            if cycle > sum_at {
                assert_eq!(extend(dut.get("total"), BITS), total, "Tn {tn}, cycle {cycle}");
            }
            if let Some(step) = summed {
                total = match (step.first, maximum) {
                    (true, _) => step.sum(),
                    (false, true) => total.max(step.sum()),
                    (false, false) => total + step.sum(),
                };
            }
            dut.tick();
        }
    }
}

#[test]
fn an_output_lane_multiplies_the_taps_of_its_own_channel() {
    let seed = 53;
    let mut random = Random(seed);
    let (tn, taps) = (4usize, 12usize);
    let Some(mut dut) = dut!(OutputLane::<INT8_SUM>::new(INT8, tn, tn, taps), seed) else { return };
    dut.set("maximum", false);
    dut.set_bytes("shared", &random.bytes(tn));
    for output in 0..200 {
        let (elements, weights) = (random.bytes(taps), random.bytes(taps));
        dut.set("sum_valid", false);
        dut.set("sum_first", false);
        dut.set("load", false);
        dut.set("shift", false);
        dut.set("element_valid", true);
        for &element in &elements {
            dut.set("element", element);
            dut.tick();
        }
        dut.set("element_valid", false);
        let steps = taps / tn;
        for cycle in 0..steps + 2 + latency(tn) {
            dut.set("load", cycle == 0);
            dut.set("shift", (1..steps).contains(&cycle));
            if (1..=steps).contains(&cycle) {
                dut.set_bytes("weights", &weights[tn * (cycle - 1)..tn * cycle]);
            }
            let summed = cycle.checked_sub(1 + latency(tn)).filter(|&step| step < steps);
            dut.set("sum_valid", summed.is_some());
            dut.set("sum_first", summed == Some(0));
            dut.tick();
        }
        dut.settle();
        // Tap 0 is the element that came last.
        let products = elements.iter().rev().zip(&weights);
        let wanted: i64 = products.map(|(&a, &b)| i64::from(a as i8) * i64::from(b as i8)).sum();
        assert_eq!(dut.get_signed("total", BITS), wanted, "output {output}");
    }
}

#[test]
fn an_output_lane_without_taps_multiplies_its_own_byte_and_the_shared_others() {
    let seed = 55;
    let mut random = Random(seed);
    let tn = 4usize;
    let Some(mut dut) = dut!(OutputLane::<INT8_SUM>::new(INT8, tn, tn, 0), seed) else { return };
    for port in ["shift", "maximum"] {
        dut.set(port, false);
    }
    dut.set("sum_first", true);
    dut.set("sum_valid", true);
    let sum_at = 1 + latency(tn);
    let (mut element, mut wanted) = (0u8, Vec::new());
    for cycle in 0..2000 {
        let (next, shared, weights) = (random.byte(), random.bytes(tn), random.bytes(tn));
        let own = random.chance(50);
        dut.set("element_valid", true);
        dut.set("element", next);
        dut.set("load", own);
        dut.set_bytes("shared", &shared);
        let mut operands = shared;
        if own {
            operands[0] = element;
        }
        element = next;
        wanted.push((operands, weights));
        if cycle > 0 {
            dut.set_bytes("weights", &wanted[cycle - 1].1);
        }
        dut.settle();
        if cycle > sum_at + 1 {
            let (operands, weights) = &wanted[cycle - sum_at - 1];
            let products = operands.iter().zip(weights);
            let sum: i64 = products.map(|(&a, &b)| i64::from(a as i8) * i64::from(b as i8)).sum();
            assert_eq!(dut.get_signed("total", BITS), sum, "cycle {cycle}");
        }
        dut.tick();
    }
}

#[test]
fn the_page_shows_an_output_of_three_steps() {
    let Some(mut dut) = dut!(OutputLane::<INT8_SUM>::new(INT8, 2, 2, 2), 54) else { return };
    let mut waves = Waveform::new(&[
        ("shared", Some("")),
        ("weights", Some("")),
        ("sum_valid", None),
        ("sum_first", None),
        ("total", Some("")),
    ]);
    for port in ["load", "shift", "element_valid", "maximum", "sum_valid", "sum_first"] {
        dut.set(port, false);
    }
    // Three steps of 1*16 + 2*16, then nothing until the pipeline is empty.
    let sum_at = 1 + latency(2);
    dut.set_bytes("shared", &[0, 0]);
    dut.set_bytes("weights", &[0, 0]);
    dut.set("sum_valid", true);
    dut.set("sum_first", true);
    for _ in 0..sum_at + 2 {
        dut.tick();
    }
    for cycle in 0..sum_at + 5 {
        dut.set_bytes("shared", if cycle < 3 { &[1, 2] } else { &[0, 0] });
        dut.set_bytes("weights", if (1..4).contains(&cycle) { &[16, 16] } else { &[0, 0] });
        dut.set("sum_valid", (sum_at..sum_at + 3).contains(&cycle));
        dut.set("sum_first", cycle == sum_at);
        dut.settle();
        waves.sample(&dut);
        dut.tick();
    }
    waves.expect("array.md", "output_lane");
}
