//! What Yosys is known to do without a message, and that nothing of it happens to Cortado's cells: each test shows the
//! cell as it is, and the failure that comes back where its guard is taken away.

use super::super::part::Family;
use super::super::scratch::Scratch;
use super::super::*;
use cortado_arch::DataType;
use cortado_cosim::{cells, find_verilator, BuildOptions, InitialValues, Instance, Model, Verilator};
use cortado_hw::cells::dot_product::DotProduct;
use cortado_hw::cells::ram::{BankedRam, ReadStage};
use cortado_hw::emit::{emit, Header};
use cortado_random::Rng;
use std::env;

const TOP: &str = "dut";

/// The tools of these tests, and a folder for what they make.
struct Bench {
    scratch: Scratch,
    tools_dir: PathBuf,
    verilator: Verilator,
}

impl Bench {
    /// `None`, said aloud, where a tool is missing.
    ///
    /// # Panics
    /// When one is and `CI` is set.
    fn new(test: &str) -> Option<Bench> {
        let tools_dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../build/tools/venv/bin");
        let yosys = Tool::yosys(&tools_dir).map_err(|error| error.to_string());
        let verilator = yosys.and_then(|_| find_verilator().map_err(|error| error.to_string()));
        match verilator {
            Ok(verilator) => Some(Bench { scratch: Scratch::new(test), tools_dir, verilator }),
            Err(error) => {
                assert!(env::var_os("CI").is_none(), "{error}");
                eprintln!("skipped: {error}");
                None
            }
        }
    }

    fn request(&self, name: &str, text: &str, part: Part) -> SynthRequest {
        let source = self.scratch.path().join(format!("{name}.v"));
        fs::write(&source, text).expect("the scratch folder can be written");
        SynthRequest { tools_dir: self.tools_dir.clone(), ..SynthRequest::new(&source, TOP, part, self.scratch.path()) }
    }

    fn map(&self, name: &str, text: &str, part: Part) -> SynthReport {
        synth(&self.request(name, text, part)).unwrap_or_else(|error| panic!("{name} on {part}: {error}"))
    }

    fn simulate(&self, text: &str) -> Instance {
        let options = BuildOptions {
            initial: InitialValues::Random,
            short: true,
            ..BuildOptions::new(self.scratch.path().join("cosim"))
        };
        let model = Model::build(&self.verilator, TOP, text, &options).unwrap_or_else(|error| panic!("{error}"));
        model.instance(1).expect("a model can be made")
    }

    /// Cycles in which an output of the netlist is not the Verilog's, of those from `from` on.
    fn differing(&self, mapped: &SynthReport, text: &str, from: usize, stimulus: &[Vec<(&str, u64)>]) -> usize {
        let share = cells::yosys_share(&self.tools_dir).expect("Yosys has a folder of its models");
        let models = match mapped.part.family() {
            Family::Ice40 => cells::ice40(&share),
            Family::Ecp5 => cells::ecp5(&share),
        };
        let netlist = fs::read_to_string(mapped.netlist_dir.join("netlist.v")).expect("the netlist is there");
        let mut gates = self.simulate(&(netlist + &models.expect("the models are there")));
        let mut verilog = self.simulate(text);
        let mut differing = 0;
        for (cycle, inputs) in stimulus.iter().enumerate() {
            for engine in [&mut gates, &mut verilog] {
                for &(port, value) in inputs {
                    engine.poke(port, value).unwrap_or_else(|error| panic!("{error}"));
                }
                engine.tick(1).expect("a cycle");
            }
            let outputs =
                verilog.model().ports().iter().filter(|port| port.direction == cortado_cosim::Direction::Output);
            let differs = outputs.filter(|port| gates.peek_words(&port.name) != verilog.peek_words(&port.name)).count();
            differing += usize::from(cycle >= from && differs > 0);
        }
        differing
    }
}

/// The emitted text of a cell.
macro_rules! emitted {
    ($cell:expr) => {{
        let header = Header {
            version: "test".into(),
            preset: "test".into(),
            architecture_hash: "test".into(),
            command: "cargo test".into(),
        };
        emit(TOP, &mut $cell, &header).unwrap_or_else(|error| panic!("refused: {error}"))
    }};
}

/// Random values of `ports`, each of some bits, for some cycles.
fn random<'a>(cycles: usize, ports: &[(&'a str, u32)]) -> Vec<Vec<(&'a str, u64)>> {
    let mut rng = Rng::new(7);
    (0..cycles).map(|_| ports.iter().map(|&(port, bits)| (port, rng.next_u64() >> (64 - bits))).collect()).collect()
}

#[test]
fn inferring_sb_mac16_drops_product_registers_so_it_is_not_asked_for() {
    let Some(bench) = Bench::new("infer") else { return };
    let text = "module dut(input clock, input signed [7:0] a, b, c, d, output reg signed [16:0] p);\n\
        reg signed [15:0] q, r;\nalways @(posedge clock) begin q <= a * b; r <= c * d; p <= q + r; end\nendmodule\n";
    let stimulus = random(200, &[("a", 8), ("b", 8), ("c", 8), ("d", 8)]);
    let request = bench.request("products", text, Part::Ice40Up5k);
    let plain = synth(&request).expect("products are synthesised");
    assert_eq!((plain.cells.dsp, bench.differing(&plain, text, 3, &stimulus)), (0, 0));
    let inferred = synth(&SynthRequest { infer_dsp: true, ..request }).expect("no message, which is the failure");
    assert!(bench.differing(&inferred, text, 3, &stimulus) > 150, "-dsp works now: {:?}", inferred.cells);
}

#[test]
fn products_and_their_registers_lie_in_the_part_s_multipliers() {
    let Some(bench) = Bench::new("multipliers") else { return };
    let text = emitted!(DotProduct::<28>::new(DataType::Int8, 2, 2));
    let stimulus = random(500, &[("a", 16), ("b", 16)]);
    // In fabric, beside the sum: two operands of 16 bits and two products.
    let sum = 17;
    for (part, blocks, cells_macro) in
        [(Part::Ecp5Lfe25, 2, "CORTADO_CELLS_ECP5"), (Part::Ice40Up5k, 1, "CORTADO_CELLS_UP5K")]
    {
        let mapped = bench.map("dot_product", &text, part);
        assert_eq!((mapped.cells.dsp, mapped.cells.ff), (blocks, sum), "{part}: {:?}", mapped.cells);
        assert_eq!(bench.differing(&mapped, &text, 5, &stimulus), 0, "{part}");
        let inferred = bench.map("inferred", &format!("`undef {cells_macro}\n{text}"), part);
        assert!(inferred.cells.ff >= sum + 32, "{part} takes the registers by itself now: {:?}", inferred.cells);
    }
}

#[test]
fn a_memory_that_reads_and_writes_at_once_takes_no_logic() {
    let Some(bench) = Bench::new("collision") else { return };
    let text = emitted!(BankedRam::new(512, 2, 16, ReadStage::None).expect("a size that can be"));
    assert!(text.contains("no_rw_check, "));
    for (part, blocks) in [(Part::Ecp5Lfe25, 2), (Part::Ice40Hx8k, 4)] {
        let mapped = bench.map("memory", &text, part);
        assert_eq!((mapped.cells.bram, mapped.cells.lut4, mapped.cells.ff), (blocks, 0, 0), "{part}");
        let checked = bench.map("checked", &text.replace("no_rw_check, ", ""), part);
        assert!(checked.cells.lut4 > 30, "{part} has no logic for collisions now: {:?}", checked.cells);
    }
}

#[test]
fn a_memory_that_cannot_be_block_ram_is_refused_and_not_made_of_logic() {
    let Some(bench) = Bench::new("explode") else { return };
    let text = emitted!(BankedRam::new(64, 1, 8, ReadStage::None).expect("a size that can be"));
    let attribute = "(* no_rw_check, ram_style = \"block\" *)";
    assert!(text.contains(attribute));
    let read = "        if (read_enable) read_0 <= bank_0[read_address[5:0]];\n";
    assert!(text.contains(read), "{text}");
    let ending = "    always @* read_0 = bank_0[read_address[5:0]];\nendmodule";
    let without_clock = text.replace(read, "").replacen("endmodule", ending, 1);
    let cleared = text.replace(
        "    always @(posedge clock) begin\n",
        "    integer i;\n    always @(posedge clock) begin\n        if (read_address[6]) for (i = 0; i < 64; i = i + 1) bank_0[i] <= 0;\n        else\n",
    );
    for (name, broken) in [("without_clock", without_clock), ("cleared", cleared)] {
        assert_ne!(broken, text, "{name} changes the text");
        for part in [Part::Ecp5Lfe25, Part::Ice40Hx8k] {
            match synth(&bench.request(name, &broken, part)) {
                Err(SynthError::ToolFailed { line, .. }) => assert!(line.contains("no valid mapping"), "{line}"),
                other => panic!("{name} on {part}: {other:?}"),
            }
            let exploded = bench.map("exploded", &broken.replace(attribute, ""), part).cells;
            assert_eq!(exploded.bram, 0, "{name} on {part}");
            assert!(exploded.ff + exploded.lut4 + exploded.lutram > 20, "{name} on {part}: {exploded:?}");
        }
    }
}

#[test]
fn the_model_of_dp16kd_is_the_memory_in_every_width() {
    let Some(bench) = Bench::new("dp16kd") else { return };
    // The widths Yosys takes for these: 18, 9 and the narrow ones.
    for (depth, bits, stage) in [(1024, 16, ReadStage::Data), (2048, 8, ReadStage::None), (16384, 8, ReadStage::Data)] {
        let text = emitted!(BankedRam::new(depth, 1, bits, stage).expect("a size that can be"));
        let mapped = bench.map("memory", &text, Part::Ecp5Lfe25);
        let mut rng = Rng::new(8);
        let filling = (0..depth as u64).map(|at| (1, at, 0, 0));
        // Never the word that is written: what is read of it is anything.
        let using = (0..20_000)
            .map(|_| (rng.next_u64() & 1, rng.next_u64() % 64, rng.next_u64() & 1, 64 + rng.next_u64() % 64));
        let using: Vec<_> = using.collect();
        let stimulus: Vec<_> = filling
            .chain(using)
            .map(|(write, write_at, read, read_at)| {
                vec![
                    ("write_enable", write),
                    ("write_address", write_at),
                    ("write_data", rng.next_u64() & ((1 << bits) - 1)),
                    ("read_enable", read),
                    ("read_address", read_at),
                ]
            })
            .enumerate()
            .map(|(cycle, mut inputs)| {
                // The two halves change roles, so that what was written is read.
                if cycle >= depth && cycle / 256 % 2 == 1 {
                    (inputs[1].1, inputs[4].1) = (inputs[4].1, inputs[1].1);
                }
                inputs
            })
            .collect();
        let differing = bench.differing(&mapped, &text, depth + 20, &stimulus);
        assert_eq!(differing, 0, "{depth} words of {bits} bits: {:?}", mapped.cells);
        assert!(mapped.cells.bram > 0 && mapped.cells.lut4 == 0, "{:?}", mapped.cells);
    }
}

#[test]
fn names_without_logic_do_not_reach_the_netlist() {
    let Some(bench) = Bench::new("scopeinfo") else { return };
    let text = "module leaf(input clock, input d, output reg q);\nalways @(posedge clock) q <= d;\nendmodule\n\
        module dut(input clock, input d, output q);\nleaf inside(.clock(clock), .d(d), .q(q));\nendmodule\n";
    let mapped = bench.map("hierarchy", text, Part::Ice40Hx8k);
    let netlist = |folder: &Path| fs::read_to_string(folder.join("netlist.json")).expect("a netlist");
    assert!(!netlist(&mapped.netlist_dir).contains("$scopeinfo"));
    // The same script without the line against it.
    let script = fs::read_to_string(mapped.netlist_dir.join("yosys.ys")).expect("a script");
    let unguarded = script.replace("delete t:$scopeinfo\n", "");
    assert_ne!(script, unguarded);
    fs::write(mapped.netlist_dir.join("yosys.ys"), unguarded).expect("the scratch folder can be written");
    let yosys = Tool::yosys(&bench.tools_dir).expect("it was found before");
    yosys.run(["-s", "yosys.ys"], &mapped.netlist_dir, "unguarded.log").expect("Yosys runs");
    assert!(netlist(&mapped.netlist_dir).contains("$scopeinfo"), "Yosys leaves them out by itself now");
}
