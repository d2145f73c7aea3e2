//! RMSProp as emitted: the unit, the norm, and both with the memory port's streams, against the golden optimiser.

mod blocks_support;
mod float_support;
mod trainer_support;

use blocks_support::random::Random;
use blocks_support::{header, Dut, TOP};
use cortado_golden::a3c::{clip, root_mean_square_step, Optimiser};
use cortado_golden::float;
use cortado_hw::emit::emit;
use cortado_hw::trainer::burst::Burst;
use cortado_hw::trainer::gradient_norm::GradientNorm;
use cortado_hw::trainer::rms_prop::RmsProp;
use cortado_hw::trainer::rms_prop_unit::{self, RmsPropUnit};
use float_support::{operands, Cell};
use trainer_support::{bits, number, numbers, Memory, Source, Timing, SMOOTH};

const OPERANDS: [&str; 8] = ["theta", "statistic", "gradient", "scale", "alpha", "fresh", "rate", "epsilon"];

#[test]
fn a_unit_makes_a_step_to_the_bit() {
    let seed = 301;
    let emitted = emit(TOP, &mut RmsPropUnit::default(), &header());
    let results = ["new_theta", "new_statistic"];
    let Some(mut cell) = Cell::new(emitted, &OPERANDS, &results, seed) else { return };
    let mut random = Random(seed);
    let alpha = 0.99f32.to_bits();
    let fresh = float::subtract(1f32.to_bits(), alpha);
    // The constants hold while words are inside, so each set of them is a run of its own.
    for (rate, scale, epsilon) in [(7e-4f32, 1f32, 0.1f32), (3.3e-4, 0.37, 0.1), (1.0, 1e-3, 1e-8), (0.0, 1.0, 0.0)] {
        let [rate, scale, epsilon] = [rate, scale, epsilon].map(f32::to_bits);
        let corners = operands::corner_pairs().map(|[statistic, gradient]| [0x3f80_0001, statistic, gradient]);
        let any = (0..100_000).map(|_| [0; 3].map(|_| operands::near_one(&mut random, 30)));
        let rows: Vec<[u32; 3]> = corners.chain(any).collect();
        let empty = std::iter::repeat_n(&[0; 3], rms_prop_unit::LATENCY);
        let fed: Vec<u32> =
            rows.iter().chain(empty).flat_map(|&[w, g, d]| [w, g, d, scale, alpha, fresh, rate, epsilon]).collect();
        let out = cell.run(&fed);
        for (row, got) in rows.iter().zip(out[2 * rms_prop_unit::LATENCY..].chunks(2)) {
            use float::{add, divide, multiply, square_root, subtract};
            let [w, g, d] = *row;
            let d = multiply(scale, d);
            let g = add(multiply(alpha, g), multiply(fresh, multiply(d, d)));
            let w = subtract(w, divide(multiply(rate, d), square_root(add(g, epsilon))));
            assert!([w, g] == got, "rate {rate:08x}, operands {row:08x?}: expected {:08x?}, got {got:08x?}", [w, g]);
        }
    }
}

/// Gradients worth a test, of `words` words: their norms below the limit of 40, at it, above it and infinite.
fn gradients(random: &mut Random, words: usize) -> Vec<(&'static str, Vec<f32>)> {
    let mut at_limit = vec![0.0; words];
    (at_limit[3], at_limit[words - 5]) = (24.0, -32.0);
    let mut above = at_limit.clone();
    above[words / 2] = 0.005;
    let many = |random: &mut Random, scale: f32| numbers(random, words, 20).iter().map(|x| x * scale).collect();
    vec![
        ("small", many(random, 0.01)),
        ("zero", vec![-0.0; words]),
        ("at the limit", at_limit),
        ("just above it", above),
        ("large", many(random, 1e6)),
        ("of infinite norm", many(random, 3e20)),
    ]
}

const LINE: usize = 16;
const CLIP: f32 = 40.0;

#[test]
fn the_norm_is_summed_in_the_contracts_order() {
    let seed = 302;
    let mut random = Random(seed);
    let Some(mut dut) = dut!(GradientNorm::default(), seed) else { return };
    dut.set("start", false);
    dut.set("reset", true);
    dut.tick();
    dut.set("reset", false);
    for (rows, stalls) in [(1, 0), (2, 0), (37, 0), (60, 40)] {
        for (what, mut gradient) in gradients(&mut random, 16 * rows) {
            let at = format!("{what}, {rows} lines, {stalls} % stalls");
            let mut source = Source::new(bits(&gradient), LINE, stalls);
            dut.set("start", true);
            dut.set("lines", rows as u64);
            dut.tick();
            dut.set("start", false);
            source.rewind();
            let mut cycles = 0;
            loop {
                source.drive(&mut dut, "gradient", &mut random);
                dut.settle();
                source.sample(&dut, "gradient");
                if dut.is("done") {
                    break;
                }
                dut.tick();
                cycles += 1;
                assert!(cycles < 100_000, "{at}: never done");
            }
            let total = dut.get("total") as u32;
            assert!(!dut.is("not_finite"), "{at}");
            dut.tick();
            // Two words a cycle, and what the lanes take.
            assert!(stalls > 0 || cycles <= 8 * rows + 200, "{at}: {cycles} cycles");
            let norm = clip(&mut gradient, CLIP);
            assert_eq!(float::square_root(total), norm.to_bits(), "{at}");
        }
    }
}

/// One network's memory: parameters, then statistics; the trainer's constants beside it.
struct Bench {
    dut: Dut,
    random: Random,
}

/// What a training's end took and moved.
struct Run {
    cycles: u64,
    beats: u64,
    refused: Option<(usize, u32)>,
}

impl Bench {
    fn new(units: usize, seed: u64) -> Option<Self> {
        let burst = Burst { lines: 16, queue: 64 };
        let block = RmsProp::new(units, burst);
        let mut dut = dut!(block.expect("sizes that can be"), seed)?;
        for port in ["start", "turn", "gradient_valid"] {
            dut.set(port, false);
        }
        for port in ["read_command_ready", "write_command_ready", "read_data_valid", "write_data_ready"] {
            dut.set(port, 0u64);
        }
        dut.set("reset", true);
        dut.tick();
        dut.set("reset", false);
        Some(Self { dut, random: Random(seed) })
    }

    /// Runs it to its end; it gets its turn some cycles after it has asked.
    fn run(&mut self, memory: &mut Memory, gradient: &[f32], rate: f32, optimiser: &Optimiser, stalls: usize) -> Run {
        let Self { dut, random } = self;
        let words = gradient.len();
        let constants = [
            ("parameters", 0),
            ("statistics", 4 * words as u32),
            ("lines", (words / LINE) as u32),
            ("rate", rate.to_bits()),
            ("alpha", optimiser.alpha.to_bits()),
            ("fresh", float::subtract(1f32.to_bits(), optimiser.alpha.to_bits())),
            ("epsilon", optimiser.epsilon.to_bits()),
            ("limit", optimiser.clip.unwrap_or(f32::INFINITY).to_bits()),
        ];
        for (port, value) in constants {
            dut.set(port, value);
        }
        let mut source = Source::new(bits(gradient), LINE, stalls);
        let (from, mut turned, mut cycles) = (memory.beats_moved, None, 0u64);
        loop {
            dut.set("start", cycles == 0);
            memory.drive(dut);
            source.drive(dut, "gradient", random);
            dut.set("turn", turned.is_some());
            dut.settle();
            memory.sample(dut);
            source.sample(dut, "gradient");
            if dut.is("gradient_start") {
                source.rewind();
            }
            assert!(turned.is_some() || memory.beats_moved == from, "it touches memory out of its turn");
            if dut.is("waiting") && random.chance(50) {
                turned.get_or_insert(cycles);
            }
            if dut.is("done") {
                break;
            }
            dut.tick();
            cycles += 1;
            assert!(cycles < 400_000, "never done");
        }
        let refused = dut.is("not_finite").then(|| (dut.get("at") as usize, dut.get("value") as u32));
        dut.tick();
        Run { cycles: cycles - turned.unwrap_or(0), beats: memory.beats_moved - from, refused }
    }
}

#[test]
fn a_step_is_the_golden_optimisers_whatever_stalls() {
    let seed = 303;
    for (units, latency, stalls) in [(1, 20, 0), (2, 3, 20), (4, 45, 50)] {
        let timing = Timing { beat_cycles: 1, latency, stalls };
        let Some(mut bench) = Bench::new(units, seed) else { return };
        // An odd number of rows: the last burst is short.
        let words = 16 * 43;
        for clip_at in [Some(CLIP), None] {
            let optimiser = Optimiser { clip: clip_at, ..Optimiser::default() };
            for (what, mut gradient) in gradients(&mut bench.random, words) {
                let mut theta = numbers(&mut bench.random, words, 12);
                let mut statistics: Vec<f32> = numbers(&mut bench.random, words, 12).iter().map(|x| x.abs()).collect();
                let contents = [bits(&theta), bits(&statistics)].concat();
                let mut memory = Memory::new(contents, LINE, 2, timing, seed);
                let run = bench.run(&mut memory, &gradient, 7e-4, &optimiser, timing.stalls);
                assert_eq!(run.refused, None);
                if let Some(limit) = clip_at {
                    clip(&mut gradient, limit);
                }
                root_mean_square_step(&optimiser, 7e-4, &mut theta, &mut statistics, &gradient);
                let wanted = [bits(&theta), bits(&statistics)].concat();
                let wrong = wanted.iter().zip(&memory.words).position(|(wanted, got)| wanted != got);
                assert_eq!(wrong, None, "{what}, {units} units, {clip_at:?}: first word that differs");
                assert_eq!(run.beats as usize, 4 * words / LINE, "{what}: beats moved");
            }
        }
    }
}

#[test]
fn a_gradient_that_is_not_finite_changes_nothing_and_is_named() {
    let seed = 304;
    for units in [1, 4] {
        let Some(mut bench) = Bench::new(units, seed) else { return };
        let words = 16 * 20;
        let contents = bits(&numbers(&mut bench.random, 2 * words, 12));
        for bad in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
            for first in [0, 1, 17, words - 1] {
                let mut gradient = numbers(&mut bench.random, words, 12);
                gradient[first] = bad;
                gradient[words - 1] = bad;
                let mut memory = Memory::new(contents.clone(), LINE, 2, SMOOTH, seed);
                let run = bench.run(&mut memory, &gradient, 7e-4, &Optimiser::default(), 0);
                assert_eq!(run.refused, Some((first, bad.to_bits())), "{units} units");
                assert!(memory.words == contents && run.beats == 0, "{units} units: memory was touched");
            }
        }
        // And the next one is taken as if nothing had been.
        let mut memory = Memory::new(contents.clone(), LINE, 2, SMOOTH, seed);
        let gradient = vec![number(&mut bench.random, 4); words];
        assert_eq!(bench.run(&mut memory, &gradient, 7e-4, &Optimiser::default(), 0).refused, None);
    }
}

#[test]
fn a_port_that_does_not_stall_is_full_and_a_unit_takes_a_parameter_a_cycle() {
    let seed = 305;
    for units in [1, 2, 4] {
        let Some(mut bench) = Bench::new(units, seed) else { return };
        // As many cycles for each: what the beginning and the end take weighs the same.
        let words = 32_000 * units;
        let timing = Timing { beat_cycles: 4 / units as i32, ..SMOOTH };
        let mut memory = Memory::new(vec![0x3f80_0000; 2 * words], LINE, 2, timing, seed);
        let run = bench.run(&mut memory, &vec![0.25; words], 7e-4, &Optimiser::default(), 0);
        let busy = (run.beats * timing.beat_cycles as u64) as f64 / run.cycles as f64;
        let rate = words as f64 / units as f64 / run.cycles as f64;
        println!("{units} units: port busy {busy:.4}, {rate:.4} parameters a unit and cycle");
        assert!(busy >= 0.98 && rate >= 0.98, "{units} units: {busy:.4}, {rate:.4}");
    }
}
