//! Every mode against the layer in direct loops, on random shapes and presets.

mod support;

use cortado_arch::isa::Mode;
use cortado_arch::{preset, Architecture};
use proptest::prelude::*;
use support::Layer;

const PRESETS: [&str; 5] = ["tiny-2x2", "icebreaker-4x4", "ulx3s-25f-8x2", "ulx3s-85f-16x8", "datacentre-32x32"];

fn layers() -> impl Strategy<Value = Layer> {
    let mode = prop_oneof![Just(Mode::Convolution), Just(Mode::Channelwise), Just(Mode::Depthwise), Just(Mode::Patch)];
    let shape = (1usize..9, 1usize..9, 1usize..21, 1usize..21);
    let window = ((1usize..5, 1usize..5), (1usize..4, 1usize..4), (0usize..4, 0usize..4), (0usize..3, 0usize..3));
    (mode, shape, window, any::<[bool; 3]>(), any::<u64>()).prop_map(|(mode, shape, window, flags, seed)| Layer {
        mode,
        height: shape.0,
        width: shape.1,
        channels: if mode == Mode::Patch { 1 + shape.2 % 4 } else { shape.2 },
        out_channels: shape.3,
        kernel: window.0,
        stride: window.1,
        pad: window.2,
        pad_after: window.3,
        pool: flags[0] && mode == Mode::Channelwise,
        residual: flags[1],
        scale_residual: flags[2],
        seed,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn a_layer_computes_what_direct_loops_compute(layer in layers(), preset in 0..PRESETS.len()) {
        let Some(mut built) = layer.build(PRESETS[preset]) else {
            return Err(TestCaseError::reject("does not fit this preset"));
        };
        let report = built.machine.run(0).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(report.error, 0);
        prop_assert_eq!(built.output(), built.expected);
        let compute = &report.instructions[4];
        prop_assert!(compute.steps <= compute.issue_cycles);
        prop_assert!(report.instructions.iter().all(|i| i.start < i.retire && i.retire <= report.cycles));
    }
}

#[test]
fn a_fixed_layer_of_each_mode_computes_what_direct_loops_compute() {
    for name in PRESETS {
        let a = preset::by_name(name).expect("an embedded preset");
        // What a preset leaves out is given to it.
        let (window_taps, patch_bytes) = (a.window_taps.max(12), a.patch_bytes.max(40));
        let a = Architecture { residual_unit: true, window_taps, patch_bytes, ..a };
        for mode in [Mode::Convolution, Mode::Channelwise, Mode::Depthwise, Mode::Patch] {
            for seed in 0..20 {
                let layer = Layer {
                    mode,
                    height: 6,
                    width: 7,
                    channels: 3,
                    out_channels: 9,
                    kernel: (3, 3),
                    stride: (2, 1),
                    pad: (1, 1),
                    pad_after: (1, 1),
                    pool: false,
                    residual: seed % 2 == 1,
                    scale_residual: seed % 4 == 1,
                    seed,
                };
                let mut built = layer.build_on(&a).unwrap();
                built.machine.run(0).unwrap_or_else(|e| panic!("{name} {mode:?} seed {seed}: {e}"));
                assert_eq!(built.output(), built.expected, "{name} {mode:?} seed {seed}");
            }
        }
    }
}

#[test]
fn a_second_run_repeats_the_first() {
    let layer = Layer {
        mode: Mode::Convolution,
        height: 5,
        width: 5,
        channels: 20,
        out_channels: 20,
        kernel: (3, 3),
        stride: (1, 1),
        pad: (1, 1),
        pad_after: (1, 1),
        pool: false,
        residual: false,
        scale_residual: false,
        seed: 1,
    };
    let mut built = layer.build("ulx3s-85f-16x8").unwrap();
    let first = built.machine.run(0).unwrap();
    assert_eq!(built.machine.run(0).unwrap(), first);
    assert_eq!(built.output(), built.expected);
}
