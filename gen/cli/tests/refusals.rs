//! Bad input: exit 2, one clear message in pinned words, nothing half-written.

mod common;

use common::Folder;
use cortado_models::FASHION;

/// Runs `arguments`, which must be refused with all of `words` and leave no file but those of `kept`.
fn refused(folder: &Folder, arguments: &[&str], words: &[&str], kept: &[&str]) {
    let answer = folder.cortado(arguments);
    assert_eq!(answer.code, Some(2), "{arguments:?}: {answer:?}");
    assert!(answer.out.is_empty(), "{arguments:?}: {answer:?}");
    assert!(answer.err.starts_with("cortado: ") || answer.err.starts_with("error: "), "{answer:?}");
    for word in words {
        assert!(answer.err.contains(word), "{arguments:?} should say {word:?}: {answer:?}");
    }
    assert!(!answer.err.contains("panicked"), "{answer:?}");
    assert_eq!(folder.files(), kept, "{arguments:?} left something behind");
}

#[test]
fn unknown_names_are_refused_with_the_names_there_are() {
    let folder = Folder::new();
    for (arguments, words) in [
        (
            &["verilog", "--preset", "icebraker-4x4"][..],
            &["no preset is called \"icebraker-4x4\"; did you mean icebreaker-4x4?", "ulx3s-85f-16x8"][..],
        ),
        (&["inspect", "@cifar"], &["no embedded network is called \"@cifar\"; there are @fashion and @tiny, and with random weights @vgg16 and @alexnet"]),
        (&["bench", "resnet9"], &["no case is called \"resnet9\"; there are conv3x3, resnet8, dscnn"]),
        (&["run", "--sample", "10"], &["no embedded image 10; there are 0 to 9"]),
        (&["run", "--on", "fpga"], &["invalid value 'fpga'", "golden, iss, verilator, board"]),
        (&["run", "--on", "board"], &["required arguments were not provided", "--port <PATH>"]),
        (
            &["run", "--on", "board", "--preset", "tiny-2x2", "--port", "gone"],
            &["tiny-2x2 has no board with a top; there are tops for icebreaker"],
        ),
        (&["run", "--on", "board", "--preset", "icebreaker-4x4", "--port", "gone"], &["gone: No such file"]),
        (&["bitstream", "--preset", "tiny-2x2"], &["tiny-2x2 has no board with a top; there are tops for icebreaker"]),
        (&["synth", "--preset", "tiny-2x2"], &["tiny-2x2 is for simulation and has no part"]),
        (
            &["explore", "--board", "ulx3s"],
            &["no board is called \"ulx3s\"; there are icebreaker, hx8k-evn, ulx3s-25f"],
        ),
        (&["explore", "--board", "ku060", "--batch", "0"], &["invalid value '0' for '--batch <N>'"]),
        (&["explore", "--board", "ku060", "--preset", "gone"], &["no preset is called \"gone\""]),
        (&["train", "catch", "--preset", "fa3c-tny"], &["no preset is called \"fa3c-tny\"; did you mean fa3c-tiny?"]),
        (
            &["train", "catch", "--on", "verilator", "--preset", "tiny-2x2"],
            &["tiny-2x2 is an inference engine, which does not train; there are fa3c-tiny"],
        ),
        (&["compile", "@tiny", "--preset", "fa3c-tiny"], &["fa3c-tiny is a training engine", "`cortado train`"]),
        (&["synth", "--preset", "fa3c-tiny"], &["fa3c-tiny is for simulation and has no part"]),
        (&["brew"], &["unrecognized subcommand 'brew'"]),
        (&["cosim", "--inputs", "0"], &["invalid value '0' for '--inputs <N>'"]),
    ] {
        refused(&folder, arguments, words, &[]);
    }
}

#[test]
fn files_that_are_not_there_or_not_readable_are_named() {
    let folder = Folder::new();
    for (arguments, words) in [
        (&["inspect", "gone.tflite"][..], &["gone.tflite: ", "check the path"][..]),
        (&["verilog", "--preset", "gone.toml"], &["gone.toml: ", "check the path"]),
        (&["run", "--input", "gone.bin"], &["gone.bin: ", "check the path"]),
        (&["inspect", "/"], &["/: "]),
        (&["bench", "--readme"], &["README.md: ", "check the path"]),
    ] {
        refused(&folder, arguments, words, &[]);
    }
}

#[test]
fn damaged_models_are_refused_by_every_verb_that_takes_one() {
    let folder = Folder::new();
    let cut = folder.file("cut.tflite", &FASHION[..FASHION.len() / 2]);
    folder.file("empty.tflite", &[]);
    folder.file("text.tflite", b"this is no model");
    let cut = cut.to_string_lossy().into_owned();
    let kept = ["cut.tflite", "empty.tflite", "text.tflite"];
    for verb in ["inspect", "compile", "run", "cosim"] {
        let words = ["cut: E-TFLITE-", "cut short or overwritten"];
        refused(&folder, &[verb, &cut], &words[..1], &kept);
        refused(&folder, &[verb, "empty.tflite"], &["empty: E-TFLITE-FILE: 0 bytes without the identifier"], &kept);
        refused(&folder, &[verb, "text.tflite"], &["text: E-TFLITE-FILE: 16 bytes without the identifier"], &kept);
    }
}

#[test]
fn presets_with_faults_are_refused_with_line_and_reason() {
    let folder = Folder::new();
    folder.file("bad.toml", b"[preset]\nname = \"bad\"\nsummary = \"x\"\n\n[array]\ntm_lanes = 3\n");
    folder.file("noise.toml", &[0xff, 0xfe, 0x00]);
    let kept = ["bad.toml", "noise.toml"];
    refused(&folder, &["verilog", "--preset", "bad.toml"], &["bad.toml:6: ", "tm_lanes"], &kept);
    refused(&folder, &["compile", "--preset", "noise.toml"], &["noise.toml: not UTF-8 text"], &kept);
}

#[test]
fn inputs_of_the_wrong_form_are_refused_with_the_form_that_fits() {
    let folder = Folder::new();
    folder.file("short.bin", &[0; 783]);
    folder.file("small.pgm", b"P5\n2 2\n255\nabcd");
    folder.file("cut.pgm", b"P5\n28 28\n255\nabcd");
    folder.file("text.pgm", b"P2\n1 1\n255\n7");
    let kept = ["cut.pgm", "short.bin", "small.pgm", "text.pgm"];
    for (file, words) in [
        ("short.bin", "short.bin: 783 values; the input"),
        ("small.pgm", "small.pgm: 2 x 2 pixels up to 255; the networks take 28 x 28 up to 255"),
        ("cut.pgm", "cut.pgm: 4 bytes of pixels; 784 are needed"),
        ("text.pgm", "text.pgm: not a binary PGM file"),
    ] {
        refused(&folder, &["run", "--on", "golden", "--input", file], &[words], &kept);
    }
}

#[test]
fn a_network_that_does_not_fit_is_refused_by_name() {
    let folder = Folder::new();
    let preset =
        std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../arch/presets/tiny-2x2.toml"))
            .expect("the preset is in the repository");
    let words = preset.lines().find(|line| line.starts_with("activation_words")).expect("every preset has it");
    folder.file("small.toml", preset.replace(words, "activation_words = 64").as_bytes());
    refused(&folder, &["compile", "--preset", "small.toml"], &["fashion does not run on tiny-2x2"], &["small.toml"]);
}

#[cfg(unix)]
#[test]
fn folders_that_cannot_be_written_are_refused_and_named() {
    let folder = Folder::new();
    folder.file("file", b"in the way");
    for arguments in [
        &["compile", "-o", "file/below"][..],
        &["verilog", "--preset", "tiny-2x2", "-o", "file/below"],
        &["run", "--on", "golden", "-o", "file/below/x"],
    ] {
        refused(&folder, arguments, &["file/below: "], &["file"]);
    }
    // Full for every writer, root included.
    refused(&folder, &["run", "--on", "golden", "-o", "/dev/full/x"], &["/dev/full"], &["file"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_is_reported_and_a_closed_one_ends_in_silence() {
    use std::process::Stdio;
    let folder = Folder::new();
    let full = std::fs::File::options().write(true).open("/dev/full").expect("Linux has it");
    let answer = folder.command(&["presets"]).stdout(full).output().expect("the binary starts");
    assert_eq!(answer.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&answer.stderr).contains("standard output: "), "{answer:?}");

    let mut child = folder.command(&["presets"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    drop(child.stdout.take());
    let answer = child.wait_with_output().expect("the binary ends");
    assert_eq!((answer.status.code(), answer.stderr.as_slice()), (Some(0), &b""[..]), "{answer:?}");
}

#[test]
fn missing_tools_are_named_with_the_command_that_brings_them() {
    let folder = Folder::new();
    for (arguments, tool) in [
        (&["cosim", "@tiny", "--preset", "tiny-2x2"][..], "erilator"),
        (&["run", "@tiny", "--preset", "tiny-2x2", "--on", "verilator"], "erilator"),
        (&["lint"], "erilator"),
        (&["synth", "--preset", "icebreaker-4x4", "--no-route"], "yosys"),
    ] {
        let command = folder.command(arguments).env("PATH", folder.path()).output();
        let answer = common::Answer::of(command.expect("the binary starts"));
        assert_eq!(answer.code, Some(2), "{arguments:?}: {answer:?}");
        assert!(answer.err.contains(tool) && answer.err.contains("make tools"), "{arguments:?}: {answer:?}");
    }
}

#[test]
fn a_float_model_is_sent_to_quantise_and_quantise_says_what_is_missing() {
    let folder = Folder::new();
    let definition = b"layer { name: 'data' type: 'Input' top: 'data' input_param { shape { dim: 1 dim: 1 dim: 2 dim: 2 } } }
        layer { name: 'c' type: 'Convolution' bottom: 'data' top: 'c' convolution_param { num_output: 2 kernel_size: 1 } }";
    folder.file("net.prototxt", definition);
    folder.file("images.idx", &[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4]);
    assert_eq!(folder.cortado(&["inspect", "net.prototxt", "--json"]).json()["macs"], 8);
    for (arguments, expected) in [
        (&["run", "net.prototxt"][..], "cortado quantise MODEL --calibrate IMAGES -o net.tflite"),
        (&["quantise", "net.prototxt", "--calibrate", "images.idx", "-o", "net.tflite"], "layer \"c\" has no weights"),
        (&["quantise", "net.prototxt", "--calibrate", "net.prototxt", "-o", "net.tflite"], "not an IDX file"),
        (&["quantise", "@fashion", "--calibrate", "images.idx", "-o", "net.tflite"], "give an .onnx or .prototxt"),
    ] {
        let answer = folder.cortado(arguments);
        assert_eq!(answer.code, Some(2), "{answer:?}");
        assert!(answer.err.contains(expected), "{expected}: {answer:?}");
    }
    assert!(!folder.path().join("net.tflite").exists());
}
