//! The emitted engine against the instruction-set simulator, layer by layer: every mode on random
//! shapes, with a calm memory and with one that stalls at random.

#[path = "../../sim/iss/tests/support/mod.rs"]
mod support;

mod engine_support;

use cortado_arch::isa::Mode;
use cortado_arch::{preset, Architecture};
use cortado_cosim::engine::Jitter;
use cortado_cosim::{EngineHarness, MemoryModel, RunOptions};
use support::{Layer, Random};

fn layers_agree(name: &str, count: usize, seed: u64) {
    let arch = preset::by_name(name).expect("an embedded preset");
    let Some(mut harness) = engine_support::harness(&arch) else { return };
    let mut random = Random(seed);
    println!("{name}: seed {seed}, {count} layers");
    let mut done = 0;
    while done < count {
        done += usize::from(agrees(&mut harness, &arch, &Layer::random(&mut random, 9)));
    }
}

/// Runs a layer in the simulator and, calm and with stalls, in Verilog; false where the engine has no room for it.
fn agrees(harness: &mut EngineHarness, arch: &Architecture, layer: &Layer) -> bool {
    let name = &arch.name;
    let room = |b: &support::Built| b.machine.external.len() as u64 <= arch.external.bytes;
    let Some(mut built) = layer.build_on(arch).filter(room) else { return false };
    let image = built.machine.external.clone();
    built.machine.run(0).unwrap_or_else(|e| panic!("{name}, {layer:?}: {e}"));
    for stalls in [false, true] {
        let mut memory = image.clone();
        let mut options = RunOptions::new(2_000_000);
        options.seed = layer.seed;
        options.memory = MemoryModel {
            latency: arch.external.latency_cycles,
            jitter: if stalls { Jitter::heavy() } else { Jitter::default() },
            ..MemoryModel::default()
        };
        let report = harness.run(&mut memory, &options).unwrap_or_else(|e| panic!("{name}, {layer:?}: {e}"));
        assert!(report.good(), "{name}, stalls {stalls}, {layer:?}: {:?}", report.end);
        let first = memory.iter().zip(&built.machine.external).position(|(a, b)| a != b);
        if let Some(at) = first {
            let word = (at - built.output_byte) / arch.tm;
            let groups = built.out_channels.div_ceil(arch.tm);
            panic!(
                "{name}, stalls {stalls}, {layer:?}\nfirst differs: pixel {}, channel {}: Verilog {}, iss {}; {} bytes differ",
                word / groups,
                word % groups * arch.tm + (at - built.output_byte) % arch.tm,
                memory[at] as i8,
                built.machine.external[at] as i8,
                memory.iter().zip(&built.machine.external).filter(|(a, b)| a != b).count(),
            );
        }
    }
    true
}

#[test]
fn random_layers_on_tiny_2x2() {
    layers_agree("tiny-2x2", 150, 1);
}

#[test]
fn random_layers_on_icebreaker_4x4() {
    layers_agree("icebreaker-4x4", 150, 2);
}

#[test]
fn random_layers_on_hx8k_4x4() {
    layers_agree("hx8k-4x4", 100, 5);
}

#[test]
fn random_layers_on_ulx3s_25f_8x2() {
    layers_agree("ulx3s-25f-8x2", 100, 3);
}

#[test]
fn random_layers_on_ulx3s_85f_16x8() {
    layers_agree("ulx3s-85f-16x8", 200, 4);
}

#[test]
fn patches_of_more_than_255_bytes() {
    let preset = preset::by_name("ulx3s-85f-16x8").expect("an embedded preset");
    let arch = Architecture { name: "large patches".into(), window_taps: 0, patch_bytes: 384, ..preset };
    let Some(mut harness) = engine_support::harness(&arch) else { return };
    for (seed, kernel, stride, pad) in
        [(1, (11, 11), (4, 4), (0, 0)), (2, (9, 10), (1, 2), (3, 2)), (3, (8, 15), (2, 1), (0, 7))]
    {
        let layer = Layer {
            mode: Mode::Patch,
            height: 16,
            width: 19,
            channels: 3,
            out_channels: 20,
            kernel,
            stride,
            pad,
            pad_after: pad,
            pool: false,
            residual: false,
            scale_residual: false,
            seed,
        };
        assert!(agrees(&mut harness, &arch, &layer), "{layer:?} has room");
    }
}
