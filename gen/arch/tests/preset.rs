//! Presets: the embedded ones are what they claim, and wrong ones are refused in pinned words.

use cortado_arch::preset::{self, parse};
use cortado_arch::{ActivationKind, Architecture, DataType, Family};

/// The lines that `parse` answers to the preset `base` with each `(from, to)` replaced.
fn refusal(base: &str, edits: &[(&str, &str)]) -> String {
    let mut text = preset::embedded(base).unwrap().to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "{from:?} is not in {base}");
        text = text.replacen(from, to, 1);
    }
    parse("p.toml", &text).expect_err("a wrong preset").to_string()
}

#[test]
fn every_embedded_preset_parses_under_its_own_name_and_reads_back_from_its_own_text() {
    let all = preset::builtin();
    assert_eq!(all.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), preset::names().collect::<Vec<_>>());
    for a in all {
        assert_eq!(parse("again.toml", &a.to_toml()).as_ref(), Ok(&a));
        assert_eq!(preset::by_name(&a.name), Ok(a));
    }
}

#[test]
fn presets_have_the_sizes_their_names_say() {
    let macs = |name: &str| preset::by_name(name).unwrap().macs();
    let expected = [
        ("tiny-2x2", 4),
        ("icebreaker-4x4", 16),
        ("hx8k-4x4", 16),
        ("ulx3s-25f-8x2", 16),
        ("ulx3s-85f-16x8", 128),
        ("ulx3s-85f-16x8-int16", 128),
        ("ulx3s-85f-max", 256),
        ("datacentre-32x32", 1024),
        ("datacentre-32x32-int16", 1024),
    ];
    for (name, count) in expected {
        assert_eq!(macs(name), count, "{name}");
    }
}

#[test]
fn memory_blocks_are_those_of_the_best_shapes() {
    let blocks = |name: &str| {
        let b = preset::by_name(name).unwrap().all_memory_blocks();
        (b.block_rams, b.sprams)
    };
    assert_eq!(blocks("tiny-2x2"), (0, 0));
    assert_eq!(blocks("icebreaker-4x4"), (16, 2));
    assert_eq!(blocks("hx8k-4x4"), (20, 0));
    assert_eq!(blocks("ulx3s-25f-8x2"), (43, 0));
    assert_eq!(blocks("ulx3s-85f-16x8"), (174, 0));
    assert_eq!(blocks("ulx3s-85f-16x8-int16"), (187, 0));
    assert_eq!(blocks("ulx3s-85f-max"), (174, 0));
}

#[test]
fn the_large_engine_s_memory_is_the_measured_one() {
    let external = preset::by_name("datacentre-32x32").unwrap().external;
    let board = cortado_arch::board::board("ku060").unwrap();
    for &(bytes, megabytes_per_s) in board.external.measured.iter().filter(|(bytes, _)| *bytes >= 2048) {
        let measured = f64::from(megabytes_per_s) / f64::from(board.clock_mhz);
        let ratio = external.bytes_per_cycle(bytes.into()) / measured;
        assert!((0.99..1.16).contains(&ratio), "bursts of {bytes} bytes: {ratio} of what was measured");
    }
}

#[test]
fn families_and_memory_kinds_are_read() {
    let a = preset::by_name("icebreaker-4x4").unwrap();
    assert_eq!(a.family, Family::Ice40 { device: "up5k".into(), package: "sg48".into() });
    assert_eq!(a.activation_kind, ActivationKind::Spram);
    assert_eq!(a.part().map(|p| (p.block_rams, p.sprams, p.multipliers)), Some((30, 4, 8)));
    let a = preset::by_name("ulx3s-85f-max").unwrap();
    assert_eq!(a.family, Family::Ecp5 { device: "85k".into(), package: "CABGA381".into(), speed: 6 });
}

#[test]
fn one_fault_is_one_line_in_these_words() {
    let cases: &[(&str, &str, &str, &str)] = &[
        ("ulx3s-85f-16x8", "tm_lanes = 16", "tm_lanes = 12",
         "p.toml:13: tm_lanes = 12 is wrong because it must be a power of two from 2 to 64 (output lanes Tm); nearest 8, 16"),
        ("ulx3s-85f-16x8", "tn_lanes = 8", "tn_lanes = 32",
         "p.toml:14: tn_lanes = 32 is wrong because it must be a power of two from 1 to 16 (input lanes Tn, at most Tm and at least Tm/16); nearest 16"),
        ("ulx3s-85f-16x8", "requantise_lanes = 8", "requantise_lanes = 0",
         "p.toml:15: requantise_lanes = 0 is wrong because it must be a power of two from 1 to 16 (requantisers R, at most Tm); nearest 1"),
        ("ulx3s-85f-16x8", "requantise_cycles = 1", "requantise_cycles = 2",
         "p.toml:16: requantise_cycles = 2 is wrong because a requantiser has all its multipliers or one; nearest 1, 4"),
        ("ulx3s-85f-16x8", "residual_unit = 1", "residual_unit = 2",
         "p.toml:17: residual_unit = 2 is wrong because it must be a number from 0 to 1 (1 for a unit that adds residuals, 0 for none); nearest 1"),
        ("ulx3s-85f-16x8", "window_taps = 16", "window_taps = 9",
         "p.toml:18: window_taps = 9 is wrong because it must be a multiple of 8 from 0 to 232 (taps of a depthwise window: Tn a step; 0 for no depthwise unit); nearest 8, 16"),
        ("ulx3s-85f-16x8", "patch_bytes = 40", "patch_bytes = 27",
         "p.toml:19: patch_bytes = 27 is wrong because it must be a multiple of 8 from 0 to 504 (elements of a patch: Tn a step; 0 for no patch unit); nearest 24, 32"),
        ("ulx3s-85f-16x8", "port_bytes = 4", "port_bytes = 128",
         "p.toml:28: port_bytes = 128 is wrong because it must be a power of two from 1 to 64 (bytes a beat; must divide the words of weight and parameter memory: Tm*Tn elements and 8*R bytes); nearest 64"),
        ("tiny-2x2", "weight_words = 4096", "weight_words = 65537",
         "p.toml:20: weight_words = 65537 is wrong because it must be a number from 1 to 65536 (words; addresses have 16 bits); nearest 65536"),
        ("tiny-2x2", "weight_words = 4096", "weight_words = -9223372036854775808",
         "p.toml:20: weight_words = -9223372036854775808 is wrong because it must be a number from 1 to 65536 (words; addresses have 16 bits); nearest 1"),
        ("tiny-2x2", "weight_words = 4096", "weight_words = \"4096\"",
         "p.toml:20: weight_words = \"4096\" is wrong because it must be an integer without quotes"),
        ("tiny-2x2", "weight_words = 4096", "weight_words = 4096.0",
         "p.toml:20: weight_words = 4096.0 is wrong because it must be an integer without quotes"),
        ("tiny-2x2", "weight_words = 4096", "",
         "p.toml:17: section [memory] has no weight_words; it needs an integer from 1 to 65536"),
        ("tiny-2x2", "burst_beats = 64", "burst_beats = 64\nburst_beat = 3",
         "p.toml:26: burst_beat = 3 is unknown in [port]; did you mean burst_beats?"),
        ("tiny-2x2", "burst_beats = 64", "burst_beats = 64\nclock = 3",
         "p.toml:26: clock = 3 is unknown in [port]; there are port_bytes, burst_beats, address_bits"),
        ("tiny-2x2", "address_bits = 32", "address_bits = 5",
         "p.toml:26: address_bits = 5 is wrong because it must be a number from 6 to 32 (bits of an external address; the port's others are 0); nearest 6"),
        ("icebreaker-4x4", "size_bytes = 65536", "size_bytes = 131072",
         "p.toml:33: size_bytes = 131072 is wrong because it must be a multiple of 4 from 64 to 65536 (whole beats; an instruction at least, and addresses have 16 bits); nearest 65536"),
        ("tiny-2x2", "size_bytes = 1048576", "size_bytes = 1048577",
         "p.toml:29: size_bytes = 1048577 is wrong because it must be a multiple of 2 from 64 to 4294967296 (whole beats; an instruction at least, and addresses have 32 bits); nearest 1048576, 1048578"),
        ("tiny-2x2", "family = \"generic\"", "family = \"generic\"\nclock_mhz = 10",
         "p.toml:7: clock_mhz = 10 is unknown in [part]; there are family"),
        ("tiny-2x2", "name = \"tiny-2x2\"", "name = \"Tiny 2\"",
         "p.toml:2: name = \"Tiny 2\" is wrong because files are named after it: 1 to 64 of a to z, 0 to 9 and -"),
        ("ulx3s-85f-16x8", "device = \"85k\"", "device = \"85f\"",
         "p.toml:7: device = \"85f\" is wrong because there are only \"25k\", \"85k\"; nearest \"85k\", \"25k\""),
        ("ulx3s-85f-16x8", "speed_grade = 6", "speed_grade = 9",
         "p.toml:9: speed_grade = 9 is wrong because it must be a number from 6 to 8 (of the ECP5); nearest 8"),
        ("ulx3s-85f-16x8", "weight_words = 2048", "weight_words = 4096",
         "p.toml:24: weight_words = 4096 is wrong because the memories take 288 block RAMs (activation 45, weight 228, parameter 15) and the 85k has 208; nearest 2560"),
        ("icebreaker-4x4", "activation_words = 16384", "activation_words = 65536",
         "p.toml:22: activation_words = 65536 is wrong because it takes 8 of the 4 SPRAM blocks of the up5k; nearest 32768"),
        ("hx8k-4x4", "activation_kind = \"bram\"", "activation_kind = \"spram\"",
         "p.toml:21: activation_kind = \"spram\" is wrong because the hx8k has no SPRAM; nearest \"bram\""),
        ("tiny-2x2", "[external]", "[extrenal]",
         "p.toml:1: section [external] is missing; it holds size_bytes, latency_cycles, bandwidth_bytes, bandwidth_cycles, burst_cycles\n\
          p.toml:28: [extrenal] is unknown in a preset; did you mean external?"),
        ("tiny-2x2", "[preset]", "port = 3\n[preset]",
         "p.toml:24: not TOML: invalid table header, duplicate key `port` in document root"),
        ("tiny-2x2", "weight_words = 4096", "weight_words = 99999999999999999999",
         "p.toml:20: not TOML: number too large to fit in target type"),
    ];
    let date = (
        "tiny-2x2",
        "weight_words = 4096",
        "weight_words = 2026-01-01",
        "p.toml:20: dates and times have no place in a preset",
    );
    for (base, from, to, expected) in cases.iter().chain([&date]) {
        assert_eq!(&refusal(base, &[(from, to)]), expected);
    }
}

#[test]
fn int16_engines_are_refused_what_they_do_not_have() {
    let int16 = |base: &str, edits: &[(&str, &str)]| {
        let patch_bytes = preset::embedded(base).unwrap().lines().find(|line| line.starts_with("patch_bytes")).unwrap();
        refusal(base, &[edits, &[(patch_bytes, &format!("{patch_bytes}\ndata_type = \"int16\""))]].concat())
    };
    assert_eq!(
        int16("tiny-2x2", &[("requantise_cycles = 1", "requantise_cycles = 4")]),
        "p.toml:12: requantise_cycles = 4 is wrong because an int16 requantiser shifts and has no multiplier to share; \
         nearest 1\n\
         p.toml:13: residual_unit = 1 is wrong because no int16 engine adds residuals; nearest 0"
    );
    let edits = [("requantise_cycles = 4", "requantise_cycles = 1")];
    assert_eq!(
        int16("hx8k-4x4", &edits),
        "p.toml:19: data_type = \"int16\" is wrong because int16 products take a multiplier block each, 16 of them, and \
         the hx8k has 0; nearest \"int8\"\n\
         p.toml:24: weight_words = 256 is wrong because the memories take 36 block RAMs (activation 16, weight 16, \
         parameter 4) and the hx8k has 32; another memory must shrink"
    );
    let edits = [("patch_bytes = 32", "patch_bytes = 32\ndata_type = \"int32\"")];
    assert_eq!(
        refusal("tiny-2x2", &edits),
        "p.toml:16: data_type = \"int32\" is wrong because there are only \"int8\", \"int16\"; nearest \"int16\", \"int8\""
    );
}

#[test]
fn an_int16_preset_reads_back_and_has_words_of_two_bytes_an_element() {
    let a = Architecture { data_type: DataType::Int16, residual_unit: false, ..preset::by_name("tiny-2x2").unwrap() };
    assert_eq!(parse("again.toml", &a.to_toml()).as_ref(), Ok(&a));
    assert_ne!(a.hash(), Architecture { data_type: DataType::Int8, ..a.clone() }.hash());
    let bytes = (a.activation_word_bytes(), a.weight_word_bytes(), a.parameter_word_bytes());
    assert_eq!(bytes, (4, 8, 8));
}

#[test]
fn all_faults_are_reported_at_once_in_the_order_of_the_lines() {
    let edits = [
        ("burst_beats = 64", "burst_beats = 0"),
        ("tm_lanes = 2", "tm_lanes = 3"),
        ("summary", "sumary"),
        ("bandwidth_cycles = 1", "bandwidth_cycles = [1]"),
    ];
    let expected = "\
p.toml:1: section [preset] has no summary; it needs a text
p.toml:3: sumary = \"Smallest engine, for simulation and proofs\" is unknown in [preset]; did you mean summary?
p.toml:9: tm_lanes = 3 is wrong because it must be a power of two from 2 to 64 (output lanes Tm); nearest 2, 4
p.toml:25: burst_beats = 0 is wrong because it must be a number from 1 to 16384 (beats of the longest burst); nearest 1
p.toml:32: bandwidth_cycles = [..] is wrong because it must be an integer without quotes";
    assert_eq!(refusal("tiny-2x2", &edits), expected);
}

#[test]
fn an_empty_text_names_every_section() {
    let errors = parse("p.toml", "").unwrap_err();
    assert_eq!(errors.faults.len(), 6);
    assert!(errors.to_string().starts_with("p.toml:1: section [preset] is missing; it holds name, summary\n"));
}

#[test]
fn an_unknown_name_lists_near_names() {
    assert_eq!(
        preset::by_name("ulx3s-85f").unwrap_err().to_string(),
        "no preset is called \"ulx3s-85f\"; did you mean ulx3s-85f-16x8 or ulx3s-85f-16x8-int16 or ulx3s-85f-max? There are tiny-2x2, \
         icebreaker-4x4, hx8k-4x4, ulx3s-25f-8x2, ulx3s-85f-16x8, ulx3s-85f-16x8-int16, ulx3s-85f-max, \
         datacentre-32x32, datacentre-32x32-int16, fa3c-tiny, fa3c-vcu1525"
    );
    assert!(!preset::embedded("zynq").unwrap_err().to_string().contains("did you mean"));
}

#[test]
fn the_hash_follows_the_hardware_and_nothing_else() {
    let a = preset::by_name("tiny-2x2").unwrap();
    assert_eq!(format!("{:016x}", a.hash()), "b94c64d7a117855d");
    let mut other = a.clone();
    other.name = "other".into();
    other.external.latency_cycles += 1;
    assert_eq!(other.hash(), a.hash());
    other.address_bits -= 1;
    assert_ne!(other.hash(), a.hash());
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "(\\[[a-z]{0,8}\\]\n|[a-z_.]{1,9} = (-?[0-9]{1,20}|\"[a-z]*\"|\\[1\\]|true|\\{a=1\\})\n|\\PC{0,9}\n){0,12}") {
        if let Err(e) = parse("p.toml", &text) {
            assert!(!e.faults.is_empty());
        }
    }

    #[test]
    fn no_single_changed_byte_makes_the_parser_panic(at in 0usize..600, to in 0u8..128) {
        let mut bytes = preset::embedded("ulx3s-85f-16x8").unwrap().as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = to;
        let text = String::from_utf8(bytes).unwrap();
        let _ = parse("p.toml", &text);
    }
}
