//! Designs of any ports: built, driven, cached, traced, refused.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{options, verilator};
use cortado_cosim::{BuildError, BuildOptions, InitialValues, Model, SimError, Step, TraceFormat, Verilator};

/// One port of each C++ type: 1, 8, 9, 32, 33, 64, 65 and 1024 bits, each through a register.
const WIDTHS: [u32; 8] = [1, 8, 9, 32, 33, 64, 65, 1024];

fn widths_design() -> String {
    let ports: String =
        WIDTHS.iter().map(|w| format!(", input wire [{0}:0] a{w}, output reg [{0}:0] q{w}", w - 1)).collect();
    let body: String = WIDTHS.iter().map(|w| format!("    q{w} <= ~a{w};\n")).collect();
    format!("module widths(input wire clock{ports});\n  always @(posedge clock) begin\n{body}  end\nendmodule\n")
}

const COUNTER: &str =
    "module counter(input wire clock, input wire reset, output reg [15:0] value, output wire [15:0] unset);
  reg [15:0] never; assign unset = never;
  always @(posedge clock) begin value <= reset ? 0 : value + 1; if (value == 16'hffff) never <= 0; end
endmodule";

fn build(tool: &Verilator, top: &str, text: &str, options: &BuildOptions) -> Model {
    Model::build(tool, top, text, options).unwrap_or_else(|error| panic!("{error}"))
}

fn fresh(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    path
}

#[test]
fn ports_of_every_width_carry_their_words() {
    let Some(tool) = verilator("port widths") else {
        return;
    };
    let mut sim = build(&tool, "widths", &widths_design(), &options()).instance(1).unwrap();
    for round in 0..20u32 {
        let word = |at: u32| (round * 64 + at).wrapping_mul(0x9e37_79b1) ^ round;
        let value = |width: u32| -> Vec<u32> {
            let mut words: Vec<u32> = (0..width.div_ceil(32)).map(word).collect();
            *words.last_mut().unwrap() >>= width.div_ceil(32) * 32 - width;
            words
        };
        for width in WIDTHS {
            sim.poke_words(&format!("a{width}"), &value(width)).unwrap();
        }
        sim.tick(1).unwrap();
        for width in WIDTHS {
            let got = sim.peek_words(&format!("q{width}")).unwrap();
            let mut wanted: Vec<u32> = value(width).iter().map(|word| !word).collect();
            *wanted.last_mut().unwrap() &= u32::MAX >> (width.div_ceil(32) * 32 - width);
            assert_eq!(got, wanted, "{width} bits");
        }
    }
}

#[test]
fn misuse_of_a_port_is_an_error() {
    let Some(tool) = verilator("port misuse") else {
        return;
    };
    let model = build(&tool, "widths", &widths_design(), &options());
    let mut sim = model.instance(1).unwrap();
    let wide = |port: &str, width| Err(SimError::TooWide { port: port.into(), width });
    assert_eq!(sim.poke("a8", 256), wide("a8", 8));
    assert_eq!(sim.poke("a33", 1 << 33), wide("a33", 33));
    assert_eq!(sim.poke("a32", 1 << 32), wide("a32", 32));
    assert_eq!(sim.poke_words("a65", &[0, 0]), wide("a65", 65));
    assert_eq!(sim.poke_words("a65", &[0, 0, 2]), wide("a65", 65));
    assert_eq!(sim.poke("q8", 1), Err(SimError::NotAnInput { port: "q8".into() }));
    assert_eq!(sim.peek("none"), Err(SimError::NoSuchPort { port: "none".into() }));
    assert!(sim.peek("q65").is_err());
    assert_eq!(sim.open_trace(Path::new("x.vcd")), Err(SimError::NotTraced));
    let adder =
        "module adder(input wire [7:0] a, input wire [7:0] b, output wire [8:0] sum); assign sum = a + b; endmodule";
    let mut adder = build(&tool, "adder", adder, &options()).instance(1).unwrap();
    assert_eq!(adder.tick(1), Err(SimError::NoClock));
    adder.poke("a", 200).unwrap();
    adder.poke("b", 100).unwrap();
    adder.eval().unwrap();
    assert_eq!(adder.peek("sum"), Ok(300));
}

#[test]
fn random_initial_values_follow_the_seed_and_fast_ones_are_zero() {
    let Some(tool) = verilator("initial values") else {
        return;
    };
    let unset = |initial, seed| {
        let model = build(&tool, "counter", COUNTER, &BuildOptions { initial, ..options() });
        let mut sim = model.instance(seed).unwrap();
        sim.eval().unwrap();
        sim.peek("unset").unwrap()
    };
    assert_eq!(unset(InitialValues::Fast, 7), 0);
    let random: Vec<u64> = (0..8).map(|seed| unset(InitialValues::Random, seed)).collect();
    let again: Vec<u64> = (0..8).map(|seed| unset(InitialValues::Random, seed)).collect();
    assert_eq!(random, again);
    assert!(random.iter().any(|value| *value != random[0]), "{random:?}");
}

#[test]
fn several_models_and_instances_live_side_by_side() {
    let Some(tool) = verilator("several models") else {
        return;
    };
    let counter = build(&tool, "counter", COUNTER, &options());
    let faster = build(&tool, "counter", &COUNTER.replace("value + 1", "value + 3"), &options());
    let mut sims = [counter.instance(1).unwrap(), faster.instance(1).unwrap(), counter.instance(1).unwrap()];
    for (sim, cycles) in sims.iter_mut().zip([5, 5, 9]) {
        sim.poke("reset", 1).unwrap();
        sim.tick(1).unwrap();
        sim.poke("reset", 0).unwrap();
        sim.tick(cycles).unwrap();
    }
    assert_eq!(sims.each_ref().map(|sim| sim.peek("value").unwrap()), [5, 15, 9]);
}

#[test]
fn a_model_is_built_once_and_anything_that_matters_makes_another() {
    let Some(tool) = verilator("cache") else {
        return;
    };
    let options = BuildOptions::new(fresh("cache-reuse"));
    assert!(!build(&tool, "counter", COUNTER, &options).cached());
    assert!(build(&tool, "counter", COUNTER, &options).cached());
    assert!(!build(&tool, "counter", &COUNTER.replace("+ 1", "+ 2"), &options).cached());
    assert!(
        !build(&tool, "counter", COUNTER, &BuildOptions { initial: InitialValues::Random, ..options.clone() }).cached()
    );
    let failed = Model::build(&tool, "counter", &COUNTER.replace("+ 1", "+"), &options);
    assert!(failed.is_err());
    let hidden = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with('.');
    let leftovers: Vec<_> = fs::read_dir(&options.cache).unwrap().flatten().filter(hidden).collect();
    assert!(leftovers.is_empty(), "{leftovers:?}");
}

#[test]
fn builds_of_one_model_at_once_all_succeed() {
    let Some(tool) = verilator("concurrent build") else {
        return;
    };
    let options = BuildOptions::new(fresh("cache-race"));
    std::thread::scope(|scope| {
        let builds: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut sim = build(&tool, "counter", COUNTER, &options).instance(1).unwrap();
                    sim.tick(4).unwrap();
                    sim.peek("value").unwrap()
                })
            })
            .collect();
        for build in builds {
            assert_eq!(build.join().unwrap(), 4);
        }
    });
}

#[test]
fn a_syntax_error_shows_file_and_line() {
    let Some(tool) = verilator("syntax error") else {
        return;
    };
    let text = "module broken(input wire a, output wire b);\n\n  assign b = a +;\nendmodule";
    let error = Model::build(&tool, "broken", text, &options()).err().unwrap();
    assert!(matches!(&error, BuildError::Failed { step: Step::Verilator, .. }), "{error}");
    assert!(error.to_string().contains("broken.v:3:"), "{error}");
}

#[test]
fn logic_that_never_settles_ends_the_run_and_not_the_process() {
    let Some(tool) = verilator("unstable logic") else {
        return;
    };
    let text = "module ring(input wire a, output wire b); wire c; assign c = a & ~b; assign b = c; endmodule";
    let mut sim = build(&tool, "ring", text, &options()).instance(1).unwrap();
    sim.poke("a", 1).unwrap();
    let error = sim.eval().unwrap_err().to_string();
    assert!(error.contains("converge"), "{error}");
}

#[test]
fn stop_is_an_error_and_finish_is_not() {
    let Some(tool) = verilator("$stop and $finish") else {
        return;
    };
    let text = "module halt(input wire clock, input wire stop, output reg [7:0] n);
      always @(posedge clock) begin n <= n + 1; if (stop) $stop; else $finish; end endmodule";
    let mut sim = build(&tool, "halt", text, &options()).instance(1).unwrap();
    sim.tick(3).unwrap();
    assert_eq!(sim.peek("n"), Ok(3));
    sim.poke("stop", 1).unwrap();
    assert!(matches!(sim.tick(1), Err(SimError::Failed(_))));
}

#[test]
fn a_trace_holds_the_values() {
    let Some(tool) = verilator("trace") else {
        return;
    };
    let model = build(&tool, "counter", COUNTER, &BuildOptions { trace: Some(TraceFormat::Vcd), ..options() });
    let mut sim = model.instance(1).unwrap();
    for name in ["first.vcd", "second.vcd"] {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        sim.open_trace(&path).unwrap();
        sim.tick(3).unwrap();
        sim.close_trace().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let last = format!("b{:016b}", sim.peek("value").unwrap());
        assert!(text.contains("value") && text.contains(&last), "{text}");
    }
    assert!(matches!(sim.open_trace(Path::new("no/such/directory/x.vcd")), Err(SimError::Trace { .. })));
}

#[test]
fn compressed_traces_are_written_too() {
    let Some(tool) = verilator("FST trace") else {
        return;
    };
    let options = BuildOptions { trace: Some(TraceFormat::Fst), ..options() };
    let model = match Model::build(&tool, "counter", COUNTER, &options) {
        Err(error) if error.to_string().contains("lz4.h") || error.to_string().contains("zlib.h") => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{error}");
            return eprintln!("skipped: FST trace: its headers are not installed (zlib1g-dev, liblz4-dev)");
        }
        built => built.unwrap_or_else(|error| panic!("{error}")),
    };
    let mut sim = model.instance(1).unwrap();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("counter.fst");
    sim.open_trace(&path).unwrap();
    sim.tick(100).unwrap();
    sim.close_trace().unwrap();
    assert!(fs::metadata(&path).unwrap().len() > 100);
}
