//! Verbs that need Verilator, on the smallest engine.

mod common;

use common::{Answer, Folder};

/// Whether Verilator is here; says so where it is not, and fails where CI must not skip.
fn verilator() -> bool {
    let found = cortado_cosim::find_verilator();
    if let Err(error) = &found {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "skipped in CI: {error}");
        eprintln!("skipped: {error}");
    }
    found.is_ok()
}

#[test]
fn cosim_finds_no_difference_and_says_so_in_the_fixed_form() {
    if !verilator() {
        return;
    }
    let folder = Folder::new();
    for stalls in [&["--inputs", "2"][..], &["--inputs", "1", "--stalls", "--seed", "3"]] {
        let arguments = [&["cosim", "@tiny", "--preset", "tiny-2x2", "--json"], stalls].concat();
        let verdict = folder.cortado(&arguments).json();
        assert_eq!(verdict["mismatches"], 0, "{verdict}");
        assert_eq!(verdict["mac_units"], 4);
        let number = |value: &serde_json::Value| value.as_u64().expect("a whole number");
        let layers = verdict["layers"].as_array().expect("a list");
        let cycles = layers.iter().map(|layer| number(&layer["cycles"])).sum::<u64>();
        let rest = number(&verdict["input_cycles"]) + number(&verdict["output_cycles"]);
        assert_eq!(cycles + rest, number(&verdict["cycles"]), "{verdict}");
        let macs = layers.iter().map(|layer| number(&layer["macs"])).sum::<u64>();
        assert_eq!((macs, number(&verdict["macs"])), (137_504, 137_504), "{verdict}");
        let expected = macs as f64 / (number(&verdict["cycles"]) as f64 * 4.0);
        assert!((verdict["utilisation"].as_f64().expect("a number") - expected).abs() < 1e-9, "{verdict}");
        for key in ["name", "cycles", "predicted_cycles", "utilisation"] {
            assert!(layers.iter().all(|layer| !layer[key].is_null()), "{key}: {verdict}");
        }
    }
}

#[test]
fn the_verilog_gives_the_golden_model_s_class() {
    if !verilator() {
        return;
    }
    let folder = Folder::new();
    let run =
        |on| folder.cortado(&["run", "@tiny", "--preset", "tiny-2x2", "--sample", "1", "--on", on, "--json"]).json();
    let (golden, verilog) = (run("golden"), run("verilator"));
    assert_eq!(golden["outputs"], verilog["outputs"]);
    assert_eq!(verilog["class"], "trouser");
}

#[test]
fn the_verilog_is_clean_under_wall() {
    if !verilator() {
        return;
    }
    let folder = Folder::new();
    for preset in ["tiny-2x2", "fa3c-tiny"] {
        let answer = folder.cortado(&["lint", "--preset", preset]);
        assert_eq!((answer.code, answer.out), (Some(0), format!("{preset}: clean\n")), "{}", answer.err);
    }
}

#[test]
fn training_on_the_verilog_leaves_the_files_of_training_on_golden() {
    if !verilator() {
        return;
    }
    let folder = Folder::new();
    let train = |on: &str| {
        let out = folder.path().join(on).display().to_string();
        let mut command = folder.command(&["train", "corridor", "--steps", "50", "--agents", "1", "--json"]);
        // The workspace keeps the model that Verilator makes.
        command.args(["--on", on, "-o", &out]).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let report = Answer::of(command.output().expect("the binary starts")).json();
        assert_eq!((report["on"].as_str(), report["cycles"].is_null()), (Some(on), on == "golden"), "{report}");
        ["curve.csv", "curve.svg", "last.checkpoint"].map(|name| {
            let path = folder.path().join(on).join(name);
            std::fs::read(path).expect("the run wrote it")
        })
    };
    assert!(train("golden") == train("verilator"), "the runs differ");
}

#[test]
fn the_gates_of_the_smallest_engine_are_its_verilog_on_both_families() {
    if !verilator() {
        return;
    }
    let folder = Folder::new();
    for (part, dsp) in [("ecp5-25k-cabga381", true), ("ice40-hx8k-ct256", false)] {
        let mut command = folder.command(&["gates", "--preset", "tiny-2x2", "--part", part, "--stalls", "--json"]);
        // Yosys lies in the repository's build folder.
        command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let answer = Answer::of(command.output().expect("the binary starts"));
        if answer.err.contains("yosys not found") {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "skipped in CI: {}", answer.err);
            eprintln!("skipped: {}", answer.err);
            return;
        }
        let verdict = answer.json();
        assert_eq!((&verdict["mismatches"], &verdict["tensors"]), (&0.into(), &2.into()), "{verdict}");
        assert_eq!(verdict["cells_as_expected"], true, "{verdict}");
        assert_eq!(verdict["cells"]["dsp"].as_u64().is_some_and(|blocks| blocks > 0), dsp, "{verdict}");
    }
}
