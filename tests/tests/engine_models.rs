//! The four MLPerf Tiny networks through the emitted Verilog: every tensor equals golden's.

mod data_support;
mod engine_support;
#[allow(dead_code)]
mod map_support;
mod network_support;

use cortado_arch::preset::by_name;
use cortado_arch::{Architecture, ExternalMemory};
use data_support::model;
use network_support::runs_agree;

fn agrees(file: &str, preset: &str) {
    let Some(graph) = model(file) else { return };
    let arch = by_name(preset).expect("a built-in preset");
    let with_bytes = |bytes: u64| Architecture {
        external: ExternalMemory { bytes, ..arch.external },
        address_bits: arch.address_bits.max(bytes.ilog2() as usize),
        ..arch.clone()
    };
    for observe in [true, false] {
        // Storing every tensor takes more external memory than a run needs.
        let arch = with_bytes(arch.external.bytes.clamp(if observe { 1 << 20 } else { 1 }, 4 << 20));
        let Some(mut harness) = engine_support::harness(&arch) else { return };
        for stalls in [true, false] {
            let (compiled, report, predicted) = runs_agree(&mut harness, &graph, &arch, observe, stalls);
            if !stalls && !observe {
                println!(
                    "{file} on {preset}: {} cycles, {} predicted, utilisation {:.4}",
                    report.cycles,
                    predicted.cycles,
                    compiled.estimate.macs as f64 / (report.cycles as f64 * arch.macs() as f64),
                );
            }
        }
    }
}

macro_rules! models {
    ($($name:ident: $file:literal on $preset:literal;)*) => {
        $(#[test]
        fn $name() {
            agrees($file, $preset);
        })*
    };
}

models! {
    resnet8_in_verilog_on_16x8: "ic_resnet8_int8.tflite" on "ulx3s-85f-16x8";
    dscnn_in_verilog_on_16x8: "kws_dscnn_int8.tflite" on "ulx3s-85f-16x8";
    vww_in_verilog_on_16x8: "vww_mobilenetv1_int8.tflite" on "ulx3s-85f-16x8";
    ad_in_verilog_on_16x8: "ad_autoencoder_int8.tflite" on "ulx3s-85f-16x8";
    dscnn_in_verilog_on_icebreaker: "kws_dscnn_int8.tflite" on "icebreaker-4x4";
}
