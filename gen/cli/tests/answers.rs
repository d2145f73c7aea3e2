//! Good input: what each verb answers, as text and as JSON.

mod common;

use common::{data, Folder};

const VERBS: [&str; 14] = [
    "presets", "boards", "lint", "verilog", "inspect", "quantise", "compile", "explore", "run", "cosim", "synth",
    "bench", "train", "report",
];

#[test]
fn every_verb_has_help_with_an_example_of_itself() {
    let folder = Folder::new();
    let overview = folder.cortado(&["--help"]);
    for verb in VERBS {
        let answer = folder.cortado(&[verb, "--help"]);
        assert_eq!(answer.code, Some(0), "{verb}: {answer:?}");
        assert!(answer.out.contains(&format!("Example:\n  cortado {verb}")), "{verb}: {answer:?}");
        assert!(answer.out.contains("--json"), "{verb}: {answer:?}");
        assert!(overview.out.contains(&format!("\n  {verb} ")), "{verb} is not in {overview:?}");
    }
}

#[test]
fn presets_and_boards_list_each_other() {
    let folder = Folder::new();
    let presets = folder.cortado(&["presets", "--json"]).json();
    let names: Vec<&str> = presets.as_array().expect("a list").iter().filter_map(|one| one["name"].as_str()).collect();
    for name in ["tiny-2x2", "ulx3s-85f-16x8", "fa3c-tiny"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let boards = folder.cortado(&["boards", "--json"]).json();
    for board in boards.as_array().expect("a list") {
        let of_board = board["presets"].as_array().expect("a list");
        assert_eq!(of_board.is_empty(), board["family"] == "generic", "{board}");
        assert!(of_board.iter().all(|one| one.as_str().is_some_and(|one| names.contains(&one))), "{board}");
    }
    for verb in ["presets", "boards"] {
        assert!(folder.cortado(&[verb]).out.contains("ulx3s-85f-16x8"));
    }
}

#[test]
fn inspect_lists_the_layers_and_their_work() {
    let folder = Folder::new();
    let inspection = folder.cortado(&["inspect", "--json"]).json();
    assert_eq!(inspection["importable"], true);
    assert_eq!(inspection["macs"], 687_680);
    assert_eq!(inspection["operators"][0]["operator"], "CONV_2D");
    let text = folder.cortado(&["inspect"]).out;
    assert!(text.contains("687 680") && text.contains("1x28x28x16"), "{text}");
}

#[test]
fn the_golden_model_names_the_class_of_every_embedded_image() {
    let folder = Folder::new();
    for reference in cortado_models::references() {
        let model = format!("@{}", reference.network);
        let sample = reference.label.to_string();
        let answer = folder.cortado(&["run", &model, "--sample", &sample, "--on", "golden", "--json"]).json();
        let class = cortado_models::FASHION_CLASSES[reference.label];
        assert_eq!(answer["class"], class, "{model} {sample}");
        assert_eq!(answer["label"], class, "{model} {sample}");
        let values: Vec<i8> = serde_json::from_value(answer["outputs"][0]["values"].clone()).expect("int8 values");
        assert_eq!(values, reference.probabilities, "{model} {sample}");
    }
}

#[test]
fn the_simulator_answers_as_the_golden_model_does_and_predicts_cycles() {
    let folder = Folder::new();
    for (model, preset) in [("@fashion", "ulx3s-85f-16x8"), ("@tiny", "tiny-2x2"), ("@tiny", "icebreaker-4x4")] {
        let run = |on| folder.cortado(&["run", model, "--preset", preset, "--on", on, "--json"]).json();
        let (golden, iss) = (run("golden"), run("iss"));
        assert_eq!(golden["outputs"], iss["outputs"], "{model} on {preset}");
        assert!(golden["cycles"].is_null());
        let utilisation = iss["utilisation"].as_f64().expect("a number");
        assert!(utilisation > 0.0 && utilisation <= 1.0, "{model} on {preset}: {utilisation}");
    }
    let text = folder.cortado(&["run", "--sample", "9"]).out;
    for part in [
        "\n.==-==-=====+=++*****#****#.\n",
        "class        ankle boot, ",
        "cycles       ",
        "utilisation  ",
        "wall time    ",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn an_image_given_as_a_file_is_the_same_as_the_embedded_one() {
    let folder = Folder::new();
    let sample = cortado_models::samples().remove(4);
    let mut pgm = b"P5\n# a coat\n28 28\n255\n".to_vec();
    pgm.extend(&sample.pixels);
    folder.file("coat.pgm", &pgm);
    let raw: Vec<u8> = sample.to_int8().iter().map(|&value| value as u8).collect();
    folder.file("coat.bin", &raw);
    let run = |arguments: &[&str]| {
        let arguments = [&["run", "--on", "golden", "--json"], arguments].concat();
        folder.cortado(&arguments).json()["outputs"].clone()
    };
    let embedded = run(&["--sample", "4"]);
    assert_eq!(run(&["--input", "coat.pgm"]), embedded);
    assert_eq!(run(&["--input", "coat.bin", "-o", "out.bin"]), embedded);
    let written = std::fs::read(folder.path().join("out.bin")).expect("it was asked for");
    let values: Vec<i8> = serde_json::from_value(embedded[0]["values"].clone()).expect("int8 values");
    assert_eq!(written.iter().map(|&byte| byte as i8).collect::<Vec<_>>(), values);
}

#[test]
fn compile_writes_program_listing_image_and_estimate_and_no_more() {
    let folder = Folder::new();
    let report = folder.cortado(&["compile", "@tiny", "--preset", "tiny-2x2", "--json"]).json();
    let files = ["estimate.json", "image.bin", "load.bin", "program.bin", "program.lst"];
    let expected: Vec<String> = files.iter().map(|file| format!("build/tiny-2x2/tiny/{file}")).collect();
    assert_eq!(folder.files(), expected);
    let read = |file: &str| std::fs::read(folder.path().join("build/tiny-2x2/tiny").join(file)).expect("written");
    let written: serde_json::Value = serde_json::from_slice(&read("estimate.json")).expect("JSON");
    assert_eq!(written, report);
    let start = report["run_program"].as_u64().expect("an address") as usize;
    let (image, program) = (read("image.bin"), read("program.bin"));
    assert_eq!(image.len() as u64, report["image_bytes"]);
    assert_eq!(image[start..][..program.len()], program);
    assert_eq!(program.len(), 64 * report["instructions"].as_array().map_or(0, Vec::len));
    assert!(String::from_utf8_lossy(&read("program.lst")).contains("COMPUTE"));
    let again = folder.cortado(&["compile", "@tiny", "--preset", "tiny-2x2", "-o", "other"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(std::fs::read(folder.path().join("other/image.bin")).expect("written"), image);
}

#[test]
fn a_network_quantised_to_int16_keeps_its_accuracy_and_runs_on_int16_presets_alone() {
    let (Some(definition), Some(weights), Some(images), Some(labels)) = (
        data("caffe/lenet.prototxt"),
        data("caffe/lenet_iter_10000.caffemodel"),
        data("mnist/t10k-images-first1000-idx3-ubyte"),
        data("mnist/t10k-labels-first1000-idx1-ubyte"),
    ) else {
        return;
    };
    let folder = Folder::new();
    folder.file("lenet.prototxt", &definition);
    folder.file("lenet.caffemodel", &weights);
    folder.file("images.idx", &first(200, 784, 16, &images));
    folder.file("labels.idx", &first(200, 1, 8, &labels));
    let quantise = |data_type: &str| {
        let out = format!("{data_type}.tflite");
        let arguments =
            ["quantise", "lenet.prototxt", "--calibrate", "images.idx", "--inputs", "50", "--scale", "0.00390625"];
        let rest = ["--test", "images.idx", "--labels", "labels.idx", "--data-type", data_type, "-o", &out, "--json"];
        folder.cortado(&[&arguments[..], &rest[..]].concat()).json()
    };
    let report = quantise("int16");
    assert_eq!((&report["data_type"], &report["input_zero_point"]), (&"int16".into(), &0.into()), "{report}");
    let accuracy = |of: &str| report["accuracy"][of].as_f64().expect("a share");
    assert!(accuracy("float") > 0.97, "{report}");
    assert_eq!(accuracy("quantised"), accuracy("float"), "{report}");

    let compile = |model: &str, preset: &str| folder.cortado(&["compile", model, "--preset", preset, "-o", preset]);
    let compiled = compile("int16.tflite", "ulx3s-85f-16x8-int16");
    assert_eq!(compiled.code, Some(0), "{compiled:?}");
    quantise("int8");
    for (model, preset, engine) in
        [("int16.tflite", "ulx3s-85f-16x8", "int8"), ("int8.tflite", "datacentre-32x32-int16", "int16")]
    {
        let answer = compile(model, preset);
        assert_eq!(answer.code, Some(2), "{answer:?}");
        let expected = format!("{preset} of {engine}: choose a preset of");
        assert!(answer.err.contains(&expected), "{answer:?}");
    }
}

/// The first `count` items of `size` bytes of an IDX file whose header has `header` bytes.
fn first(count: u32, size: usize, header: usize, idx: &[u8]) -> Vec<u8> {
    let mut bytes = idx[..header + count as usize * size].to_vec();
    bytes[4..8].copy_from_slice(&count.to_be_bytes());
    bytes
}

#[test]
fn verilog_is_written_whole_and_the_same_each_time() {
    let folder = Folder::new();
    for out in ["a", "b"] {
        let report = folder.cortado(&["verilog", "--preset", "tiny-2x2", "-o", out, "--json"]).json();
        assert_eq!(report[0]["file"], format!("{out}/tiny-2x2.v"));
    }
    assert_eq!(folder.files(), ["a/tiny-2x2.v", "b/tiny-2x2.v"]);
    let read = |out: &str| std::fs::read_to_string(folder.path().join(out).join("tiny-2x2.v")).expect("written");
    let text = read("a");
    assert_eq!(text, read("b"));
    assert!(text.contains("cortado verilog --preset tiny-2x2") && text.contains("module cortado"), "{text}");
    assert!(text.trim_end().ends_with("endmodule") || text.trim_end().ends_with("`default_nettype wire"), "{text}");
}

#[test]
fn explore_writes_a_preset_that_other_verbs_take_and_a_roofline() {
    let folder = Folder::new();
    let explore = ["explore", "@fashion", "--board", "ulx3s-25f", "-o", "mine.toml", "--plot", "roof.svg", "--json"];
    let answer = folder.cortado(&explore).json();
    assert!(answer["fitting"].as_u64().is_some_and(|count| count > 10), "{answer}");
    let cycles = |row: &serde_json::Value| row["cycles"].as_f64().expect("cycles");
    let ranked = answer["ranked"].as_array().expect("a list");
    assert_eq!(ranked.len(), 10);
    assert!(ranked.windows(2).all(|pair| cycles(&pair[0]) <= cycles(&pair[1])), "{answer}");
    let front = answer["pareto"].as_array().expect("a list");
    let smaller = |pair: &[serde_json::Value]| pair[1]["lut"].as_u64() < pair[0]["lut"].as_u64();
    assert!(front.windows(2).all(smaller), "{answer}");
    assert!(answer["simulated"]["error"].as_f64().is_some_and(|error| error.abs() < 0.1), "{answer}");
    assert_eq!(folder.files(), ["mine.toml", "roof.svg"]);
    let compiled = folder.cortado(&["compile", "@fashion", "--preset", "mine.toml", "-o", "program", "--json"]).json();
    assert_eq!(compiled["preset"], ranked[0]["name"]);
    assert_eq!(folder.cortado(&["verilog", "--preset", "mine.toml", "-o", "rtl"]).code, Some(0));
    let original =
        folder.cortado(&["explore", "@fashion", "--board", "ulx3s-25f", "--model", "original", "--json"]).json();
    assert!(cycles(&original["ranked"][0]) <= cycles(&ranked[0]), "nothing waits in the original model");
    let text = folder.cortado(&explore[..4]).out;
    assert!(text.contains("Pareto front") && text.contains("the simulator takes"), "{text}");
}

#[test]
fn explore_reads_a_definition_without_weights_and_names_what_the_host_does() {
    let folder = Folder::new();
    let definition = include_bytes!("../../../models/definitions/alexnet.prototxt");
    folder.file("alexnet.prototxt", definition);
    let answer = folder.cortado(&["explore", "alexnet.prototxt", "--board", "ku060", "--batch", "32", "--json"]).json();
    let host: Vec<&str> = answer["host"].as_array().expect("a list").iter().filter_map(|one| one.as_str()).collect();
    assert!(host.len() >= 2 && host[0].contains("norm"), "{host:?}");
    assert!(answer["not_simulated"].as_str().is_some_and(|reason| reason.contains("quantise it first")), "{answer}");
}
