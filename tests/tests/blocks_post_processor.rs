//! The whole post-processor as emitted, against the formulas of docs/machine.md: scheduler, passes,
//! residual and places, with memories beside it that answer at their latencies.

mod blocks_support;

use std::collections::VecDeque;

use blocks_support::layer::{random_layer, random_parameter, results};
use blocks_support::{high_mul, random::Random, round_shift, waveform::Waveform, Dut};
use cortado_arch::isa::{Compute, Mode, Parameter};
use cortado_arch::{preset, Architecture};
use cortado_hw::cells::dot_product::INT8_SUM;
use cortado_hw::cells::requantiser::rounded_latency;
use cortado_hw::post::pass_operand::OPERAND_LATENCY;
use cortado_hw::post::post_processor::PostProcessor;

/// Cycles from a parameter word's address to its bytes.
const PARAMETER_DELAY: usize = 2;
/// Cycles from a granted residual read to the word.
const RESIDUAL_DELAY: usize = 4;

/// The output byte of one accumulator.
fn formula(layer: &Compute, accumulator: i64, parameter: Parameter, residual: u8) -> u8 {
    let v = high_mul(accumulator + i64::from(parameter.bias), parameter.q.into());
    let v = round_shift(v, parameter.shift) + i64::from(layer.zero_point);
    let own = v.clamp(layer.minimum.into(), layer.maximum_value.into());
    if layer.residual == 0 {
        return own as u8;
    }
    let r = i64::from(residual as i8) - i64::from(layer.residual_zero_point);
    let own = own - i64::from(layer.own_zero_point);
    let (scaled, other) = if layer.scale_residual == 1 { (r, own) } else { (own, r) };
    let t = round_shift(high_mul(scaled << 20, layer.scale_q.into()), layer.scale_shift) + (other << 19);
    let sum = round_shift(high_mul(t, layer.sum_q.into()), layer.sum_shift) + i64::from(layer.sum_zero_point);
    sum.clamp(layer.sum_minimum.into(), layer.sum_maximum.into()) as u8
}

/// An engine with every unit, of `tm` totals on `lanes` requantisers that take `cycles` for a channel.
fn engine(tm: usize, lanes: usize, cycles: usize) -> Architecture {
    let any = preset::by_name("tiny-2x2").expect("an embedded preset");
    assert!(any.residual_unit && any.window_taps > 0);
    Architecture { tm, requantise_lanes: lanes, requantise_cycles: cycles, ..any }
}

/// A post-processor with the memories beside it, which answer at their latencies and show noise else.
struct Bench {
    dut: Dut,
    random: Random,
    arch: Architecture,
    tm: usize,
    lanes: usize,
    layer: Compute,
    /// Parameter of a channel of a parameter word, byte of a residual word: made from the address.
    salt: u64,
    parameter_reads: VecDeque<Option<u16>>,
    parameter_word: Vec<u8>,
    residual_reads: VecDeque<Option<u16>>,
    /// Cycles for which a residual has been urgent.
    urgent: usize,
    /// How often a residual is granted at once, in percent.
    grants: usize,
}

impl Bench {
    fn new(arch: Architecture, seed: u64) -> Option<Self> {
        let (tm, lanes) = (arch.tm, arch.requantise_lanes);
        let mut dut = dut!(PostProcessor::<INT8_SUM>::new(&arch), seed)?;
        for port in ["launch", "arrive", "residual_grant"] {
            dut.set(port, false);
        }
        dut.set_layer("layer", &Compute::default());
        // No reset: what stands in the pipeline at first leaves it unseen.
        for _ in 0..4 * (OPERAND_LATENCY + rounded_latency(4) + arch.pass_cycles()) {
            dut.tick();
        }
        Some(Self {
            dut,
            random: Random(seed),
            arch,
            tm,
            lanes,
            layer: Compute::default(),
            salt: seed,
            parameter_reads: vec![None; PARAMETER_DELAY + 1].into(),
            parameter_word: vec![0; 8 * lanes],
            residual_reads: vec![None; RESIDUAL_DELAY + 1].into(),
            urgent: 0,
            grants: 50,
        })
    }

    /// Fewest cycles between arrivals.
    fn interval(&self) -> usize {
        self.arch.vector_interval(self.layer.residual == 1)
    }

    fn parameter(&self, address: u16, channel: usize) -> Parameter {
        let mut random = Random(self.salt ^ u64::from(address) << 8 ^ channel as u64);
        let mut parameter = random_parameter(&mut random);
        // Most results should lie between the bounds.
        parameter.shift = if random.chance(80) { 12 + random.below(10) as u32 } else { parameter.shift };
        parameter
    }

    fn residual(&self, address: u16) -> Vec<u8> {
        Random(!self.salt ^ u64::from(address)).bytes(self.tm)
    }

    fn launch(&mut self, layer: Compute) {
        self.layer = layer;
        self.salt = self.random.next();
        self.dut.set_layer("layer", &layer);
        self.dut.set("launch", true);
        self.dut.set("arrive", false);
        self.cycle(None);
        self.dut.set("launch", false);
    }

    /// One cycle; the result that leaves in it.
    fn cycle(&mut self, totals: Option<&[i64]>) -> Option<(u16, Vec<u8>)> {
        self.present(totals);
        let dut = &mut self.dut;
        let result = dut.is("result_valid").then(|| (dut.get("result_address") as u16, dut.bytes("result", self.tm)));
        dut.tick();
        result
    }

    /// Sets the inputs of a cycle and settles.
    fn present(&mut self, totals: Option<&[i64]>) {
        let noise: Vec<i64> = (0..self.tm).map(|_| self.random.signed(INT8_SUM as u32)).collect();
        self.dut.set("arrive", totals.is_some());
        self.dut.set_all("totals", INT8_SUM as u32, totals.unwrap_or(&noise));
        // Requests depend on registers alone, so they can be seen before the answers are set.
        self.dut.settle();
        let reads = self.dut.is("residual_read");
        let waited = self.dut.is("residual_urgent");
        self.urgent = if waited { self.urgent + 1 } else { 0 };
        let grant = self.random.chance(self.grants) || self.urgent >= 2;
        self.dut.set("residual_grant", grant);
        self.dut.settle();
        let residual = (reads && grant).then(|| self.dut.get("residual_address") as u16);
        self.residual_reads.push_front(residual);
        self.residual_reads.pop_back();
        let parameter = self.dut.is("parameter_read").then(|| self.dut.get("parameter_address") as u16);
        self.parameter_reads.push_front(parameter);
        self.parameter_reads.pop_back();
        let word = match self.residual_reads[RESIDUAL_DELAY] {
            Some(address) => self.residual(address),
            None => self.random.bytes(self.tm),
        };
        self.dut.set_bytes("residual_word", &word);
        let word = match self.parameter_reads[PARAMETER_DELAY] {
            Some(address) => (0..self.lanes)
                .flat_map(|channel| self.parameter(address, channel).encode().expect("parameters that fit"))
                .collect(),
            // A memory holds its word; with one cycle for a number nobody may rely on it.
            None if self.arch.requantise_cycles > 1 => self.parameter_word.clone(),
            None => self.random.bytes(8 * self.lanes),
        };
        self.dut.set_bytes("parameters", &word);
        self.parameter_word = word;
        self.dut.settle();
    }

    /// Address and bytes of a result, by the formulas.
    fn wanted(&self, group: u32, offset: u16, totals: &[i64]) -> (u16, Vec<u8>) {
        let residual = self.residual((self.layer.residual_address as u16).wrapping_add(offset));
        let group = if self.layer.parameter_hold == 1 { 0 } else { group };
        let bytes = (0..self.tm).map(|m| {
            let word = group as usize * (self.tm / self.lanes) + m / self.lanes;
            let address = (self.layer.parameter_address as u16).wrapping_add(word as u16);
            formula(&self.layer, totals[m], self.parameter(address, m % self.lanes), residual[m])
        });
        ((self.layer.output_address as u16).wrapping_add(offset), bytes.collect())
    }

    /// Runs a layer; `spread` is how many cycles beyond the interval an arrival may wait.
    fn run(&mut self, layer: Compute, spread: usize) {
        self.launch(layer);
        let mut coming: VecDeque<(u32, u16)> = results(&layer).into();
        let mut wanted: VecDeque<(u16, Vec<u8>)> = VecDeque::new();
        let (mut next_arrival, mut drained) = (0, 0);
        let (at, interval) = (format!("Tm {}, R {}: {layer:?}", self.tm, self.lanes), self.interval());
        let patience = 3 * interval + 4 * (OPERAND_LATENCY + rounded_latency(4)) + 20;
        for cycle in 0.. {
            let totals = (cycle >= next_arrival).then(|| coming.pop_front()).flatten().map(|(group, offset)| {
                next_arrival = cycle + interval + self.random.below(spread + 1);
                let totals: Vec<i64> = (0..self.tm)
                    .map(|_| if self.random.chance(30) { self.random.signed(28) } else { self.random.scaled(22) })
                    .collect();
                wanted.push_back(self.wanted(group, offset, &totals));
                totals
            });
            if let Some(result) = self.cycle(totals.as_deref()) {
                assert_eq!(Some(result), wanted.pop_front(), "cycle {cycle}, {at}");
            }
            if coming.is_empty() {
                drained += 1;
            }
            if drained > patience {
                break;
            }
        }
        assert!(wanted.is_empty(), "{} results never came, {at}", wanted.len());
    }
}

/// Vectors of `tm` totals on `lanes` requantisers: layers back to back, arrivals close and far.
fn whole(tm: usize, lanes: usize, cycles: usize, layers: usize, seed: u64) {
    let Some(mut bench) = Bench::new(engine(tm, lanes, cycles), seed) else { return };
    for number in 0..layers {
        bench.grants = [100, 50, 10, 0][number % 4];
        let layer = random_layer(&mut bench.random, tm);
        bench.run(layer, [0, 1, 7, 40][number / 4 % 4]);
    }
}

#[test]
fn the_post_processor_obeys_the_formulas_with_a_requantiser_per_total() {
    whole(4, 4, 1, 160, 81);
    whole(4, 4, 4, 96, 86);
}

#[test]
fn the_post_processor_obeys_the_formulas_in_two_parts() {
    whole(2, 1, 1, 160, 82);
    whole(2, 1, 4, 96, 87);
}

#[test]
fn the_post_processor_obeys_the_formulas_in_four_parts() {
    whole(16, 4, 1, 128, 83);
    whole(4, 1, 4, 96, 88);
}

#[test]
fn the_post_processor_obeys_the_formulas_in_sixteen_parts() {
    whole(16, 1, 1, 64, 84);
}

#[test]
fn the_post_processor_obeys_the_formulas_in_the_most_parts() {
    whole(64, 1, 1, 4, 90);
    whole(64, 1, 4, 4, 91);
}

#[test]
fn without_a_residual_unit_the_fields_of_the_add_change_nothing() {
    for (tm, lanes, cycles) in [(4, 1, 4), (2, 2, 4), (4, 2, 1)] {
        let arch = Architecture { residual_unit: false, ..engine(tm, lanes, cycles) };
        let Some(mut bench) = Bench::new(arch, 89) else { return };
        for number in 0..64 {
            let layer = Compute { residual: 0, ..random_layer(&mut bench.random, tm) };
            bench.run(layer, [0, 1, 7, 40][number % 4]);
        }
        // A layer that asks for one all the same is neither answered late nor summed.
        bench.launch(Compute { residual: 1, output_width: 1, output_height: 1, output_groups: 1, ..bench.layer });
        let totals = vec![0; tm];
        let mut results = 0;
        for cycle in 0..100 {
            results += usize::from(bench.cycle((cycle == 0).then_some(&totals[..])).is_some());
            assert!(!bench.dut.is("residual_read") && !bench.dut.is("residual_urgent"), "cycle {cycle}");
        }
        assert_eq!(results, 1);
    }
}

#[test]
fn without_a_depthwise_unit_the_other_modes_find_their_parameters() {
    for (residual_unit, cycles) in [(true, 1), (false, 4)] {
        let arch = Architecture { residual_unit, window_taps: 0, ..engine(4, 1, cycles) };
        let Some(mut bench) = Bench::new(arch, 92) else { return };
        for number in 0..64 {
            let layer = random_layer(&mut bench.random, 4);
            if layer.mode != Mode::Depthwise as u32 {
                let residual = layer.residual & u32::from(residual_unit);
                bench.run(Compute { residual, ..layer }, [0, 1, 7, 40][number % 4]);
            }
        }
    }
}

#[test]
fn the_page_shows_a_result_and_a_residual() {
    for residual in [0, 1] {
        let Some(mut bench) = Bench::new(engine(2, 1, 1), 85) else { return };
        let q = 1 << 30;
        let (scale_q, sum_q) = (q, q);
        let layer = Compute {
            residual,
            output_address: 0x40,
            residual_address: 0x80,
            output_groups: 1,
            output_width: 1,
            output_height: 1,
            output_pixel_words: 1,
            minimum: -128,
            maximum_value: 127,
            sum_minimum: -128,
            sum_maximum: 127,
            scale_q,
            sum_q,
            sum_shift: 18,
            ..Compute::default()
        };
        bench.launch(layer);
        bench.grants = 0;
        let mut ports = vec![("arrive", None), ("parameter_read", None), ("parameter_address", Some("parameter_read"))];
        if residual == 1 {
            ports.extend([("residual_read", None), ("residual_urgent", None), ("residual_grant", None)]);
            ports.push(("residual_address", Some("residual_read")));
        }
        ports.extend([("result_valid", None), ("result_address", Some("result_valid"))]);
        let mut waves = Waveform::new(&ports);
        let totals = [1000, -1000];
        for cycle in 0..200 {
            bench.present((cycle == 0).then_some(&totals[..]));
            waves.sample(&bench.dut);
            let done = bench.dut.is("result_valid");
            bench.dut.tick();
            if done {
                break;
            }
        }
        waves.expect("post.md", ["result", "residual"][residual as usize]);
    }
}
