//! The emitted int16 engine: random networks, every tensor equal to golden's, with a calm memory and one that stalls.

mod engine_support;
#[allow(dead_code)]
mod map_support;
mod network_support;

use cortado_arch::preset::by_name;
use cortado_arch::Architecture;
use cortado_graph::ir::DataType;
use map_support::int16;
use map_support::maker::Maker;
use network_support::runs_agree;

/// Cycles of the simulator and the Verilog may differ by this share, and by a few where runs are short.
const MOST_OFF: f64 = 0.02;
const MOST_CYCLES_OFF: f64 = 20.0;

fn networks_agree(arch: &Architecture, seeds: std::ops::Range<u64>) {
    let Some(mut harness) = engine_support::harness(arch) else { return };
    for seed in seeds {
        let graph = Maker::new(DataType::Int16, seed).network(false);
        for (observe, stalls) in [(true, true), (false, false)] {
            let (_, report, predicted) = runs_agree(&mut harness, &graph, arch, observe, stalls);
            if !stalls {
                let (took, said) = (report.cycles as f64, predicted.cycles as f64);
                let off = (took - said).abs();
                assert!(
                    off <= MOST_CYCLES_OFF.max(MOST_OFF * took),
                    "seed {seed} on {}: {took} cycles, {said} predicted",
                    arch.name
                );
            }
        }
    }
}

#[test]
fn random_int16_networks_in_verilog_on_2x2() {
    networks_agree(&int16(&by_name("tiny-2x2").expect("a built-in preset")), 0..25);
}

#[test]
fn random_int16_networks_in_verilog_on_8x2() {
    networks_agree(&int16(&by_name("ulx3s-25f-8x2").expect("a built-in preset")), 100..115);
}

#[test]
fn random_int16_networks_in_verilog_on_16x8() {
    networks_agree(&int16(&by_name("ulx3s-85f-16x8").expect("a built-in preset")), 200..210);
}
