//! The roofline against the machine: MLPerf Tiny's networks, whose cycles `cycles.rs` holds the simulator to.

mod data_support;
mod map_support;

use cortado_arch::preset::by_name;
use cortado_map::explore::uniform::Model;
use cortado_map::explore::{evaluate, Curve, Judgement, Workload};
use data_support::model;
use map_support::check;

/// Most that the roofline may be off, of the machine's cycles.
const TOLERANCE: f64 = 0.05;

/// The roofline's cycles of `file` on `preset` are the machine's within [`TOLERANCE`].
fn foretells(file: &str, preset: &str) {
    let Some(graph) = model(file) else { return };
    let arch = by_name(preset).expect("a built-in preset");
    let workload = Workload::of_graph(&graph, arch.tm).expect("the mapper takes it");
    let curve = Curve::Port(Box::new(arch.clone()));
    let judged = |model| evaluate(&workload, &arch, &curve, Judgement { model, batch: 1 }).expect("it fits");
    let (compiled, report) = check(&graph, &arch, false, 1);
    let (revised, original) = (judged(Model::Revised), judged(Model::Original));
    let error = |cycles: f64| cycles / report.cycles as f64 - 1.0;
    println!(
        "{file} on {preset}: revised {:.0} ({:+.1} %), original {:.0} ({:+.1} %), simulated {}",
        revised.cycles,
        100.0 * error(revised.cycles),
        original.cycles,
        100.0 * error(original.cycles),
        report.cycles
    );
    for layer in &revised.layers {
        println!("  {layer:?}");
    }
    assert_eq!(revised.macs, compiled.estimate.macs, "{file}");
    assert_eq!(revised.transposed, compiled.transposed, "{file}");
    assert!(error(revised.cycles).abs() <= TOLERANCE, "{file} on {preset}: {:+.3}", error(revised.cycles));
    assert!(original.cycles <= revised.cycles, "{file}: nothing is cheaper where nothing waits");
}

macro_rules! models {
    ($($name:ident: $file:literal on $preset:literal;)*) => {
        $(#[test]
        fn $name() {
            foretells($file, $preset);
        })*
    };
}

models! {
    resnet8_on_16x8: "ic_resnet8_int8.tflite" on "ulx3s-85f-16x8";
    dscnn_on_16x8: "kws_dscnn_int8.tflite" on "ulx3s-85f-16x8";
    vww_on_16x8: "vww_mobilenetv1_int8.tflite" on "ulx3s-85f-16x8";
    ad_on_16x8: "ad_autoencoder_int8.tflite" on "ulx3s-85f-16x8";
    dscnn_on_icebreaker: "kws_dscnn_int8.tflite" on "icebreaker-4x4";
    resnet8_on_25f: "ic_resnet8_int8.tflite" on "ulx3s-25f-8x2";
}
