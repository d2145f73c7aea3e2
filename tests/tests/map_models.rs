//! The four MLPerf Tiny networks: what the mapper makes of them computes what golden computes.

mod data_support;
mod map_support;

use cortado_arch::preset::by_name;
use cortado_arch::{Architecture, ExternalMemory};
use data_support::model;
use map_support::check;

/// Every tensor of `file` on `preset` with all stored, and the outputs of the fast program, whose
/// array must be used to at least `utilisation` of all cycles.
fn agrees(file: &str, preset: &str, utilisation: f64) {
    let Some(graph) = model(file) else { return };
    let arch = by_name(preset).expect("a built-in preset");
    // Storing every tensor takes more external memory than a run needs.
    let roomy = Architecture { external: ExternalMemory { bytes: 1 << 20, ..arch.external }, ..arch.clone() };
    check(&graph, &roomy, true, 1);
    let (compiled, report) = check(&graph, &arch, false, 2);
    let estimate = &compiled.estimate;
    let reached = estimate.ideal_cycles as f64 / report.cycles as f64;
    println!(
        "{file} on {preset}: {} cycles ({} estimated), ideal {}, array {:.4}, bound {:.4}, weights {} words, {} bytes streamed, transposed {}",
        report.cycles, estimate.cycles, estimate.ideal_cycles, reached, estimate.utilisation_bound,
        estimate.weight_words, estimate.bytes_streamed, compiled.transposed
    );
    assert!(
        reached >= utilisation,
        "{file} on {preset}: array used to {reached:.4}, {utilisation} wanted\n{}",
        compiled.listing
    );
}

macro_rules! models {
    ($($name:ident: $file:literal on $preset:literal reaches $utilisation:literal;)*) => {
        $(#[test]
        fn $name() {
            agrees($file, $preset, $utilisation);
        })*
    };
}

models! {
    resnet8_agrees_on_16x8: "ic_resnet8_int8.tflite" on "ulx3s-85f-16x8" reaches 0.97;
    dscnn_agrees_on_16x8: "kws_dscnn_int8.tflite" on "ulx3s-85f-16x8" reaches 0.79;
    vww_agrees_on_16x8: "vww_mobilenetv1_int8.tflite" on "ulx3s-85f-16x8" reaches 0.65;
    ad_agrees_on_16x8: "ad_autoencoder_int8.tflite" on "ulx3s-85f-16x8" reaches 0.70;
    dscnn_agrees_on_icebreaker: "kws_dscnn_int8.tflite" on "icebreaker-4x4" reaches 0.67;
}
