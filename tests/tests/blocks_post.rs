//! The post-processor's blocks as emitted: assembler, result walker, operands of each pass.

mod blocks_support;

use std::collections::VecDeque;

use blocks_support::layer::{random_layer, random_parameter, results};
use blocks_support::random::Random;
use blocks_support::{extend, Dut};
use cortado_arch::isa::{Compute, Mode, Parameter};
use cortado_hw::cells::dot_product::INT8_SUM;
use cortado_hw::cells::requantiser::{rounded_latency, OPERAND_BITS};
use cortado_hw::post::assembler::Assembler;
use cortado_hw::post::pass_operand::{PassOperand, OPERAND_LATENCY, TAKE_DELAY};
use cortado_hw::post::result_walker::ResultWalker;

/// Cycles from a parameter word's address to its bytes.
const PARAMETER_DELAY: usize = 2;

#[test]
fn the_assembler_puts_parts_in_order() {
    let seed = 71;
    let mut random = Random(seed);
    for (length, part) in [(4, 1), (8, 2), (4, 4), (32, 8)] {
        let Some(mut dut) = dut!(Assembler::<8>::new(length, part), seed) else { return };
        dut.set("valid", false);
        dut.tick();
        let mut whole: Vec<u8> = Vec::new();
        let mut complete: Option<Vec<u8>> = None;
        for cycle in 0..4000 {
            let (valid, bytes) = (random.chance(60), random.bytes(part));
            let last = if valid { whole.len() + part == length } else { random.chance(50) };
            dut.set("valid", valid);
            dut.set("last", last);
            dut.set_bytes("part", &bytes);
            dut.settle();
            let at = format!("{length} from parts of {part}, cycle {cycle}");
            assert_eq!(dut.is("complete"), complete.is_some(), "{at}");
            if let Some(wanted) = complete.take() {
                assert_eq!(dut.bytes("whole", length), wanted, "{at}");
            }
            if valid {
                whole.extend(bytes);
            }
            if whole.len() == length {
                complete = Some(std::mem::take(&mut whole));
            }
            dut.tick();
        }
    }
}

fn the_walker_agrees(depthwise_unit: bool, seed: u64) {
    let mut random = Random(seed);
    let Some(mut dut) = dut!(ResultWalker::new(depthwise_unit), seed) else { return };
    for number in 0..400 {
        let layer = random_layer(&mut random, 16);
        if layer.mode == Mode::Depthwise as u32 && !depthwise_unit {
            continue;
        }
        dut.set_layer("layer", &layer);
        dut.set("advance", false);
        dut.set("launch", true);
        dut.tick();
        dut.set("launch", false);
        // Group whose parameters come next, and the one where they return to.
        let (mut pointer, mut origin) = (0, 0);
        for (index, (group, offset)) in results(&layer).into_iter().enumerate() {
            while random.chance(30) {
                dut.set("advance", false);
                dut.tick();
            }
            dut.set("advance", true);
            dut.settle();
            let at = format!("layer {number}, result {index}: {layer:?}");
            assert_eq!(dut.get("offset"), u64::from(offset), "{at}");
            let wanted = if layer.parameter_hold == 1 { 0 } else { group };
            assert_eq!(pointer, wanted, "parameters, {at}");
            pointer += 1;
            if dut.is("parameters_return") {
                pointer = origin;
            } else if dut.is("parameters_move") {
                origin = pointer;
            }
            dut.tick();
        }
    }
}

#[test]
fn the_result_walker_goes_through_the_loops_of_every_mode() {
    the_walker_agrees(true, 72);
    the_walker_agrees(false, 75);
}

/// What enters a pass.
#[derive(Clone, Debug)]
struct Pass {
    pass: u64,
    total: i64,
    own: i64,
    residual: i64,
    partial: i64,
    parameter: Parameter,
}

impl Pass {
    fn random(random: &mut Random) -> Self {
        let extreme = random.pick(&[-(1i64 << 27), (1 << 27) - 1, 0]);
        Self {
            pass: random.below(3) as u64,
            total: if random.chance(20) { extreme } else { random.signed(28) },
            own: random.signed(8),
            residual: random.signed(8),
            partial: random.signed(30),
            parameter: random_parameter(random),
        }
    }

    /// Sets what is taken.
    fn offer(&self, dut: &mut Dut) {
        dut.set_signed("total", INT8_SUM as u32, self.total);
        dut.set_signed("own", 8, self.own);
        dut.set_signed("residual", 8, self.residual);
        dut.set_signed("partial", OPERAND_BITS as u32, self.partial);
    }

    /// The differences from the zero points: the one to be scaled, the other.
    fn differences(&self, layer: &Compute) -> (i64, i64) {
        let own = self.own - i64::from(layer.own_zero_point);
        let residual = self.residual - i64::from(layer.residual_zero_point);
        if layer.scale_residual == 1 {
            (residual, own)
        } else {
            (own, residual)
        }
    }

    fn operand(&self, layer: &Compute) -> i64 {
        match self.pass {
            0 => self.total + i64::from(self.parameter.bias),
            1 => self.differences(layer).0 << 20,
            _ => self.partial,
        }
    }

    fn factor(&self, layer: &Compute) -> (u64, u64) {
        let (q, shift) = match self.pass {
            0 => (self.parameter.q, self.parameter.shift),
            1 => (layer.scale_q, layer.scale_shift),
            _ => (layer.sum_q, layer.sum_shift),
        };
        (q.into(), shift.into())
    }

    /// With the rounded product of pass 1.
    fn partial_out(&self, layer: &Compute, rounded: i64) -> i64 {
        extend((rounded + (self.differences(layer).1 << 19)) as u64, OPERAND_BITS as u32)
    }
}

fn set_fields(dut: &mut Dut, layer: &Compute) {
    dut.set_signed("own_zero_point", 8, layer.own_zero_point.into());
    dut.set_signed("residual_zero_point", 8, layer.residual_zero_point.into());
    for (port, value) in [
        ("scale_residual", layer.scale_residual),
        ("scale_q", layer.scale_q),
        ("scale_shift", layer.scale_shift),
        ("sum_q", layer.sum_q),
        ("sum_shift", layer.sum_shift),
    ] {
        dut.set(port, value);
    }
}

/// Begins a pass every `cycles` cycles. `offered`, `factored`: cycles from there to what is taken, to
/// factor and shift.
fn passes_agree(cycles: usize, offered: usize, factored: usize, seed: u64) {
    let mut random = Random(seed);
    let Some(mut dut) = dut!(PassOperand::<INT8_SUM>::new(cycles), seed) else { return };
    let bits = OPERAND_BITS as u32;
    let rounded_at = OPERAND_LATENCY + rounded_latency(cycles);
    for run in 0..40 {
        let layer = random_layer(&mut random, 4);
        set_fields(&mut dut, &layer);
        // Latest first; a pass is there once for each of its cycles.
        let mut passes: VecDeque<Pass> = VecDeque::new();
        let mut partial_out: Option<i64> = None;
        for cycle in 0..500 {
            let fresh = Pass::random(&mut random);
            let begins = |ago: usize| cycle >= ago && (cycle - ago) % cycles == 0;
            passes.push_front(if begins(0) { fresh.clone() } else { passes[0].clone() });
            dut.set("pass", passes[0].pass);
            dut.set("take", begins(TAKE_DELAY));
            // Noise where nothing is taken.
            if begins(offered) { &passes[offered] } else { &fresh }.offer(&mut dut);
            if let Some(pass) = passes.get(PARAMETER_DELAY) {
                let word = pass.parameter.encode().expect("parameters that fit");
                dut.set_bytes("channel", &word);
            }
            let rounded = random.signed(29);
            dut.set_signed("rounded", bits, rounded);
            dut.settle();
            let at = format!("{cycles} cycles for a number, run {run}, cycle {cycle}");
            if let Some(wanted) = partial_out.take() {
                assert_eq!(dut.get_signed("partial_out", bits), wanted, "{at}: partial_out");
            }
            if let Some(pass) = passes.get(OPERAND_LATENCY) {
                assert_eq!(dut.get_signed("operand", bits), pass.operand(&layer), "{at}: {pass:?}");
            }
            if let Some(pass) = passes.get(factored) {
                assert_eq!((dut.get("q"), dut.get("shift")), pass.factor(&layer), "{at}: {pass:?}");
            }
            if begins(rounded_at) {
                partial_out = Some(passes[rounded_at].partial_out(&layer, rounded));
            }
            passes.truncate(rounded_at + 1);
            dut.tick();
        }
    }
}

#[test]
fn each_pass_gets_its_operand_factor_and_shift() {
    passes_agree(1, 0, OPERAND_LATENCY, 73);
}

#[test]
fn each_pass_of_four_cycles_holds_its_operand_factor_and_shift() {
    passes_agree(4, TAKE_DELAY, OPERAND_LATENCY - 1, 74);
}
