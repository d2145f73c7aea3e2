//! The post-processor's blocks as emitted: assembler, result walker, operands of each pass.

mod blocks_support;

use std::collections::VecDeque;

use blocks_support::extend;
use blocks_support::layer::{random_layer, random_parameter, results};
use blocks_support::random::Random;
use cortado_arch::isa::Parameter;
use cortado_hw::cells::dot_product::SUM_BITS;
use cortado_hw::cells::requantiser::{rounded_latency, OPERAND_BITS};
use cortado_hw::post::assembler::Assembler;
use cortado_hw::post::pass_operand::{PassOperand, OPERAND_LATENCY};
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

#[test]
fn the_result_walker_goes_through_the_loops_of_every_mode() {
    let seed = 72;
    let mut random = Random(seed);
    let Some(mut dut) = dut!(ResultWalker::default(), seed) else { return };
    for number in 0..400 {
        let layer = random_layer(&mut random, 16);
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

#[test]
fn each_pass_gets_its_operand_factor_and_shift() {
    let seed = 73;
    let mut random = Random(seed);
    let Some(mut dut) = dut!(PassOperand::new(1), seed) else { return };
    let bits = OPERAND_BITS as u32;
    let rounded_at = OPERAND_LATENCY + rounded_latency(1);
    for run in 0..40 {
        let layer = random_layer(&mut random, 4);
        for (port, value) in
            [("own_zero_point", layer.own_zero_point), ("residual_zero_point", layer.residual_zero_point)]
        {
            dut.set_signed(port, 8, value.into());
        }
        for (port, value) in [
            ("scale_residual", layer.scale_residual),
            ("scale_q", layer.scale_q),
            ("scale_shift", layer.scale_shift),
            ("sum_q", layer.sum_q),
            ("sum_shift", layer.sum_shift),
        ] {
            dut.set(port, value);
        }
        let (own_zero, residual_zero) = (i64::from(layer.own_zero_point), i64::from(layer.residual_zero_point));
        // Latest first.
        let mut passes: VecDeque<Pass> = VecDeque::new();
        let mut partial_out: Option<i64> = None;
        for cycle in 0..500 {
            let extreme = random.pick(&[-(1i64 << 27), (1 << 27) - 1, 0]);
            let pass = Pass {
                pass: random.below(3) as u64,
                total: if random.chance(20) { extreme } else { random.signed(28) },
                own: random.signed(8),
                residual: random.signed(8),
                partial: random.signed(30),
                parameter: random_parameter(&mut random),
            };
            dut.set("pass", pass.pass);
            dut.set_signed("total", SUM_BITS as u32, pass.total);
            dut.set_signed("own", 8, pass.own);
            dut.set_signed("residual", 8, pass.residual);
            dut.set_signed("partial", bits, pass.partial);
            passes.push_front(pass);
            if let Some(pass) = passes.get(PARAMETER_DELAY) {
                let word = pass.parameter.encode().expect("parameters that fit");
                dut.set_bytes("channel", &word);
            }
            let rounded = random.signed(29);
            dut.set_signed("rounded", bits, rounded);
            dut.settle();
            let at = format!("run {run}, cycle {cycle}");
            if let Some(wanted) = partial_out.take() {
                assert_eq!(dut.get_signed("partial_out", bits), wanted, "{at}: partial_out");
            }
            if let Some(pass) = passes.get(OPERAND_LATENCY) {
                let (own, residual) = (pass.own - own_zero, pass.residual - residual_zero);
                let scaled = if layer.scale_residual == 1 { residual } else { own };
                let (operand, q, shift) = match pass.pass {
                    0 => (pass.total + i64::from(pass.parameter.bias), pass.parameter.q, pass.parameter.shift),
                    1 => (scaled << 20, layer.scale_q, layer.scale_shift),
                    _ => (pass.partial, layer.sum_q, layer.sum_shift),
                };
                assert_eq!(dut.get_signed("operand", bits), operand, "{at}: {pass:?}");
                assert_eq!(dut.get("q"), u64::from(q), "{at}: {pass:?}");
                assert_eq!(dut.get("shift"), u64::from(shift), "{at}: {pass:?}");
            }
            if let Some(pass) = passes.get(rounded_at) {
                let (own, residual) = (pass.own - own_zero, pass.residual - residual_zero);
                let other = if layer.scale_residual == 1 { own } else { residual };
                partial_out = Some(extend((rounded + (other << 19)) as u64, bits));
            }
            passes.truncate(rounded_at + 1);
            dut.tick();
        }
    }
}
