//! What is proven, not tried: properties of emitted blocks by k-induction, and for each that the proof fails where
//! what it rests on is taken away.

mod formal_support;

use cortado_arch::isa::{CopyBeats, OnChip, INSTRUCTION_BYTES};
use cortado_arch::{preset, Architecture};
use cortado_hw::cells::stream::{Byte, Fifo, SpillRegister};
use cortado_hw::emit::emit;
use cortado_hw::engine;
use cortado_hw::trainer::memory_port::MemoryPort;
use cortado_tests::header;
use formal_support::{Claim, Verdict};

const TOP: &str = "dut";

macro_rules! emitted {
    ($block:expr) => {
        emit(TOP, &mut $block, &header("test")).unwrap_or_else(|error| panic!("refused: {error}"))
    };
}

/// Proves a claim, and that each mutation of its text, `(name, from, to)`, leaves it without a proof.
fn proven_and_not_without(claim: &Claim, most: usize, mutations: &[(&str, &str, &str)]) {
    let Some(verdict) = claim.prove(most) else { return };
    assert_eq!(verdict, Verdict::Proven, "{}", claim.name);
    for (name, from, to) in mutations {
        let verdict = claim.mutated(name, from, to).prove(most);
        assert_ne!(verdict, Some(Verdict::Proven), "{} is proven with {from:?} as {to:?}", claim.name);
    }
}

/// What is claimed of every block that keeps up to `depth` bytes of a stream; `between` holds in this one, for the induction.
fn stream_claim(name: &str, text: String, depth: usize, between: &str) -> Claim {
    let stream = include_str!("formal_support/stream.sv");
    let properties = format!("    localparam DEPTH = {depth}, WIDTH = 8;\n{stream}\n{between}");
    Claim { name: name.into(), text, top: TOP.into(), properties: vec![(TOP.into(), properties)], free: vec![] }
}

#[test]
fn a_queue_gives_every_word_once_and_in_order() {
    for depth in [2, 4, 16] {
        let text = emitted!(Fifo::<Byte>::new(depth, 1).expect("a size that can be"));
        let between = include_str!("formal_support/fifo.sv");
        let mutations: &[(&str, &str, &str)] = match depth {
            4 => &[
                ("overflow", "assign in_ready = ~held[2];", "assign in_ready = 1'b1;"),
                ("underflow", "assign out_valid = written != read;", "assign out_valid = 1'b1;"),
                ("lost", "if (in_valid & in_ready) written <=", "if (in_valid & in_ready & ~out_ready) written <="),
                ("twice", "if (out_valid & out_ready) read <=", "if (out_valid & out_ready & ~in_valid) read <="),
                ("order", "words[read[1:0]]", "words[~read[1:0]]"),
            ],
            _ => &[],
        };
        proven_and_not_without(&stream_claim(&format!("fifo-{depth}"), text, depth, between), 1, mutations);
    }
}

#[test]
fn a_register_in_a_stream_gives_every_word_once_and_in_order() {
    let text = emitted!(SpillRegister::<Byte>::new(1).expect("a size that can be"));
    let between = include_str!("formal_support/spill_register.sv");
    let mutations = [
        ("no_spill", "assign in_ready = ~spilled_full_q;", "assign in_ready = 1'b1;"),
        ("withdrawn", "assign moves = (~shown_full_q) | out_ready;", "assign moves = 1'b1;"),
        ("reset", "        if (reset) begin\n", "        if (1'b0) begin\n"),
    ];
    proven_and_not_without(&stream_claim("spill_register", text, 2, between), 1, &mutations);
}

#[test]
fn an_arbiter_serves_one_client_at_a_time_and_each_within_its_turn() {
    for clients in [1, 3, 5] {
        let text = emitted!(MemoryPort::new(clients, clients).expect("a size that can be"));
        let packed: String =
            (0..32).map(|word| format!("    assign packed[{word}*20 +: 20] = words[{word}];\n")).collect();
        let claim = Claim {
            name: format!("burst_order-{clients}"),
            text,
            top: "dut_burst_order".into(),
            properties: vec![
                (
                    "dut_burst_order".into(),
                    format!("    localparam CLIENTS = {clients};\n{}", include_str!("formal_support/burst_order.sv")),
                ),
                ("dut_fifo".into(), format!("    wire [639:0] packed;\n{packed}")),
            ],
            free: vec![],
        };
        let mutations: &[(&str, &str, &str)] = match clients {
            3 => &[("unfair", "last_d = choice;", "last_d = last_q;"), ("too_many", "& order_in_ready", "")],
            _ => &[],
        };
        proven_and_not_without(&claim, 1, mutations);
    }
}

/// The control of an engine, whose datapath and memories on chip may do anything.
fn control(name: &str) -> Claim {
    let arch = preset::by_name(name).expect("a built-in preset");
    let text = engine::verilog(&arch, &header("test")).unwrap_or_else(|error| panic!("refused: {error}"));
    let free = ["feed", "post_processor", "output_lane", "activation_memory", "banked_ram"];
    let modules = text.lines().filter_map(|line| line.strip_prefix("module ")?.strip_suffix(" ("));
    let free = modules.filter(|module| {
        let name = module.strip_prefix("cortado_").unwrap_or("");
        free.iter()
            .any(|one| name.strip_prefix(one).is_some_and(|rest| rest.chars().all(|c| c == '_' || c.is_ascii_digit())))
    });
    let properties =
        parameters(&arch) + include_str!("formal_support/control.sv") + include_str!("formal_support/waits.sv");
    Claim {
        name: format!("control-{name}"),
        free: free.map(str::to_owned).collect(),
        text: text.clone(),
        top: engine::TOP.into(),
        properties: vec![(engine::TOP.into(), properties)],
    }
}

fn parameters(arch: &Architecture) -> String {
    let memories = [OnChip::Activation, OnChip::Weight, OnChip::Parameter].map(|memory| arch.on_chip(memory));
    let memories: String = memories
        .iter()
        .enumerate()
        .map(|(i, (words, bytes))| {
            format!("    localparam WORDS_{i} = {words}, WORD_BEATS_{i} = {};\n", bytes / arch.port_bytes)
        })
        .collect();
    let copy = CopyBeats::of(arch.port_bytes);
    format!(
        "{memories}    localparam PORT_BYTES = {}, BURST = {}, FETCH_BEATS = {};
    localparam [31:0] ADDRESS_MASK = 32'd{};
    localparam COPY_ISSUE = {}, COPY_LAST = {};
",
        arch.port_bytes,
        arch.burst_beats,
        INSTRUCTION_BYTES / arch.port_bytes,
        (1u64 << arch.address_bits) - 1,
        copy.issue,
        copy.all - 1,
    )
}

#[test]
fn an_engine_reads_and_writes_what_its_program_names_and_waits_for_nothing_that_does_not_come() {
    for name in ["icebreaker-4x4", "ulx3s-85f-16x8", "ulx3s-85f-max"] {
        proven_and_not_without(&control(name), 1, &[]);
    }
    let mutations = [
        ("too_many_words", "(transfer_opcode & (words > most_words))", "1'b0"),
        ("waits_forever", "waits_forever = ", "waits_forever = 1'b0 & "),
        ("burst_too_long", "(to_ask_q - {12'h0, burst})", "to_ask_q"),
        ("wrong_place", "(from_q + burst_bytes)", "(from_q + burst_bytes + burst_bytes)"),
        ("unbounded", "(|to_ask_q) & (in_flight_q <= burst)", "(|to_ask_q)"),
        ("stale_length", "beats = next_beats_q;", "beats = burst;"),
        ("fetch_at_once", "instruction_next = fetching_q & (~any_ahead_q)", "instruction_next = fetching_q"),
    ];
    proven_and_not_without(&control("tiny-2x2"), 1, &mutations);
}
