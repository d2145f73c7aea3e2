//! The project's figures: what each is called, what it should reach, and how it is measured.

mod caffeine;
mod conv3x3;
mod link;
mod measure;

use crate::failure::Failure;
use crate::layers::Breakdown;
use serde::Serialize;

/// Seed of every random number in a measurement.
pub const SEED: u64 = 1;

/// Which way a figure is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Bound {
    /// Not less than the target.
    Least,
    /// Not more than the target.
    Most,
}

/// A figure as it is defined.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// Its fixed name, `<case>.<what>`.
    pub name: &'static str,
    /// What to reach.
    pub target: f64,
    /// Whether the target is the least or the most.
    pub bound: Bound,
    /// The best comparable value of another project.
    pub reference: Option<f64>,
    /// What the reference is.
    pub reference_of: &'static str,
    /// What is measured, in words.
    pub what: &'static str,
    /// How.
    pub case: Case,
}

/// How a figure is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// One 3x3 layer in Verilator, from the arrival of its input to its last result.
    Conv3x3,
    /// The same with its transfers.
    Conv3x3Run,
    /// A whole network in Verilator; a file of MLPerf Tiny.
    Network(&'static str),
    /// Wall time of the same.
    WallTime(&'static str),
    /// Simulation speed against a plain C++ loop.
    Harness,
    /// Time to emit all presets' Verilog.
    Emit,
    /// Time to explore a board for VGG16.
    Explore,
    /// LUT4 of a preset after Yosys.
    Luts(&'static str),
    /// VGG16's convolutions and pools on the large engine; the best of its layers.
    Vgg16Convolution,
    Vgg16BestLayer,
    /// VGG16's fully connected layers over a batch, against their roof; a batch whole.
    Vgg16FullyConnected,
    Vgg16Whole,
    /// VGG16's first fully connected layer at batch 1: against its roof; with weights in bursts of a tile to as they lie.
    Fc1Roof,
    Fc1Mapping,
    /// AlexNet's convolutions and pools on the large engine.
    AlexnetConvolution,
    /// Clock of a preset after place and route, its ports behind scan registers.
    Clock(&'static str),
    /// The same of the top of the preset's board, with the board's pins.
    BoardClock(&'static str),
    /// The host link of the preset's board, on a line with faults.
    Link(&'static str),
}

const fn utilisation(name: &'static str, file: &'static str, target: f64, what: &'static str) -> Definition {
    Definition { name, target, bound: Bound::Least, reference: None, reference_of: "", what, case: Case::Network(file) }
}

const fn clock(name: &'static str, preset: &'static str, target: f64) -> Definition {
    let what = "clock after place and route, MHz";
    Definition { name, target, bound: Bound::Least, reference: None, reference_of: "", what, case: Case::Clock(preset) }
}

const RESNET8: &str = "ic_resnet8_int8";

/// Every figure, in the order of the README's table.
pub const ALL: [Definition; 25] = [
    Definition {
        name: "conv3x3.utilisation",
        target: 0.97,
        bound: Bound::Least,
        reference: Some(0.959),
        reference_of: "NNgen 1.3.4, 18 multipliers",
        what: "3x3 convolution, 16 to 32 channels, 16x16 map: useful MACs / (cycles x multipliers), the layer without the transfers of its maps",
        case: Case::Conv3x3,
    },
    Definition {
        name: "conv3x3.with_transfers",
        target: 0.97,
        bound: Bound::Least,
        reference: Some(0.959),
        reference_of: "NNgen 1.3.4, 18 multipliers",
        what: "the same layer as a whole run: input and output cross the 4-byte port",
        case: Case::Conv3x3Run,
    },
    utilisation("resnet8.utilisation", RESNET8, 0.90, "ResNet8, whole network"),
    utilisation("dscnn.utilisation", "kws_dscnn_int8", 0.75, "DS-CNN, whole network"),
    utilisation("vww.utilisation", "vww_mobilenetv1_int8", 0.65, "MobileNet VWW, whole network"),
    Definition {
        reference: Some(0.179),
        reference_of: "NNgen 1.3.4, 640 to 128, 16 multipliers",
        ..utilisation("ad.utilisation", "ad_autoencoder_int8", 0.60, "anomaly detection autoencoder, batch 1")
    },
    Definition {
        name: "resnet8.wall_s",
        target: 3.0,
        bound: Bound::Most,
        reference: None,
        reference_of: "",
        what: "ResNet8 inference in Verilator, seconds",
        case: Case::WallTime(RESNET8),
    },
    Definition {
        name: "harness.ratio",
        target: 0.8,
        bound: Bound::Least,
        reference: Some(1.0),
        reference_of: "a plain C++ loop round the same model",
        what: "simulated cycles per second, harness over plain loop",
        case: Case::Harness,
    },
    Definition {
        name: "emit.all_s",
        target: 10.0,
        bound: Bound::Most,
        reference: None,
        reference_of: "",
        what: "Verilog of all presets, seconds",
        case: Case::Emit,
    },
    Definition {
        reference: Some(0.76),
        reference_of: "Caffeine, KU060, fixed16",
        case: Case::Vgg16Convolution,
        ..utilisation("vgg16.conv.utilisation", "", 0.95, "VGG16, convolutions and pools of an image, int8")
    },
    Definition {
        reference: Some(0.89),
        reference_of: "Caffeine, KU060, fixed16",
        case: Case::Vgg16BestLayer,
        ..utilisation("vgg16.best_layer.utilisation", "", 0.98, "VGG16, the best layer, int8")
    },
    Definition {
        reference: Some(0.42),
        reference_of: "Caffeine, KU060, fixed16, of peak",
        case: Case::Vgg16FullyConnected,
        ..utilisation(
            "vgg16.fc.of_roof",
            "",
            0.90,
            "VGG16, fully connected layers of a batch of 32, int8: fewest cycles by multipliers and weights' bandwidth / cycles",
        )
    },
    Definition {
        reference: Some(0.65),
        reference_of: "Caffeine, KU060, fixed16",
        case: Case::Vgg16Whole,
        ..utilisation("vgg16.all.utilisation", "", 0.93, "VGG16, a batch of 32 images whole, int8")
    },
    Definition {
        case: Case::Fc1Roof,
        ..utilisation("fc1.of_roof", "", 0.95, "VGG16, first fully connected layer at batch 1, int8: bandwidth of its weights / cycles")
    },
    Definition {
        reference: Some(3.4),
        reference_of: "Caffeine, KU060, weight-major over input-major",
        case: Case::Fc1Mapping,
        ..utilisation("fc1.mapping_ratio", "", 3.4, "the same: cycles with a burst for each tile of weights (the paper's input-major) / cycles")
    },
    Definition {
        reference: Some(0.40),
        reference_of: "Caffeine, KU060, fixed16",
        case: Case::AlexnetConvolution,
        ..utilisation("alexnet.conv.utilisation", "", 0.80, "AlexNet, convolutions and pools of an image, int8")
    },
    Definition {
        name: "explore.vgg16_s",
        target: 30.0,
        bound: Bound::Most,
        reference: None,
        reference_of: "",
        what: "every engine for VGG16 that fits a ULX3S-85F judged, seconds",
        case: Case::Explore,
    },
    Definition {
        name: "ulx3s-85f-16x8.lut4",
        target: 20_000.0,
        bound: Bound::Most,
        reference: Some(16_309.0),
        reference_of: "NNgen 1.3.4, one fixed layer with 18 multipliers",
        what: "LUT4 of the whole engine",
        case: Case::Luts("ulx3s-85f-16x8"),
    },
    Definition {
        name: "ulx3s-85f-16x8-int16.lut4",
        target: 66_900.0,
        bound: Bound::Most,
        reference: None,
        reference_of: "",
        what: "LUT4 of the whole int16 engine, of which 80 % of the part's may be used",
        case: Case::Luts("ulx3s-85f-16x8-int16"),
    },
    clock("ulx3s-85f-16x8.fmax_mhz", "ulx3s-85f-16x8", 100.0),
    clock("ulx3s-25f-8x2.fmax_mhz", "ulx3s-25f-8x2", 80.0),
    clock("hx8k-4x4.fmax_mhz", "hx8k-4x4", 50.0),
    clock("icebreaker-4x4.fmax_mhz", "icebreaker-4x4", 24.0),
    Definition {
        what: "clock of the board's whole top, host link and memory included, with its pins, MHz",
        case: Case::BoardClock("icebreaker-4x4"),
        ..clock("icebreaker-4x4.board_mhz", "icebreaker-4x4", 24.0)
    },
    Definition {
        name: "link.wrong_bytes",
        target: 0.0,
        bound: Bound::Most,
        reference: None,
        reference_of: "",
        what: "bytes wrong or lost over a board's pins in 1,000,000 frames, of which 1 % are damaged, cut, lost, doubled, overtaken or flooded",
        case: Case::Link("icebreaker-4x4"),
    },
];

/// A figure as measured.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// Its fixed name.
    pub figure: &'static str,
    /// The value.
    pub value: f64,
    /// What to reach.
    pub target: f64,
    /// The best comparable value of another project.
    pub reference: Option<f64>,
    /// Seed of the measurement.
    pub seed: u64,
    /// Whether the target is the least or the most.
    pub bound: Bound,
    /// Whether it is reached.
    pub met: bool,
    /// The engine measured; `all` where it is every one.
    pub preset: String,
    /// This generator's version.
    pub version: &'static str,
    /// The tool measured with.
    pub tool: String,
    /// What is measured, in words.
    pub what: &'static str,
    /// What the reference is.
    pub reference_of: &'static str,
    /// Layer by layer, where there are layers.
    #[serde(skip)]
    pub breakdown: Option<Breakdown>,
}

impl Definition {
    /// The figure's case: its name up to the point.
    pub fn case_name(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(case, _)| case)
    }

    /// Measures it; `None`, with the reason, where a file it needs is not there.
    ///
    /// # Errors
    /// A tool is missing, or the measurement fails.
    pub fn measure(&self) -> Result<Result<Figure, String>, Failure> {
        let measured = match self.case {
            Case::Conv3x3 => conv3x3::measure()?,
            Case::Conv3x3Run => conv3x3::with_transfers()?,
            Case::Network(file) => match measure::network(file)? {
                Some(inference) => inference.utilisation(),
                None => return Ok(Err(measure::absent(file))),
            },
            Case::WallTime(file) => match measure::network(file)? {
                Some(inference) => inference.wall_time(),
                None => return Ok(Err(measure::absent(file))),
            },
            Case::Harness => measure::harness()?,
            Case::Emit => measure::emit()?,
            Case::Vgg16Convolution => caffeine::convolution()?,
            Case::Vgg16BestLayer => caffeine::best_layer()?,
            Case::Vgg16FullyConnected => caffeine::fully_connected()?,
            Case::Vgg16Whole => caffeine::whole()?,
            Case::Fc1Roof => caffeine::first_of_roof()?,
            Case::Fc1Mapping => caffeine::mapping_ratio()?,
            Case::AlexnetConvolution => caffeine::alexnet()?,
            Case::Explore => measure::explore()?,
            Case::Luts(preset) => measure::luts(preset)?,
            // An engine that does not fit its part has no clock to measure; the others' figures go on.
            Case::Clock(preset) => match measure::clock(preset) {
                Err(Failure::Check(reason)) => return Ok(Err(reason)),
                found => found?,
            },
            Case::Link(preset) => link::lost(preset)?,
            Case::BoardClock(preset) => match measure::board_clock(preset) {
                Err(Failure::Check(reason)) => return Ok(Err(reason)),
                found => found?,
            },
        };
        Ok(Ok(Figure {
            figure: self.name,
            value: measured.value,
            target: self.target,
            reference: self.reference,
            seed: measured.seed,
            bound: self.bound,
            met: match self.bound {
                Bound::Least => measured.value >= self.target,
                Bound::Most => measured.value <= self.target,
            },
            preset: measured.preset,
            version: crate::rtl::VERSION,
            tool: measured.tool,
            what: self.what,
            reference_of: self.reference_of,
            breakdown: measured.breakdown,
        }))
    }
}

/// The figures of the cases named; all when none is.
///
/// # Errors
/// A name is neither a case nor a figure.
pub fn select(cases: &[String]) -> Result<Vec<Definition>, Failure> {
    let is = |one: &Definition, name: &str| one.name == name || one.case_name() == name;
    if let Some(unknown) = cases.iter().find(|case| !ALL.iter().any(|one| is(one, case))) {
        let mut known: Vec<&str> = ALL.iter().map(Definition::case_name).collect();
        known.dedup();
        return Err(Failure::Refused(format!("no case is called {unknown:?}; there are {}", known.join(", "))));
    }
    let wanted = |one: &Definition| cases.is_empty() || cases.iter().any(|case| is(one, case));
    Ok(ALL.into_iter().filter(wanted).collect())
}

/// Measures figures one after the other; those that cannot be are remarked on and left out.
///
/// # Errors
/// As [`Definition::measure`], or what `found` returns.
pub fn measure(
    definitions: &[Definition],
    console: crate::console::Console,
    mut found: impl FnMut(&Figure) -> crate::failure::Outcome,
) -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for definition in definitions {
        let progress = console.progress(definitions.len());
        progress.doing(definition.name);
        let measured = definition.measure()?;
        drop(progress);
        match measured {
            Ok(figure) => {
                found(&figure)?;
                figures.push(figure);
            }
            Err(reason) => console.note(&format!("skipped {}: {reason}", definition.name)),
        }
    }
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_select_their_figures_in_the_table_s_order() {
        let select = |cases: &[&str]| {
            let cases: Vec<String> = cases.iter().map(ToString::to_string).collect();
            select(&cases).map(|found| found.iter().map(|one| one.name).collect::<Vec<_>>())
        };
        assert_eq!(select(&["emit", "resnet8"]).unwrap(), ["resnet8.utilisation", "resnet8.wall_s", "emit.all_s"]);
        assert_eq!(select(&["resnet8.wall_s"]).unwrap(), ["resnet8.wall_s"]);
        assert_eq!(select(&[]).unwrap().len(), ALL.len());
        let refusal = select(&["resnet9"]).expect_err("there is no such case");
        assert!(refusal.message().is_some_and(|text| text.contains("resnet9") && text.contains("dscnn")));
    }
}
