//! Small random networks: whatever the mapper accepts computes what golden computes.

mod map_support;

use cortado_arch::preset::by_name;
use cortado_arch::Architecture;
use cortado_graph::ir::{Conv2d, DataType, Op, Window};
use cortado_map::Format;
use map_support::maker::Maker;
use map_support::{check, data_type, int16};

/// `preset` with `words` of weight and an eighth of them of parameter memory, so that programs stream.
fn cramped(preset: &str, words: usize) -> Architecture {
    let arch = by_name(preset).expect("a built-in preset");
    Architecture { name: format!("cramped {preset}"), weight_words: words, parameter_words: words / 8, ..arch }
}

/// Compiles and runs the networks of `seeds`; at most `most_refused` compilations may be refused.
/// Answers how many programs stream weights or parameters, and how many turn their maps.
fn agree(arch: &Architecture, seeds: std::ops::Range<u64>, most_refused: usize) -> (usize, usize) {
    let mut refused = Vec::new();
    let (mut streaming, mut transposed) = (0, 0);
    let total = seeds.end - seeds.start;
    for seed in seeds {
        let graph = Maker::new(data_type(arch), seed).network(arch.residual_unit);
        for observe in [true, false] {
            let options = cortado_map::CompileOptions { observe };
            match cortado_map::compile(&graph, arch, &options) {
                Ok(_) => {
                    let (compiled, _) = check(&graph, arch, observe, seed);
                    streaming += usize::from(compiled.estimate.bytes_streamed > 0);
                    transposed += usize::from(compiled.transposed);
                }
                Err(e) => refused.push(format!("seed {seed}, observe {observe}: {e}")),
            }
        }
    }
    println!("{}: {} of {} refused", arch.name, refused.len(), 2 * total);
    for reason in refused.iter().take(5) {
        println!("  {reason}");
    }
    assert!(refused.len() <= most_refused, "{}: {refused:#?}", arch.name);
    println!("{}: {streaming} programs stream, {transposed} turn their maps", arch.name);
    (streaming, transposed)
}

#[test]
fn random_networks_agree_on_2x2() {
    let (_, transposed) = agree(&by_name("tiny-2x2").expect("a built-in preset"), 0..200, 0);
    assert!(transposed > 10, "only {transposed} programs turn their maps");
}

#[test]
fn random_networks_agree_on_icebreaker() {
    let arch = by_name("icebreaker-4x4").expect("a built-in preset");
    agree(&arch, 200..300, 0);
    agree(&Architecture { name: "icebreaker with residuals".into(), residual_unit: true, ..arch }, 300..400, 0);
}

#[test]
fn random_networks_agree_on_16x8() {
    agree(&by_name("ulx3s-85f-16x8").expect("a built-in preset"), 400..600, 0);
}

#[test]
fn random_networks_agree_at_int16() {
    for (preset, first) in [("tiny-2x2", 1000), ("ulx3s-25f-8x2", 1100), ("ulx3s-85f-16x8", 1200)] {
        agree(&int16(&by_name(preset).expect("a built-in preset")), first..first + 100, 0);
        agree(&int16(&cramped(preset, 320)), first + 50..first + 100, 20);
    }
}

#[test]
fn random_networks_agree_when_weights_stream() {
    let presets = [("tiny-2x2", 320, 600, 0), ("icebreaker-4x4", 320, 700, 0), ("ulx3s-25f-8x2", 160, 800, 20)];
    for (preset, words, first, most_refused) in presets {
        let (streaming, _) = agree(&cramped(preset, words), first..first + 100, most_refused);
        assert!(streaming > 10, "{preset}: only {streaming} programs stream");
    }
}

#[test]
fn a_sum_takes_its_residuals_place_when_nothing_else_fits() {
    let mut maker = Maker::new(DataType::Int8, 7);
    maker.graph.tensors[0].shape = vec![1, 6, 6, 4];
    let point = |maker: &mut Maker, from: usize| {
        let window = Window { kernel: (1, 1), stride: (1, 1), dilation: (1, 1), padding: (0, 0) };
        let conv = Conv2d {
            window,
            weights: maker.values(16),
            bias: maker.biases(4),
            input_zero_point: 3,
            output: maker.requantise(4, 4),
        };
        maker.node("conv", Op::Conv2d(conv), vec![from], vec![1, 6, 6, 4])
    };
    let residual = point(&mut maker, 0);
    let middle = point(&mut maker, residual);
    let own = point(&mut maker, middle);
    let sum = maker.add(own, residual);
    maker.graph.outputs = vec![sum];
    let arch = by_name("icebreaker-4x4").expect("a built-in preset");
    // Room for two of the three maps that live while the sum is made.
    let arch = Architecture { activation_words: 72, residual_unit: true, ..arch };
    let (compiled, _) = check(&maker.graph, &arch, false, 7);
    assert_eq!(compiled.estimate.activation_words, 72, "{}", compiled.listing);
}

#[test]
fn an_input_lies_unfolded_on_chip_or_in_bands() {
    let mut maker = Maker::new(DataType::Int8, 8);
    maker.graph.tensors[0].shape = vec![1, 12, 12, 1];
    let window = Window { kernel: (5, 5), stride: (1, 1), dilation: (1, 1), padding: (2, 2) };
    let conv = Conv2d {
        window,
        weights: maker.values(100),
        bias: maker.biases(4),
        input_zero_point: 3,
        output: maker.requantise(4, 25),
    };
    let output = maker.node("conv", Op::Conv2d(conv), vec![0], vec![1, 12, 12, 4]);
    maker.graph.outputs = vec![output];
    let arch = by_name("icebreaker-4x4").expect("a built-in preset");
    // A run of 5 bytes takes two words of 4: 288 words for the input, and 144 for the output.
    // On chip: 5 rows of 2 steps an output, not 25 steps. A word less leaves bands of one row, and each row of the input
    // crosses the port for up to 5 of them: transfers bind.
    for (activation_words, cycles) in [(432, 12 * 12 * 25), (431, 12 * 12 * 28)] {
        let arch = Architecture { activation_words, ..arch.clone() };
        let (compiled, report) = check(&maker.graph, &arch, false, 8);
        let format = compiled.input.layout.format;
        assert!(matches!(format, Format::Unfolded(_)), "{activation_words} words: {format:?}");
        assert!(report.cycles < cycles, "{} cycles", report.cycles);
    }
}
