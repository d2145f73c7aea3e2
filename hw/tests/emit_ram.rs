//! The memories, as emitted: behaviour in Verilator, cells in Yosys.

mod emit_support;

use std::process::Command;

use cortado_hw::cells::ram::{BankedRam, ReadStage, SinglePortRam};
use emit_support::{scratch, simulate, text, tool};

const BANKED: &str = r#"
    static uint32_t memory[300]; static bool known[300];
    uint32_t stage = 0, out = 0; bool stage_known = false, out_known = false;
    unsigned last_read = 300;
    for (int cycle = 0; cycle < 4000; cycle++) {
        uint64_t r = random64();
        unsigned read = r % 300, write = (r >> 16) % 300, enable = (r >> 32) & 3;
        bool read_enable = (r >> 40) & 1;
        uint32_t data = random64();
        if (read == write || last_read == write) enable = 0;
        last_read = read;
        top.read_enable = read_enable; top.read_address = read;
        top.write_enable = enable; top.write_address = write; top.write_data = data;
        tick();
        if (REGISTER) { out = stage; out_known = stage_known; }
        if (read_enable) { stage = memory[read]; stage_known = known[read]; }
        if (!REGISTER) { out = stage; out_known = stage_known; }
        if (enable == 3) known[write] = true;
        if (enable & 1) memory[write] = (memory[write] & 0xffff0000u) | (data & 0xffffu);
        if (enable & 2) memory[write] = (memory[write] & 0xffffu) | (data & 0xffff0000u);
        if (out_known) check("read_data", top.read_data, out);
    }
"#;

#[test]
fn banked_ram_reads_one_or_two_cycles_after_the_address() {
    for stage in [ReadStage::None, ReadStage::Address, ReadStage::Data] {
        let ram = BankedRam::new(300, 2, 16, stage).expect("legal");
        let body = format!("#define REGISTER {}\n{BANKED}", u8::from(stage != ReadStage::None));
        simulate(&format!("banked_ram_{stage:?}").to_lowercase(), &text(ram), &body);
    }
}

#[test]
fn single_port_ram_writes_bytes_and_reads_words() {
    let body = r#"
    static uint32_t memory[64]; static bool known[64]; uint32_t out = 0; bool out_known = false;
    for (int cycle = 0; cycle < 4000; cycle++) {
        uint64_t r = random64();
        unsigned address = r % 64, bytes = (r >> 8) & 1 ? (r >> 16) & 15 : (r >> 9) & 1 ? 15 : 0;
        bool enable = (r >> 24) & 1;
        uint32_t data = random64();
        top.enable = enable; top.address = address; top.write_enable = bytes; top.write_data = data;
        tick();
        if (enable) {
            if (!bytes) { out = memory[address]; out_known = known[address]; }
            if (bytes == 15) known[address] = true;
            for (int b = 0; b < 4; b++) if (bytes >> b & 1)
                memory[address] = (memory[address] & ~(0xffu << 8 * b)) | (data & 0xffu << 8 * b);
        }
        if (out_known) check("read_data", top.read_data, out);
    }
"#;
    simulate("single_port_ram", &text(SinglePortRam::new(64, 2).expect("legal")), body);
}

/// The cells `script` leaves of the design, as Yosys's `stat` counts them.
fn cells(name: &str, verilog: &str, script: &str) -> Option<Vec<(String, usize)>> {
    let yosys = tool("yosys")?;
    let file = scratch(name).join("dut.v");
    std::fs::write(&file, verilog).expect("write");
    let run = format!("read_verilog {}; {script}; flatten; stat", file.display());
    let out = Command::new(yosys).args(["-p", &run]).output().expect("yosys runs");
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{said}{}", String::from_utf8_lossy(&out.stderr));
    // Cell and count in older versions, count and cell in newer ones.
    let stat = said.rsplit("=== dut ===").next()?;
    let row = |line: &str| match *line.split_whitespace().collect::<Vec<_>>() {
        [first, second] => match (first.parse(), second.parse()) {
            (Ok(count), _) => Some((second.to_string(), count)),
            (_, Ok(count)) => Some((first.to_string(), count)),
            _ => None,
        },
        _ => None,
    };
    let is_cell = |name: &str| name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    Some(stat.lines().filter_map(row).filter(|(name, _)| is_cell(name)).collect())
}

#[test]
fn memories_map_to_block_ram_without_logic() {
    let banked = |stage| text(BankedRam::new(1024, 2, 16, stage).expect("legal"));
    let single = text(SinglePortRam::new(16384, 2).expect("legal"));
    let cases = [
        ("ecp5", banked(ReadStage::None), "synth_ecp5 -top dut", "DP16KD", 2, 0),
        ("ecp5_registered", banked(ReadStage::Data), "synth_ecp5 -top dut", "DP16KD", 2, 0),
        (
            "ecp5_blocks",
            format!("`define CORTADO_CELLS_ECP5\n{}", banked(ReadStage::Data)),
            "synth_ecp5 -top dut",
            "DP16KD",
            2,
            0,
        ),
        ("ice40", banked(ReadStage::None), "synth_ice40 -top dut", "SB_RAM40_4K", 8, 0),
        ("ice40_registered", banked(ReadStage::Address), "synth_ice40 -top dut", "SB_RAM40_4K", 8, 0),
        // Byte enables gated by enable, and the all-low compare, per lane.
        ("ice40_spram", single, "synth_ice40 -spram -top dut", "SB_SPRAM256KA", 2, 9),
    ];
    for (name, verilog, script, cell, want, most_luts) in cases {
        let Some(found) = cells(name, &verilog, script) else {
            return;
        };
        println!("{name}: {found:?}");
        let memories = found.iter().filter(|(c, _)| c == cell).map(|(_, n)| n).sum::<usize>();
        assert_eq!(memories, want, "{name}: {found:?}");
        let logic: usize = found.iter().filter(|(c, _)| c == "LUT4" || c == "SB_LUT4").map(|(_, n)| n).sum();
        assert!(logic <= most_luts, "{name}: {found:?}");
    }
}

#[test]
fn impossible_sizes_are_refused_in_words() {
    let said = |r: Result<BankedRam, _>| r.err().map(|e: cortado_hw::cells::ram::RamError| e.to_string());
    assert_eq!(
        said(BankedRam::new(70000, 1, 8, ReadStage::None)).as_deref(),
        Some("a memory of 70000 words; 2 to 65536 fit the 16-bit address")
    );
    assert_eq!(
        said(BankedRam::new(16, 2, 12, ReadStage::None)).as_deref(),
        Some("2 banks of 12 bits; at least 1 bank of a multiple of 8 bits is needed")
    );
    assert!(SinglePortRam::new(16, 0).is_err());
}
