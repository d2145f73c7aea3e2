//! The whole flow with the real tools, on a counter. Without the tools a test says what it skipped; CI refuses that.

mod guards;

use super::scratch::Scratch;
use super::*;
use std::env;

fn counter() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/synth/fixtures/counter.v")
}

fn tools_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../build/tools/venv/bin")
}

fn request(part: Part, scratch: &Scratch) -> SynthRequest {
    SynthRequest {
        tools_dir: tools_dir(),
        route: Some(RouteRequest { requested_mhz: 50.0, seeds: vec![1, 2], pins: Pins::Harness }),
        ..SynthRequest::new(&counter(), "counter", part, scratch.path())
    }
}

/// Whether the tools for `part` are here.
fn has_tools(part: Part) -> bool {
    let found = Tool::yosys(&tools_dir()).and_then(|_| Tool::nextpnr(part.family(), &tools_dir())).map(|_| ());
    match found {
        Ok(()) => true,
        Err(error) => {
            assert!(env::var_os("CI").is_none(), "{part}: {error}");
            eprintln!("skipped: {part}: {error}");
            false
        }
    }
}

#[test]
fn a_counter_is_mapped_routed_and_remembered_on_every_part() {
    for part in Part::ALL.into_iter().filter(|part| has_tools(*part)) {
        let scratch = Scratch::new(part.name());
        let request = request(part, &scratch);
        let report = synth(&request).unwrap_or_else(|error| panic!("{part}: {error}"));
        assert_eq!(report.cells.ff, 8, "{part}: {report:?}");
        assert_eq!((report.cells.dsp, report.cells.bram), (0, 0), "{part}: {report:?}");
        assert!(report.netlist_dir.join("netlist.v").is_file());

        let routed = report.routed.as_ref().expect("routing was asked for");
        assert!(routed.met && routed.fmax_mhz > 50.0, "{part}: {routed:?}");
        assert_eq!((routed.harness.input_bits, routed.harness.output_bits), (1, 8));
        assert!((8..=24).contains(&routed.comb), "{part}: {routed:?}");
        assert_eq!(routed.seeds.len(), 1, "seed 1 meets 50 MHz: {routed:?}");
        assert!(routed.chip.is_file());

        // A second run would measure other seconds.
        assert_eq!(synth(&request).ok(), Some(report), "{part}");
    }
}

#[test]
fn a_clock_out_of_reach_is_reported_with_the_best_of_all_seeds() {
    let part = Part::Ice40Up5k;
    if !has_tools(part) {
        return;
    }
    let scratch = Scratch::new("out-of-reach");
    let mut request = request(part, &scratch);
    if let Some(route) = &mut request.route {
        route.requested_mhz = 1000.0;
    }
    let report = synth(&request).unwrap_or_else(|error| panic!("{error}"));
    let routed = report.routed.expect("routing was asked for");
    assert!(!routed.met);
    assert_eq!(routed.seeds.len(), 2);
    for seed in &routed.seeds {
        assert!(seed.fmax_mhz <= routed.fmax_mhz, "{routed:?}");
    }
}

#[test]
fn a_tool_that_refuses_is_quoted_with_its_log() {
    let part = Part::Ecp5Lfe25;
    if !has_tools(part) {
        return;
    }
    let scratch = Scratch::new("refused");
    let request = SynthRequest { top: "encounter".to_owned(), ..request(part, &scratch) };
    match synth(&request) {
        Err(SynthError::ToolFailed { tool, line, log }) => {
            assert_eq!(tool, "yosys");
            assert!(line.starts_with("ERROR") && line.contains("encounter"), "{line}");
            assert!(log.is_file(), "{}", log.display());
        }
        other => panic!("a design without that top went through: {other:?}"),
    }
}

#[test]
fn a_report_survives_json_with_the_agreed_names() {
    let report = SynthReport {
        top: "engine".to_owned(),
        part: Part::Ecp5Lfe85,
        cells: Cells { lut4: 9, ff: 8, dsp: 7, bram: 6, ..Cells::default() },
        yosys: "0.70".to_owned(),
        synth_seconds: 1.5,
        netlist_dir: PathBuf::from("n"),
        routed: Some(RoutedReport {
            fmax_mhz: 101.5,
            requested_mhz: 100.0,
            met: true,
            comb: 12,
            comb_available: 83640,
            harness: Harness::default(),
            seed: 3,
            seeds: Vec::new(),
            nextpnr: "0.11.1".to_owned(),
            route_seconds: 2.5,
            chip: PathBuf::from("c"),
        }),
    };
    let json = serde_json::to_value(&report).expect("a report serialises");
    for (name, value) in [("lut", 9.0), ("ff", 8.0), ("dsp", 7.0), ("bram", 6.0)] {
        assert_eq!(json[name].as_f64(), Some(value), "{name}");
    }
    assert_eq!(json["fmax_mhz"].as_f64(), Some(101.5));
    assert_eq!(serde_json::from_value::<SynthReport>(json).ok(), Some(report.clone()));

    let unrouted = SynthReport { routed: None, ..report };
    let json = serde_json::to_value(&unrouted).expect("a report serialises");
    assert!(json.get("fmax_mhz").is_none());
    assert_eq!(serde_json::from_value::<SynthReport>(json).ok(), Some(unrouted));
}

#[test]
fn a_request_that_cannot_be_right_is_refused_before_any_tool_is_looked_for() {
    let nowhere = Path::new("no/such/root");
    let good = SynthRequest::new(&counter(), "counter", Part::Ecp5Lfe25, nowhere);
    let route = |requested_mhz: f64, seeds: &[u32]| {
        Some(RouteRequest { requested_mhz, seeds: seeds.to_vec(), pins: Pins::Harness })
    };
    let with = |change: &dyn Fn(&mut SynthRequest)| {
        let mut request = good.clone();
        change(&mut request);
        request
    };
    for (request, says) in [
        (with(&|r| r.top = "a; shell date".into()), "top is"),
        (with(&|r| r.top = String::new()), "top is"),
        (with(&|r| r.clock = "../clock".into()), "clock is"),
        (with(&|r| r.sources.clear()), "no Verilog file"),
        (with(&|r| r.route = route(50.0, &[])), "no seed"),
        (with(&|r| r.route = route(f64::NAN, &[1])), "NaN MHz"),
        (with(&|r| r.route = route(0.0, &[1])), "0 MHz"),
    ] {
        match synth(&request) {
            Err(SynthError::Request(message)) => assert!(message.contains(says), "{message}"),
            other => panic!("{says}: {other:?}"),
        }
    }
}
